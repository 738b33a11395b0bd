-- One row per candidate picture of a dataset: images/manifests/<dataset>.parquet before its shard is known.
-- In: transactions, included (reference_id, reference_code, reference_name, class, label_id, quota, devices, folder),
-- selected_device (device_id, quota), used_transaction (transaction_id), unwanted (key), setting (seed, every_file), and the macros
-- of images/pictures.sql. The order of the chosen strategy is filled in. Rules: docs/rules.md, «Dataset pictures», «Strategies».

-- A reserve for pictures that turn out damaged or missing.
CREATE MACRO reserve_of(quota) AS greatest(5, ceil(quota / 5.0)::BIGINT);

-- What a file name may not hold becomes `_`; a name that had to change, or is too long, carries a piece of its own hash.
CREATE MACRO plain_name(name) AS regexp_replace(name, '[^A-Za-z0-9._-]', '_', 'g');

CREATE MACRO file_part(name) AS CASE WHEN plain_name(name) = name AND length(name) <= 100 THEN name
    ELSE left(plain_name(regexp_replace(name, '\.[A-Za-z]{1,4}$', '')), 80) || '-' || left(sha256(name), 8) || regexp_extract(name, '\.[A-Za-z]{1,4}$') END;

-- The transactions that may enter: of an included reference, from an allowed device, not used before. A transaction is sampled
-- once: where a customer's and a manual row share its id, the customer's.
CREATE TABLE pool AS
SELECT t._index, t._id, t.transaction_id, transaction_start_time, transaction_end_time, t.device_id, device_name, kind, model_id, confidence,
    result_label_name, predicted_names, "Date", "Result", "Result_modelo", "Error", "No_result", image_link, folder_files, included.*,
    coalesce(t.transaction_id, t._index || '/' || t._id) AS owner
FROM transactions AS t JOIN included ON t.selected_reference_code = included.reference_code
LEFT JOIN selected_device ON selected_device.device_id = t.device_id
WHERE has_image = 1 AND (devices = 'todos' OR selected_device.device_id IS NOT NULL)
    AND (t.transaction_id IS NULL OR t.transaction_id NOT IN (SELECT transaction_id FROM used_transaction))
QUALIFY row_number() OVER (
    PARTITION BY coalesce(t.transaction_id, t._index || '/' || t._id)
    ORDER BY kind <> 'cliente', transaction_end_time DESC NULLS LAST, t._index DESC, t._id DESC) = 1;

-- A file that its folder lists twice is one picture.
CREATE TABLE picture AS
WITH opened AS (
    SELECT *, unnest(folder_files) AS file, generate_subscripts(folder_files, 1) AS file_number FROM pool
)
SELECT * EXCLUDE (folder_files), picture_key(image_link, file) AS key,
    owner || CASE WHEN (SELECT every_file FROM setting) THEN '#' || file_number ELSE '' END AS unit
FROM opened WHERE is_picture(file) AND picture_key(image_link, file) NOT IN (SELECT key FROM unwanted)
QUALIFY row_number() OVER (PARTITION BY owner, picture_key(image_link, file) ORDER BY file_number) = 1;

-- What a quota counts: a transaction, or each of its files. `turn` goes round the devices, and within each round its days.
CREATE TABLE unit AS
WITH one AS (
    SELECT DISTINCT ON (unit) * EXCLUDE (key, file), md5((SELECT seed FROM setting) || '/' || owner) AS dice
    FROM picture ORDER BY unit, file_number
), in_day AS (
    SELECT *, row_number() OVER (PARTITION BY reference_id, device_id, "Date" ORDER BY dice, file_number) AS day_turn FROM one
)
SELECT *, row_number() OVER (PARTITION BY reference_id, device_id ORDER BY day_turn, dice, file_number) AS turn FROM in_day;

-- First the pictures that references ask for, then those that devices add, each its own; what is left over serves as reserve.
CREATE TABLE choice AS
WITH by_reference AS (
    SELECT *, row_number() OVER (PARTITION BY reference_id ORDER BY @ranking, dice, owner, file_number) AS reference_place FROM unit
), by_device AS (
    SELECT unit, extra.quota AS extra, row_number() OVER (PARTITION BY by_reference.device_id ORDER BY @ranking, dice, owner, file_number)
        AS device_place
    FROM by_reference JOIN selected_device AS extra ON extra.device_id = by_reference.device_id
    WHERE reference_place > by_reference.quota AND extra.quota > 0
), placed AS (
    SELECT by_reference.*, device_place, extra,
        CASE WHEN reference_place <= quota THEN 'reference' WHEN device_place <= extra THEN 'device' END AS wanted
    FROM by_reference LEFT JOIN by_device USING (unit)
), spare AS (
    SELECT unit, row_number() OVER (PARTITION BY reference_id ORDER BY reference_place) <= reserve_of(quota) AS for_reference,
        device_place, device_id, extra
    FROM placed WHERE wanted IS NULL
), reserve AS (
    SELECT unit, CASE WHEN for_reference THEN 'reference'
        WHEN extra IS NOT NULL AND row_number() OVER (PARTITION BY device_id, for_reference ORDER BY device_place) <= reserve_of(extra)
        THEN 'device' END AS kept_for
    FROM spare
)
SELECT placed.*, coalesce(wanted, kept_for) AS reason FROM placed LEFT JOIN reserve USING (unit);

-- How many units each group could have had.
CREATE TABLE asked AS
SELECT 'r' || reference_id AS "group", 'reference' AS reason, reference_id, reference_code, reference_name, class, label_id, NULL::VARCHAR AS device_id, quota,
    (SELECT count(*) FROM unit WHERE unit.reference_id = included.reference_id) AS available FROM included
UNION ALL
SELECT 'd' || device_id, 'device', NULL, NULL, NULL, NULL, NULL, device_id, quota,
    (SELECT count(*) FROM choice WHERE choice.device_id = selected_device.device_id AND choice.wanted IS DISTINCT FROM 'reference')
FROM selected_device WHERE quota > 0;

CREATE TABLE candidate AS
WITH grouped AS (
    SELECT choice.*, CASE reason WHEN 'device' THEN 'd' || device_id ELSE 'r' || reference_id END AS "group",
        CASE reason WHEN 'device' THEN extra ELSE quota END AS group_quota,
        CASE reason WHEN 'device' THEN device_place ELSE reference_place END AS place
    FROM choice WHERE reason IS NOT NULL
), files AS (
    SELECT grouped.* EXCLUDE (file_number, quota), picture.key, picture.file, picture.file_number,
        grouped.folder || '/' || coalesce(strftime(grouped.transaction_start_time, '%Y%m%d%H%M%S'), '00000000000000') || '_' || file_part(grouped.owner)
            || '_' || file_part(picture.file) AS path
    FROM grouped JOIN picture USING (unit)
)
SELECT *, row_number() OVER (PARTITION BY "group" ORDER BY place, file_number) AS rank,
    CASE WHEN count(*) OVER (PARTITION BY lower(path)) > 1
        THEN regexp_replace(path, '(\.[A-Za-z]+)$', '-' || left(sha256(key), 8) || '\1') ELSE path END AS target
FROM files;
