"""Marked rows to a dataset. Inside this chain rule-made inputs are ancient(): a missing output is the one reason to run."""


rule create_dataset:
    input:
        dataset_command_files,
    log:
        f"{OUT}/logs/create_dataset.log",
    params:
        process=lambda w: active(),
        dataset=lambda w: planned(active()).dataset,
        already=lambda w: planned(active()).finished,
    localrule: True
    message:
        "Comprueba el dataset"
    conda:
        CONDA
    script:
        "../scripts/create_dataset.py"


rule request_dataset:
    input:
        book=ancient(here("reports/{process}.xlsx")),
        labels=ancient(here("data/labels.parquet")),
        references=ancient(here("data/analysis/references.parquet")),
    output:
        here("datasets/{dataset}.request.json"),
    log:
        here("logs/request_dataset.{dataset}.log"),
    params:
        request=lambda w: digest(dataset_request(w.process, w.dataset)["compared"]),
        # of a frozen request those it was frozen with: other keys must not freeze it again
        typed=lambda w: sorted_json(dataset_request(w.process, w.dataset)["stored"]["typed"]),
    localrule: True
    message:
        "Fija lo que se ha marcado para {wildcards.dataset}"
    conda:
        CONDA
    script:
        "../scripts/request_dataset.py"


rule select_dataset:
    input:
        metadata=ancient(here("process_metadata.json")),
        request=ancient(here("datasets/{dataset}.request.json")),
        transactions=ancient(here("data/transactions.parquet")),
    output:
        manifest=here("images/manifests/{dataset}.parquet"),
        asked=here("images/manifests/{dataset}.asked.json"),
    log:
        here("logs/select_dataset.{dataset}.log"),
    params:
        cache=f"{OUT}/cache/pictures",
    resources:
        mem_mb=1000,
        runtime=30,
    message:
        "Elige las imágenes de {wildcards.dataset}"
    conda:
        CONDA
    script:
        "../scripts/select_dataset.py"


rule build_dataset:
    input:
        request=ancient(here("datasets/{dataset}.request.json")),
        manifest=ancient(here("images/manifests/{dataset}.parquet")),
        asked=ancient(here("images/manifests/{dataset}.asked.json")),
        outcomes=ancient(dataset_shards),
    output:
        here("datasets/{dataset}.manifest.parquet"),
        here("datasets/{dataset}.shortage.csv"),
        here("datasets/{dataset}.json"),
    log:
        here("logs/build_dataset.{dataset}.log"),
    params:
        cache=f"{OUT}/cache/pictures",
    resources:
        mem_mb=1000,
        runtime=60,
    message:
        "Hace la carpeta de {wildcards.dataset}"
    conda:
        CONDA
    script:
        "../scripts/build_dataset.py"


rule track_dataset:
    input:
        ancient(here("datasets/{set}.json")),
    output:
        here("reports/tracking_{set}.json"),
    log:
        here("logs/track_dataset.{set}.log"),
    params:
        book=here("reports/{process}.xlsx"),
        timezone=S.config.excel.timezone,
    localrule: True
    message:
        "Anota {wildcards.set} en el libro"
    conda:
        CONDA
    script:
        "../scripts/track_dataset.py"
