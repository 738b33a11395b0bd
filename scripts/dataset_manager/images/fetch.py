"""Many pictures at once: retries with jitter, and the two questions that one answer alone does not settle.

In: a source and keys. Out: per key what `accept` made of its content, or a Failure.

- Damage is the picture's own when the content has the sum that the store gives for it (S3's ETag, where that is an MD5). Else
  something on the way may have spoiled it: it is asked for again, and only if it never comes otherwise, in at least half of the
  attempts, the damage is its own.
- «403» (and a 404 without S3's code) says either «this key» or «your credentials». At the end all those keys are asked again,
  and then a key that is known to be there, the witness: if that one comes, the others really are refused. Without a witness,
  or when it is refused too, nothing is said about the pictures: the failure is transient.
"""

import hashlib
import random
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from dataset_manager.images.answers import AnswerError, DoubtfulError, Failure, PermanentError, RefusedError, RetryError
from dataset_manager.images.parallel import in_parallel
from dataset_manager.images.store import Source
from dataset_manager.images.verify import Content, Damage

Kept = TypeVar("Kept")
SILENT = "no se ha pedido: el almacén no responde"
SPOILED = "llega dañada, y no siempre igual"


@dataclass(frozen=True)
class Patience:
    """How hard to try. Waits are random between zero and a limit that doubles, so that clients do not return all at once."""

    threads: int = 128
    attempts: int = 8
    first_wait: float = 0.2
    longest_wait: float = 10.0
    seconds: float = 90.0  # per picture; a store that stalls would otherwise take attempts x timeout
    give_up_after: int = 64  # pictures in a row that failed every attempt: the store is gone, the rest is not asked for

    def wait(self, attempt: int) -> float:
        """Before the next attempt; the first is 1."""
        return random.uniform(0, min(self.longest_wait, self.first_wait * 2 ** (attempt - 1)))


@dataclass
class Health:
    """What the whole fetch has seen of the store. Threads write it without a lock: it only has to be about right."""

    lost_in_a_row: int = 0
    witness: str | None = None
    doubtful: dict[str, str] = field(default_factory=dict)


def fetch(
    source: Source,
    keys: Collection[str],
    accept: Callable[[str, Content], Kept | Damage],
    *,
    witness: str | None = None,
    patience: Patience | None = None,
) -> Iterator[tuple[str, Kept | Failure]]:
    """Pairs in the order of arrival; `accept` checks and stores, in the thread that asked, so that no content waits in memory."""
    work = _Fetch(source, accept, patience or Patience(), Health(witness=witness))
    for key, result in in_parallel(work.one, keys, work.patience.threads):
        if result is not None:
            yield key, result
    yield from work.settled()


class _Fetch(Generic[Kept]):
    """One fetch: what its threads share."""

    def __init__(self, source: Source, accept: Callable[[str, Content], Kept | Damage], patience: Patience, health: Health) -> None:
        self.source = source
        self.accept = accept
        self.patience = patience
        self.health = health

    def one(self, key: str) -> Kept | Failure | None:
        """The result for a key; None when that is known only at the end."""
        if self.health.lost_in_a_row >= self.patience.give_up_after:
            return Failure("transient", SILENT)
        try:
            return self.tried(key)
        except PermanentError as error:
            self.health.lost_in_a_row = 0
            return Failure("permanent", str(error))
        except DoubtfulError as doubt:
            self.health.doubtful[key] = str(doubt)
            return None
        except (RefusedError, RetryError) as error:
            self.health.lost_in_a_row += 1
            return Failure("transient", str(error))

    def tried(self, key: str) -> Kept:
        """Until it comes. Raises the last error when patience ends."""
        damages: list[tuple[bytes, str]] = []
        deadline = time.monotonic() + self.patience.seconds
        for attempt in range(1, self.patience.attempts + 1):
            try:
                kept = self.accepted(key, damages)
                if kept is not None:
                    return kept
            except RetryError:
                if attempt == self.patience.attempts or time.monotonic() > deadline:
                    raise
                time.sleep(self.patience.wait(attempt))
        if len(set(damages)) == 1 and 2 * len(damages) >= self.patience.attempts:
            raise PermanentError(damages[0][1])
        raise RetryError(SPOILED)

    def accepted(self, key: str, damages: list[tuple[bytes, str]]) -> Kept | None:
        """One attempt; None when the content was damaged and it is not sure whose fault that is."""
        answer = self.source.get(key)
        kept = self.accept(key, answer.data)
        if not isinstance(kept, Damage):
            self.health.lost_in_a_row, self.health.witness = 0, key
            return kept
        if answer.is_what_is_stored():
            raise PermanentError(kept.reason)
        damages.append((hashlib.sha256(answer.data).digest(), kept.reason))
        return None

    def settled(self) -> Iterator[tuple[str, Kept | Failure]]:
        """The keys that were refused, asked again now that the others are done."""
        again, self.health.doubtful = self.health.doubtful, {}
        for key, result in in_parallel(self.one, sorted(again), self.patience.threads):
            if result is not None:
                yield key, result
        refused = self.health.doubtful
        if refused:
            proved = self.can_read()
            for key in sorted(refused):
                yield key, judged(refused[key], proved)

    def can_read(self) -> bool:
        """Whether the store gives a key that it gave before, or at least says properly that it is gone."""
        witness = self.health.witness
        if witness is None:
            return False
        for attempt in range(1, self.patience.attempts + 1):
            try:
                self.source.get(witness)
            except RetryError:
                time.sleep(self.patience.wait(attempt))
            except AnswerError as error:
                return isinstance(error, PermanentError)
            else:
                return True
        return False


def judged(reason: str, proved: bool) -> Failure:
    """What a refusal means."""
    if proved:
        return Failure("permanent", reason)
    return Failure("transient", f"{reason}: el almacén no deja leer ninguna imagen; revise las credenciales y el bucket")
