"""Tables that people open in Excel."""

from pathlib import Path

import pytest
from dataset_manager.csv_text import csv_bytes, csv_rows


@pytest.mark.parametrize("text", ["=1+1", "+34 600", "-x", "@a", "'=1", "''=1", "tomate; rama", 'dice "sí"', "dos\nlíneas", "", "'solo"])
def test_text_comes_back_as_it_was_and_never_is_a_formula(tmp_path: Path, text: str) -> None:
    (tmp_path / "one.csv").write_bytes(csv_bytes(["clase", "n"], [{"clase": text, "n": -3, "más": 1}]))
    assert list(csv_rows(tmp_path / "one.csv")) == [{"clase": text, "n": "-3"}]
    cell = (tmp_path / "one.csv").read_bytes().removeprefix(b"\xef\xbb\xbfclase;n\n").lstrip(b'"')
    assert cell[:1] not in (b"=", b"+", b"-", b"@")
