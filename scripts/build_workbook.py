"""The workbook that a person marks: rebuilt from the tables, with every mark kept; the state comes last."""

import json
from pathlib import Path

from dataset_manager.files import read_json
from dataset_manager.jobs import job
from dataset_manager.settings import is_sample
from dataset_manager.workbook.build import WorkbookOptions, build

with job(snakemake) as running:
    excel = json.loads(snakemake.params.excel)
    options = WorkbookOptions(
        max_rows=excel["max_rows_per_sheet"], color=snakemake.params.color, timezone=excel["timezone"], history=excel["history_copies"]
    )
    state = build(
        Path(snakemake.input.transactions).parent,
        Path(snakemake.input.window),
        Path(snakemake.input.parameters),
        Path(snakemake.params.book),
        Path(snakemake.output[0]),
        options=options,
        sample=is_sample(read_json(snakemake.input.metadata)),
    )
    running.metrics |= {"filas": state["rows"]}
