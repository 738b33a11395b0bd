"""gFresh Dataset Manager: table of contents. Commands are target rules; every artifact is made by one rule and one script."""

from snakemake.utils import min_version

min_version("9.27")


workdir: workflow.basedir


TYPED = dict(config)  # before configfile: so far it holds only what was typed


configfile: "config/config.yaml"


include: "rules/common.smk"


rule all:
    input:
        all_files,


# a clone without credentials and without a process: a bare `snakemake` is the demo
if S.demo:

    rule demo:  # must stand here: default_target does nothing in an included file
        default_target: True
        input:
            lambda w: download_files(for_download()),
        log:
            f"{OUT}/logs/demo.log",
        params:
            process=lambda w: for_download(),
        localrule: True
        conda:
            "envs/dataset_manager.yaml"
        script:
            "scripts/download_info.py"


include: "rules/process.smk"
include: "rules/extract.smk"
include: "rules/analysis.smk"
include: "rules/workbook.smk"
include: "rules/review.smk"
include: "rules/dataset.smk"
include: "rules/operations.smk"
include: "rules/registry.smk"


onstart:
    locks.hold()
