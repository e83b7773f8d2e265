"""When a question that is declined is told so: at a multiple of a step, and not before the slowest of late was decided.

Some refusals are found at once, others after waiting for a subject's row and reading what is known. Alone, all of them
take less than a step. When there is much to do some take longer, and if only they were told later, the time would say
which these are. So whatever is declined waits for as many steps as the slowest decision of the last seconds took, and
the oldest that is still under way has taken so far, whatever becomes of them.
"""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

WINDOW: Final = 10.0
"""Seconds for which a slow decision makes others wait."""
MOST: Final = 8
"""Steps that a decision makes others wait at most: one that hung for a minute is no reason to decline nobody else."""


@dataclass(eq=False, slots=True)
class Deciding:
    """A decision, from when it `began` until it `ended`."""

    began: float
    ended: float | None = None


class Pace:
    """The pace at which a prover declines. Thread-safe; times are seconds of one monotonic clock."""

    def __init__(self, step: float) -> None:
        """Args: the step, in seconds."""
        self._step = step
        self._lock = threading.Lock()
        self._under_way: dict[Deciding, None] = {}  # the oldest first
        self._slowest: deque[tuple[float, int]] = deque()  # when, and how many steps: ever later, ever fewer

    def begin(self, at: float) -> Deciding:
        """Note that a decision is under way."""
        deciding = Deciding(at)
        with self._lock:
            self._under_way[deciding] = None
        return deciding

    def end(self, deciding: Deciding, at: float) -> None:
        """Note that it was made, or given up; once it has ended, nothing happens."""
        with self._lock:
            if deciding.ended is not None:
                return
            deciding.ended = at
            del self._under_way[deciding]
            steps = min(self._steps(at - deciding.began), MOST)
            while self._slowest and self._slowest[-1][1] <= steps:
                self._slowest.pop()
            self._slowest.append((at, steps))

    def due(self, deciding: Deciding, now: float) -> float:
        """When to tell of a refusal, as far as can be said now; it is time if this is not later than now."""
        ended = now if deciding.ended is None else deciding.ended
        with self._lock:
            while self._slowest and self._slowest[0][0] < now - WINDOW:
                self._slowest.popleft()
            late = self._slowest[0][1] if self._slowest else 1
            oldest = next(iter(self._under_way), deciding)
        waiting = 1 if oldest is deciding else min(self._steps(now - oldest.began), MOST)
        return deciding.began + self._step * max(self._steps(ended - deciding.began), late, waiting)

    def _steps(self, seconds: float) -> int:
        return int(seconds / self._step) + 1
