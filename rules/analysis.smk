"""Files to tables: one row per transaction, then the tables that the workbook shows."""


rule flatten:
    input:
        metadata=here("process_metadata.json"),
        manifest=here("data/raw/manifest.json"),
        folders=here("data/folders.parquet"),
    output:
        transactions=here("data/transactions.parquet"),
        counts=here("data/flatten.json"),
    log:
        here("logs/flatten.log"),
    params:
        client=sorted_json(S.config.elasticsearch.client_metrics),
        manual=sorted_json(S.config.elasticsearch.manual_metrics),
    resources:
        mem_mb=1000,
        runtime=60,
    message:
        "Convierte las transacciones en tabla"
    conda:
        CONDA
    script:
        "../scripts/flatten.py"


rule analyse:
    input:
        metadata=here("process_metadata.json"),
        parameters=here("data/parameters.json"),
        window=here("data/raw/window.json"),
        transactions=here("data/transactions.parquet"),
        counts=here("data/flatten.json"),
        catalogue=[here(f"data/{name}.parquet") for name in CATALOGUE],
    output:
        [here(f"data/analysis/{name}.parquet") for name in ANALYSIS],
    log:
        here("logs/analyse.log"),
    params:
        dataset=sorted_json(S.config.dataset.model_dump(exclude={"color_columnas_especiales"})),
        top_suggestions=S.config.reference_analysis.top_suggestions,
    resources:
        mem_mb=1000,
        runtime=60,
    message:
        "Analiza referencias, dispositivos y coherencia"
    conda:
        CONDA
    script:
        "../scripts/analyse.py"
