"""Erased entries in a replay: each must be covered by an erasure that comes later, at its provider's word.

With the body gone, nobody can tell what an entry said: kind and time beside its leaf are claims, and nothing relies
on them. What is held against the log: a body that is gone and no erasure covers it; a body that is there and should be
gone; an erasure of what is never erased.
"""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable

from circuits import calendar
from verifier.entries.erasure import ERASABLE, ErasureEntry
from verifier.errors import Blame
from verifier.log.leaves import Tombstone

Find = Callable[[int, Blame, str, str], None]
"""Notes a finding: the entry, who is to blame, the code, the reason."""
CODE = "erasure"


class Tombstones:
    """The tombstones of one replay, in order; fed by one thread.

    Args:
        find: told of what does not hold.
    """

    def __init__(self, find: Find) -> None:
        self._find = find
        self._waiting: dict[int, int] = {}
        self._places = array("Q")
        self.count = 0
        self.dates: Counter[str] = Counter()
        """How many bodies went on which day (ISO), as the erasures say that cover them."""

    def add(self, tombstone: Tombstone) -> None:
        """Take an entry whose body is gone."""
        self.count += 1
        self._places.append(tombstone.index)
        self._waiting[tombstone.index] = tombstone.erased
        if tombstone.kind not in ERASABLE:
            reason = f"its body is gone, and it is called a {tombstone.kind}: such entries are never erased"
            self._find(tombstone.index, Blame.LOG, CODE, reason)

    def any_within(self, start: int, end: int) -> bool:
        """Whether an entry from `start` to below `end`, all of which were read, has no body."""
        place = bisect_left(self._places, start)
        return place < len(self._places) and self._places[place] < end

    def cover(self, index: int, entry: ErasureEntry, appended_at: int) -> None:
        """Take an erasure whose token was verified: what it names must be gone by now, each at its word."""
        covered = 0
        for each in entry.entries:
            erased = self._waiting.pop(each, None)
            if erased is None:
                reason = f"entry {each}, which it says is erased, still has its body, or was erased by another entry"
                self._find(index, Blame.LOG, CODE, reason)
            elif erased != index:
                self._find(
                    each, Blame.LOG, CODE, f"it is said to be erased by entry {erased}, and was by entry {index}"
                )
            else:
                covered += 1
        if covered:
            self.dates[calendar.rfc3339(appended_at)[:10]] += covered

    def finish(self, size: int) -> None:
        """Find what no erasure of a log of that many entries covers."""
        for index, erased in self._waiting.items():
            reason = "its body is gone, and no erasure in the log covers it"
            if erased >= size:
                reason += f"; entry {erased} would lie behind this checkpoint: read the log again, under a newer one"
            self._find(index, Blame.LOG, CODE, reason)
