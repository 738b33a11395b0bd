"""Paths and choices. Functions here read small local files only; each choice is made once a run."""

import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, f"{workflow.basedir}/scripts")

from dataset_manager import locks, logs, processes, settings
from dataset_manager.datasets import finding, versions
from dataset_manager.files import digest, read_json, sorted_json
from dataset_manager.review import request as review

S = settings.load(Path(workflow.basedir), TYPED, config)
OUT = str(S.out)
logs.choose_level(S.log_level())
CONDA = "../envs/dataset_manager.yaml"
SAMPLE_FILES = [f"{OUT}/sample/{name}" for name in ("hits.ndjson.zst", "catalogue.sqlite", "sample.json")]
FROZEN = ["process_metadata.json", "data/parameters.json", "data/raw/window.json"]
CATALOGUE = ["references", "labels", "model", "deployment", "folders"]
ANALYSIS = [
    "references",
    "devices",
    "summary",
    "consistency",
    "model_data",
    "label_suggestions",
]
REVIEW = [
    "images/review.request.json",
    "images/manifests/review.parquet",
    "images/review.json",
    "images/revision.html",
    "reports/tracking_review.json",
]
TABLES = [
    *FROZEN,
    "data/raw/manifest.json",
    "data/transactions.parquet",
    *(f"data/{name}.parquet" for name in CATALOGUE),
    *(f"data/analysis/{name}.parquet" for name in ANALYSIS),
]


wildcard_constraints:
    process="[^/]+",
    name="[^/]+",
    dataset=r"[^/]+_v\d\d+",  # what create_dataset builds
    merged=r"[^/]+(?<!_v\d\d)(?<!_v\d\d\d)(?<!\.request)(?<!\.summary)",
    set=r"(?!review\.json)[^/]+",  # either
    home="processes/[^/]+/datasets|registry/legacy/[^/]+",
    shard=r"\d+",
    total=r"\d+",


def here(name):
    """A path of the process that the wildcard names."""
    return f"{OUT}/processes/{{process}}/{name}"


@cache  # params are evaluated again after other jobs have run: the second answer would differ
def for_download():
    return locks.chosen(S, processes.for_download(S))


@cache
def active():
    return locks.chosen(S, processes.active(S))


def of(process, *names):
    return [f"{OUT}/processes/{process}/{name}" for name in names]


def sample_files(w):
    """The sample is made when it is needed; any other source is not Snakemake's."""
    return SAMPLE_FILES if S.demo else []


def download_files(process):
    book = ["reports/workbook_state.json"] if processes.parameters(S, process)["generate_reports"] else []
    return of(process, *TABLES, *book)


@cache
def review_request(process):
    return review.plan(S.folder(process) / f"reports/{process}.xlsx", S.config.image_review, S.config.images)


def review_shards(w):
    """As many as the request says; the planned one where none is frozen yet."""
    count = review_request(w.process)["shards"]
    return of(w.process, *(f"images/manifests/review.shards/{shard}-of-{count}.parquet" for shard in range(count)))


def review_files(w):
    return of(active(), *TABLES, *REVIEW)


@cache
def planned(process):
    from dataset_manager.datasets import request  # only these commands wait for the tables' library

    return request.plan(S, process)


def dataset_request(process, dataset):
    """What is frozen stays, whatever the marks say now."""
    return versions.request_of(S.folder(process) / "datasets", dataset) or planned(process).request


def dataset_shards(w):
    count = dataset_request(w.process, w.dataset)["stored"]["shards"]
    return of(w.process, *(f"images/manifests/{w.dataset}.shards/{shard}-of-{count}.parquet" for shard in range(count)))


def dataset_files(process, dataset):
    """Every file that its rules read through ancient(): otherwise one that is remade would end the run before the dataset."""
    chain = [f"datasets/{dataset}{suffix}" for suffix in (versions.REQUEST, *versions.DELIVERED)] + [
        f"images/manifests/{dataset}.parquet"
    ]
    shards = dataset_shards(SimpleNamespace(process=process, dataset=dataset))
    return of(process, *TABLES, *chain, f"reports/tracking_{dataset}.json") + shards


def dataset_command_files(w):
    """A finished version is looked at, never made again: it asks for nothing, so that nothing stale can end the run before it is shown."""
    process, plan = active(), planned(active())
    return [] if plan.finished else dataset_files(process, plan.dataset)


def all_files(w):
    """Nothing is begun here: reviews and datasets only go on where their request was frozen."""
    process = active()
    reviewed = of(process, *REVIEW) if (S.folder(process) / "images/review.request.json").exists() else []
    begun = versions.unfinished(S.folder(process) / "datasets", process)
    return download_files(process) + reviewed + [file for dataset in begun for file in dataset_files(process, dataset)]


@cache
def merge_plan():
    from dataset_manager.datasets import merge_request

    plan = merge_request.plan(S)
    locks.chosen(S, plan.process)
    return plan


def merge_files(w):
    """A finished merge is looked at, never made again; one that the workbook does not show yet still gets there."""
    plan = merge_plan()
    shown = versions.is_finished(S.folder(plan.process) / "datasets", plan.name)
    tracked = [] if shown else [f"reports/tracking_{plan.name}.json"]
    return of(plan.process, f"datasets/{plan.name}.json", *tracked)


def merge_made(w):
    return read_json(S.folder(w.process) / f"datasets/{w.merged}.json")


def merge_parents(w):
    """What is made stays as it was asked for."""
    made = merge_made(w)
    return made["parents"] if made else merge_plan().parents


def merge_option(w):
    made = merge_made(w)
    return made["on_conflict"] if made else merge_plan().on_conflict


@cache
def summarised():
    dataset = finding.named(S, "dataset_name")
    if not dataset.legacy:
        locks.chosen(S, dataset.process)
    return dataset


def summary_files(dataset):
    inside = [
        str(dataset.inside(name))
        for name in (f"_summary_{dataset.name}.csv", f"_summary_{dataset.name}.html", "README.md")
    ]
    return [str(dataset.beside(".curated.parquet")), str(dataset.beside(".summary.json")), *inside]


@cache
def fingerprint_of(home, name):
    """Names, sizes and times of the folder now."""
    from dataset_manager.datasets import content

    return content.fingerprint(finding.at(S, Path(OUT) / home, name).tree)


def fingerprint(w):
    return fingerprint_of(w.home, w.set)


def register_files(w):
    """A folder that is not what was accepted stops here, before any job: otherwise its summary would accept it by itself."""
    from dataset_manager.registry import command

    dataset = summarised()
    command.require_publishable(S, dataset)
    return [*summary_files(dataset), str(dataset.beside(".zip")), str(dataset.beside(".zip.sha256"))]
