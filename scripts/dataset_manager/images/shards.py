"""One shard: its groups' pictures into the cache, and what became of every candidate.

In: a manifest, a source and the cache (`outcomes.py` has the tables). Out: pictures in the cache and, last, the outcome file.
The choice is the same whatever the timing, the number of threads or the source (`walk.py`).
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from dataset_manager.errors import SourceError
from dataset_manager.images.answers import Failure
from dataset_manager.images.cache import PictureCache, Place, Stored
from dataset_manager.images.fetch import Patience, fetch
from dataset_manager.images.outcomes import read_groups, write_outcome
from dataset_manager.images.parallel import in_parallel
from dataset_manager.images.space import require_space
from dataset_manager.images.store import Source
from dataset_manager.images.verify import Content, Damage, check
from dataset_manager.images.walk import Candidate, Group
from dataset_manager.wording import PICTURES, counted, first_of, number

LOGGER = logging.getLogger("dataset_manager")
NAMED = 20
READERS = 4  # threads that look into the cache: it is a hash and a header for each
EVERY = 2000


@dataclass
class Counts:
    """What a shard did; `bytes` are those that came over the network."""

    wanted: int = 0
    ok: int = 0
    failed: int = 0
    from_cache: int = 0
    downloaded: int = 0
    bytes: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def short(self) -> int:
        """wanted == ok + short."""
        return self.wanted - self.ok

    def add(self, one: Candidate) -> None:
        """A candidate that has been settled."""
        if one.status == "failed":
            self.failed += 1
            self.reasons[one.reason] = self.reasons.get(one.reason, 0) + 1
        if one.picture is not None:
            self.ok += 1
            self.from_cache += one.from_cache
            self.downloaded += not one.from_cache
            self.bytes += 0 if one.from_cache else one.picture.bytes


def download_shard(
    manifest_file: Path,
    shard: int,
    total: int,
    *,
    source: Source,
    cache: PictureCache,
    outcome_file: Path,
    patience: Patience | None = None,
) -> Counts:
    """Fills each group's quota in rank order and writes the outcome of shard `shard` of `total` (counted from 0).

    Raises SourceError, after everything else has been done, when some pictures could not be asked for properly: the outcome
    file is then not written, and the same command continues. DiskError when the disk refuses, or when it has no room for the
    first choice of every group: then nothing is asked for.
    """
    groups = read_groups(manifest_file, shard, total)
    counts = Counts(wanted=sum(group.quota for group in groups))
    cache.sweep()
    rounds = Rounds(source, cache, patience or Patience())
    while asked := [one for group in groups for one in group.next_round()]:
        for one in rounds.settled(asked):
            counts.add(one)
            if (counts.ok + counts.failed) % EVERY == 0:
                LOGGER.info("Imágenes: %s de %s (%s ya estaban en la caché)", *map(number, (counts.ok, counts.wanted, counts.from_cache)))
    cache.flush()
    require_complete(groups, source, (patience or Patience()).attempts)
    write_outcome(outcome_file, groups)
    return counts


class Rounds:
    """Settles rounds of candidates: from the cache what is there, the rest from the source.

    The witness (`fetch.py`) is a picture that was read before, in whichever round or run.
    """

    def __init__(self, source: Source, cache: PictureCache, patience: Patience) -> None:
        self.source = source
        self.cache = cache
        self.patience = patience
        self.witness: str | None = None
        self.begun = False

    def settled(self, asked: Iterable[Candidate]) -> Iterator[Candidate]:
        """Each candidate, once its outcome is known; the first for a key decides for all of that key."""
        by_key: dict[str, list[Candidate]] = {}
        for one in asked:
            by_key.setdefault(one.key, []).append(one)
        sizes = {key: size for key in by_key if (size := self.cache.size(self.source.place, key)) is not None}
        missing = [key for key in by_key if key not in sizes]
        if not self.begun:
            require_space(self.cache.root, len(missing), sizes.values())
            self.begun = True
        for key, found in in_parallel(partial(self.cache.find, self.source.place), sizes, READERS):
            if found is None:
                missing.append(key)
            else:
                self.witness = key
                yield from settle_all(by_key[key], found, from_cache=True)
        keep = partial(kept, self.cache, self.source.place)
        for key, result in fetch(self.source, missing, keep, witness=self.witness, patience=self.patience):
            if isinstance(result, Stored):
                self.witness = key
            yield from settle_all(by_key[key], result, from_cache=False)


def kept(cache: PictureCache, place: Place, key: str, data: Content) -> Stored | Damage:
    """Checked, then stored."""
    found = check(data)
    return found if isinstance(found, Damage) else cache.store(place, key, data, found)


def settle_all(candidates: Iterable[Candidate], result: Stored | Failure, *, from_cache: bool) -> Iterator[Candidate]:
    """Two groups may want the same key: one request."""
    for one in candidates:
        one.settle(result, from_cache=from_cache)
        yield one


def require_complete(groups: Iterable[Group], source: Source, attempts: int) -> None:
    """Every candidate that was asked for is either good or no good for a reason of its own."""
    lost = [one for group in groups for slot in group.slots for one in slot if one.status == "pending"]
    if not lost:
        return
    keys = "".join(f"\n  - {line}" for line in first_of([f"{one.key}: {one.reason}" for one in lost], NAMED))
    raise SourceError(
        f"{source.name}: no se han podido leer {counted(len(lost), *PICTURES)} (hasta {attempts} intentos cada una). Las demás están "
        f"en la caché: repita la misma orden y continuará donde se quedó:{keys}"
    )
