-- The columns that summary.sql counts on, for manifests and processes that lack some (an older tool's have few). One empty table per
-- input, whose real rows are joined to it by name. In: nothing.
CREATE TABLE empty_built (
    path VARCHAR, sha256 VARCHAR, bytes BIGINT, width BIGINT, height BIGINT, format VARCHAR, class VARCHAR, label_id VARCHAR,
    reference_id VARCHAR, reference_code VARCHAR, reference_name VARCHAR, transaction_id VARCHAR, device_id VARCHAR, device_name VARCHAR,
    transaction_start_time TIMESTAMP, transaction_end_time TIMESTAMP, kind VARCHAR, model_id VARCHAR, predicted VARCHAR, confidence VARCHAR,
    result VARCHAR, model_result VARCHAR, key VARCHAR, reason VARCHAR, reason_value VARCHAR, rank INTEGER);

CREATE TABLE empty_transactions (
    _index VARCHAR, _id VARCHAR, transaction_id VARCHAR, device_id VARCHAR, device_name VARCHAR, transaction_start_time TIMESTAMP,
    transaction_end_time TIMESTAMP, kind VARCHAR, model_id VARCHAR, result_label_name VARCHAR, confidence VARCHAR, "Result" VARCHAR,
    "Result_modelo" VARCHAR, selected_reference_code VARCHAR, selected_reference_name VARCHAR);

CREATE TABLE empty_told (transaction_id VARCHAR, device_id VARCHAR, transaction_start_time TIMESTAMP);
