"""Names as path parts: harmless, recognisable, distinct."""

import unicodedata

import pytest
from dataset_manager.errors import UsageError
from dataset_manager.names import path_part, path_parts, require_process_name
from hypothesis import given
from hypothesis import strategies as st

HOSTILE = [
    "../x",
    "a/b",
    "a\\b",
    "=cmd|' /C calc'!A0",
    "a\0b",
    "x" * 300,
    "🍅 tomate",
    "\u202eotamot",
    "CON",
    "nul.txt",
    ".oculto",
    "fin. ",
    "",
    "  ",
]


@pytest.mark.parametrize("name", ["tomate", "Pera Conferencia", "Piña (1 kg)", "00014", "🍅 tomate"])
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert path_part(name) == name


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_becomes_one_harmless_part(name: str) -> None:
    part = path_part(name)
    assert part and part not in (".", "..") and not set(part) & set('/\\:*?"<>|\0')
    assert not any(unicodedata.category(c)[0] == "C" for c in part)
    assert len(part) <= 90
    assert part == part.strip() and not part.endswith(".")
    assert part.split(".")[0].lower() not in ("con", "nul")


def test_names_that_differ_in_case_or_unicode_form_stay_apart() -> None:
    names = ["Tomate", "tomate", "Pi\u00f1a", "Pin\u0303a", "a/b", "a\\b"]
    parts = path_parts(names)
    assert len({unicodedata.normalize("NFKC", part).casefold() for part in parts.values()}) == len(names)


@given(st.lists(st.text(max_size=120), max_size=8))
def test_no_two_names_ever_share_a_part(names: list[str]) -> None:
    parts = path_parts(names)
    assert len({unicodedata.normalize("NFKC", part).casefold() for part in parts.values()}) == len(set(names))


@pytest.mark.parametrize("name", ["../x", "a/b", "año", "x" * 81, "", "con", ".x", "a b"])
def test_a_process_name_that_cannot_be_a_folder_everywhere_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="letras sin acento"):
        require_process_name(name)


def test_the_refusal_proposes_a_name() -> None:
    with pytest.raises(UsageError, match="«ano_1»"):
        require_process_name("año 1")
