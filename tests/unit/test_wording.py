"""How an operator reads numbers, nouns, sizes, dates and long lists."""

import pytest
from dataset_manager import wording


def test_numbers_are_written_as_here() -> None:
    assert (wording.number(1234567), wording.decimal(1234.56), wording.percent(0.934)) == ("1.234.567", "1.234,6", "93,4 %")
    assert [wording.signed(count) for count in (1234, 0, -1234)] == ["+1.234", "0", "-1.234"]


@pytest.mark.parametrize(
    ("count", "shown"), [(500, "500 B"), (1_536, "1,5 kB"), (63_200_000, "63,2 MB"), (2_500_000_000, "2,5 GB"), (7e12, "7.000,0 GB")]
)
def test_sizes_are_those_of_a_file_manager(count: float, shown: str) -> None:
    assert wording.size_of(count) == shown


def test_one_is_singular() -> None:
    assert [wording.counted(count, *wording.REFERENCES) for count in (0, 1, 1234)] == ["0 referencias", "1 referencia", "1.234 referencias"]


def test_a_time_is_that_of_the_clock_on_the_wall() -> None:
    assert wording.moment_of("2025-08-01T12:00:00+00:00", "Europe/Madrid") == "01/08/2025 14:00"
    assert wording.moment_of("2025-12-31T23:30:00", "Europe/Madrid") == "01/01/2026 00:30"
    assert wording.day_of("2025-08-01T00:00:00") == "01/08/2025"


def test_a_long_list_says_what_it_leaves_out() -> None:
    names = [f"n{number}" for number in range(1203)]
    assert wording.few(names, 2) == "n0; n1 … y 1.201 más"
    assert wording.first_of(names, 1) == ["n0", "… y 1.202 más"]
    assert wording.few(["a", "b"], 2) == "a; b" and wording.first_of(["a"], 1) == ["a"]
