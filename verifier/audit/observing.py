"""Who watches a replay: told what is read and what holds, for a report that says more than clean or not."""

from typing import Protocol

from verifier.checking import Claim
from verifier.entries.kinds import Entry
from verifier.log.leaves import LoggedEntry


class Observer(Protocol):
    """Watches one replay; called by one thread, and must keep little: a log may have millions of entries."""

    def read(self, logged: LoggedEntry, entry: Entry) -> None:
        """Be told of an entry, in order; it was parsed, and nothing that it says has been checked yet."""
        ...

    def held(self, index: int, claim: Claim) -> None:
        """Be told of an answer whose proof was verified; batches come late, so not in the order of reading."""
        ...
