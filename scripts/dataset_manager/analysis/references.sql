-- One row per reference of the catalogue: data/analysis/references.parquet.
-- In: base.sql, reference, label, setting. Rules: docs/rules.md, «References», «Percentages», «Top N», «Inclusion».
-- A row belongs to a reference by exact selected_reference_code; names never match.
WITH counted AS (
    SELECT selected_reference_code AS reference_code,
        count_if(kind = 'cliente')::BIGINT AS num_cliente,
        count_if(kind = 'manual')::BIGINT AS num_manuales,
        coalesce(avg(CASE WHEN kind = 'cliente' THEN (selected_reference_is_trained IS TRUE)::INT END) >= 0.5, false) AS is_trained_elastic
    FROM transactions GROUP BY selected_reference_code
), judged AS (
    SELECT selected_reference_code AS reference_code,
        round(100 * avg("Ok"), 2) AS ok_percentage,
        round(100 * avg(CASE WHEN selected_reference_is_trained THEN "Ok_modelo" END), 2) AS model_ok_percentage
    FROM active_client GROUP BY selected_reference_code
), predicted AS (
    SELECT reference_code, list({'index': result_index, 'name': result_label_name, 'seen': seen, 'ok': ok / seen}
        ORDER BY seen DESC, result_index, result_label_name) AS top
    FROM prediction WHERE result_index IS NOT NULL AND result_label_name IS NOT NULL GROUP BY reference_code
), joined AS (
    SELECT reference.*, class_of_label.class_name, label.label_name,
        coalesce(num_cliente, 0) AS num_cliente, coalesce(num_manuales, 0) AS num_manuales,
        coalesce(is_trained_elastic, false) AS is_trained_elastic,
        coalesce(ok_percentage, 0) AS ok_percentage, coalesce(model_ok_percentage, 0) AS model_ok_percentage,
        predicted.top,
        coalesce(num_cliente, 0) >= setting.min_transacciones_cliente AS included
    FROM reference
    LEFT JOIN class_of_label ON class_of_label.label_id = reference.label_id
    LEFT JOIN (SELECT label_id, any_value(label_name) AS label_name FROM label GROUP BY label_id) AS label ON label.label_id = reference.label_id
    LEFT JOIN counted ON counted.reference_code = reference.reference_code
    LEFT JOIN judged ON judged.reference_code = reference.reference_code
    LEFT JOIN predicted ON predicted.reference_code = reference.reference_code
    CROSS JOIN setting
)
SELECT
    reference_id, reference_code, reference_name, label_id, class_name AS producto_trained, label_name,
    num_cliente + num_manuales AS total_transactions, num_cliente, num_manuales, is_trained_elastic,
    class_name IS NOT NULL AS is_in_dataset, ok_percentage, model_ok_percentage,
    'no' AS revisar_imagenes,
    top[1].index AS top1_result_index, top[1].name AS top1_result_label_name,
    coalesce(round(100.0 * top[1].seen / num_cliente, 2), 0) AS "top1_%pesadas", coalesce(round(100 * top[1].ok, 2), 0) AS top1_pct_ok,
    top[2].index AS top2_result_index, top[2].name AS top2_result_label_name,
    coalesce(round(100.0 * top[2].seen / num_cliente, 2), 0) AS "top2_%pesadas", coalesce(round(100 * top[2].ok, 2), 0) AS top2_pct_ok,
    top[3].index AS top3_result_index, top[3].name AS top3_result_label_name,
    coalesce(round(100.0 * top[3].seen / num_cliente, 2), 0) AS "top3_%pesadas", coalesce(round(100 * top[3].ok, 2), 0) AS top3_pct_ok,
    CASE WHEN included THEN 'si' ELSE 'no' END AS incluir_dataset,
    setting.devices_incluir_default AS devices_incluir,
    CASE WHEN included THEN setting.num_imagenes_dataset_default END AS num_imagenes_dataset,
    CASE WHEN included THEN class_name END AS producto_a_entrenar,
    CASE WHEN included THEN label_id END AS label_considerar
FROM joined CROSS JOIN setting
ORDER BY num_cliente DESC, TRY_CAST(reference_id AS BIGINT), reference_id
