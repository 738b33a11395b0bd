"""Typed keys: what text means, and what is refused."""

import re
from pathlib import Path
from typing import Any

import pytest
from dataset_manager import keys
from dataset_manager.cli.parser import FLAGS
from dataset_manager.errors import UsageError

LIBRARY = Path(keys.__file__).parent


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("deployment_id", "130", 130),
        ("deployment_id", 130, 130),
        ("confidence", "0,78", 0.78),
        ("confidence", 0.78, 0.78),
        ("refresh", "Sí", True),
        ("refresh", "no", False),
        ("refresh", True, True),
        ("process_name", "dataset_130_aug_v2", "dataset_130_aug_v2"),
        ("model", "00014", "00014"),
    ],
)
def test_a_value_takes_the_type_of_its_key(name: str, typed: Any, value: object) -> None:
    assert keys.normalise(name, typed) == value


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("deployment_id", "ciento", "un entero mayor que 0"),
        ("deployment_id", "0", "un entero mayor que 0"),
        ("deployment_id", True, "un entero mayor que 0"),
        ("days_back", "-4", "un entero desde 1"),
        ("confidence", "1.5", "un número de 0 a 1"),
        ("confidence", "nan", "un número de 0 a 1"),
        ("refresh", "quizá", "si o no"),
        ("model", 14, "main.py (--model)"),
        ("process_name", {"a": "b"}, "main.py (--process-name)"),
        ("deploymnet_id", 130, "¿quería decir «deployment_id»?"),
        ("imagereview", {}, "¿quería decir «image_review»?"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_is_allowed(name: str, typed: Any, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        keys.normalise(name, typed)
    assert name in str(caught.value)
    assert words in str(caught.value)


def test_sections_pass_beside_keys() -> None:
    assert keys.split({"days_back": "3", "image_review": {"num_imagenes_revision": 9}}) == (
        {"days_back": 3},
        {"image_review": {"num_imagenes_revision": 9}},
    )


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.py")), ids=lambda path: path.name)
def test_a_text_that_tells_a_person_to_give_a_key_gives_its_flag_first(path: Path) -> None:
    text = path.read_text("utf-8")
    told = [match for match in re.finditer(r"\b([a-z_]+)=(?:true|false|NOMBRE)\b", text) if match[1] in keys.KEYS]
    for match in told:
        flag = FLAGS.get(match[1], f"--{match[1].replace('_', '-')}")
        assert flag in text[max(0, match.start() - 40) : match.start()], text[match.start() - 60 : match.end()]
