"""Which pictures a group ends up with, whatever happens in which order."""

import random

import pytest
from dataset_manager.errors import CountError
from dataset_manager.images.answers import Failure
from dataset_manager.images.cache import Stored
from dataset_manager.images.packing import pack, shard_count
from dataset_manager.images.walk import Candidate, Group, grouped
from hypothesis import given
from hypothesis import strategies as st

GOOD = Stored(1, "", 1, 1, "jpeg")
BAD = Failure("permanent", "no existe")
LOST = Failure("transient", "503")


def group(quota: int, units: list[str | None]) -> Group:
    rows = [("g", quota, Candidate("g", rank, f"k{rank}", unit)) for rank, unit in enumerate(units)]
    random.shuffle(rows)
    return grouped(rows)[0]


def walk(one: Group, outcome: dict[str, Stored | Failure]) -> list[list[str]]:
    """The keys of each round."""
    rounds = []
    while asked := list(one.next_round()):
        rounds.append([candidate.key for candidate in asked])
        for candidate in asked:
            candidate.settle(outcome.get(candidate.key, GOOD))
    return rounds


def statuses(one: Group) -> str:
    return "".join(candidate.status[0] for slot in one.slots for candidate in slot)


def test_only_the_quota_is_asked_for_when_all_is_well() -> None:
    one = group(3, [None] * 6)
    assert walk(one, {}) == [["k0", "k1", "k2"]]
    assert statuses(one) == "ooouuu"


def test_reserve_replaces_what_failed() -> None:
    one = group(3, [None] * 6)
    assert walk(one, {"k1": BAD, "k3": BAD}) == [["k0", "k1", "k2"], ["k3"], ["k4"]]
    assert statuses(one) == "ofofou"


def test_a_group_that_runs_out_is_short() -> None:
    one = group(3, [None] * 4)
    walk(one, {"k0": BAD, "k1": BAD})
    assert statuses(one) == "ffoo"


def test_nothing_takes_the_place_of_what_is_not_known_yet() -> None:
    one = group(2, [None] * 4)
    assert walk(one, {"k0": LOST}) == [["k0", "k1"]]
    assert statuses(one) == "pouu"


def test_one_file_of_a_transaction_is_enough_and_its_next_file_comes_before_the_next_transaction() -> None:
    one = group(2, ["t1", "t1", "t2", "t2", "t3"])
    assert walk(one, {"k0": BAD}) == [["k0", "k2"], ["k1"]]
    assert statuses(one) == "foouu"


def test_a_transaction_without_a_good_file_is_replaced() -> None:
    one = group(2, ["t1", "t1", "t2", "t3"])
    assert walk(one, {"k0": BAD, "k1": BAD}) == [["k0", "k2"], ["k1"], ["k3"]]


def test_no_quota_asks_for_nothing() -> None:
    assert walk(group(0, [None, None]), {}) == []


@given(st.integers(0, 6), st.lists(st.booleans(), min_size=1, max_size=12))
def test_chosen_are_the_first_good_ones_of_the_ranking(quota: int, good: list[bool]) -> None:
    one = group(quota, [None] * len(good))
    walk(one, {f"k{rank}": BAD for rank, fine in enumerate(good) if not fine})
    expected = [rank for rank, fine in enumerate(good) if fine][:quota]
    assert [candidate.rank for slot in one.slots for candidate in slot if candidate.status == "ok"] == expected


def test_groups_are_told_apart_and_sorted() -> None:
    rows = [("b", 1, Candidate("b", 2, "y")), ("a", 1, Candidate("a", 1, "z")), ("b", 1, Candidate("b", 1, "x"))]
    assert [(one.name, [slot[0].key for slot in one.slots]) for one in grouped(rows)] == [("a", ["z"]), ("b", ["x", "y"])]


@pytest.mark.parametrize("rows", [[("a", 1, 1), ("a", 2, 2)], [("a", 1, 1), ("a", 1, 1)]])
def test_a_group_with_two_quotas_or_a_rank_twice_is_no_manifest(rows: list[tuple[str, int, int]]) -> None:
    with pytest.raises(CountError, match="el grupo a tiene cupos"):
        grouped((name, quota, Candidate(name, rank, f"{rank}")) for name, quota, rank in rows)


@pytest.mark.parametrize(
    ("upper", "size", "shards"), [(0, 10_000, 1), (1, 10_000, 1), (10_000, 10_000, 1), (10_001, 10_000, 2), (9 * 10**6, 10_000, 64)]
)
def test_number_of_shards(upper: int, size: int, shards: int) -> None:
    assert shard_count(upper, size) == shards


@given(st.dictionaries(st.text(max_size=4), st.integers(0, 500), max_size=40), st.integers(1, 8), st.randoms())
def test_packing_depends_on_nothing_but_names_and_sizes(sizes: dict[str, int], shards: int, dice: random.Random) -> None:
    packed = pack(sizes, shards)
    shuffled = list(sizes.items())
    dice.shuffle(shuffled)
    assert pack(dict(shuffled), shards) == packed
    assert packed.keys() == sizes.keys() and all(0 <= shard < shards for shard in packed.values())
    loads = [sum(size for name, size in sizes.items() if packed[name] == shard) for shard in range(shards)]
    assert max(loads) - min(loads) <= max(sizes.values(), default=0)
