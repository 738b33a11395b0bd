"""The workbook: the file itself is the person's, so never an output; its state is."""


rule build_workbook:
    input:
        metadata=PR + "process_metadata.json",
        parameters=PR + "data/parameters.json",
        window=PR + "data/raw/window.json",
        transactions=PR + "data/transactions.parquet",
        catalogue=PR + "data/labels.parquet",
        analysis=[f"{PR}data/analysis/{name}.parquet" for name in ANALYSIS],
    output:
        PR + "reports/workbook_state.json",
    log:
        LOG + "build_workbook.log",
    params:
        book=PR + "reports/{process}.xlsx",
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
