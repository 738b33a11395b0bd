"""What is done with finished datasets: tables of folders, merges, summaries, zips."""


rule folder_structure:
    log:
        f"{OUT}/logs/folder_structure.log",
    params:
        typed=sorted_json(S.typed),
    localrule: True
    conda:
        CONDA
    script:
        "../scripts/folder_structure.py"


rule diff:
    log:
        f"{OUT}/logs/diff.log",
    params:
        typed=sorted_json(S.typed),
    localrule: True
    conda:
        CONDA
    script:
        "../scripts/diff.py"


rule merge_datasets:
    input:
        merge_files,
    log:
        f"{OUT}/logs/merge_datasets.log",
    params:
        process=lambda w: merge_plan().process,
        name=lambda w: merge_plan().name,
        already=lambda w: merge_plan().finished,
    localrule: True
    message:
        "Comprueba el dataset unido"
    conda:
        CONDA
    script:
        "../scripts/merge_datasets.py"


rule build_merge:
    output:
        here("datasets/{merged}.manifest.parquet"),
        here("datasets/{merged}.json"),
    log:
        here("logs/build_merge.{merged}.log"),
    params:
        parents=lambda w: sorted_json(merge_parents(w)),
        on_conflict=lambda w: merge_option(w),
    resources:
        mem_mb=2000,
        runtime=60,
    message:
        "Une datasets en {wildcards.merged}"
    conda:
        CONDA
    script:
        "../scripts/build_merge.py"


rule summary_dataset:
    input:
        lambda w: summary_files(summarised()),
    log:
        f"{OUT}/logs/summary_dataset.log",
    params:
        home=lambda w: str(summarised().home),
        name=lambda w: summarised().name,
    localrule: True
    message:
        "Muestra el resumen"
    conda:
        CONDA
    script:
        "../scripts/summary_dataset.py"


rule summarise_dataset:
    output:
        f"{OUT}/{{home}}/{{set}}.curated.parquet",
        f"{OUT}/{{home}}/{{set}}.summary.json",
        f"{OUT}/{{home}}/{{set}}/_summary_{{set}}.csv",
        report(
            f"{OUT}/{{home}}/{{set}}/_summary_{{set}}.html",
            category="Datasets",
            labels={"dataset": "{set}"},
        ),
        f"{OUT}/{{home}}/{{set}}/README.md",
    log:
        f"{OUT}/logs/{{home}}/summarise_dataset.{{set}}.log",
    params:
        folder=lambda w: fingerprint(w),
        timezone=S.config.excel.timezone,
    resources:
        mem_mb=2000,
        runtime=60,
    message:
        "Resume {wildcards.set} tal como está en el disco"
    conda:
        CONDA
    script:
        "../scripts/summarise_dataset.py"


rule zip_dataset:
    input:
        manifest=f"{OUT}/{{home}}/{{set}}.curated.parquet",
        summary=f"{OUT}/{{home}}/{{set}}/_summary_{{set}}.csv",
        page=f"{OUT}/{{home}}/{{set}}/_summary_{{set}}.html",
        card=f"{OUT}/{{home}}/{{set}}/README.md",
    output:
        f"{OUT}/{{home}}/{{set}}.zip",
        f"{OUT}/{{home}}/{{set}}.zip.sha256",
    log:
        f"{OUT}/logs/{{home}}/zip_dataset.{{set}}.log",
    resources:
        mem_mb=2000,
        runtime=120,
    message:
        "Comprime {wildcards.set}"
    conda:
        CONDA
    script:
        "../scripts/zip_dataset.py"
