"""Rate limits in memory, per API key and, without one, per address. The notation is that of the limits library."""

import math
import threading
import time
from collections.abc import Callable

from limits import RateLimitItem, parse_many
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from api.web.problems import Problem

_MOST_KEPT = 10_000


class Windows(Storage):
    """Counters of fixed windows.

    The library's own storage in memory starts a timer thread for nearly every request, which costs more than anything
    else in a request here; this one forgets old windows when there are many.
    """

    STORAGE_SCHEME = None  # made here only, never by address

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__(None)
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[float, int]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        """There are none: this is memory."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count in the current window, or in a new one of `expiry` seconds; how many it holds now."""
        now = self._clock()
        with self._lock:
            end, count = self._windows.get(key, (0.0, 0))
            if end <= now:
                end, count = now + expiry, 0
                if len(self._windows) >= _MOST_KEPT:
                    self._windows = {name: kept for name, kept in self._windows.items() if kept[0] > now}
            self._windows[key] = (end, count + amount)
            return count + amount

    def get(self, key: str) -> int:
        """What the current window holds."""
        end, count = self._windows.get(key, (0.0, 0))
        return count if end > self._clock() else 0

    def get_expiry(self, key: str) -> float:
        """When the current window ends, Unix seconds."""
        return self._windows.get(key, (self._clock(), 0))[0]

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything; how many windows that were."""
        with self._lock:
            forgotten, self._windows = len(self._windows), {}
        return forgotten

    def clear(self, key: str) -> None:
        """Forget one window."""
        with self._lock:
            self._windows.pop(key, None)


class Rates:
    """One set of limits; `spend` takes one request from whoever is named."""

    def __init__(self, limits: str, *, clock: Callable[[], float] = time.time) -> None:
        """Args: limits as in `10/second;2000/hour`; ValueError if they are not. The clock gives Unix seconds."""
        self._limits: list[RateLimitItem] = parse_many(limits)
        self._clock = clock
        self._limiter = FixedWindowRateLimiter(Windows(clock))

    def spend(self, who: str) -> None:
        """Count one request.

        Raises:
            Problem: `too-many-requests` with Retry-After (the caller's fault).
        """
        for limit in self._limits:
            if not self._limiter.hit(limit, who):
                reset = self._limiter.get_window_stats(limit, who).reset_time
                wait = max(1, math.ceil(reset - self._clock()))
                raise Problem("too-many-requests", headers={"Retry-After": str(wait)})
