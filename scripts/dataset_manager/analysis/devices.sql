-- One row per device seen in the window: data/analysis/devices.parquet. Transactions without a device have no row.
-- In: base.sql, setting. Rules: docs/rules.md, «Devices», «Percentages».
WITH counted AS (
    SELECT device_id,
        coalesce(arg_min(device_name, (coalesce(transaction_start_time, 'infinity'), device_name)) FILTER (trim(device_name) <> ''), device_id)
            AS device_name,
        count_if(kind = 'cliente')::BIGINT AS num_cliente,
        count_if(kind = 'manual')::BIGINT AS num_manual,
        min(transaction_start_time)::DATE AS first_transaction_date
    FROM transactions WHERE device_id IS NOT NULL GROUP BY device_id
), judged AS (
    SELECT device_id,
        round(100 * avg("Ok"), 1) AS ok_percentage,
        round(100 * avg(CASE WHEN selected_reference_is_trained THEN "Ok_modelo" END), 1) AS model_ok_percentage,
        round(100 * avg("Error"), 1) AS error_percentage,
        round(100 * avg("No_result"), 1) AS no_result_percentage
    FROM active_client GROUP BY device_id
)
SELECT
    counted.device_id, device_name, num_cliente + num_manual AS total_transactions, num_cliente, num_manual,
    coalesce(ok_percentage, 0) AS ok_percentage, coalesce(model_ok_percentage, 0) AS model_ok_percentage,
    coalesce(error_percentage, 0) AS error_percentage, coalesce(no_result_percentage, 0) AS no_result_percentage,
    'no' AS revisar_imagenes,
    first_transaction_date,
    'si' AS incluir_dataset,
    setting.num_imagenes_dataset_adicionales_default AS num_imagenes_dataset_adicionales
FROM counted LEFT JOIN judged ON judged.device_id = counted.device_id CROSS JOIN setting
ORDER BY num_cliente DESC, TRY_CAST(counted.device_id AS BIGINT), counted.device_id
