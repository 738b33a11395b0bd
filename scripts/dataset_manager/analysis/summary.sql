-- One row per line of the tab Resumen: data/analysis/summary.parquet.
-- In: base.sql, references, devices, label_suggestions (views over the finished tables), finding (consistency), setting.
-- The window and the reading time are the workbook's: only it knows whose clock is shown. Rules: docs/rules.md, «Summary».
WITH fact AS (
    SELECT
        (SELECT count(*) FROM transactions) AS rows,
        (SELECT count(*) FROM transactions WHERE kind = 'cliente') AS clients,
        (SELECT count(*) FROM transactions WHERE kind = 'manual') AS manuals,
        (SELECT count(*) FROM transactions WHERE has_image = 1) AS pictured,
        (SELECT count(*) FROM "references") AS reference_count,
        (SELECT count(*) FROM "references" WHERE label_id IS NULL) AS unlabelled,
        (SELECT count(*) FROM "references" WHERE NOT is_in_dataset) AS outside,
        (SELECT count(*) FROM "references" WHERE NOT is_trained_elastic) AS untrained,
        (SELECT count(*) FROM "references" WHERE incluir_dataset = 'si') AS included,
        (SELECT count(*) FROM label_suggestions WHERE confianza = 'alta') AS sure,
        (SELECT count(*) FROM label_suggestions WHERE confianza = 'baja') AS unsure,
        (SELECT count(*) FROM devices) AS device_count,
        (SELECT count(*) FROM devices WHERE num_cliente > 50) AS busy_devices,
        (SELECT count(DISTINCT label_id) FROM label) AS label_count,
        (SELECT count(*) FROM consistency WHERE severity = 'error' AND count > 0) AS errors,
        (SELECT count(*) FROM consistency WHERE severity = 'aviso' AND count > 0) AS warnings
), model AS (
    SELECT count(*) AS known, any_value(model_id) AS model_id, any_value(frequency) AS frequency, any_value(considered) AS considered,
        coalesce(any_value(given), false) AS given
    FROM active_model
), line (position, block, metric, value) AS (
    SELECT unnest([
        (1, 'RESUMEN EJECUTIVO - ANÁLISIS DE DATASET', 'Deployment ID', deployment_id),
        (2, 'RESUMEN EJECUTIVO - ANÁLISIS DE DATASET', 'Origen de los datos', CASE WHEN sample THEN 'datos de ejemplo' ELSE 'producción' END),
        (10, 'DATOS EXTRAÍDOS', 'Total registros Elasticsearch', hits::VARCHAR),
        (11, 'DATOS EXTRAÍDOS', 'Transacciones (sin duplicados)', rows::VARCHAR),
        (12, 'DATOS EXTRAÍDOS', 'De cliente', clients::VARCHAR),
        (13, 'DATOS EXTRAÍDOS', 'Manuales', manuals::VARCHAR),
        (14, 'DATOS EXTRAÍDOS', 'Con imágenes', pictured::VARCHAR),
        (15, 'DATOS EXTRAÍDOS', 'Total referencias', reference_count::VARCHAR),
        (16, 'DATOS EXTRAÍDOS', 'Total labels', label_count::VARCHAR),
        (20, 'MODELO ACTIVO', 'Model ID', CASE WHEN known > 0 THEN model_id ELSE 'desconocido (no consta en las últimas transacciones de cliente)' END),
        (21, 'MODELO ACTIVO', 'Frecuencia', CASE WHEN known = 0 THEN NULL WHEN given THEN 'N/A (modelo indicado)' ELSE thousands(frequency) || ' de las últimas ' || thousands(considered) END),
        (22, 'MODELO ACTIVO', 'Porcentaje uso', CASE WHEN known > 0 AND NOT given THEN replace(printf('%.1f %%', 100.0 * frequency / considered), '.', ',') END),
        (30, 'ANÁLISIS DE REFERENCIAS', 'Referencias analizadas', reference_count::VARCHAR),
        (31, 'ANÁLISIS DE REFERENCIAS', 'Referencias sin asignar (sin label)', unlabelled::VARCHAR),
        (32, 'ANÁLISIS DE REFERENCIAS', 'Referencias fuera del modelo', outside::VARCHAR),
        (33, 'ANÁLISIS DE REFERENCIAS', 'Referencias no entrenadas', untrained::VARCHAR),
        (34, 'ANÁLISIS DE REFERENCIAS', 'Incluidas por volumen (incluir_dataset = si)', included::VARCHAR),
        (35, 'ANÁLISIS DE REFERENCIAS', 'Sugerencias alta confianza', sure::VARCHAR),
        (36, 'ANÁLISIS DE REFERENCIAS', 'Sugerencias baja confianza', unsure::VARCHAR),
        (40, 'ANÁLISIS DE DEVICES', 'Total devices', device_count::VARCHAR),
        (41, 'ANÁLISIS DE DEVICES', 'Devices activos (>50 trans)', busy_devices::VARCHAR),
        (50, 'ESTADO DEL ANÁLISIS', 'Errores de consistencia', errors::VARCHAR),
        (51, 'ESTADO DEL ANÁLISIS', 'Avisos de consistencia', warnings::VARCHAR)
    ], recursive := true)
    FROM fact CROSS JOIN model CROSS JOIN setting
)
-- Numbers as people here write them; ids are no numbers.
SELECT block, metric, CASE WHEN metric NOT LIKE '% ID' AND regexp_full_match(value, '\d+')
    THEN thousands(value::BIGINT) ELSE value END AS value, position
FROM line WHERE value IS NOT NULL ORDER BY position
