"""Which candidate is asked for next, and which pictures a group ends up with.

In: a group's candidates by rank, its quota, and the outcome of each request. Out: rounds of candidates to ask for.

A group opens as many slots as its quota, in rank order, and one more for each that failed: what is asked for is always a
prefix of the ranking with exactly `quota` good ones in it. So the choice depends neither on timing nor on concurrency, and
nothing is downloaded that is not used. A slot is one candidate, or the files of one transaction (equal `unit`) of which only
the first good one is wanted: its next file is tried before the next transaction.

A transient failure keeps its slot: it is not known yet whether the picture is good, and nothing may take its place.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from dataset_manager.errors import CountError
from dataset_manager.images.answers import Failure
from dataset_manager.images.cache import Stored

Status = Literal["ok", "failed", "unused", "pending"]


@dataclass(slots=True)
class Candidate:
    """A row of the manifest, and what became of it."""

    group: str
    rank: int
    key: str
    unit: str | None = None
    status: Status = "unused"
    reason: str = ""
    picture: Stored | None = None
    from_cache: bool = False

    def settle(self, result: Stored | Failure, *, from_cache: bool = False) -> None:
        """Takes the outcome of its request."""
        if isinstance(result, Stored):
            self.status, self.picture, self.from_cache = "ok", result, from_cache
        else:
            self.status = "failed" if result.kind == "permanent" else "pending"
            self.reason = result.reason


@dataclass
class Group:
    """One quota and its slots; the first `opened` of them are under way."""

    name: str
    quota: int
    slots: list[list[Candidate]] = field(default_factory=list)
    opened: int = 0

    def next_round(self) -> Iterator[Candidate]:
        """What to ask for now, once everything of the last round has been settled."""
        alive = 0
        for slot in self.slots[: self.opened]:
            if is_taken(slot):
                alive += 1
            elif (following := first_unused(slot)) is not None:
                alive += 1
                yield following
        for slot in self.slots[self.opened : self.opened + self.quota - alive]:
            self.opened += 1
            yield slot[0]


def is_taken(slot: list[Candidate]) -> bool:
    """It has its picture, or may still get it."""
    return any(one.status in {"ok", "pending"} for one in slot)


def first_unused(slot: list[Candidate]) -> Candidate | None:
    """Its next file."""
    return next((one for one in slot if one.status == "unused"), None)


def grouped(rows: Iterable[tuple[str, int, Candidate]]) -> list[Group]:
    """Rows (group, quota, candidate) in any order -> groups by name, slots by rank. CountError when a group is not one."""
    ordered = sorted(rows, key=lambda row: (row[0], row[2].rank))
    return [one_group(name, list(members)) for name, members in groupby(ordered, key=lambda row: row[0])]


def one_group(name: str, members: list[tuple[str, int, Candidate]]) -> Group:
    """Checks that the quota is one number and each rank stands once."""
    quotas, ranks = {quota for _, quota, _ in members}, {candidate.rank for _, _, candidate in members}
    if len(quotas) != 1 or len(ranks) != len(members):
        raise CountError(
            f"El manifiesto no es válido: el grupo {name} tiene cupos {sorted(quotas)} y {len(members) - len(ranks)} puestos repetidos"
        )
    slots: dict[object, list[Candidate]] = {}
    for _, _, candidate in members:
        slots.setdefault(("unit", candidate.unit) if candidate.unit is not None else candidate.rank, []).append(candidate)
    return Group(name, quotas.pop(), list(slots.values()))
