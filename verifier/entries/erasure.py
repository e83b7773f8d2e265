"""The entry by which other entries lost their bodies: at whose word, and which.

    {"at":"2026-11-22T15:46:17Z","entries":[3,6,9],"kind":"erasure","token":"eyJ..."}

The token is the provider's (circuits.erasure). What may go is what speaks about one person: their credentials, the
revocations of these, and every question about them, whatever became of it. All other kinds stay: the rest of the log
relies on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Self

from verifier.entries.members import require_members, text
from verifier.errors import EntryError

OUTCOMES = ("answer", "declined", "undetermined")
"""Kinds whose bodies hold a question, and in it the provider's reference for a person."""
ERASABLE = ("credential", "revocation", *OUTCOMES)
MOST_ENTRIES = 10_000
"""Of one erasure entry; who has more is erased by several."""
_LONGEST_TOKEN = 1 << 17
_BIGGEST = 1 << 62


@dataclass(frozen=True, slots=True)
class ErasureEntry:
    """That the entries of these numbers have no bodies any more, at a provider's word."""

    kind: ClassVar[str] = "erasure"
    token: str
    entries: tuple[int, ...]

    def to_fields(self) -> dict[str, Any]:
        """Write the members of the body."""
        return {"token": self.token, "entries": list(self.entries)}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Invert to_fields."""
        require_members(fields, "token", "entries")
        return cls(text(fields, "token", longest=_LONGEST_TOKEN), _numbers(fields["entries"]))


def _numbers(found: object) -> tuple[int, ...]:
    if not isinstance(found, list) or len(found) > MOST_ENTRIES:
        raise EntryError(f"entries: must be a list of at most {MOST_ENTRIES}")
    if not all(isinstance(each, int) and not isinstance(each, bool) and 0 <= each < _BIGGEST for each in found):
        raise EntryError("entries: must be numbers of entries")
    if any(one >= another for one, another in pairwise(found)):
        raise EntryError("entries: must be in ascending order, each once")
    return tuple(found)
