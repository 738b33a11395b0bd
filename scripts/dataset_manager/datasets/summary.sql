-- One row per picture that stands in a dataset's folder: <dataset>.curated.parquet, and what a person reads of it.
-- In: found (what the folder holds: path, content, folder's class and label, origin, `source` = the built path it comes from, `token` =
-- what its name says of the transaction), token (path, prefix: every beginning that may name the transaction), built (the build's
-- manifest), transactions and told (both may be empty), the macro file_part. Rules: docs/rules.md, «Accepted content».

-- The transaction that an added picture's name speaks of: the longest name that fits; of a customer's and a manual row the customer's.
CREATE TABLE owner AS
SELECT token.path, t.* FROM transactions AS t JOIN token ON file_part(coalesce(t.transaction_id, t._index || '/' || t._id)) = token.prefix
QUALIFY row_number() OVER (
    PARTITION BY token.path ORDER BY length(prefix) DESC, kind <> 'cliente', transaction_end_time DESC NULLS LAST, _index DESC, _id DESC) = 1;

-- What another table knows of a transaction; the newest counts.
CREATE TABLE hint AS
SELECT transaction_id, device_id, transaction_start_time FROM told WHERE transaction_id IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY transaction_id ORDER BY transaction_start_time DESC NULLS LAST, device_id) = 1;

CREATE TABLE reference AS
SELECT reference_code, min(reference_id) AS reference_id, min(reference_name) AS reference_name FROM built GROUP BY reference_code;

CREATE TABLE curated AS
SELECT found.path, found.sha256, found.bytes, mtime_ns, found.width, found.height, found.format, found.class, found.label_id,
    built.* EXCLUDE (path, sha256, bytes, width, height, format, class, label_id) REPLACE (
        CASE WHEN built.path IS NOT NULL THEN built.transaction_id WHEN owner.path IS NOT NULL THEN owner.transaction_id
            ELSE found.token END AS transaction_id,
        coalesce(built.reference_id, reference.reference_id) AS reference_id,
        coalesce(built.reference_code, owner.selected_reference_code) AS reference_code,
        coalesce(built.reference_name, reference.reference_name, owner.selected_reference_name) AS reference_name,
        coalesce(built.device_id, owner.device_id, hint.device_id) AS device_id,
        coalesce(built.device_name, owner.device_name) AS device_name,
        coalesce(built.transaction_start_time, owner.transaction_start_time, hint.transaction_start_time) AS transaction_start_time,
        coalesce(built.transaction_end_time, owner.transaction_end_time) AS transaction_end_time,
        coalesce(built.kind, owner.kind) AS kind, coalesce(built.model_id, owner.model_id) AS model_id,
        coalesce(built.predicted, owner.result_label_name) AS predicted, coalesce(built.confidence, owner.confidence) AS confidence,
        coalesce(built.result, owner."Result") AS result, coalesce(built.model_result, owner."Result_modelo") AS model_result),
    origin
FROM found LEFT JOIN built ON built.path = found.source LEFT JOIN owner ON owner.path = found.path
LEFT JOIN hint ON built.path IS NULL AND hint.transaction_id = found.token
LEFT JOIN reference ON reference.reference_code = owner.selected_reference_code;

CREATE VIEW listed AS
SELECT transaction_id, device_id, strftime(transaction_start_time, '%Y-%m-%d %H:%M:%S') AS transaction_start_time,
    strftime(transaction_start_time, '%Y-%m-%d') AS "Date", class AS clase, label_id, split_part(path, '/', 3) AS filename,
    split_part(path, '/', 1) || '/' || split_part(path, '/', 2) AS file_name_path
FROM curated ORDER BY clase, label_id, filename, path;

-- What people call a day.
CREATE VIEW dated AS
SELECT *, timezone('@timezone', transaction_start_time::TIMESTAMPTZ)::DATE::VARCHAR AS day FROM curated;

CREATE VIEW by_device AS
SELECT device_id, min(device_name) AS device_name, count(*) AS pictures, count(DISTINCT class) AS classes, count(DISTINCT day) AS days
FROM dated GROUP BY device_id ORDER BY pictures DESC, device_id;

CREATE VIEW by_day AS
SELECT day, count(*) AS pictures FROM dated WHERE day IS NOT NULL GROUP BY day ORDER BY day;

-- Of each class: which device, and which day, gives most of it.
CREATE VIEW top_device AS
SELECT class, coalesce(min(device_name), device_id) AS top_device, count(*) AS top_device_pictures FROM dated
WHERE device_id IS NOT NULL GROUP BY class, device_id QUALIFY row_number() OVER (PARTITION BY class ORDER BY count(*) DESC, device_id) = 1;

CREATE VIEW top_day AS
SELECT class, day AS top_day, count(*) AS top_day_pictures FROM dated
WHERE day IS NOT NULL GROUP BY class, day QUALIFY row_number() OVER (PARTITION BY class ORDER BY count(*) DESC, day) = 1;

CREATE VIEW by_class AS
WITH counted AS (
    SELECT class, count(*) AS pictures, sum(bytes)::BIGINT AS bytes, count(DISTINCT label_id) AS labels,
        count(DISTINCT device_id) AS devices, count(device_id) AS with_device, count(DISTINCT day) AS days, count(day) AS with_day,
        count(*) FILTER (model_result = 'SUCCESS') AS success, count(*) FILTER (model_result = 'FAIL') AS fail,
        count(*) FILTER (model_result = 'NOT_TRAINED') AS not_trained,
        count(*) FILTER (result = 'Ok') AS ok, count(*) FILTER (result = 'Error') AS error,
        count(*) FILTER (result = 'No_result') AS no_result,
        count(*) FILTER (confidence = 'HIGH') AS high, count(*) FILTER (confidence = 'MEDIUM') AS medium,
        count(*) FILTER (confidence = 'LOW') AS low
    FROM dated GROUP BY class
)
SELECT * FROM counted LEFT JOIN top_device USING (class) LEFT JOIN top_day USING (class) ORDER BY class;

-- Which references a folder's pictures were sold as.
CREATE VIEW by_folder AS
SELECT split_part(path, '/', 1) || '/' || split_part(path, '/', 2) AS folder, coalesce(list(DISTINCT reference_name ORDER BY reference_name)
    FILTER (reference_name IS NOT NULL), []) AS "references"
FROM curated GROUP BY folder ORDER BY folder;

-- The same content under several names.
CREATE VIEW doubled AS
SELECT list(path ORDER BY path) AS paths, count(DISTINCT label_id) > 1 AS labels_differ FROM curated
GROUP BY sha256 HAVING count(*) > 1 ORDER BY paths[1];

CREATE VIEW whole AS
SELECT count(*) AS present, coalesce(sum(bytes), 0)::BIGINT AS bytes,
    count(*) FILTER (device_id IS NULL AND transaction_start_time IS NULL) AS unknown, count(DISTINCT device_id) AS devices,
    count(DISTINCT transaction_id) AS transactions, min(day) AS first_day, max(day) AS last_day,
    min(width || '×' || height) AS size, count(DISTINCT width || '×' || height) AS sizes,
    list(DISTINCT format ORDER BY format) AS formats
FROM dated;
