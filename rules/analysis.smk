"""Files to tables: one row per transaction, then the tables that the workbook shows."""


rule flatten:
    input:
        metadata=PR + "process_metadata.json",
        manifest=PR + "data/raw/manifest.json",
        folders=PR + "data/folders.parquet",
    output:
        transactions=PR + "data/transactions.parquet",
        counts=PR + "data/flatten.json",
    log:
        LOG + "flatten.log",
    params:
        client=sorted_json(S.config.elasticsearch.client_metrics),
        manual=sorted_json(S.config.elasticsearch.manual_metrics),
    threads: 2
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
        metadata=PR + "process_metadata.json",
        parameters=PR + "data/parameters.json",
        window=PR + "data/raw/window.json",
        transactions=PR + "data/transactions.parquet",
        counts=PR + "data/flatten.json",
        catalogue=[f"{PR}data/{name}.parquet" for name in CATALOGUE],
    output:
        [f"{PR}data/analysis/{name}.parquet" for name in ANALYSIS],
    log:
        LOG + "analyse.log",
    params:
        dataset=sorted_json(S.config.dataset.model_dump(exclude={"color_columnas_especiales"})),
        top_suggestions=S.config.reference_analysis.top_suggestions,
    threads: 2
    resources:
        mem_mb=1000,
        runtime=60,
    message:
        "Analiza referencias, dispositivos y coherencia"
    conda:
        CONDA
    script:
        "../scripts/analyse.py"
