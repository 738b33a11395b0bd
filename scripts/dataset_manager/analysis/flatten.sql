-- One row per surviving document: data/transactions.parquet.
-- In: `lines` (_index, _id, s: the document opened, and _source where it needs care; every hit), `folder` (picture folders).
-- Rules: docs/rules.md, «Fields», «Kinds», «Duplicates», «Derived columns». Statements run in order. Marked words are filled in by
-- flatten.py and fields.py. All may run a second time, after a first one that failed.

-- What text means in each type; null where it means nothing. The session is in UTC: a time without an offset is UTC.
CREATE OR REPLACE MACRO epoch_of(v) AS CASE WHEN abs(v) < 253402300800000 /* the year 10000 */ THEN epoch_ms(v::BIGINT) END;

CREATE OR REPLACE MACRO instant_of(v) AS CASE
    WHEN v LIKE '____-%Z' THEN TRY_CAST(v AS TIMESTAMP)
    WHEN v LIKE '____-%' AND NOT contains(v, '(') THEN TRY_CAST(v AS TIMESTAMPTZ) AT TIME ZONE 'UTC'
    WHEN regexp_full_match(v, '-?\d{5,}(\.\d*)?') THEN epoch_of(floor(TRY_CAST(v AS DOUBLE))) END;

CREATE OR REPLACE MACRO whole_of(v) AS CASE
    WHEN TRY_CAST(v AS BIGINT)::VARCHAR = v THEN TRY_CAST(v AS BIGINT)
    WHEN NOT regexp_full_match(v, '-?\d+(\.\d*)?([eE][+-]?\d+)?') THEN NULL
    WHEN TRY_CAST(v AS DOUBLE) = floor(TRY_CAST(v AS DOUBLE)) AND abs(TRY_CAST(v AS DOUBLE)) < 9e15 THEN TRY_CAST(TRY_CAST(v AS DOUBLE) AS BIGINT)
    END;

CREATE OR REPLACE MACRO yes_no_of(v) AS CASE
    WHEN v::VARCHAR IN ('true', '1', '1.0') THEN true
    WHEN v::VARCHAR IN ('false', '0', '0.0') THEN false END;

-- Ids and codes are text as written; a list or an object is no id, and an empty text is none. Most begin with a digit or a capital.
CREATE OR REPLACE MACRO code_of(v) AS CASE
    WHEN v BETWEEN '0' AND 'Z' THEN v
    WHEN v <> '' AND (v[1] NOT IN ('{', '[') OR NOT json_valid(v)) THEN v END;

CREATE OR REPLACE MACRO name_of(v) AS v;

-- An empty text is no value, so nothing is lost where it becomes null.
CREATE OR REPLACE MACRO is_value(v) AS v::VARCHAR NOT IN ('', '""');

-- Known fields in their types, every other field as text by number.
CREATE OR REPLACE TABLE hit AS
WITH opened AS (
    SELECT *, @container AS n FROM (@lines)
), found AS (
    SELECT _index, _id,
        @raw_columns
    FROM opened
), typed AS (
    SELECT *,
        @typed_columns
    FROM found
)
SELECT _index, _id, @known_names,
    CASE WHEN list_contains(@client, transaction_metric) THEN 'cliente' WHEN list_contains(@manual, transaction_metric) THEN 'manual'
        ELSE 'otro' END AS kind,
    @unparsed AS unparsed@other_numbers
FROM typed;

-- Which documents do not survive: of a repeated (_index, _id) all but the newest end, of equal ones all but any fixed one (these
-- without a kind); of the documents of one transaction and kind (cliente or manual) all but the newest end, ties by the greatest
-- (_index, _id). Without a transaction_id, or of another kind, nothing is merged. Few documents have a rival: only those are compared.
CREATE OR REPLACE TABLE dropped AS
WITH twice AS (
    SELECT _index, _id FROM hit GROUP BY _index, _id HAVING count(*) > 1
), same AS (
    SELECT hit.rowid AS row_number FROM hit SEMI JOIN twice ON twice._index = hit._index AND twice._id = hit._id
), ordered AS (
    -- The content decides between equal ends, whatever the order of reading.
    SELECT hit.rowid AS row_number, row_number() OVER (
        PARTITION BY hit._index, hit._id ORDER BY transaction_end_time DESC NULLS LAST, hash(hit), hit.rowid) AS copy
    FROM hit JOIN same ON same.row_number = hit.rowid
), copied AS (
    SELECT row_number FROM ordered WHERE copy > 1
), rival AS (
    SELECT transaction_id, kind FROM hit WHERE transaction_id IS NOT NULL AND kind <> 'otro'
    GROUP BY transaction_id, kind HAVING count(*) > 1
), compared AS (
    SELECT hit.rowid AS row_number, hit.kind, hit.transaction_id, transaction_end_time, _index, _id
    FROM hit SEMI JOIN rival ON rival.transaction_id = hit.transaction_id AND rival.kind = hit.kind
), ranked AS (
    SELECT row_number, kind, row_number() OVER (
        PARTITION BY transaction_id, kind ORDER BY transaction_end_time DESC NULLS LAST, _index DESC, _id DESC) AS place
    FROM compared ANTI JOIN copied USING (row_number)
)
SELECT row_number, NULL AS kind FROM copied UNION ALL SELECT row_number, kind FROM ranked WHERE place > 1;

CREATE OR REPLACE VIEW kept AS SELECT hit.* FROM hit ANTI JOIN dropped ON dropped.row_number = hit.rowid;

-- The table itself, in the order of time.
CREATE OR REPLACE VIEW transaction_row AS
WITH judged AS (
    SELECT *,
        transaction_start_time::DATE AS "Date",
        CASE WHEN confidence = 'LOW' THEN 'No_result' WHEN topk = -1 THEN 'Error' ELSE 'Ok' END AS "Result",
        CASE
            WHEN kind <> 'cliente' OR selected_reference_is_trained IS NULL THEN ''
            WHEN NOT selected_reference_is_trained THEN 'NOT_TRAINED'
            WHEN result_index = selected_reference_index THEN 'SUCCESS'
            ELSE 'FAIL' END AS "Result_modelo"
    FROM kept
)
SELECT
    _index, _id, transaction_start_time, transaction_end_time, judged.transaction_id, transaction_metric, kind, deployment_id, device_id,
    device_name, "time", model_id, confidence, topk, result_index, result_label_name, selected_reference_code, selected_reference_name,
    selected_reference, selected_reference_index, selected_reference_is_trained, predicted_codes, predicted_names, unparsed,
    "Date",
    "Result",
    ("Result" = 'Ok')::TINYINT AS "Ok",
    ("Result" = 'No_result')::TINYINT AS "No_result",
    ("Result" = 'Error')::TINYINT AS "Error",
    "Result_modelo",
    ("Result_modelo" = 'SUCCESS')::TINYINT AS "Ok_modelo",
    folder.folder_url,
    coalesce(folder.folder_files, []::VARCHAR[]) AS folder_files,
    (len(coalesce(folder.folder_files, [])) > 0)::TINYINT AS has_image,
    len(coalesce(folder.folder_files, []))::INTEGER AS num_images,
    CASE WHEN len(folder.folder_files) > 0 THEN ltrim(trim(coalesce(folder.folder_url, '')), '/') ELSE '' END AS image_link@other_names
FROM judged LEFT JOIN folder ON folder.transaction_id = judged.transaction_id
ORDER BY transaction_start_time, judged.transaction_id, _index, _id
