"""Publishing. Never part of another target, and no declared output: it looks and repairs every time."""


rule register_dataset:
    input:
        register_files,
    log:
        f"{OUT}/logs/register_dataset.log",
    params:
        home=lambda w: str(summarised().home),
        name=lambda w: summarised().name,
        typed=sorted_json(S.typed),
    localrule: True
    message:
        "Sube y registra el dataset"
    conda:
        CONDA
    script:
        "../scripts/register_dataset.py"


rule verify:
    log:
        f"{OUT}/logs/verify.log",
    params:
        typed=sorted_json(S.typed),
    localrule: True
    conda:
        CONDA
    script:
        "../scripts/verify.py"
