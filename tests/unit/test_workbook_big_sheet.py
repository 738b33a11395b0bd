"""The transactions' tab: whatever stands in the documents, the file opens and says it."""

import datetime
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import openpyxl
import pytest
from books import book_of, make, rows_of, sheet_of
from dataset_manager.workbook import big_sheet
from dataset_manager.workbook.opening import sheet_parts
from dataset_manager.workbook.xml_text import cut, escaped, escaped_sql
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tables import write_process

TEXTS = st.text(
    alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("<>&_x0041 \x00\x1f\r\n\t\ufffe😀")), max_size=40
)
ALL_RULES = {"special": True, "forbidden": True, "looks_escaped": True, "long": True}


@pytest.fixture(scope="module")
def connection() -> Any:
    with duckdb.connect() as connection:
        yield connection


@settings(max_examples=300, deadline=None)
@given(TEXTS)
@example("_x0041_ _x005F_x0041_")
@example("a\x00b\x1fc\rd\ufffe\uffff")
def test_sql_and_python_escape_alike_and_xml_parsers_accept_it(connection: Any, text: str) -> None:
    found = connection.execute(f"SELECT {escaped_sql('given', **ALL_RULES)} FROM (SELECT ?::VARCHAR AS given)", [text]).fetchone()[0]
    assert found == escaped(text)
    ElementTree.fromstring(f"<t>{found}</t>")


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=30))
def test_the_rules_that_a_column_is_found_to_need_are_those_it_needs(connection: Any, texts: list[str]) -> None:
    connection.execute("CREATE OR REPLACE TABLE given AS SELECT unnest(?::VARCHAR[]) AS one", [texts])
    facts = connection.execute(f"SELECT {big_sheet._facts('one', 'VARCHAR')} FROM given").fetchone()[0]
    rules = {name: bool(facts[name]) for name in ALL_RULES}
    chosen = connection.execute(f"SELECT {escaped_sql('one', **rules)} FROM given").fetchall()
    assert [text for (text,) in chosen] == [escaped(text) for text in texts]


@pytest.mark.parametrize("text", ["x" * 32_767, "x" * 32_768, "😀" * 16_383, "😀" * 16_384, "x" * 20_000 + "😀" * 10_000])
def test_long_text_is_cut_to_what_a_cell_holds(connection: Any, text: str) -> None:
    units = len(cut(text).encode("utf-16-le")) // 2
    assert units <= 32_767
    assert (cut(text) == text) == (len(text.encode("utf-16-le")) // 2 <= 32_767)
    sql = connection.execute(f"SELECT {escaped_sql('given', **ALL_RULES)} FROM (SELECT ?::VARCHAR AS given)", [text]).fetchone()[0]
    assert len(sql.encode("utf-16-le")) // 2 <= 32_767
    assert sql == text or sql.endswith("…")


ODD = {
    "texto": "chr(0) || '<a&b> _x0041_ ' || chr(13)",
    "fórmula": "'=1+1'",
    "vacío": "''",
    "nulo": "NULL",
    "espacios": "'  dos  '",
    "largo": "repeat('y', 40000)",
    "grande": "9007199254740993::BIGINT",
    "menor": "(-9223372036854775808)::BIGINT",
    "enorme": "18446744073709551615::UBIGINT",
    "decimal": "12345.678::DECIMAL(18, 3)",
    "infinito": "'inf'::DOUBLE",
    "nan": "'nan'::DOUBLE",
    "real": "1e300::DOUBLE",
    "sí o no": "true",
    "antiguo": "TIMESTAMP '1800-01-01 00:00:00'",
    "lejano": "TIMESTAMP 'infinity'",
    "con zona": "TIMESTAMPTZ '2025-01-15 10:00:00+00'",
    "invierno": "TIMESTAMP '2025-01-15 10:00:00.5'",
    "fecha": "DATE '2025-01-15'",
    "fecha antigua": "DATE '0099-01-15'",
    "hora": "TIME '10:20:30'",
    "lista": "['a', '<b>', NULL]",
    "números": "[1, 2]",
    "objeto": "{'a': 1, 'b': 'x&y'}",
    "json": "'{\"a\": [1, null]}'::JSON",
    'comilla"s': "'1'",
    "{style}' || x": "'2'",
    "salto\nde línea": "'3'",
    "binario": "'\\xAA'::BLOB",
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    extra = [f"CASE WHEN i = 1 THEN {expression} END AS {big_sheet._name(name)}" for name, expression in ODD.items()]
    process = write_process(tmp_path_factory.mktemp("odd") / "p", transactions=3, extra=extra)
    make(process)
    return book_of(process)


def test_odd_values_of_every_type_are_shown(odd: Path) -> None:
    rows = rows_of(odd, "Datos_Elasticsearch")
    assert len(rows) == 3
    row = rows[1]
    assert row["texto"] == "\x00<a&b> _x0041_ \r"
    assert (row["fórmula"], row["vacío"], row["nulo"], row["espacios"]) == ("=1+1", "", "", "  dos  ")
    assert row["largo"] == "y" * 32_766 + "…"
    assert (row["grande"], row["menor"], row["enorme"]) == ("9007199254740993", str(-(2**63)), str(2**64 - 1))
    assert (row["decimal"], row["infinito"], row["nan"], row["real"], row["sí o no"]) == (12345.678, "inf", "nan", 1e300, True)
    assert (row["antiguo (Europe/Madrid)"], row["lejano (Europe/Madrid)"]) == ("1800-01-01 00:00:00", "infinity")
    assert row["con zona (Europe/Madrid)"] == datetime.datetime(2025, 1, 15, 11)
    assert row["invierno (Europe/Madrid)"].replace(microsecond=0) == datetime.datetime(2025, 1, 15, 11)
    assert (row["fecha (UTC)"], row["fecha antigua (UTC)"]) == (datetime.date(2025, 1, 15), "0099-01-15")
    assert (row["hora"], row["lista"], row["números"]) == ("10:20:30", "a; <b>", "[1, 2]")
    assert (row["objeto"], row["json"]) == ("{'a': 1, 'b': x&y}", '{"a": [1, null]}')
    assert (row['comilla"s'], row["{style}' || x"], row["salto\nde línea"]) == ("1", "2", "3")


def test_the_same_file_opens_in_openpyxl_with_every_cell_in_its_column(odd: Path) -> None:
    sheet = openpyxl.load_workbook(odd)["Datos_Elasticsearch"]
    header = [cell.value for cell in sheet[1]]
    row = dict(zip(header, [cell.value for cell in sheet[3]], strict=True))
    assert sheet.max_row == 4
    assert (row["transaction_id"], row["fórmula"], row["sí o no"], row["decimal"]) == ("70000001", "=1+1", True, 12345.678)
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)


def test_texts_that_were_cut_are_counted(odd: Path) -> None:
    checks = {row["comprobación"]: row for row in rows_of(odd, "Consistencia")}
    assert checks["textos_cortados"]["ejemplos"] == "1 textos"


def test_the_header_is_filtered_and_the_part_is_one_of_the_zips_parts(odd: Path) -> None:
    with zipfile.ZipFile(odd) as archive:
        part = archive.read(sheet_parts(archive)["Datos_Elasticsearch"])
    columns = len(sheet_of(odd, "Datos_Elasticsearch")[0])
    last = openpyxl.utils.get_column_letter(columns)
    assert f'<autoFilter ref="A1:{last}4"/>'.encode() in part


def test_newest_rows_are_whole_instants_so_that_the_choice_is_never_by_chance(tmp_path: Path) -> None:
    table = tmp_path / "t.parquet"
    with duckdb.connect() as connection:
        moments = "TIMESTAMP '2025-01-01' + INTERVAL (i // 3) HOUR AS transaction_start_time"
        connection.execute(f"COPY (SELECT i, {moments} FROM range(30) t(i) UNION ALL SELECT 99, NULL) TO '{table}' (FORMAT parquet)")
        sheet = big_sheet.plan(connection, table, 10, "Europe/Madrid")
        kept = connection.execute(f"SELECT i FROM {sheet.source} ORDER BY i").fetchall()
    assert [i for (i,) in kept] == list(range(21, 30))
    assert (sheet.rows, sheet.total, sheet.capped) == (9, 31, True)
