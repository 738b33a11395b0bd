"""Hits keep the text of their documents."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from dataset_manager.errors import SourceError
from dataset_manager.sources import hits
from dataset_manager.sources.document_keys import DocumentKeys
from hypothesis import given
from hypothesis import strategies as st

SOURCES = [
    '{"a":12345678901234567890123,"b":1.10,"c":0.1000000000000000055511151231257827}',
    '{"a":1,"a":2}',
    '{ "a" : [ 1 , 2 ] }',
    '{"text":"ñ \\u00e1 \\ud83d\\ude00 \\"sort\\":[1]},{\\"_index\\":"}',
    "{}",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def response(sources: Sequence[str], separators: tuple[str, str] = (",", ":")) -> bytes:
    """A page as the server writes it."""
    comma, colon = separators
    one = '{{"_index":"i","_id":"{n}","_score":null,"_source":{source},"sort":[{n}]}}'
    body = comma.join(one.format(n=n, source=source) for n, source in enumerate(sources))
    total = f'{{"value":{len(sources)},"relation":"eq"}}'
    head = f'{{"pit_id":"p","took":1,"timed_out":false,"_shards":{{"total":1,"failed":0}},"hits":{{"total":{total},"max_score":null,'
    return f'{head}"hits"{colon}[{body}]}}}}'.encode()


def line(number: int, source: str) -> bytes:
    return f'{{"_index":"i","_id":"{number}","_source":{source}}}\n'.encode()


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_keeps_its_very_text(source: str) -> None:
    page = hits.read_page(response([source, source]))
    assert page.lines == [line(0, source), line(1, source)]
    assert page.last_sort == [1]
    assert page.envelope["hits"]["total"]["value"] == 2


def test_a_document_that_contains_the_text_between_two_hits_is_not_cut_there() -> None:
    nested = '{"x":[{"y":1,"sort":[7]},{"_index":"i","_id":"9","_score":null,"_source":{},"sort":[8]}]}'
    page = hits.read_page(response([nested, '{"z":1}']))
    assert page.lines == [line(0, nested), line(1, '{"z":1}')]


def test_line_breaks_of_a_document_become_blanks() -> None:
    assert hits.read_page(response(['{\n  "a":\r\n 1}'])).lines == [line(0, '{   "a":   1}')]


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["cut", "walked"])
def test_a_page_knows_the_keys_of_its_documents(separators: tuple[str, str]) -> None:
    sources = ['{"a":1,"transaction_data":{"b":{"c":1}}}', '{"d":2,"metric_data":{"e":1}}', '{"transaction_data":{"ñ\\u0000":1}}']
    page = hits.read_page(response(sources, separators))
    assert page.keys == DocumentKeys({"a", "d", "transaction_data", "metric_data"}, {"b", "ñ\0"}, {"e"})


@pytest.mark.parametrize("nested", ["null", "{}", "[]", "5", '"text"'])
def test_a_document_whose_data_are_no_object_with_keys_is_odd(nested: str) -> None:
    assert hits.read_page(response([f'{{"transaction_data":{nested}}}'])).keys.odd


def test_an_empty_page_has_no_next_one() -> None:
    page = hits.read_page(response([]))
    assert (page.lines, page.last_sort) == ([], None)


@pytest.mark.parametrize("before", [b'"_id":"0",', b'"_score":null,'])
def test_ignored_fields_before_the_source_are_no_obstacle(before: bytes) -> None:
    body = response(['{"a":1}']).replace(before, before + b'"_ignored":["a.keyword"],')
    assert hits.cut_page(body) == hits.walk_page(body)


def test_a_page_written_by_another_program_gives_the_same_lines() -> None:
    body = response(SOURCES)
    spaced = body.replace(b'"hits":[', b'"hits" : [ ').replace(b"]}}", b" ] } }")
    assert hits.cut_page(spaced) is None
    assert hits.read_page(spaced).lines == hits.cut_page(body).lines  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"x\ud800y", r"x\ufffdy"),
        (r"\uDC00", r"\ufffd"),
        (r"\ud83d\ude00", r"\ud83d\ude00"),
        (r"\ud83d\ud83d\ude00", r"\ufffd\ud83d\ude00"),
        (r"\\ud800", r"\\ud800"),
        (r"\\\ud800\u00e1", r"\\\ufffd\u00e1"),
    ],
)
def test_half_a_character_becomes_the_replacement_and_nothing_else_changes(written: str, read: str) -> None:
    assert hits.read_page(response([f'{{"a":"{written}"}}', "{}"])).lines == [line(0, f'{{"a":"{read}"}}'), line(1, "{}")]


@pytest.mark.parametrize(
    ("source", "said"),
    [('{"r":1e999}', 'El documento "i" / "1" no es JSON válido'), ('{"r":1 /*x*/}', "una página que no es JSON válido")],
)
def test_a_document_that_no_later_step_could_read_is_an_error(source: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        hits.read_page(response(["{}", source]))


def test_an_index_that_keeps_no_source_is_an_error() -> None:
    with pytest.raises(SourceError, match='El documento "i" / "0" viene sin _source'):
        hits.read_page(response(["{}"]).replace(b'"_source":{},', b""))


@given(st.lists(st.dictionaries(st.text(), JSON, max_size=3), max_size=4), st.booleans())
def test_any_documents_survive_a_page(documents: list[dict[str, Any]], escaped: bool) -> None:
    sources = [json.dumps(document, ensure_ascii=escaped) for document in documents]
    body = response(sources) if escaped or "\\ud" not in "".join(sources) else response([])
    expected = [] if body == response([]) else documents
    assert [json.loads(one)["_source"] for one in hits.read_page(body).lines] == expected
