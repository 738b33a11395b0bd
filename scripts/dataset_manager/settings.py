"""What was typed, what is configured, where the output goes, and whether this is the demo.

In: typed keys, the configuration, the environment. Out: `ProcessAwareSettings`, the one value that the rules' input
functions, main.py and the job scripts start from. Reads small local files only; never a server, never a write.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from dataset_manager import environment as env
from dataset_manager import keys
from dataset_manager.configuration import Configuration, validated
from dataset_manager.errors import ConfigurationError, ProcessError, UsageError
from dataset_manager.files import now, read_json

SAMPLE = "sample"
SAMPLE_DEPLOYMENT = 130
SAMPLE_NOW = datetime(2025, 8, 1, 12, tzinfo=UTC)  # the sample's data end that day, whatever today is
ALL_SAMPLE = {"transactions": SAMPLE, "catalogue": SAMPLE, "pictures": SAMPLE}
PROCESS_FORMAT = 1
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True)
class ProcessAwareSettings:
    """Everything a command starts from; see `load`."""

    root: Path
    typed: Mapping[str, Any]
    config: Configuration
    environment: env.Environment = field(repr=False)
    out: Path
    demo: bool

    @cached_property
    def now(self) -> datetime:
        """The sample has its own day, so that the demo gives the same process on any day."""
        return SAMPLE_NOW if self.demo else now()

    @property
    def processes(self) -> Path:
        """The folder of all processes."""
        return self.out / "processes"

    def folder(self, process: str) -> Path:
        """The folder of one process."""
        return self.processes / process

    def metadata(self, process: str) -> dict[str, Any] | None:
        """What froze the process; None where there is none or the tool of before made the folder."""
        found = self.written(process)
        if found and self.is_of_newer(found):
            raise ProcessError(
                f"{self.folder(process)} lo hizo una versión más nueva de la herramienta (formato {found['format']}; esta lee el "
                f"{PROCESS_FORMAT}). Actualice la herramienta, o elija otro proceso"
            )
        return found

    def written(self, process: str) -> dict[str, Any] | None:
        """The same, of whatever format."""
        found = read_json(self.folder(process) / "process_metadata.json")
        return found if isinstance(found, dict) and "format" in found else None

    def is_newer(self, process: str) -> bool:
        """Made by a newer version of the tool: nobody here knows what its files mean, so that it is listed and left alone."""
        found = self.written(process)
        return found is not None and self.is_of_newer(found)

    @staticmethod
    def is_of_newer(metadata: Mapping[str, Any]) -> bool:
        """The same, of metadata that are at hand."""
        return bool(metadata["format"] != PROCESS_FORMAT)

    def typing(self, values: Mapping[str, Any]) -> "ProcessAwareSettings":
        """The same, as if these had been typed too."""
        return replace(self, typed={**self.typed, **values})

    def without(self, key: str) -> "ProcessAwareSettings":
        """The same, as if `key` had not been typed."""
        return replace(self, typed={name: value for name, value in self.typed.items() if name != key})

    def log_level(self) -> str:
        """LOG_LEVEL, else the configuration. Raises ConfigurationError for a level that does not exist."""
        level = (self.environment.get("LOG_LEVEL") or self.config.logging.level).upper()
        if level not in LEVELS:
            raise ConfigurationError(
                f"LOG_LEVEL={level!r} ({self.environment.origin('LOG_LEVEL')}) no vale; debe ser uno de: {', '.join(LEVELS)}"
            )
        return level

    def source_path(self, value: str, name: str) -> Path | None:
        """The file or folder of an embedded source; None for a server. `sample` lies in the output folder."""
        if value == SAMPLE:
            return self.out / "sample" / {"transactions": "hits.ndjson.zst", "catalogue": "catalogue.sqlite", "pictures": "pictures"}[name]
        if value == {"transactions": "elasticsearch", "catalogue": "mysql", "pictures": "s3"}[name]:
            return None
        return self.root / value


def load(
    root: Path, typed: Mapping[str, Any], configured: Mapping[str, Any], environ: Mapping[str, str] | None = None
) -> ProcessAwareSettings:
    """Validates keys and configuration. `typed` holds only what was given with this command (keys and sections)."""
    environment = env.load(root, os.environ if environ is None else environ)
    values, _ = keys.split(typed)
    config = validated({k: v for k, v in configured.items() if k in Configuration.model_fields}, "config/config.yaml y --config")
    require_known(configured)
    require_one_world(config)
    asked_out = environment.get("OUTPUT_BASE_DIR")
    demo = is_demo(root / (asked_out or "output"), config, environment, values)
    out = root / (asked_out or ("output-demo" if demo else "output"))
    if demo:
        require_no_real_process(out)
        config = config.model_copy(update={"sources": config.sources.model_copy(update=ALL_SAMPLE)})
    require_days(values, config)
    return ProcessAwareSettings(root, values, config, environment, relative_to_root(out, root), demo)


def relative_to_root(out: Path, root: Path) -> Path:
    """Snakemake runs in the checkout and remembers files by the path it was given: the short one, wherever it was called."""
    return out.relative_to(root) if out.is_relative_to(root) and Path.cwd() == root else out


def require_known(configured: Mapping[str, Any]) -> None:
    """An unknown top-level name is a typing error, whether meant as key or as section."""
    for name in configured:
        if name not in Configuration.model_fields:
            keys.normalise(name, configured[name])


def require_one_world(config: Configuration) -> None:
    """The sample never mixes with real data."""
    values = config.sources.model_dump()
    if SAMPLE in values.values() and values != ALL_SAMPLE:
        raise ConfigurationError(f"sources: {values}: «{SAMPLE}» vale para las tres fuentes o para ninguna")


def require_days(typed: Mapping[str, Any], config: Configuration) -> None:
    """An upper limit against a slip of the finger."""
    days, most = typed.get("days_back"), config.deployment.max_days_back
    if days is not None and days > most:
        raise UsageError(f"days_back={days} no vale; debe ser un entero de 1 a {most} (deployment.max_days_back)")


def is_demo(out: Path, config: Configuration, environment: env.Environment, typed: Mapping[str, Any]) -> bool:
    """Asked for; or a folder that holds only demo processes; or nothing real at hand: no credentials, no deployment, no process."""
    if config.sources.transactions == SAMPLE:
        return True
    kinds = process_kinds(out)
    if kinds:
        return kinds == {True}
    real_source = config.sources.transactions != "elasticsearch" or env.has_elastic(environment)
    return not real_source and "deployment_id" not in typed


def process_kinds(out: Path) -> set[bool]:
    """{True} only sample processes, {False} only real ones, both, or none."""
    found = (read_json(path) for path in sorted(out.glob("processes/*/process_metadata.json")))
    return {is_sample(metadata) for metadata in found if isinstance(metadata, dict)}


def is_sample(metadata: Mapping[str, Any]) -> bool:
    """Whether a process was made from the sample; not where that cannot be told (a newer version of the tool wrote it)."""
    found: Any = metadata
    for name in ("identity", "sources", "transactions"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return bool(found == SAMPLE)


def require_no_real_process(out: Path) -> None:
    """The demo never writes beside real work."""
    if False in process_kinds(out):
        raise ConfigurationError(f"{out} tiene procesos reales; los datos de ejemplo van a otra carpeta: quite OUTPUT_BASE_DIR o dé otra")
