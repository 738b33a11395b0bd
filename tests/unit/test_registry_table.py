"""The registry CSV: one row per dataset, nothing of anybody lost."""

import errno
import multiprocessing
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from dataset_manager.csv_text import guarded, plain
from dataset_manager.errors import UsageError
from dataset_manager.registry import table
from dataset_manager.registry.errors import RegistryError
from dataset_manager.registry.parsing import BASE, COLUMNS, parse
from hypothesis import given
from hypothesis import strategies as st

HEADER = ";".join(BASE)
OLD = 'd1;01/02/2024;130;modelo ñ;la "mejor"; una;s3://grabit-data/datasets/d1.zip'


def row(name: str = "d1", content: str = "c1", **other: str | None) -> dict[str, str | None]:
    return (
        dict.fromkeys(COLUMNS, "")
        | {
            "dataset_name": name,
            "content_id": content,
            "created_at": "01/08/2025",
            "deployment_id": "00130",
            "trained_model": None,
            "description": None,
            "images": "12",
            "registered_at": "2025-08-01T12:00:00Z",
        }
        | other
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registro/datasets_gfresh.csv"


def given_file(path: Path, content: str | bytes) -> bytes:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path.read_bytes()


def test_a_new_registry_is_as_excel_writes_it(path: Path) -> None:
    assert table.read(path) == []
    assert table.put(path, row(description='Año; "1"')) == "añadida"
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfdataset_name;created_at;deployment_id;trained_model;description;s3_path;dataset_id;content_id;")
    assert content.endswith(b"\r\n")
    assert b'd1;01/08/2025;00130;;"A\xc3\xb1o; ""1""";;' in content
    assert table.row_of(path, "d1") == {**row(), "description": 'Año; "1"', "trained_model": ""}
    assert sorted(one.name for one in path.parent.iterdir()) == ["datasets_gfresh.csv", "datasets_gfresh.csv.lock"]


def test_the_same_again_changes_nothing(path: Path) -> None:
    table.put(path, row(description="x"))
    before = path.read_bytes(), path.stat().st_mtime_ns
    later = row(created_at="05/08/2025", registered_at="2025-08-05T00:00:00Z", tool_version="9")
    assert table.put(path, later) == "igual"
    assert table.put(path, row(description="x"), overwrite=True) == "igual"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert table.backups(path) == []


def test_what_is_not_given_stays_and_what_is_given_counts(path: Path) -> None:
    table.put(path, row(description="x", trained_model="m", s3_path="s3://b/d1.zip"))
    assert table.put(path, row(description="", s3_path=None, created_at="09/09/2025")) == "actualizada"
    found = table.row_of(path, "d1") or {}
    assert (found["description"], found["trained_model"], found["s3_path"], found["created_at"]) == ("", "m", "s3://b/d1.zip", "01/08/2025")


def test_another_content_is_refused_unless_told(path: Path) -> None:
    table.put(path, row(description="x", s3_path="s3://b/d1.zip"))
    before = path.read_bytes()
    with pytest.raises(RegistryError, match=r"d1 ya está registrado \(01/08/2025\).*content_id c1; .*c2.*overwrite=true"):
        table.put(path, row(content="c2", s3_path=None))
    assert path.read_bytes() == before
    assert table.put(path, row(content="c2", s3_path=None, created_at="02/09/2025"), overwrite=True) == "actualizada"
    found = table.row_of(path, "d1") or {}
    assert (found["description"], found["s3_path"], found["created_at"]) == ("x", "", "02/09/2025")


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_registries_of_before_are_read(path: Path, separator: str, bom: bytes, end: str) -> None:
    lines = [BASE, ["d1", "01/02/2024", "00130", "m", "año", "s3://b/d1.zip"], [""] * 6, ["d2", "", "1", "", "", ""]]
    given_file(path, bom + "".join(separator.join(line) + end for line in lines).encode())
    assert [one["dataset_name"] for one in table.read(path)] == ["d1", "d2"]
    assert (table.row_of(path, "d1") or {})["deployment_id"] == "00130"
    with pytest.raises(RegistryError, match="desconocido"):
        table.put(path, row())
    assert table.put(path, row("d3")) == "añadida"
    assert table.put(path, row("d1"), overwrite=True) == "actualizada"
    assert [one["dataset_name"] for one in table.read(path)] == ["d1", "d2", "d3"]
    assert (table.row_of(path, "d1") or {})["description"] == "año"
    assert (table.row_of(path, "d2") or {})["content_id"] == ""


def test_columns_of_other_people_stay_in_place(path: Path) -> None:
    given_file(path, f'nota;{HEADER};revisado\n\'=A1;d1;;;;;;sí\n-5;d2;;;;;;"a;\nb"\n')
    table.put(path, row("d3"))
    table.put(path, row("d2"), overwrite=True)
    lines = path.read_bytes().decode("utf-8-sig").split("\r\n")
    assert lines[0] == f"nota;{HEADER};revisado;" + ";".join(COLUMNS[6:])
    assert lines[1].startswith("'=A1;d1;;;;;;sí;")
    assert lines[2].startswith('-5;d2;01/08/2025;00130;;;;"a;\nb";;c1;12;')
    assert lines[3].startswith(";d3;")


def test_excel_leaves_out_empty_cells_at_the_end(path: Path) -> None:
    given_file(path, f"{HEADER};content_id;nota\nd1;;;;;\nd2;;;;;;c2\nd3;;;;;;c3;n\n")
    assert [(one["content_id"], one["nota"]) for one in table.read(path)] == [("", ""), ("c2", ""), ("c3", "n")]


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("", 1, "la cabecera"),
        ("a;b;c\n1;2;3\n", 1, "faltan las columnas dataset_name, created_at"),
        (HEADER.replace(";", ",") + "\n", 1, "separada por"),
        (HEADER.replace(";", "\t", 1) + "\n", 1, "separada por"),
        (f"{HEADER};s3_path\n", 1, "repetidas o sin nombre"),
        (f"{HEADER};\n", 1, "repetidas o sin nombre"),
        (f"{HEADER}\nd1;;;;;\nd2;;;;;;de más\n", 3, "la fila tiene 7 celdas y la cabecera 6"),
        (f"{HEADER}\nd1;;;;;\n\nd2;;\n", 4, "la fila tiene 3 celdas"),
        (f"{HEADER}\n{OLD}\n", 2, "la fila tiene 7 celdas"),
        (f'{HEADER}\nd1;;;;"una\ndos";\nd2;;;;"sin cerrar;\n', 4, "comillas sin cerrar"),
        (f'{HEADER}\nd1;;;;"a"b;\n', 2, "comillas"),
        (f"{HEADER}\nd1;;;;;\nd2;;;;;\nd1;;;;;\n", 4, "d1 ya está en la línea 2"),
        (f"{HEADER}\n;;;;hola;\n", 2, "dataset_name está vacío"),
        (f"{HEADER};nota\nd1;;;;;;x\nd2;;;;;s3://b/d2.z", 3, "la última fila está cortada"),
        (f"{HEADER}\nd1;;;;;\nd2;;;;a".encode() + "ño;\n".encode("latin-1"), 3, "no es UTF-8"),
        (b"\xff\xfe" + HEADER.encode("utf-16-le"), 1, "no es UTF-8"),
    ],
)
def test_what_cannot_be_understood_is_never_rewritten(path: Path, content: str | bytes, line: int, said: str) -> None:
    before = given_file(path, content)
    for act in (lambda: table.put(path, row("d9"), overwrite=True), lambda: table.read(path)):
        with pytest.raises(RegistryError) as failed:
            act()
        assert str(failed.value).startswith(f"{path}, línea {line}: ")
        assert said in str(failed.value)
        assert "No se ha tocado" in str(failed.value)
    assert path.read_bytes() == before
    assert table.backups(path) == []


TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("=+-@'\t\r\n;\""), max_size=12)


@given(text=TEXTS)
def test_text_that_looks_like_a_formula_comes_back_as_it_was(text: str) -> None:
    assert plain(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_any_text_survives_the_file(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.mktemp("t") / "r.csv"
    for number, text in enumerate(texts):
        table.put(path, row(f"d{number}", description=text))
    assert [one["description"] for one in table.read(path)] == texts
    assert table.put(path, row("d0", description=texts[0])) == "igual"


@pytest.mark.parametrize("text", ["=1+1", "+34 600", "@todos", "-x", "'=ya"])
def test_a_formula_stays_text_for_excel(path: Path, text: str) -> None:
    table.put(path, row(description=text, trained_model=text))
    assert f";'{text};'{text};" in path.read_bytes().decode()
    assert (table.row_of(path, "d1") or {})["description"] == text


def test_a_character_that_cannot_be_stored(path: Path) -> None:
    with pytest.raises(UsageError, match="description="):
        table.put(path, row(description="a\udcf1o"))
    assert table.read(path) == []


def test_a_copy_before_each_change_and_only_the_newest_twenty(path: Path) -> None:
    for number in range(25):
        table.put(path, row(description=str(number)))
    (path.parent / ".backups/otra.2025.csv").write_text("de otro")
    table.put(path, row(description="fin"))
    kept = [(parse(one.read_bytes(), one).record(parse(one.read_bytes(), one).rows[0]))["description"] for one in table.backups(path)]
    assert kept == [str(number) for number in range(5, 25)]
    assert (path.parent / ".backups/otra.2025.csv").exists()


@pytest.mark.parametrize("code", [errno.ETXTBSY, errno.EBUSY, errno.EACCES])
def test_open_in_excel(path: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    table.put(path, row())
    before = path.read_bytes()

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(code, "ocupado")

    with monkeypatch.context() as patched, pytest.raises(RegistryError, match=r"abierto en Excel, ciérrelo.*repita la misma orden"):
        patched.setattr(Path, "replace", refuse)
        table.put(path, row("d2"))
    assert path.read_bytes() == before
    assert table.put(path, row("d2")) == "añadida"


def test_what_excel_saves_meanwhile_is_not_lost(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table.put(path, row())
    monkeypatch.setattr(table, "back_up", lambda *_: path.write_text("de Excel"))
    with pytest.raises(RegistryError, match="alguien lo ha guardado en este momento"):
        table.put(path, row("d2"))
    assert path.read_text() == "de Excel"


def test_a_disk_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="monte el disco"):
        table.put(tmp_path / "no/registro/r.csv", row())
    with pytest.raises(RegistryError, match="no se puede leer"):
        table.read(tmp_path)


def test_several_people_write_one_registry(path: Path) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o2775)
    table.put(path, row())
    table.put(path, row("d2"))
    modes = {one.name.split(".")[-1]: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    assert modes == {"csv": 0o664, "lock": 0o664, "backups": 0o2775}


WRITERS, EACH = 16, 50


def register(path: Path, writer: int) -> None:
    """In a process of its own."""
    for number in range(EACH):
        assert table.put(path, row(f"d-{writer}-{number}", f"c{writer}")) == "añadida"


def test_sixteen_writers_lose_nothing(path: Path) -> None:
    given_file(path, f"{HEADER};nota\nviejo;;;;;;de antes\n")
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=register, args=(path, number)) for number in range(WRITERS)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert [one.exitcode for one in writers] == [0] * WRITERS
    found = table.read(path)
    assert len(found) == WRITERS * EACH + 1
    assert found[0]["nota"] == "de antes"
    assert {one["dataset_name"] for one in found[1:]} == {f"d-{writer}-{number}" for writer in range(WRITERS) for number in range(EACH)}
    assert len(table.backups(path)) == 20


def hold_and_die(path: Path) -> None:
    with table.held(path):
        os._exit(9)


def test_a_dead_holder_keeps_no_lock(path: Path) -> None:
    process: Any = multiprocessing.get_context("fork").Process(target=hold_and_die, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == 9
    assert table.put(path, row()) == "añadida"
