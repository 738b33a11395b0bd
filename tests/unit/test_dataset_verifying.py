"""verify finds every corruption of a finished dataset and names it, and never cries wolf."""

import errno
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from dataset_builds import ASKED, DATASET, ready
from dataset_folders import path_of, put
from dataset_manager.datasets import content
from dataset_manager.datasets.finding import Dataset
from dataset_manager.datasets.verifying import Verdict, verify
from dataset_manager.datasets.zipping import zip_dataset
from dataset_manager.files import read_json, write_json
from dataset_rows import PROCESS
from dataset_sets import KIWI, accept, copied, dataset, pictures, tree

CORRUPTIONS = 200
PATHS = pictures(3) | pictures(2, KIWI, 200)
FIRST, OTHER = path_of("pera/57", 100), path_of(KIWI, 200)


def zipped(made: Dataset) -> Dataset:
    accept(made)
    zip_dataset(made, made.beside(".zip"))
    return made


def built(root: Path) -> Dataset:
    """By create_dataset's own steps."""
    asked = ASKED | {"stored": ASKED["stored"] | {"used_legacy": []}}
    found = ready(root / "output", asked=asked)
    found.build()
    return Dataset(DATASET, PROCESS, found.tree, found.tree.parent)


@pytest.fixture
def made(tmp_path: Path) -> Dataset:
    return zipped(dataset(tmp_path / "here", "p_v01", PATHS))


def problems(made: Dataset, *, fast: bool = False) -> list[str]:
    return verify(made, fast=fast).problems


# ---- no false alarm


@pytest.mark.parametrize("fast", [True, False])
def test_an_untouched_dataset_has_no_problem_before_and_after_its_summary_and_zip(tmp_path: Path, fast: bool) -> None:
    made = dataset(tmp_path, "p_v01", PATHS)
    assert problems(made, fast=fast) == []
    accept(made)
    assert problems(made, fast=fast) == []
    zip_dataset(made, made.beside(".zip"))
    verdict = verify(made, fast=fast)
    assert verdict.problems == []
    assert [line.split() for line in verdict.looked] == [["manifiesto", "bien"], ["carpeta", "bien"], ["zip", "bien"]]


@pytest.mark.parametrize("fast", [True, False])
def test_a_copy_with_its_times_has_no_problem(made: Dataset, tmp_path: Path, fast: bool) -> None:
    assert problems(copied(made, tmp_path / "there"), fast=fast) == []


@pytest.mark.parametrize("fast", [True, False])
def test_a_copy_that_lost_its_times_has_no_problem(made: Dataset, fast: bool) -> None:
    for path in made.tree.rglob("*.jpg"):
        os.utime(path)
    assert problems(made, fast=fast) == []


def test_a_real_build_has_no_problem(tmp_path: Path) -> None:
    made = built(tmp_path)
    assert problems(made) == problems(zipped(made)) == []


def test_what_file_managers_leave_and_the_tools_own_files_are_no_problem(made: Dataset) -> None:
    for name in ("Thumbs.db", "pera/.DS_Store", "kiwi/60/desktop.ini"):
        (made.tree / name).write_bytes(b"x")
    (made.tree / "vacía").mkdir()
    assert problems(made) == []


def test_accepted_changes_are_no_problem_but_the_zip_of_before_is(made: Dataset) -> None:
    (made.tree / FIRST).unlink()
    accept(made)
    assert problems(made) == [
        "zip: su manifest.parquet no es el manifiesto aceptado",
        f"zip: sobra: {FIRST}",
    ]


def test_it_changes_nothing(made: Dataset) -> None:
    put(made.tree, FIRST, "otra")
    before = tree(made.home)
    problems(made)
    problems(made, fast=True)
    assert tree(made.home) == before


# ---- every difference by its name


NAMED: list[tuple[Callable[[Path], object], str]] = [
    (lambda tree: (tree / FIRST).unlink(), f"carpeta: falta: {FIRST}"),
    (lambda tree: put(tree, path_of(KIWI, 300)), f"carpeta: sobra: {path_of(KIWI, 300)}"),
    (lambda tree: put(tree, FIRST, "otra"), f"carpeta: cambiada: {FIRST}"),
    (lambda tree: (tree / FIRST).rename(tree / path_of(KIWI, 300)), f"carpeta: movida: {FIRST} → {path_of(KIWI, 300)}"),
    (lambda tree: (tree / "nota.txt").write_text("x"), "carpeta: sobra: nota.txt"),
    (lambda tree: swapped_for_link(tree / FIRST), f"carpeta: cambiada: {FIRST}"),
]


def swapped_for_link(file: Path) -> None:
    """The content is there, the file is not."""
    file.rename(file.parents[3] / "elsewhere.jpg")
    file.symlink_to(file.parents[3] / "elsewhere.jpg")


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(("change", "said"), NAMED)
def test_each_kind_of_difference_is_named(made: Dataset, change: Callable[[Path], object], said: str, fast: bool) -> None:
    change(made.tree)
    assert problems(made, fast=fast) == [said]


@pytest.mark.parametrize("fast", [True, False])
def test_two_pictures_that_changed_places_are_both_named(made: Dataset, fast: bool) -> None:
    swap(made.tree / FIRST, made.tree / OTHER)
    assert problems(made, fast=fast) == [f"carpeta: cambiada: {OTHER}", f"carpeta: cambiada: {FIRST}"]


@pytest.mark.parametrize("fast", [True, False])
def test_things_that_are_no_files_never_stop_it(made: Dataset, fast: bool) -> None:
    (made.tree / FIRST).unlink()
    (made.tree / "pera/57/roto.jpg").symlink_to("nowhere")
    (made.tree / "pera/57/carpeta.jpg").symlink_to(made.home)
    os.mkfifo(made.tree / "pera/57/tubo.jpg")
    said = [f"falta: {FIRST}", "sobra: pera/57/carpeta.jpg", "sobra: pera/57/roto.jpg", "sobra: pera/57/tubo.jpg"]
    assert problems(made, fast=fast) == [f"carpeta: {one}" for one in said]


def test_a_pipe_in_the_place_of_a_picture_is_a_change(made: Dataset) -> None:
    (made.tree / FIRST).unlink()
    os.mkfifo(made.tree / FIRST)
    assert problems(made) == [f"carpeta: cambiada: {FIRST}"]


def test_a_disk_that_refuses_to_read_is_a_problem_and_no_crash(made: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(tree: Path, path: str) -> str:
        raise OSError(errno.EIO, "Input/output error", str(tree / path))

    monkeypatch.setattr(content, "hash_of", refused)
    (said,) = problems(made)
    assert said.startswith("carpeta: no se puede leer") and str(made.tree) in said


def test_a_folder_that_is_gone_is_named(made: Dataset) -> None:
    shutil.rmtree(made.tree)
    assert f"carpeta: falta {made.tree}" in problems(made)


@pytest.mark.parametrize("suffix", [".manifest.parquet", ".curated.parquet", ".json", ".summary.json"])
def test_a_missing_file_beside_the_folder_is_named(made: Dataset, suffix: str) -> None:
    made.beside(suffix).unlink()
    assert any(f"p_v01{suffix}" in problem for problem in problems(made))


@pytest.mark.parametrize("suffix", [".manifest.parquet", ".curated.parquet", ".json", ".summary.json"])
@pytest.mark.parametrize("content", [b"", b"PAR1", b"\xff\xfe{", b"[]", b'{"counts": 1}'])
def test_a_file_beside_the_folder_that_is_something_else_is_a_problem(made: Dataset, suffix: str, content: bytes) -> None:
    made.beside(suffix).write_bytes(content)
    assert any(problem.startswith("manifiesto: ") for problem in problems(made))


def test_both_manifests_gone_is_a_problem_and_no_crash(made: Dataset) -> None:
    made.beside(".manifest.parquet").unlink()
    made.beside(".curated.parquet").unlink()
    assert any("p_v01.manifest.parquet" in problem for problem in problems(made))


def test_an_identifier_that_somebody_edited_is_a_problem(made: Dataset) -> None:
    facts = read_json(made.beside(".summary.json"))
    write_json(made.beside(".summary.json"), facts | {"content_id": "0" * 64})
    (said,) = problems(made)
    assert "no dan el identificador anotado" in said and "p_v01.summary.json" in said and "0" * 64 in said


@pytest.mark.parametrize("fast", [True, False])
def test_a_zip_that_is_gone_or_without_its_hash_is_a_problem(made: Dataset, fast: bool) -> None:
    made.beside(".zip").rename(made.home / "aparte")
    assert [problem for problem in problems(made, fast=fast) if "p_v01.zip" in problem]
    (made.home / "aparte").rename(made.beside(".zip"))
    made.beside(".zip.sha256").write_bytes(b"")
    assert fast or [problem for problem in problems(made) if "p_v01.zip" in problem]
    made.beside(".zip.sha256").unlink()
    assert [problem for problem in problems(made, fast=fast) if "p_v01.zip" in problem]


# ---- 200 of 200


@dataclass
class Damage:
    """Seeded: each restores what it did. `quiet` ones keep size and time, which only reading shows."""

    made: Dataset
    dice: random.Random

    def picture(self) -> Path:
        return self.dice.choice(sorted(self.made.tree.glob("*/*/*.jpg")))

    def any_file(self) -> Path:
        beside = (".manifest.parquet", ".curated.parquet", ".zip", ".zip", ".zip")
        return self.dice.choice([self.picture(), self.picture(), *map(self.made.beside, beside)])

    def bit_flip(self) -> None:
        flip(self.any_file(), self.dice, keep=False)

    def quiet_bit_flip(self) -> None:
        flip(self.any_file(), self.dice, keep=True)

    def truncate(self) -> None:
        file = self.any_file()
        rewrite(file, file.read_bytes()[: self.dice.randrange(file.stat().st_size)], keep=self.dice.random() < 0.5)

    def lengthen(self) -> None:
        file = self.any_file()
        rewrite(file, file.read_bytes() + self.dice.randbytes(3), keep=self.dice.random() < 0.5)

    def delete(self) -> None:
        self.any_file().unlink()

    def add(self) -> None:
        folder = self.picture().parent if self.dice.random() < 0.7 else self.made.tree
        put(folder, f"nueva-{self.dice.random()}.jpg")

    def add_a_copy(self) -> None:
        file = self.picture()
        shutil.copy2(file, file.with_name(f"copia-{file.name}"))

    def swap_labels(self) -> None:
        one, other = self.dice.sample(sorted({path.parent for path in self.made.tree.glob("*/*/*.jpg")}), 2)
        swap(one, other)

    def swap_pictures(self) -> None:
        swap(*self.dice.sample(sorted(self.made.tree.glob("*/*/*.jpg")), 2))

    def move(self) -> None:
        file = self.picture()
        folder = self.dice.choice([one for one in self.made.tree.glob("*/*") if one.is_dir() and one != file.parent])
        file.rename(folder / file.name)

    def edit_the_manifest(self) -> None:
        """As somebody who knows the format: a label changes, or a row goes."""
        import duckdb

        file = self.made.beside(self.dice.choice([".manifest.parquet", ".curated.parquet"]))
        change = self.dice.choice(["SELECT * REPLACE ('99' AS label_id)", "SELECT * REPLACE (sha256('x') AS sha256)", "SELECT *"])
        edited = file.with_name("edited")
        duckdb.sql(f"COPY ({change} FROM read_parquet('{file}') ORDER BY path OFFSET 1) TO '{edited}' (FORMAT parquet)")
        edited.replace(file)

    def edit_what_was_recorded(self) -> None:
        file, name = self.dice.choice([(".json", "manifest_sha256"), (".summary.json", "content_id")])
        facts = read_json(self.made.beside(file))
        write_json(self.made.beside(file), facts | {name: facts[name][::-1]})


QUIET = ("quiet_bit_flip",)
KINDS = [name for name in vars(Damage) if name not in ("picture", "any_file") and not name.startswith("_") and name not in ("made", "dice")]


def flip(file: Path, dice: random.Random, *, keep: bool) -> None:
    """One bit."""
    data = bytearray(file.read_bytes())
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    rewrite(file, bytes(data), keep=keep)


def rewrite(file: Path, data: bytes, *, keep: bool) -> None:
    """Another content as a new file: the cache's own, a link to it, must not change. `keep` gives it the old time."""
    stat = file.stat()
    file.unlink()
    file.write_bytes(data)
    moment = stat.st_mtime_ns if keep else stat.st_mtime_ns + 12_345_678_901
    os.utime(file, ns=(moment, moment))


def swap(one: Path, other: Path) -> None:
    """Each under the other's name."""
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Built by create_dataset's own steps, accepted by a summary, zipped; never changed itself."""
    return zipped(built(tmp_path_factory.mktemp("built")))


@pytest.fixture
def damaged(finished: Dataset, tmp_path: Path) -> Iterator[Callable[[str, int], Dataset]]:
    """A corruption of a fresh copy of what was finished."""

    def damage(kind: str, seed: int) -> Dataset:
        shutil.rmtree(tmp_path / "output", ignore_errors=True)
        made = copied(finished, tmp_path)
        getattr(Damage(made, random.Random(seed)), kind)()
        return made

    yield damage


def test_every_one_of_200_corruptions_is_found(damaged: Callable[[str, int], Dataset], finished: Dataset) -> None:
    seeds = [(KINDS[seed % len(KINDS)], seed) for seed in range(CORRUPTIONS)]
    missed = [(kind, seed) for kind, seed in seeds if not problems(damaged(kind, seed))]
    assert missed == []
    assert problems(finished) == []


def test_fast_finds_every_one_in_the_folder_but_edits_that_keep_size_and_time(damaged: Callable[[str, int], Dataset]) -> None:
    in_folder = ("add", "add_a_copy", "swap_labels", "swap_pictures", "move")
    seeds = [(kind, seed) for kind in in_folder for seed in range(12)]
    assert [(kind, seed) for kind, seed in seeds if not problems(damaged(kind, seed), fast=True)] == []


@pytest.mark.parametrize("keep", [True, False])
def test_fast_reads_what_has_another_time_and_believes_what_has_the_same(made: Dataset, keep: bool) -> None:
    flip(made.tree / FIRST, random.Random(1), keep=keep)
    assert problems(made, fast=True) == ([] if keep else [f"carpeta: cambiada: {FIRST}"])
    assert problems(made) == [f"carpeta: cambiada: {FIRST}"]


def test_a_verdict_without_problems_says_what_was_looked_at() -> None:
    verdict = Verdict()
    verdict.add("carpeta", [])
    verdict.add("zip", ["x"])
    assert (verdict.looked, verdict.problems) == (["  carpeta      bien", "  zip          1 problema"], ["zip: x"])
