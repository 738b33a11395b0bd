-- What every table of the analysis starts from: views over the files, counted results, and the active model.
-- In: transactions, reference, label, model, deployment (views over Parquet), model_class (one row per class and label),
-- setting (one row: what was asked and the defaults). Rules: docs/rules.md, «Kinds», «The active model».

CREATE VIEW client AS SELECT * FROM transactions WHERE kind = 'cliente';

-- 12.345, as people here write numbers.
CREATE MACRO thousands(n) AS replace(format('{:,}', n), ',', '.');

-- How often each code was weighed with each result: one row per code, class index and class name.
CREATE TABLE prediction AS
SELECT selected_reference_code AS reference_code, result_index, result_label_name, count(*) AS seen, sum("Ok") AS ok
FROM client GROUP BY ALL;

-- One row, or none when no model is known: the model that the percentages refer to. Given, else the most frequent one of the newest
-- 1,000 client rows; of two equally frequent ones, the one seen last.
CREATE TABLE active_model AS
WITH newest AS (
    SELECT model_id, transaction_start_time FROM client
    ORDER BY transaction_start_time DESC NULLS LAST, transaction_id DESC, _index DESC, _id DESC LIMIT 1000
), counted AS (
    SELECT model_id, count(*) AS frequency, (SELECT count(*) FROM newest) AS considered FROM newest
    WHERE model_id IS NOT NULL GROUP BY model_id
    ORDER BY frequency DESC, max(transaction_start_time) DESC, model_id LIMIT 1
)
SELECT base_model_id AS model_id, NULL::BIGINT AS frequency, NULL::BIGINT AS considered, true AS given FROM setting WHERE base_model_id <> ''
UNION ALL
SELECT model_id, frequency, considered, false FROM counted WHERE (SELECT base_model_id FROM setting) = '';

-- The classes of the active model, one row per class and label.
CREATE TABLE active_class AS
SELECT model_class.* FROM model_class SEMI JOIN active_model USING (model_id);

-- One row per label of the active model: its class; where a label stands in two classes, the last one.
CREATE TABLE class_of_label AS
SELECT label_id, arg_max(class_name, position) AS class_name, count(DISTINCT class_name) AS classes
FROM active_class WHERE label_id IS NOT NULL GROUP BY label_id;

-- Client rows of the active model.
CREATE VIEW active_client AS SELECT client.* FROM client SEMI JOIN active_model USING (model_id);
