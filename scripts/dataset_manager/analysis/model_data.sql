-- One row per class of the active model and label trained in it; a class without labels has one row: data/analysis/model_data.parquet.
-- In: base.sql, label. Rules: docs/rules.md, «The model's classes».
SELECT active_class.model_id, model_code, class_index, class_name, active_class.label_id,
    CASE WHEN active_class.label_id IS NOT NULL THEN coalesce(label.label_name, 'Label ' || active_class.label_id) END AS label_name
FROM active_class
LEFT JOIN (SELECT label_id, any_value(label_name) AS label_name FROM label GROUP BY label_id) AS label ON label.label_id = active_class.label_id
ORDER BY class_index, position, TRY_CAST(active_class.label_id AS BIGINT), active_class.label_id
