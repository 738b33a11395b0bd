"""What a person made of a dataset's folder, accepted: which pictures stand there now, and what became of those that were built.

In: a finished dataset's folder as it is on disk, its manifest and provenance, the process's transactions (or another table of
transactions). Out: `_summary_<dataset>.csv`, `_summary_<dataset>.html` and `README.md` in the folder, `<dataset>.summary.json`
beside it, and last `<dataset>.curated.parquet`: the accepted content. No clock: the same folder gives the same bytes. A folder
with anything that is no picture of `class/label/` is refused whole. Rules: docs/rules.md, «Accepted content», «Dataset summary».
"""

import re
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from os import stat_result
from pathlib import Path
from typing import Any

import duckdb

from dataset_manager.analysis.database import dictionaries, quoted, script, working, write_parquet
from dataset_manager.csv_text import csv_bytes
from dataset_manager.datasets import balance, card, content, summary_page
from dataset_manager.datasets.content import Known
from dataset_manager.datasets.finding import Dataset
from dataset_manager.errors import CountError
from dataset_manager.files import read_json, replace, replace_with, sha256_of, write_json
from dataset_manager.images.parallel import in_parallel
from dataset_manager.images.verify import Damage, check
from dataset_manager.wording import counted, first_of

Json = dict[str, Any]
COLUMNS = ("transaction_id", "device_id", "transaction_start_time", "Date", "clase", "label_id", "filename", "file_name_path")
UNWRITABLE = re.compile(r"[\x00-\x1f\\\ud800-\udfff]")  # control characters, what `sha256sum` escapes, bytes that are no UTF-8
READERS = 4
SHOWN = 100  # problems, and examples of changes
BUILT, MOVED, ADDED, CHANGED = "construida", "movida", "añadida", "cambiada"


@dataclass(frozen=True)
class Picture:
    """A whole picture: of the folder, or as it was accepted before."""

    sha256: str
    bytes: int
    mtime_ns: int
    width: int
    height: int
    format: str


@dataclass(frozen=True)
class Fates:
    """`source`: present path -> built path it comes from (None: added). `removed`: built paths whose picture is gone."""

    source: dict[str, str | None]
    removed: list[str]
    changed: frozenset[str]

    def origin(self, path: str) -> str:
        """What the curated file says of a present picture."""
        if path in self.changed:
            return CHANGED
        source = self.source[path]
        return ADDED if source is None else BUILT if source == path else MOVED

    @property
    def moved(self) -> list[tuple[str, str]]:
        """(built path, present path), by present path."""
        return sorted(((old, new) for new, old in self.source.items() if old not in (None, new)), key=lambda pair: pair[1])


def summarise(dataset: Dataset, transactions: Path | None, *, timezone: str, metadata: Path | None = None) -> Json:
    """Accepts what the folder holds. Raises CountError naming every problem (then nothing is written), DiskError.

    `metadata` is a Parquet with transaction_id, device_id, transaction_start_time, for pictures that `transactions` does not know.
    """
    with working(dataset.home, small=True) as base:
        for statement in script(Path(__file__).parent / "summary_inputs.sql"):
            base.execute(statement)
        for name, file in (("built", manifest_of(dataset)), ("transactions", transactions), ("told", metadata)):
            lay_table(base, name, file)
        pictures = examined(dataset.tree, known_of(base, dataset))
        fates = fates_of(base, dataset, pictures)
        lay_found(base, pictures, fates)
        for statement in statements(timezone):
            base.execute(statement)
        facts = facts_of(base, dataset, fates, timezone)
        written = write(base, dataset, facts)
    return written | told_beside(dataset)


def told_beside(dataset: Dataset) -> Json:
    """What the terminal says besides the summary: where a person finds the result, and which classes were short when it was built."""
    built = read_json(dataset.beside(".json")) or {}
    files = {"tree": str(dataset.tree), "page": str(page_file(dataset)), "csv": str(csv_file(dataset))}
    return {"files": files, "short": sorted({str(one["class"]) for one in built.get("short", [])})}


def manifest_of(dataset: Dataset) -> Path | None:
    """None for a legacy dataset: what stands there is what was built. Raises CountError where a built one lost its manifest."""
    manifest = dataset.beside(".manifest.parquet")
    if manifest.exists():
        return manifest
    if dataset.legacy:
        return None
    raise CountError(f"{manifest}: no está. Recupérelo de una copia: sin él no se sabe qué se construyó")


def lay_table(base: duckdb.DuckDBPyConnection, name: str, file: Path | None) -> None:
    """A Parquet file as a view that has at least the columns of summary_inputs.sql; empty without a file."""
    whole = f"FROM read_parquet('{quoted(file)}') UNION ALL BY NAME " if file else ""
    base.execute(f"CREATE VIEW {name} AS {whole}FROM empty_{name}")


def known_of(base: duckdb.DuckDBPyConnection, dataset: Dataset) -> list[dict[str, Picture]]:
    """What the last summary and the build know of each path: a file that fits one of them is not read again."""
    curated, names = dataset.beside(".curated.parquet"), "path, sha256, bytes, {}, width, height, format"
    found = [base.execute(f"SELECT {names.format(-1)} FROM built").fetchall()]
    if curated.exists():
        found.insert(0, base.execute(f"SELECT {names.format('mtime_ns')} FROM read_parquet('{quoted(curated)}')").fetchall())
    return [{path: Picture(*rest) for path, *rest in rows} for rows in found]


# ---- what stands in the folder


def examined(tree: Path, known: list[dict[str, Picture]]) -> dict[str, Picture]:
    """Every picture by its path. Raises CountError when there is none, or naming everything that is none."""
    now = content.present(tree)
    if not now:
        raise CountError(f"{tree}: no hay ninguna imagen. Recupere la carpeta de una copia, o cree el dataset otra vez")
    problems = {path: problem for path, found in now.items() if (problem := misplaced(path, found))}
    pictures = {path: same for path, found in now.items() if (same := vouched(path, found, known))}
    whole = {one.sha256: one for before in known for one in before.values()}
    unread = [path for path in now if path not in pictures and path not in problems]
    for path, found in in_parallel(partial(examine, tree, now, whole), unread, READERS):
        if isinstance(found, Damage):
            problems[path] = found.reason
        else:
            pictures[path] = found
    require_none(tree, problems)
    return dict(sorted(pictures.items(), key=lambda one: one[0].encode()))


def misplaced(path: str, found: stat_result) -> str | None:
    """Why this can be no picture of the dataset, by its name and kind alone."""
    if UNWRITABLE.search(path):
        return "el nombre tiene caracteres que no se pueden escribir; cámbielo"
    if not stat.S_ISREG(found.st_mode):
        return "es un enlace, no un fichero; ponga el fichero"
    return None if path.count("/") == 2 else "no está en <clase>/<label>/<imagen>; muévala o bórrela"


def vouched(path: str, found: stat_result, known: list[dict[str, Picture]]) -> Picture | None:
    """The known picture, if size and time say that it is still that one."""
    for one in (pictures[path] for pictures in known if path in pictures):
        if found.st_size == one.bytes and content.fits(found, Known(one.sha256, one.bytes, one.mtime_ns)):
            return Picture(one.sha256, one.bytes, found.st_mtime_ns, one.width, one.height, one.format)
    return None


def examine(tree: Path, now: Mapping[str, stat_result], whole: Mapping[str, Picture], path: str) -> Picture | Damage:
    """A file that nobody vouches for; content that was accepted before is not decoded again."""
    found = now[path]
    try:
        sha256 = sha256_of(tree / path)
        verified = whole.get(sha256) or check((tree / path).read_bytes())
    except OSError as error:
        return Damage(f"no se puede leer ({error.strerror})")
    if isinstance(verified, Damage):
        return verified
    return Picture(sha256, found.st_size, found.st_mtime_ns, verified.width, verified.height, verified.format)


def require_none(tree: Path, problems: Mapping[str, str]) -> None:
    """Everything at once."""
    if problems:
        lines = [f"{printable(path)}: {problem}" for path, problem in sorted(problems.items())]
        named = "".join(f"\n  - {line}" for line in first_of(lines, SHOWN))
        count = counted(len(problems), "fichero no puede aceptarse", "ficheros no pueden aceptarse")
        raise CountError(f"{tree}: {count}; no se ha aceptado ni escrito nada:{named}")


def printable(path: str) -> str:
    """One line that any terminal and log can show."""
    return path if path.isprintable() else path.encode("unicode_escape", "surrogatepass").decode()


# ---- what became of what was built


def fates_of(base: duckdb.DuckDBPyConnection, dataset: Dataset, pictures: Mapping[str, Picture]) -> Fates:
    """Against the build; a legacy dataset was built as it stands."""
    if not dataset.beside(".manifest.parquet").exists():
        return Fates({path: path for path in pictures}, [], frozenset())
    built = dict(base.execute("SELECT path, sha256 FROM built").fetchall())
    return compared(built, {path: one.sha256 for path, one in pictures.items()})


def compared(built: Mapping[str, str], now: Mapping[str, str]) -> Fates:
    """By content: first what is where it was, then what moved (the same file name first), then what changed in its place."""
    source: dict[str, str | None] = {path: path for path, sha256 in now.items() if built.get(path) == sha256}
    for name_of in (file_name, lambda _: ""):
        gone: dict[tuple[str, str], list[str]] = {}
        taken = set(source.values())
        for path in sorted(built.keys() - taken):
            gone.setdefault((built[path], name_of(path)), []).append(path)
        for path in sorted(now.keys() - source.keys()):
            if same := gone.get((now[path], name_of(path))):
                source[path] = same.pop(0)
    rest, taken = now.keys() - source.keys(), set(source.values())
    changed = frozenset(path for path in rest if path in built and path not in taken)
    source |= {path: path if path in changed else None for path in rest}
    return Fates(source, sorted(built.keys() - set(source.values())), changed)


def file_name(path: str) -> str:
    """Without its folders."""
    return path.rpartition("/")[2]


def folder_of(path: str) -> str:
    """`class/label`, as the folders are called."""
    return path.rpartition("/")[0]


# ---- the tables


def lay_found(base: duckdb.DuckDBPyConnection, pictures: Mapping[str, Picture], fates: Fates) -> None:
    """`found` and `token` for summary.sql."""
    import pyarrow as pa

    built = {path for (path,) in base.execute("SELECT path FROM built").fetchall()}
    names = names_of_folders(base)
    rows = [found_row(path, picture, names, fates) for path, picture in pictures.items()]
    speaking = [path for path in pictures if fates.source[path] not in built]
    beginnings = [{"path": path, "prefix": prefix} for path in speaking for prefix in tokens(file_name(path))]
    numbers = dict.fromkeys(("bytes", "mtime_ns", "width", "height"), pa.int64())
    for table, values, columns in (("found", rows, list(rows[0])), ("token", beginnings, ["path", "prefix"])):
        schema = pa.schema([(column, numbers.get(column, pa.string())) for column in columns])
        base.register(table, pa.Table.from_pylist(values, schema))


def found_row(path: str, picture: Picture, names: Json, fates: Fates) -> Json:
    """A present picture; class and label are those of its folders, as they were marked where the build knows the folder."""
    folders, token = path.split("/"), next(tokens(file_name(path)), None)
    return vars(picture) | {
        "path": path,
        "class": names["class"].get(folders[0], folders[0]),
        "label_id": names["label_id"].get(folders[1], folders[1]),
        "token": token,
        "source": fates.source[path],
        "origin": fates.origin(path),
    }


def names_of_folders(base: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Folder -> class, and folder -> label: a folder's name may have lost characters."""
    query = "SELECT split_part(path, '/', {}) AS folder, min({}) FROM built GROUP BY folder"
    return {name: dict(base.execute(query.format(part, name)).fetchall()) for part, name in ((1, "class"), (2, "label_id"))}


def tokens(name: str) -> Iterator[str]:
    """What may be the transaction in `<time>_<transaction>_<original name>`, shortest first: either may have `_` inside."""
    stem = name.rpartition(".")[0] or name
    return accumulate(stem.split("_")[1:], lambda known, part: f"{known}_{part}")


def statements(timezone: str) -> list[str]:
    """How files are named, then summary.sql."""
    here = Path(__file__).parent
    macros = [one for one in script(here / "candidates.sql") if "CREATE MACRO" in one]
    return macros + script(here / "summary.sql", timezone=quoted(timezone))


# ---- what a person reads


def facts_of(base: duckdb.DuckDBPyConnection, dataset: Dataset, fates: Fates, timezone: str) -> Json:
    """Everything that the page, the card and the small JSON say."""
    tables = {name: dictionaries(base.execute(f"FROM {name}")) for name in ("by_class", "by_device", "by_day", "doubled", "whole")}
    folders = dict(base.execute('SELECT folder, "references" FROM by_folder').fetchall())
    labels = label_rows(fates, names_of_folders(base), folders)
    pairs = base.execute("SELECT path, sha256 FROM curated").fetchall()
    return {
        "dataset": dataset.name,
        "process": dataset.process,
        "legacy": dataset.legacy,
        "timezone": timezone,
        "content_id": content.content_id(dict(pairs)),
        "build": read_json(dataset.beside(".json")) or {},
        "whole": tables.pop("whole")[0],
        "counts": counts_of(labels, fates),
        "labels": labels,
        "moved": fates.moved[:SHOWN],
        "removed": fates.removed[:SHOWN],
        "added": sorted(path for path, source in fates.source.items() if source is None)[:SHOWN],
        "changed": sorted(fates.changed)[:SHOWN],
        **tables,
    }


def label_rows(fates: Fates, names: dict[str, dict[str, str]], references: Mapping[str, list[str]]) -> list[Json]:
    """Per folder, by class and label: built = kept + changed + removed + moved_out; present = kept + changed + added + moved_in."""
    of: dict[str, Counter[str]] = {}
    for now, source in fates.source.items():
        fate = {BUILT: "kept", CHANGED: "changed", ADDED: "added", MOVED: "moved_in"}[fates.origin(now)]
        of.setdefault(folder_of(now), Counter()).update([fate])
        if fate == "moved_in":
            of.setdefault(folder_of(str(source)), Counter()).update(["moved_out"])
    for path in fates.removed:
        of.setdefault(folder_of(path), Counter()).update(["removed"])
    rows = [label_row(folder, names, count) | {"references": references.get(folder, [])} for folder, count in of.items()]
    return sorted(rows, key=lambda row: (row["class"], row["label_id"], row["folder"]))


def label_row(folder: str, names: dict[str, dict[str, str]], count: Counter[str]) -> Json:
    """One folder's counts."""
    first, _, second = folder.partition("/")
    fates = {name: count[name] for name in ("kept", "changed", "added", "removed", "moved_in", "moved_out")}
    built = count["kept"] + count["changed"] + count["removed"] + count["moved_out"]
    present = count["kept"] + count["changed"] + count["added"] + count["moved_in"]
    named = {"class": names["class"].get(first, first), "label_id": names["label_id"].get(second, second), "folder": folder}
    return named | {"built": built, **fates, "present": present}


def counts_of(labels: list[Json], fates: Fates) -> Json:
    """Of the whole dataset; `relabelled` are the moved ones whose class or label is another one now."""
    totals = {name: sum(row[name] for row in labels) for name in ("built", "kept", "changed", "added", "removed", "present")}
    relabelled = sum(1 for old, new in fates.moved if folder_of(old) != folder_of(new))
    return totals | {"moved": len(fates.moved), "relabelled": relabelled}


def summary_of(facts: Json) -> Json:
    """What closing and registering read."""
    whole = {name: facts["whole"][name] for name in ("bytes", "unknown", "devices", "first_day", "last_day")}
    dataset_id = facts["build"].get("dataset_id")
    small = [{name: value for name, value in row.items() if name != "references"} for row in facts["labels"]]
    return {"dataset": facts["dataset"], "process": facts["process"], "content_id": facts["content_id"], "dataset_id": dataset_id} | {
        "counts": facts["counts"] | whole,
        "labels": small,
        "warnings": balance.warnings(facts),
    }


# ---- the files


def csv_file(dataset: Dataset) -> Path:
    """In the dataset's folder."""
    return dataset.inside(f"_summary_{dataset.name}.csv")


def page_file(dataset: Dataset) -> Path:
    """Beside the CSV."""
    return dataset.inside(f"_summary_{dataset.name}.html")


def write(base: duckdb.DuckDBPyConnection, dataset: Dataset, facts: Json) -> Json:
    """The curated file last: it is what means accepted."""
    small = summary_of(facts)
    replace(csv_file(dataset), csv_bytes(COLUMNS, (dict(zip(COLUMNS, row, strict=True)) for row in base.execute("FROM listed").fetchall())))
    replace(page_file(dataset), summary_page.page(facts).encode())
    replace(dataset.inside("README.md"), card.card(facts).encode())

    def write_last(curated: Path) -> None:
        write_parquet(base, "FROM curated ORDER BY path", curated)
        small["curated_sha256"] = content.hash_of(curated.parent, curated.name)
        write_json(dataset.beside(".summary.json"), small)

    replace_with(dataset.beside(".curated.parquet"), write_last)
    return small
