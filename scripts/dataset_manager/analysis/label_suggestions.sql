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
), ranked AS (
    SELECT predicted.*, num_cliente, round(100.0 * predicted.seen / num_cliente, 1) AS share,
        row_number() OVER (PARTITION BY reference_code ORDER BY predicted.seen DESC, TRY_CAST(label_id AS BIGINT), label_id) AS place
    FROM predicted JOIN seen USING (reference_code)
), best AS (
    SELECT reference_code, any_value(num_cliente) AS num_cliente,
        max(label_id) FILTER (place = 1) AS id1, max(label_name) FILTER (place = 1) AS name1,
        max(seen) FILTER (place = 1) AS seen1, max(share) FILTER (place = 1) AS share1,
        max(label_id) FILTER (place = 2) AS id2, max(label_name) FILTER (place = 2) AS name2,
        max(seen) FILTER (place = 2) AS seen2, max(share) FILTER (place = 2) AS share2,
        max(label_id) FILTER (place = 3) AS id3, max(label_name) FILTER (place = 3) AS name3,
        max(seen) FILTER (place = 3) AS seen3, max(share) FILTER (place = 3) AS share3
    FROM ranked WHERE place <= (SELECT top_suggestions FROM setting) GROUP BY reference_code
)
SELECT reference_id, wanting.reference_code, reference_name, wanting.label_id, motivo, num_cliente,
    id1 AS sugerencia_1_label_id, name1 AS sugerencia_1_label_name, seen1 AS sugerencia_1_apariciones, share1 AS sugerencia_1_porcentaje,
    id2 AS sugerencia_2_label_id, name2 AS sugerencia_2_label_name, seen2 AS sugerencia_2_apariciones, share2 AS sugerencia_2_porcentaje,
    id3 AS sugerencia_3_label_id, name3 AS sugerencia_3_label_name, seen3 AS sugerencia_3_apariciones, share3 AS sugerencia_3_porcentaje,
    CASE WHEN seen1 >= setting.min_appearances AND seen1 / num_cliente >= setting.confidence THEN 'alta' ELSE 'baja' END AS confianza
FROM wanting JOIN best ON best.reference_code = wanting.reference_code CROSS JOIN setting
ORDER BY num_cliente DESC, TRY_CAST(reference_id AS BIGINT), reference_id
