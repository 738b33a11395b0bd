-- One row per reference that has no label, or a label that the active model does not have, and that the model has seen:
-- the labels of the classes most often predicted for it: data/analysis/label_suggestions.parquet.
-- In: base.sql, reference, label, setting. Rules: docs/rules.md, «Label suggestions».
WITH wanting AS (
    SELECT reference.*, CASE WHEN label_id IS NULL THEN 'sin label' ELSE 'label no está en el modelo' END AS motivo
    FROM reference WHERE label_id IS NULL OR label_id NOT IN (SELECT label_id FROM class_of_label)
), label_of_class AS (
    -- A class that covers several labels is represented by the label of its own name, else by the smallest.
    SELECT class_name, arg_min(active_class.label_id, (
        CASE WHEN lower(label.label_name) = lower(class_name) THEN 0 ELSE 1 END, coalesce(TRY_CAST(active_class.label_id AS BIGINT), 9e18::BIGINT), active_class.label_id)) AS label_id
    FROM active_class LEFT JOIN label ON label.label_id = active_class.label_id
    WHERE active_class.label_id IS NOT NULL GROUP BY class_name
), predicted AS (
    SELECT reference_code, label_of_class.label_id, any_value(label_name) AS label_name, sum(prediction.seen)::BIGINT AS seen
    FROM prediction
    JOIN label_of_class ON label_of_class.class_name = prediction.result_label_name
    LEFT JOIN (SELECT label_id, any_value(label_name) AS label_name FROM label GROUP BY label_id) AS label ON label.label_id = label_of_class.label_id
    GROUP BY reference_code, label_of_class.label_id
), seen AS (
    SELECT reference_code, sum(seen)::BIGINT AS num_cliente FROM prediction GROUP BY reference_code
), best AS (
    SELECT reference_code, any_value(num_cliente) AS num_cliente, list(
        {'id': label_id, 'name': label_name, 'seen': predicted.seen, 'share': round(100.0 * predicted.seen / num_cliente, 1)}
        ORDER BY predicted.seen DESC, TRY_CAST(label_id AS BIGINT), label_id)[:(SELECT top_suggestions FROM setting)] AS top
    FROM predicted JOIN seen USING (reference_code) GROUP BY reference_code
)
SELECT reference_id, wanting.reference_code, reference_name, wanting.label_id, motivo, num_cliente,
    top[1].id AS sugerencia_1_label_id, top[1].name AS sugerencia_1_label_name, top[1].seen AS sugerencia_1_apariciones, top[1].share AS sugerencia_1_porcentaje,
    top[2].id AS sugerencia_2_label_id, top[2].name AS sugerencia_2_label_name, top[2].seen AS sugerencia_2_apariciones, top[2].share AS sugerencia_2_porcentaje,
    top[3].id AS sugerencia_3_label_id, top[3].name AS sugerencia_3_label_name, top[3].seen AS sugerencia_3_apariciones, top[3].share AS sugerencia_3_porcentaje,
    CASE WHEN top[1].seen >= setting.min_appearances AND top[1].seen / num_cliente >= setting.confidence THEN 'alta' ELSE 'baja' END AS confianza
FROM wanting JOIN best ON best.reference_code = wanting.reference_code CROSS JOIN setting
ORDER BY num_cliente DESC, TRY_CAST(reference_id AS BIGINT), reference_id
