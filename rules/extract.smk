"""Sources to files: raw hits and the catalogue; the sample where there is no real source."""


rule make_sample:
    output:
        SAMPLE_FILES,
    log:
        f"{OUT}/logs/make_sample.log",
    resources:
        mem_mb=1000,
        runtime=30,
    message:
        "Genera los datos de ejemplo"
    conda:
        CONDA
    script:
        "../scripts/make_sample.py"


rule extract_transactions:
    input:
        metadata=here("process_metadata.json"),
        window=here("data/raw/window.json"),
        sample=sample_files,
    output:
        manifest=here("data/raw/manifest.json"),
    log:
        here("logs/extract_transactions.log"),
    resources:
        elasticsearch=1,
        mem_mb=1000,
        runtime=240,
    message:
        "Lee las transacciones"
    conda:
        CONDA
    script:
        "../scripts/extract_transactions.py"


rule extract_catalogue:
    input:
        metadata=here("process_metadata.json"),
        parameters=here("data/parameters.json"),
        manifest=here("data/raw/manifest.json"),
        sample=sample_files,
    output:
        [here(f"data/{name}.parquet") for name in CATALOGUE],
    log:
        here("logs/extract_catalogue.log"),
    resources:
        mysql=1,
        mem_mb=1000,
        runtime=60,
    message:
        "Lee el catálogo y las carpetas de imágenes"
    conda:
        CONDA
    script:
        "../scripts/extract_catalogue.py"
