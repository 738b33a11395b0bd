"""Whole groups into shards of about equal size.

In: the number of candidates that each group may take at most. Out: the number of shards, and each group's shard.
"""

import heapq
from collections.abc import Mapping

MOST = 64


def shard_count(upper: int, shard_size: int) -> int:
    """clamp(ceil(upper / shard_size), 1, 64): one job for small work, never a job per picture."""
    return min(max(-(-upper // shard_size), 1), MOST)


def pack(sizes: Mapping[str, int], shards: int) -> dict[str, int]:
    """Largest group first, each into the emptiest shard; ties by name and number, so that the order of `sizes` does not matter."""
    heap = [(0, number) for number in range(shards)]
    packed = {}
    for group in sorted(sizes, key=lambda name: (-sizes[name], name)):
        filled, number = heapq.heappop(heap)
        packed[group] = number
        heapq.heappush(heap, (filled + sizes[group], number))
    return packed
