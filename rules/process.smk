"""The commands about processes, and the small files that freeze what was asked."""


rule download_info:
    input:
        lambda w: download_files(for_download()),
    log:
        f"{OUT}/logs/download_info.log",
    params:
        process=lambda w: for_download(),
    localrule: True
    message:
        "Comprueba y cierra download_info"
    conda:
        CONDA
    script:
        "../scripts/download_info.py"


rule status:
    log:
        f"{OUT}/logs/status.log",
    params:
        typed=sorted_json(S.typed),
    localrule: True
    conda:
        CONDA
    script:
        "../scripts/status.py"


rule active_process:
    log:
        f"{OUT}/logs/active_process.log",
    params:
        typed=sorted_json(S.typed),
    localrule: True
    conda:
        CONDA
    script:
        "../scripts/active_process.py"


rule create_process:
    output:
        here("process_metadata.json"),
    log:
        here("logs/create_process.log"),
    params:
        value=lambda w: sorted_json(processes.metadata_to_write(S, w.process)),
    localrule: True
    message:
        "Crea el proceso {wildcards.process}"
    conda:
        CONDA
    script:
        "../scripts/create_process.py"


rule keep_parameters:
    input:
        here("process_metadata.json"),
    output:
        here("data/parameters.json"),
    log:
        here("logs/keep_parameters.log"),
    params:
        value=lambda w: sorted_json(processes.parameters(S, w.process)),
    localrule: True
    message:
        "Guarda los parámetros del análisis"
    conda:
        CONDA
    script:
        "../scripts/keep_parameters.py"


rule fix_window:
    input:
        here("process_metadata.json"),
    output:
        here("data/raw/window.json"),
    log:
        here("logs/fix_window.log"),
    params:
        value=lambda w: sorted_json(processes.window(S, w.process)),
    localrule: True
    message:
        "Fija la ventana de tiempo"
    conda:
        CONDA
    script:
        "../scripts/fix_window.py"
