"""Relying parties' keys: whose signature a question bears, as the log's entries say.

A `party` entry, as its body reads::

    {"at":"2026-11-22T15:46:17Z","jwk":{...},"kind":"party","party":"first-bank","valid_from":"2026-11-22T15:46:17Z"}

The same party again rotates its key; with `"jwk":null` it has none from then on. A key belongs to one party for good:
one that was given up, because it may have been stolen, never comes back. Entries are not signed by the party. That the
key is its own is for the party to say, once, to whoever relies on its signatures.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from circuits import calendar
from circuits.jws import VerifyKey
from verifier.entries.members import require_members, text
from verifier.errors import AlreadyRegistered, EntryError, RegistryError


@dataclass(frozen=True, slots=True)
class PartyEntry:
    """A relying party and the key it signs its questions with from `valid_from` (Unix seconds) on; None: no longer."""

    kind: ClassVar[str] = "party"
    party: str
    key: VerifyKey | None
    valid_from: int

    def to_fields(self) -> dict[str, Any]:
        """Write the members of the body."""
        return {
            "party": self.party,
            "jwk": None if self.key is None else self.key.to_jwk(),
            "valid_from": calendar.rfc3339(self.valid_from),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Invert to_fields."""
        require_members(fields, "party", "jwk", "valid_from")
        jwk = fields["jwk"]
        if jwk is not None and not isinstance(jwk, dict):
            raise EntryError("jwk: must be an object or null")
        return cls(
            party=text(fields, "party"),
            key=None if jwk is None else VerifyKey.from_jwk(jwk),
            valid_from=calendar.unix(text(fields, "valid_from")),
        )


@dataclass(frozen=True, slots=True)
class Party:
    """A party as an entry registered it."""

    entry: PartyEntry
    index: int


class Parties:
    """Every party's keys, old ones too; written by one thread, read anywhere."""

    def __init__(self) -> None:
        self._entries: dict[str, list[Party]] = {}
        self._owners: dict[str, str] = {}

    def all(self) -> tuple[Party, ...]:
        """Every party as last registered, in the order of their first entries."""
        return tuple(entries[-1] for entries in tuple(self._entries.values()))

    def holder(self, key_id: str) -> Party | None:
        """The party whose key this is now."""
        owner = self._owners.get(key_id)
        if owner is None:
            return None
        newest = self._entries[owner][-1]
        return newest if newest.entry.key is not None and newest.entry.key.kid == key_id else None

    def at(self, party: str, size: int) -> Party:
        """The party as it was registered when the log had a size.

        Raises:
            RegistryError: it had no key then (blame: who says it signed).
        """
        newest = next((each for each in reversed(self._entries.get(party, ())) if each.index < size), None)
        if newest is None or newest.entry.key is None:
            raise RegistryError("the relying party had no key when the question was put")
        return newest

    def enter(self, index: int, entry: PartyEntry, appended_at: int) -> Callable[[], None]:
        """Fold an entry in; returns how to take it back while it is still the newest.

        Raises:
            RegistryError: the key is or was another's, or was given up, or is not valid yet (blame: who logged it).
        """
        entries = self._entries.get(entry.party, [])
        if entries and entries[-1].entry.key == entry.key:
            raise AlreadyRegistered("the party with this key", entries[-1].index)
        if entry.valid_from > appended_at:
            raise RegistryError("a party's key must be valid when it is registered")
        if entry.key is None:
            if not entries:
                raise RegistryError("the party has no key that it could give up")
        elif entry.key.kid in self._owners:
            raise RegistryError("the key was registered before: it is another party's, or was given up")
        else:
            self._owners[entry.key.kid] = entry.party
        self._entries[entry.party] = [*entries, Party(entry, index)]

        def undo() -> None:
            if entry.key is not None:
                del self._owners[entry.key.kid]
            if entries:
                self._entries[entry.party] = entries
            else:
                del self._entries[entry.party]

        return undo
