"""The entry by which a consent ends before its time: at its provider's word (circuits.withdrawal).

    {"at":"2026-11-22T15:46:17Z","kind":"withdrawal","token":"eyJ..."}

What is asked from then on is not answered under it. It names nobody, only a digest, and is never erased.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from verifier.entries.members import require_members, text

_LONGEST_TOKEN = 4096


@dataclass(frozen=True, slots=True)
class WithdrawalEntry:
    """A provider's signed word that a consent no longer holds."""

    kind: ClassVar[str] = "withdrawal"
    token: str

    def to_fields(self) -> dict[str, Any]:
        """Write the members of the body."""
        return {"token": self.token}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Invert to_fields."""
        require_members(fields, "token")
        return cls(text(fields, "token", longest=_LONGEST_TOKEN))
