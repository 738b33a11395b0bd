"""One function over many items, in threads, with memory that does not grow with the number of items.

In: a function and a collection. Out: the pairs (item, result) as they come.
"""

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event, Lock
from typing import Generic, TypeVar

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


class _Crew(Generic[Item, Result]):
    """The shared feed, and the queue that the results come out of; None in it says that one thread has ended."""

    def __init__(self, work: Callable[[Item], Result], items: Collection[Item]) -> None:
        self.work = work
        self.feed = iter(items)
        self.lock = Lock()
        self.stop = Event()
        self.done: SimpleQueue[tuple[Item, Result] | None] = SimpleQueue()

    def run(self) -> None:
        """One thread's life."""
        finished = False
        try:
            for item in self.taken():
                self.done.put((item, self.work(item)))
            finished = True
        finally:
            if not finished:
                self.stop.set()
            self.done.put(None)

    def taken(self) -> Iterator[Item]:
        """Items, one at a time, until there are none or somebody failed."""
        while not self.stop.is_set():
            with self.lock:
                try:
                    item = next(self.feed)
                except StopIteration:
                    return
            yield item

    def results(self, threads: int) -> Iterator[tuple[Item, Result]]:
        """Until the last thread has ended."""
        while threads:
            pair = self.done.get()
            if pair is None:
                threads -= 1
            else:
                yield pair
