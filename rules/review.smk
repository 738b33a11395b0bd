"""Marked rows to pictures to look at. No ancient() but to the workbook, which no rule makes."""


rule review_images:
    input:
        review_files,
    log:
        f"{OUT}/logs/review_images.log",
    params:
        process=lambda w: active(),
    localrule: True
    message:
        "Comprueba la revisión"
    conda:
        CONDA
    script:
        "../scripts/review_images.py"


rule request_review:
    input:
        ancient(here("reports/{process}.xlsx")),
    output:
        here("images/review.request.json"),
    log:
        here("logs/request_review.log"),
    params:
        request=lambda w: digest(review_request(w.process)),
        review=sorted_json(S.config.image_review.model_dump()),
        images=sorted_json(S.config.images.model_dump()),
    localrule: True
    message:
        "Fija lo que se ha marcado para revisar"
    conda:
        CONDA
    script:
        "../scripts/request_review.py"


rule select_review:
    input:
        metadata=here("process_metadata.json"),
        request=here("images/review.request.json"),
        transactions=here("data/transactions.parquet"),
        references=here("data/analysis/references.parquet"),
    output:
        here("images/manifests/review.parquet"),
    log:
        here("logs/select_review.log"),
    params:
        cache=f"{OUT}/cache/pictures",
    resources:
        mem_mb=1000,
        runtime=30,
    message:
        "Elige las imágenes de la revisión"
    conda:
        CONDA
    script:
        "../scripts/select_review.py"


rule download_shard:
    input:
        metadata=here("process_metadata.json"),
        manifest=here("images/manifests/{name}.parquet"),
    output:
        here("images/manifests/{name}.shards/{shard}-of-{total}.parquet"),
    log:
        here("logs/download_shard.{name}.{shard}-of-{total}.log"),
    params:
        cache=f"{OUT}/cache/pictures",
    resources:
        s3=1,
        mem_mb=1000,
        runtime=480,
    message:
        "Descarga imágenes de {wildcards.name}, parte {wildcards.shard} de {wildcards.total}"
    conda:
        CONDA
    script:
        "../scripts/download_shard.py"


rule place_review_images:
    input:
        metadata=here("process_metadata.json"),
        manifest=here("images/manifests/review.parquet"),
        outcomes=review_shards,
    output:
        here("images/review.json"),
        here("images/revision.html"),
    log:
        here("logs/place_review_images.log"),
    params:
        cache=f"{OUT}/cache/pictures",
        clear_before=S.config.image_review.clear_output_folder,
        timezone=S.config.excel.timezone,
    localrule: True
    message:
        "Coloca las imágenes y hace la hoja de contactos"
    conda:
        CONDA
    script:
        "../scripts/place_review_images.py"


rule update_tracking:
    input:
        here("images/review.json"),
    output:
        here("reports/tracking_review.json"),
    log:
        here("logs/update_tracking.log"),
    params:
        book=here("reports/{process}.xlsx"),
    localrule: True
    message:
        "Rellena las hojas de seguimiento del libro"
    conda:
        CONDA
    script:
        "../scripts/update_tracking.py"
