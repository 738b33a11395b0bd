"""Names and places of columns, from the keys that occur (docs/rules.md, «Fields»)."""

import pytest
from dataset_manager.analysis.fields import KNOWN, literal, plan, quoted
from dataset_manager.sources.document_keys import DocumentKeys


def names(*keys: set[str]) -> list[str]:
    return [column.name for column in plan(DocumentKeys(*keys)).others]


def test_known_fields_are_no_other_columns() -> None:
    assert names({"transaction_id", "topk", "transaction_data"}, {"model_id"}) == []


def test_other_columns_stand_in_the_order_of_names_the_top_first() -> None:
    assert names({"b", "a"}, {"d", "c"}) == ["a", "b", "c", "d"]


def test_the_second_place_of_a_name_gets_its_origin_and_a_third_a_number() -> None:
    assert names({"note", "NOTE"}, {"note", "Note"}) == ["NOTE", "top.note", "transaction_data.Note", "transaction_data.note_2"]


def test_a_key_that_looks_like_an_origin_does_not_take_its_name() -> None:
    assert names({"transaction_data.Ok"}, {"Ok"}) == ["transaction_data.Ok", "transaction_data.Ok_2"]


def test_two_hundred_ways_to_write_one_name_are_two_hundred_columns() -> None:
    ways = {"".join(c.upper() if n >> i & 1 else c for i, c in enumerate("abcdefgh")) for n in range(200)}
    assert len({name.casefold() for name in names(ways)}) == 200


def test_documents_are_read_as_a_struct_unless_a_name_cannot_stand_in_one() -> None:
    assert plan(DocumentKeys({"Peso", "it's"}, {"Ok"})).struct
    assert not plan(DocumentKeys({"Time"})).struct
    assert not plan(DocumentKeys({"peso", "Peso"})).struct
    assert not plan(DocumentKeys({""})).struct
    assert not plan(DocumentKeys(odd=True)).struct


def test_the_plan_does_not_depend_on_the_order_of_keys() -> None:
    assert plan(DocumentKeys(set("abc"), set("xyz"))) == plan(DocumentKeys(set("cba"), set("zyx")))


@pytest.mark.parametrize(("text", "sql"), [("a", "'a'"), ("it's", "'it''s'"), ("a\0b", "'a' || chr(0) || 'b'")])
def test_an_sql_string(text: str, sql: str) -> None:
    assert literal(text) == sql


def test_an_sql_identifier() -> None:
    assert quoted('it"s') == '"it""s"'


def test_every_known_field_has_a_place_and_a_type() -> None:
    assert {place for place, _ in KNOWN.values()} == {"top", "transaction_data"}
    assert {kind for _, kind in KNOWN.values()} == {"instant", "code", "name", "whole", "yes_no"}
