"""One function over many items, in threads, with memory that does not grow with the number of items.

In: a function and a collection. Out: the pairs (item, result) as they come.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from threading import Event
from typing import Generic, TypeVar

BATCH = 16  # results that a thread hands over at once: each hand-over wakes the thread that reads them
Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(work: Callable[[Item], Result], items: Collection[Item], threads: int) -> Iterator[tuple[Item, Result]]:
    """Each thread takes one item at a time. The first error ends the others after their present item and is raised here."""
    crew, threads = _Crew(work, items), min(threads, len(items))
    if not threads:
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="imagenes") as pool:
        running = [pool.submit(crew.run) for _ in range(threads)]
        try:
            yield from crew.results(threads)
        finally:
            crew.stop.set()
        for one in running:
            one.result()


def in_order(work: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """The results in the order of the items; the threads run ahead of who takes them by two items each."""
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def in_shares(work: Callable[[Sequence[Item]], Result], items: Sequence[Item], threads: int) -> list[Result]:
    """Each thread takes one run of neighbours: for work so small that handing over items one by one would cost more."""
    size = -(-len(items) // threads) or 1
    shares = [items[start : start + size] for start in range(0, len(items), size)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, shares))


class _Crew(Generic[Item, Result]):
    """The shared feed, and the queue that batches of results come out of; None in it says that one thread has ended."""

    def __init__(self, work: Callable[[Item], Result], items: Collection[Item]) -> None:
        self.work = work
        self.feed = deque(items)
        self.stop = Event()
        self.done: SimpleQueue[list[tuple[Item, Result]] | None] = SimpleQueue()

    def run(self) -> None:
        """One thread's life."""
        finished, batch = False, []
        try:
            for item in self.taken():
                batch.append((item, self.work(item)))
                if len(batch) == BATCH:
                    self.done.put(batch)
                    batch = []
            finished = True
        finally:
            if not finished:
                self.stop.set()
            self.done.put(batch)
            self.done.put(None)

    def taken(self) -> Iterator[Item]:
        """Items, one at a time, until there are none or somebody failed."""
        with suppress(IndexError):
            while not self.stop.is_set():
                yield self.feed.popleft()

    def results(self, threads: int) -> Iterator[tuple[Item, Result]]:
        """Until the last thread has ended."""
        while threads:
            batch = self.done.get()
            if batch is None:
                threads -= 1
            else:
                yield from batch
