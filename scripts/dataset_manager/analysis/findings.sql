-- One row per thing that a consistency check found: (check_id, example, weight), heaviest first in the report.
-- In: base.sql, transactions, reference, label, deployment, folder, references, setting. Rules: docs/rules.md, «Consistency».
CREATE MACRO shown(id, code, name) AS trim(coalesce(code, 'referencia ' || id) || ' ' || coalesce(name, ''));

CREATE MACRO which(id, document) AS 'transacción ' || coalesce(id, '(documento ' || document || ')');

CREATE MACRO weighings(n) AS CASE n WHEN 1 THEN '1 transacción' ELSE thousands(n) || ' transacciones' END;

CREATE TABLE finding AS
WITH code_twin AS (
    SELECT lower(ltrim(trim(reference_code), '0')) AS bare, string_agg(DISTINCT reference_code, ' / ' ORDER BY reference_code) AS codes
    FROM reference WHERE trim(reference_code) <> '' GROUP BY bare HAVING count(DISTINCT reference_code) > 1
), unknown_code AS (
    SELECT selected_reference_code AS code, max(selected_reference_name) AS name, count(*) AS seen FROM transactions
    WHERE selected_reference_code IS NOT NULL AND selected_reference_code NOT IN (SELECT reference_code FROM reference WHERE reference_code IS NOT NULL)
    GROUP BY code
), model_used AS (
    SELECT model_id, count(*) AS seen, min(transaction_start_time) AS first_seen, max(transaction_start_time) AS last_seen
    FROM client WHERE model_id IS NOT NULL GROUP BY model_id
)
SELECT 'sin_transacciones' AS check_id, 'ventana ' || window_text AS example, 1 AS weight FROM setting WHERE NOT EXISTS (FROM transactions)
UNION ALL SELECT 'deployment_sin_modelo', 'deployment ' || setting.deployment_id, 1 FROM setting
    WHERE NOT EXISTS (FROM deployment WHERE deployment.model_id IS NOT NULL)
UNION ALL SELECT 'modelo_no_asignado', 'activo ' || active_model.model_id || ', asignado ' || deployment.model_id, 1
    FROM active_model JOIN deployment ON deployment.model_id <> active_model.model_id
UNION ALL SELECT 'modelo_sin_uso', 'modelo ' || model_id, 1 FROM active_model WHERE given AND model_id NOT IN (SELECT model_id FROM model_used)
UNION ALL SELECT 'modelo_sin_datos', 'modelo ' || model_id, 1 FROM active_model WHERE model_id NOT IN (SELECT model_id FROM model_class)
UNION ALL SELECT 'modelo_ilegible', 'modelo ' || model_id || ': ' || problem, 1 FROM model_problem
UNION ALL SELECT 'modelo_cambiado', 'modelo ' || model_id || ': ' || weighings(seen) || coalesce(', de ' || strftime(first_seen, '%d/%m/%Y %H:%M') || ' a ' || strftime(last_seen, '%d/%m/%Y %H:%M') || ' (UTC)', ''), seen
    FROM model_used WHERE (SELECT count(*) FROM model_used) > 1
UNION ALL SELECT 'otro_modelo', 'modelo ' || model_id || ': ' || weighings(seen), seen FROM model_used ANTI JOIN active_model USING (model_id)
UNION ALL SELECT 'referencia_sin_label', shown(reference_id, reference_code, reference_name), total_transactions FROM "references" WHERE label_id IS NULL
UNION ALL SELECT 'label_desconocido', shown(reference_id, reference_code, reference_name) || ' (label ' || label_id || ')', total_transactions
    FROM "references" WHERE label_id IS NOT NULL AND label_id NOT IN (SELECT label_id FROM label)
UNION ALL SELECT 'label_en_dos_clases', 'label ' || label_id || ': ' || string_agg(DISTINCT class_name, ', ' ORDER BY class_name), count(DISTINCT class_name)
    FROM active_class WHERE label_id IS NOT NULL GROUP BY label_id HAVING count(DISTINCT class_name) > 1
UNION ALL SELECT 'codigo_repetido', reference_code || ' (referencias ' || string_agg(reference_id, ', ' ORDER BY reference_id) || ')', count(*)
    FROM reference WHERE trim(reference_code) <> '' GROUP BY reference_code HAVING count(*) > 1
UNION ALL SELECT 'codigos_parecidos', codes, 1 FROM code_twin
UNION ALL SELECT 'referencia_sin_codigo', shown(reference_id, NULL, reference_name), 1 FROM reference WHERE coalesce(trim(reference_code), '') = ''
UNION ALL SELECT 'fuera_del_modelo_con_volumen', shown(reference_id, reference_code, reference_name) || ' (' || thousands(num_cliente) || ')', num_cliente
    FROM "references" CROSS JOIN setting WHERE NOT is_in_dataset AND num_cliente >= setting.min_transacciones_cliente
UNION ALL SELECT 'codigo_fuera_del_catalogo', trim(code || ' ' || coalesce(name, '')) || ' (' || thousands(seen) || ')', seen FROM unknown_code
UNION ALL SELECT 'sin_codigo', which(transaction_id, _id), 1 FROM transactions WHERE selected_reference_code IS NULL
UNION ALL SELECT 'sin_device', which(transaction_id, _id), 1 FROM transactions WHERE device_id IS NULL
UNION ALL SELECT 'sin_transaction_id', 'documento ' || _id, 1 FROM transactions WHERE transaction_id IS NULL
UNION ALL SELECT 'sin_hora', which(transaction_id, _id), 1 FROM transactions WHERE transaction_start_time IS NULL
UNION ALL SELECT 'fin_antes_de_inicio', which(transaction_id, _id), 1 FROM transactions WHERE transaction_end_time < transaction_start_time
UNION ALL SELECT 'sin_imagenes', which(transaction_id, _id), 1 FROM transactions WHERE has_image = 0
UNION ALL SELECT 'folder_files_ilegible', 'transacción ' || transaction_id, 1 FROM folder WHERE NOT parse_ok
UNION ALL SELECT 'metrica_desconocida', coalesce(transaction_metric, '(vacía)') || ' (' || thousands(count(*)) || ')', count(*)
    FROM transactions WHERE kind = 'otro' GROUP BY transaction_metric
UNION ALL SELECT 'device_con_varios_nombres', device_id || ': ' || string_agg(DISTINCT device_name, ', ' ORDER BY device_name), count(DISTINCT device_name)
    FROM transactions WHERE device_id IS NOT NULL GROUP BY device_id HAVING count(DISTINCT device_name) > 1;
