"""Consents, as far as the log knows of them: which were withdrawn, and how often each with a frequency was used.

A question counts at the time it was put, which prover and verifier both know. They look at their own clocks as well,
so that the verifier is more lenient than the consent by SLACK seconds: what it refuses, no honest prover has answered.

Memory: a digest for each withdrawal; for each consent with a frequency, the times of at most MOST_COUNTED questions,
for as long as they can count.
"""

import hashlib
from bisect import insort
from collections.abc import Callable
from functools import lru_cache

from circuits import jws
from circuits.consent import Frequency
from circuits.encoding import fields
from verifier.errors import AlreadyRegistered, ConsentExhausted

SLACK = 120
"""Seconds by which a window is shorter here than the consent says."""
LATE = 4_500
"""Seconds by which questions may be logged out of order: an hour of waiting, and a clock that was set back."""
MOST_COUNTED = 1_024
"""A frequency of more questions than this is left to the prover."""
_KEY = 16
_SWEPT = 4_096
Undo = Callable[[], None]


class Consents:
    """Withdrawals and uses; written by one thread, read anywhere."""

    def __init__(self) -> None:
        self._withdrawn: dict[bytes, int] = {}
        self._uses: dict[bytes, tuple[int, tuple[int, ...]]] = {}
        self._sweep_at = _SWEPT

    def withdrawn_index(self, provider: str, digest: bytes) -> int | None:
        """The entry by which a consent was withdrawn, or None."""
        return self._withdrawn.get(_key(provider, digest))

    def withdraw(self, index: int, provider: str, digest: bytes) -> Undo:
        """Note a withdrawal; returns how to take that back. AlreadyRegistered if it was withdrawn before."""
        key = _key(provider, digest)
        if key in self._withdrawn:
            raise AlreadyRegistered("the withdrawal", self._withdrawn[key])
        self._withdrawn[key] = index

        def undo() -> None:
            del self._withdrawn[key]

        return undo

    def require_seldom(self, provider: str, digest: bytes, frequency: Frequency | None, at: int) -> None:
        """Require that a question put at a time (Unix seconds) is not one more than its consent's frequency allows.

        Raises:
            ConsentExhausted: it is (blame: provider).
        """
        if frequency is None or frequency.count > MOST_COUNTED:
            return
        _last, times = self._uses.get(_key(provider, digest), (0, ()))
        begun = at - max(frequency.seconds - SLACK, 0)
        if sum(begun < time <= at for time in times) >= frequency.count:
            raise ConsentExhausted("the question was answered more often than its consent allows")

    def use(self, provider: str, token: str, at: int) -> Undo:
        """Note that a question put at a time was answered under a consent; returns how to take that back.

        Args:
            provider: who answered.
            token: the consent, verified when the answer was checked.
            at: Unix seconds.
        """
        frequency = _frequency(token)
        digest = hashlib.sha256(token.encode()).digest()
        if frequency is None or frequency.count > MOST_COUNTED:
            return lambda: None
        key = _key(provider, digest)
        before = self._uses.get(key)
        oldest = at - frequency.seconds - LATE
        kept = [time for time in (before[1] if before else ()) if time > oldest]
        insort(kept, at)
        self._uses[key] = (kept[-1] + frequency.seconds + LATE, tuple(kept[-MOST_COUNTED:]))
        if len(self._uses) > self._sweep_at:
            for each in [name for name, (last, _times) in self._uses.items() if last < at]:
                del self._uses[each]
            self._sweep_at = max(_SWEPT, 2 * len(self._uses))

        def undo() -> None:
            if before is None:
                self._uses.pop(key, None)
            else:
                self._uses[key] = before

        return undo


@lru_cache(maxsize=4096)
def _frequency(token: str) -> Frequency | None:
    """How often may be asked under a consent; people are asked about more than once under one."""
    found = jws.peek(token)["frequency"]
    return None if found is None else Frequency(found["count"], found["seconds"])


def _key(provider: str, digest: bytes) -> bytes:
    return hashlib.sha256(fields("zkattest/consent/1", provider.encode(), digest)).digest()[:_KEY]
