"""The workbook: the file itself is the person's, so never an output; its state is."""


rule build_workbook:
    input:
        metadata=here("process_metadata.json"),
        parameters=here("data/parameters.json"),
        window=here("data/raw/window.json"),
        transactions=here("data/transactions.parquet"),
        catalogue=here("data/labels.parquet"),
        analysis=[here(f"data/analysis/{name}.parquet") for name in ANALYSIS],
    output:
        here("reports/workbook_state.json"),
    log:
        here("logs/build_workbook.log"),
    params:
        book=here("reports/{process}.xlsx"),
        excel=sorted_json(S.config.excel.model_dump()),
        color=S.config.dataset.color_columnas_especiales,
    resources:
        mem_mb=1000,
        runtime=60,
    message:
        "Prepara el libro de Excel"
    conda:
        CONDA
    script:
        "../scripts/build_workbook.py"
