"""Sets of integers as unions of closed intervals: ascending, disjoint, never touching, so that equal sets are equal.

Every attribute is one: money in minor units, days, places in an enum's list, 0 and 1, hashes of texts.
"""

from collections.abc import Iterable, Sequence

Interval = tuple[int, int]
"""(lowest, highest), both inside."""
Intervals = tuple[Interval, ...]


def united(intervals: Iterable[Interval]) -> Intervals:
    """Bring intervals, in any order, to the one form of their union; empty ones are dropped."""
    found: list[Interval] = []
    for low, high in sorted(interval for interval in intervals if interval[0] <= interval[1]):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def clipped(intervals: Iterable[Interval], bounds: Interval) -> Intervals:
    """Keep what lies within bounds."""
    return united((max(low, bounds[0]), min(high, bounds[1])) for low, high in intervals)


def common(some: Intervals, others: Intervals) -> Intervals:
    """List the values in both."""
    return united((max(a, c), min(b, d)) for a, b in some for c, d in others)


def complement(intervals: Intervals, bounds: Interval) -> Intervals:
    """List what of the bounds is in none of the intervals, which are in normal form and within the bounds."""
    starts = [bounds[0], *(high + 1 for _, high in intervals)]
    ends = [*(low - 1 for low, _ in intervals), bounds[1]]
    return united(zip(starts, ends, strict=True))


def count(intervals: Sequence[Interval]) -> int:
    """Count the integers."""
    return sum(high - low + 1 for low, high in intervals)
