"""The commands about processes, and the small files that freeze what was asked."""


rule download_info:
    input:
        lambda w: download_files(for_download()),
    log:
        f"{OUT}/logs/download_info.log",
    localrule: True
    conda:
        CONDA
    params:
        process=lambda w: for_download(),
    message:
        "Comprueba y cierra download_info"
    script:
        "../scripts/download_info.py"


rule status:
    log:
        f"{OUT}/logs/status.log",
    localrule: True
    conda:
        CONDA
    params:
        typed=sorted_json(S.typed),
    script:
        "../scripts/status.py"


rule active_process:
    log:
        f"{OUT}/logs/active_process.log",
    localrule: True
    conda:
        CONDA
    params:
        typed=sorted_json(S.typed),
    script:
        "../scripts/active_process.py"


rule create_process:
    output:
        here("process_metadata.json"),
    log:
        here("logs/create_process.log"),
    localrule: True
    conda:
        CONDA
    params:
        value=lambda w: sorted_json(processes.metadata_to_write(S, w.process)),
    message:
        "Crea el proceso {wildcards.process}"
    script:
        "../scripts/create_process.py"


rule keep_parameters:
    input:
        here("process_metadata.json"),
    output:
        here("data/parameters.json"),
    log:
        here("logs/keep_parameters.log"),
    localrule: True
    conda:
        CONDA
    params:
        value=lambda w: sorted_json(processes.parameters(S, w.process)),
    message:
        "Guarda los parámetros del análisis"
    script:
        "../scripts/keep_parameters.py"


rule fix_window:
    input:
        here("process_metadata.json"),
    output:
        here("data/raw/window.json"),
    log:
        here("logs/fix_window.log"),
    localrule: True
    conda:
        CONDA
    params:
        value=lambda w: sorted_json(processes.window(S, w.process)),
    message:
        "Fija la ventana de tiempo"
    script:
        "../scripts/fix_window.py"
