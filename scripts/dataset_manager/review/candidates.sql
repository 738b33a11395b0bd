-- One row per candidate picture of a review: images/manifests/review.parquet before its shard is known.
-- In: transactions, "references", wanted_reference, wanted_device, setting, the macros of images/pictures.sql. Rules: docs/rules.md, «Review».
CREATE TABLE wanted AS
SELECT "references".* FROM "references" SEMI JOIN wanted_reference USING (reference_id);

-- A reference's folder is its name; with its code where two marked ones share a name.
CREATE TABLE reference_folder AS
SELECT reference_id, CASE WHEN count(*) OVER (PARTITION BY lower(reference_name)) > 1 OR coalesce(trim(reference_name), '') = ''
    THEN trim(coalesce(reference_name, '') || ' (' || coalesce(reference_code, reference_id) || ')') ELSE reference_name END AS reference_folder
FROM wanted;

-- The classes that the model confuses a reference with: its top 1-3, without its own class.
CREATE TABLE similar_class AS
WITH ranked AS (
    SELECT reference_id, reference_code, producto_trained, unnest([
        {'place': 1, 'class': top1_result_label_name}, {'place': 2, 'class': top2_result_label_name}, {'place': 3, 'class': top3_result_label_name}
    ], recursive := true) FROM wanted
)
SELECT reference_id, reference_code, place, class FROM ranked
WHERE class IS NOT NULL AND lower(class) <> lower(coalesce(producto_trained, '')) AND (SELECT similar_too FROM setting);

-- What was recognised rightly: the only pictures that show what a class looks like.
CREATE VIEW right_one AS SELECT * FROM transactions WHERE has_image = 1 AND "Ok" = 1 AND "Ok_modelo" = 1;

-- One row per folder of pictures.
CREATE TABLE product AS
WITH sub AS (
    SELECT DISTINCT confused.*, other.reference_id AS other_id, other.reference_code AS other_code, other.label_id AS other_label,
        coalesce(other.label_name, other.reference_name) AS other_name
    FROM similar_class AS confused
    JOIN right_one ON lower(right_one.result_label_name) = lower(confused.class)
    JOIN "references" AS other ON other.reference_code = right_one.selected_reference_code
    WHERE other.reference_id <> confused.reference_id AND other.reference_code <> confused.reference_code
)
SELECT 'r' || reference_id AS "group", reference_id, 'clase_principal' AS product_type, reference_code AS code, NULL::VARCHAR AS class,
    NULL::VARCHAR AS device, label_id, coalesce(label_name, lower(reference_name), reference_code) AS product_name FROM wanted
UNION ALL
SELECT format('r{}-{}-{}', reference_id, place, other_id), reference_id, 'similar_top' || place, other_code, class, NULL, other_label, other_name FROM sub
UNION ALL
SELECT format('r{}-{}', reference_id, place), reference_id, 'similar_top' || place, NULL, class, NULL, NULL, 'unknown_' || class
FROM similar_class AS confused WHERE NOT EXISTS (FROM sub WHERE sub.reference_id = confused.reference_id AND sub.place = confused.place)
UNION ALL
SELECT 'd' || device_id, NULL, 'device', NULL, NULL, device_id, NULL, any_value(device_name)
FROM wanted_device JOIN transactions USING (device_id) GROUP BY device_id;

-- The transactions that a review may show, by who weighed and whether the model was right.
CREATE VIEW pool AS
SELECT _index, _id, transaction_id, transaction_start_time, device_id, device_name, kind, model_id, confidence, result_label_name,
    selected_reference_code, selected_reference_name, "Ok", "Ok_modelo", image_link, folder_files
FROM transactions CROSS JOIN setting
WHERE has_image = 1 AND (origen = 'ambas' OR (origen = 'cliente' AND kind = 'cliente') OR (origen = 'manuales' AND kind = 'manual'));

CREATE TABLE candidate AS
WITH found AS (
    SELECT product.*, pool.* FROM product JOIN pool ON pool.selected_reference_code = product.code CROSS JOIN setting
    WHERE product_type = 'clase_principal' AND (tipo = 'ambas' OR (tipo = 'correctas') = (pool."Ok" = 1))
    UNION ALL BY NAME
    SELECT product.*, pool.* FROM product JOIN pool ON pool.selected_reference_code = product.code
    WHERE product_type LIKE 'similar%' AND pool."Ok" = 1 AND pool."Ok_modelo" = 1
    UNION ALL BY NAME
    SELECT product.*, pool.* FROM product JOIN pool ON lower(pool.result_label_name) = lower(product.class)
    JOIN wanted USING (reference_id)
    WHERE product.code IS NULL AND product.class IS NOT NULL AND pool."Ok" = 1 AND pool."Ok_modelo" = 1
        AND pool.selected_reference_code <> wanted.reference_code
    UNION ALL BY NAME
    SELECT product.*, pool.* FROM product JOIN pool ON pool.device_id = product.device CROSS JOIN setting
    WHERE product_type = 'device' AND (tipo = 'ambas' OR (tipo = 'correctas') = (pool."Ok" = 1))
), opened AS (
    SELECT *, unnest(folder_files) AS file, generate_subscripts(folder_files, 1) AS file_number FROM found
), pictures AS (
    SELECT *, coalesce(transaction_id, _index || '/' || _id) AS owner,
        picture_key(image_link, file) AS key
    FROM opened WHERE is_picture(file)
), ranked AS (
    SELECT *,
        row_number() OVER (PARTITION BY "group" ORDER BY md5("group" || owner), owner, _index, _id, file_number) AS rank,
        CASE WHEN (SELECT every_file FROM setting) THEN owner || '#' || file_number ELSE owner END AS unit
    FROM pictures
), counted AS (
    SELECT *, dense_rank() OVER (PARTITION BY "group" ORDER BY md5("group" || owner), owner,
        CASE WHEN (SELECT every_file FROM setting) THEN file_number ELSE 0 END) AS unit_number FROM ranked
)
SELECT counted.*, setting.quota, row_number() OVER (PARTITION BY "group" ORDER BY rank) AS place
FROM counted CROSS JOIN setting WHERE unit_number <= setting.quota + setting.reserve;
