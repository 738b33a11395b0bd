"""Where a dataset's pictures go, whatever people and databases call them: inside the folder, one file each, also on Windows."""

import re
import unicodedata
from pathlib import Path, PurePosixPath

import pytest
from dataset_manager.names import RESERVED
from dataset_rows import Choice, Row, reference, request, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FILE = re.compile(r"\d{14}_[A-Za-z0-9._-]+")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
HOSTILE = ["../x", "CON", "con", "Pera", "pera", ".", "..", " x ", "a/b", "a\\b", "ñ", "n\u0303", "x" * 300, "nul.txt", "a\nb", "\u202egpj"]


def require_harmless(targets: list[str]) -> None:
    """Three parts, none with a meaning of its own, and none like another's."""
    alike = [unicodedata.normalize("NFC", target).casefold() for target in targets]
    assert len(set(alike)) == len(alike)
    for target in targets:
        parts = PurePosixPath(target).parts
        assert "/".join(parts) == target and len(parts) == 3
        for part in parts:
            assert part not in (".", "..") and not part.startswith(".") and part == part.rstrip(" .")
            assert len(part.encode()) <= 255
            assert part.split(".")[0].strip().lower() not in RESERVED
            assert not any(unicodedata.category(one)[0] == "C" or one in '\\:*?"<>|' for one in part)
        assert FILE.fullmatch(parts[2])


def test_the_example_of_the_rules(tmp_path: Path) -> None:
    row = transaction(1030, folder_files=["a.jpg"])
    row["transaction_start_time"] = row["transaction_start_time"].replace(hour=10, minute=30, second=0)
    assert Choice(tmp_path, [row], request()).targets == ["pera/57/20250801103000_1030_a.jpg"]


def test_a_transaction_without_time_has_zeros(tmp_path: Path) -> None:
    found = Choice(tmp_path, [transaction(1, transaction_start_time=None)], request())
    assert found.targets == ["pera/57/00000000000000_1_1.jpg"]


def test_hostile_classes_and_labels_stay_apart_and_inside(tmp_path: Path) -> None:
    asked = [reference(str(n), f"c{n}", **{"class": name, "label_id": name}) for n, name in enumerate(HOSTILE)]
    rows = [transaction(n, f"c{n}") for n in range(len(HOSTILE))]
    targets = Choice(tmp_path, rows, request(asked)).targets
    require_harmless(targets)
    assert len({target.split("/")[0].casefold() for target in targets}) == len(HOSTILE)


@pytest.mark.parametrize(
    "files",
    [
        ["a b.jpg", "a_b.jpg", "a;b.jpg", "a'b.jpg", "a\nb.jpg"],
        ["A.jpg", "a.jpg", "a.JPG"],
        ["ñ.jpg", "n\u0303.jpg", "é.png", "照片.webp"],
        ["../../x.jpg", "/etc/x.jpg", "..\\x.jpg", "sub/x.jpg", "x.jpg"],
        [".jpg", "con.jpg", "..jpg", "-rf.jpg", "x" * 240 + ".jpg", "x" * 240 + "y.jpg"],
    ],
)
def test_hostile_file_names_stay_apart_and_inside(tmp_path: Path, files: list[str]) -> None:
    found = Choice(tmp_path, [transaction(1, folder_files=files)], request([reference(images=9)], imagenes_por_transaccion="todas"))
    require_harmless(found.targets)
    assert len(found.targets) == len(files)


@pytest.mark.parametrize("ids", [["1/2", "1_2", "1"], ["../1", ".._1"], ["a b", "A B", "a_b"], ["x." + "y" * 300, "x." + "y" * 301]])
def test_hostile_transaction_ids_stay_apart_and_inside(tmp_path: Path, ids: list[str]) -> None:
    rows = [transaction(name, folder_files=["a.jpg"], image_link=f"folders/{number}") for number, name in enumerate(ids)]
    found = Choice(tmp_path, rows, request())
    require_harmless(found.targets)
    assert len(found.targets) == len(ids)


def test_a_name_that_had_to_change_keeps_what_it_can_and_its_extension(tmp_path: Path) -> None:
    (target,) = Choice(tmp_path, [transaction(1, folder_files=["foto nº 1.JPG"])], request()).targets
    assert re.fullmatch(r"pera/57/20250801100001_1_foto_n__1-[0-9a-f]{8}\.JPG", target)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Row], list[Row]]:
    """A few transactions of two references, with names of any kind."""
    names = draw(st.lists(TEXTS, min_size=4, max_size=4))
    files = draw(st.lists(TEXTS.map(lambda text: text + ".jpg"), min_size=1, max_size=3))
    ids = draw(st.lists(TEXTS, min_size=1, max_size=4, unique=True))
    rows = [
        transaction(name, f"c{number % 2}", folder_files=files, image_link=f"k/{number}", transaction_start_time=None)
        for number, name in enumerate(ids)
    ]
    asked = [reference(str(n), f"c{n}", images=20, **{"class": names[n], "label_id": names[n + 2]}) for n in range(2)]
    return rows, asked


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worlds())
def test_whatever_the_names_every_picture_has_its_own_place_inside(tmp_path: Path, world: tuple[list[Row], list[Row]]) -> None:
    rows, asked = world
    require_harmless(Choice(tmp_path, rows, request(asked, imagenes_por_transaccion="todas")).targets)
