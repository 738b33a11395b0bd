-- One row per check, found or not: data/analysis/consistency.parquet.
-- In: findings.sql, counted (what flatten dropped or could not read: check_id, example, amount). Rules: docs/rules.md, «Consistency».
WITH checks (position, check_id, severity, description, action) AS (VALUES
    (1, 'sin_transacciones', 'error', 'No hay transacciones en la ventana', 'Amplíe days_back o compruebe el deployment y las métricas'),
    (2, 'referencia_sin_label', 'error', 'Referencias del catálogo sin label', 'Asigne un label (vea Sugerencias_Labels) o rellene label_considerar'),
    (3, 'label_desconocido', 'error', 'Referencias cuyo label no está en la tabla de labels', 'Corrija label_id en el catálogo'),
    (4, 'label_en_dos_clases', 'error', 'Labels que el modelo entrena en dos clases', 'Pida que se corrija el modelo; se usa la última clase'),
    (5, 'fuera_del_modelo_con_volumen', 'aviso', 'Referencias con volumen para incluir, pero fuera del modelo', 'Rellene producto_a_entrenar y label_considerar, o ponga incluir_dataset = no'),
    (6, 'codigo_fuera_del_catalogo', 'aviso', 'Códigos de las transacciones que no están en el catálogo', 'Dé de alta la referencia o compruebe el deployment'),
    (7, 'codigo_repetido', 'aviso', 'Códigos que comparten varias referencias', 'Cada referencia cuenta las mismas transacciones: deje una'),
    (8, 'codigos_parecidos', 'aviso', 'Códigos que solo difieren en ceros, mayúsculas o espacios', 'Son referencias distintas; compruebe que es lo que se quiere'),
    (9, 'referencia_sin_codigo', 'aviso', 'Referencias sin código', 'Rellene reference_code en el catálogo'),
    (10, 'modelo_cambiado', 'aviso', 'El modelo cambió dentro de la ventana', 'Los porcentajes son del modelo activo; con base_model_id se elige otro'),
    (11, 'otro_modelo', 'info', 'Transacciones de modelos que no son el activo', 'No cuentan en los porcentajes'),
    (12, 'deployment_sin_modelo', 'aviso', 'El deployment no tiene modelo asignado', 'Asigne model_id en la tabla deployment'),
    (13, 'modelo_no_asignado', 'aviso', 'El modelo activo no es el asignado al deployment', 'Compruebe cuál quiere; con base_model_id se elige'),
    (14, 'modelo_sin_uso', 'aviso', 'Ninguna transacción de cliente usó el modelo indicado', 'Todos los porcentajes son 0; compruebe base_model_id'),
    (15, 'modelo_sin_datos', 'error', 'El modelo activo no está en la tabla model o no tiene clases', 'Compruebe base_model_id o la tabla model'),
    (16, 'modelo_ilegible', 'error', 'model_data no se puede leer', 'Corrija el JSON de la tabla model'),
    (17, 'sin_device', 'aviso', 'Transacciones sin dispositivo', 'No aparecen en Devices'),
    (18, 'sin_codigo', 'aviso', 'Transacciones sin código de referencia', 'No cuentan en ninguna referencia'),
    (19, 'sin_transaction_id', 'aviso', 'Transacciones sin transaction_id', 'No se comparan entre sí ni tienen imágenes'),
    (20, 'sin_hora', 'aviso', 'Transacciones cuya hora de inicio no se entiende', 'El texto original está en la columna unparsed'),
    (21, 'fin_antes_de_inicio', 'aviso', 'Transacciones que terminan antes de empezar', 'Compruebe el reloj del dispositivo'),
    (22, 'sin_imagenes', 'info', 'Transacciones sin imágenes', 'No se pueden revisar ni entrenar'),
    (23, 'folder_files_ilegible', 'aviso', 'Carpetas cuya lista de imágenes no se puede leer', 'Cuentan como vacías; corrija folder.folder_files'),
    (24, 'metrica_desconocida', 'aviso', 'Métricas que no son ni de cliente ni manuales', 'Compruebe elasticsearch.client_metrics y manual_metrics'),
    (25, 'device_con_varios_nombres', 'info', 'Dispositivos que cambiaron de nombre', 'Se muestra el primer nombre'),
    (26, 'documento_repetido', 'info', 'Documentos repetidos que se descartaron', 'Ninguna: se cuenta uno'),
    (27, 'transaccion_repetida', 'info', 'Documentos descartados de una transacción ya contada', 'Ninguna: cuenta el de fin más reciente'),
    (28, 'tipo_inesperado', 'aviso', 'Valores de un tipo que no es el esperado', 'El texto original está en la columna unparsed'),
    (29, 'hora_ilegible', 'aviso', 'Horas que no se entienden', 'El texto original está en la columna unparsed')
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY check_id ORDER BY weight DESC, example) AS place FROM finding
), found AS (
    SELECT check_id, count(*) AS count, string_agg(example, '; ' ORDER BY place) FILTER (place <= 20) AS examples FROM ranked GROUP BY check_id
    UNION ALL
    SELECT check_id, sum(amount)::BIGINT, string_agg(example, '; ' ORDER BY amount DESC, example) FROM counted WHERE amount > 0 GROUP BY check_id
)
SELECT checks.check_id, severity, description, coalesce(found.count, 0) AS count, coalesce(examples, '') AS examples, action, position
FROM checks LEFT JOIN found ON found.check_id = checks.check_id ORDER BY position
