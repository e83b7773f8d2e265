"""Rate limits in memory, per API key and, without one, per address."""

import math
import time

from limits import parse_many
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from api.problems import Problem


class Rates:
    """One set of limits; `spend` takes one request from whoever is named."""

    def __init__(self, limits: str) -> None:
        self._limits = parse_many(limits)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def spend(self, who: str) -> None:
        """Count one request.

        Raises:
            Problem: `too-many-requests` with Retry-After (the caller's fault).
        """
        for limit in self._limits:
            if not self._limiter.hit(limit, who):
                reset = self._limiter.get_window_stats(limit, who).reset_time
                wait = max(1, math.ceil(reset - time.time()))
                raise Problem("too-many-requests", headers={"Retry-After": str(wait)})
