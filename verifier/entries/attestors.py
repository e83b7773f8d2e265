"""The verifier's attestation keys: which one counted when, as the log's entries say.

An `attestor` entry, as its body reads::

    {"after":{...},"at":"2026-11-22T15:46:17Z","jwk":{...},"kind":"attestor","reason":"rotated","token":"eyJ..."}

From the next entry on attestations are signed by `jwk`; up to here by `after`. The first key is the one that auditors
pin; each is signed over by the one before, in a JWS (`typ` zkattest-attestor+jwt) with the payload
`{"iss": origin, "iat": at, "jwk": {...}, "reason": "rotated"}`. So neither the log's key alone nor an attestation key
alone changes whose attestations count: it takes both. A key that was lost cannot sign: its entry has the reason `lost`
and `"token":null`, and only pins that name the new key accept it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from circuits import calendar, jws
from circuits.errors import CircuitsError
from circuits.jws import SigningKey, VerifyKey
from verifier.entries.members import choice, members_of, require_members, text
from verifier.errors import AlreadyRegistered, EntryError, RegistryError
from verifier.trust import Trust

TYP = "zkattest-attestor+jwt"
COMPROMISED = "compromised"
LOST = "lost"
REASONS = ("rotated", COMPROMISED, LOST)
MAX_ATTESTORS = 64
"""How often a log changes its key at most: an evidence file holds all the changes before its answer."""
Undo = Callable[[], None]


@dataclass(frozen=True, slots=True)
class AttestorEntry:
    """A change of the key that signs attestations.

    Attributes:
        key: the new one.
        after: the one before.
        reason: one of REASONS.
        token: the change, signed by the key before; None if that was lost.
    """

    kind: ClassVar[str] = "attestor"
    key: VerifyKey
    after: VerifyKey
    reason: str
    token: str | None

    def to_fields(self) -> dict[str, Any]:
        """Write the members of the body."""
        return {
            "jwk": self.key.to_jwk(),
            "after": self.after.to_jwk(),
            "reason": self.reason,
            "token": self.token,
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Invert to_fields."""
        require_members(fields, "jwk", "after", "reason", "token")
        reason = choice(fields, "reason", REASONS)
        token = None if fields["token"] is None else text(fields, "token", longest=2048)
        if (token is None) != (reason == LOST):
            raise EntryError("token: must be there unless the key before was lost")
        key, after = VerifyKey.from_jwk(members_of(fields, "jwk")), VerifyKey.from_jwk(members_of(fields, "after"))
        return cls(key, after, reason, token)


def rotate(*, origin: str, key: VerifyKey, by: SigningKey, now: int, reason: str = REASONS[0]) -> AttestorEntry:
    """Sign a change of the attestation key.

    Args:
        origin: the log's name.
        key: the new key.
        by: the key before.
        now: Unix seconds, the time of the entry.
        reason: `rotated` or `compromised`.
    """
    payload = _payload(origin, key, reason, now)
    return AttestorEntry(key, by.public, reason, jws.sign(payload, typ=TYP, key=by))


def replace_lost(*, key: VerifyKey, after: VerifyKey) -> AttestorEntry:
    """Name a new key where the one before is lost: only pins that name it too will accept it."""
    return AttestorEntry(key, after, LOST, None)


@dataclass(frozen=True, slots=True)
class Period:
    """When a key counted: for entries after `since_index` and up to `until_index`.

    Attributes:
        key: the key.
        since_index, since: the entry that named it, and its time (Unix seconds); None for the first key.
        until_index, until: the entry that ended it; None while it counts.
        ended: the reason for that, one of REASONS; None while it counts.
        signed: whether the key before has signed over to it; True for the first.
    """

    key: VerifyKey
    since_index: int | None
    since: int | None
    until_index: int | None
    until: int | None
    ended: str | None
    signed: bool


class Attestors:
    """The attestation keys of a log, as a fold over its entries; written by one thread, read anywhere.

    Args:
        trust: what an auditor has pinned. None for the verifier's own log: it takes its first key from the first
            change, and believes itself where a key was lost.
    """

    def __init__(self, trust: Trust | None = None) -> None:
        self._trust = trust
        self._changes: list[tuple[int, int, AttestorEntry]] = []

    @property
    def first(self) -> VerifyKey | None:
        """The key before any change; None if nobody has said."""
        if self._trust is not None:
            return self._trust.attestations
        return self._changes[0][2].after if self._changes else None

    @property
    def current(self) -> VerifyKey | None:
        """The key for what is logged next; None if there was no change and nobody has said."""
        return self._changes[-1][2].key if self._changes else self.first

    def period(self, index: int, first: VerifyKey | None = None) -> Period:
        """The key that an attestation in an entry must be signed with; `first` as for periods.

        Raises:
            RegistryError: nobody has said what the first key is (blame: the caller).
        """
        counted = [each for each in self.periods(first) if each.since_index is None or each.since_index < index]
        if not counted:
            raise RegistryError("no attestation key is known")
        return counted[-1]

    def places(self, index: int) -> list[int]:
        """The changes before an entry."""
        return [place for place, _at, _entry in self._changes if place < index]

    def periods(self, first: VerifyKey | None = None) -> tuple[Period, ...]:
        """When each key counted, in order; `first` is the first key where nobody else has said."""
        started: list[tuple[VerifyKey, int | None, int | None, bool]] = []
        beginning = self.first or first
        if beginning is not None:
            started.append((beginning, None, None, True))
        started += [(entry.key, index, at, entry.token is not None) for index, at, entry in self._changes]
        ended = [(index, at, entry.reason) for index, at, entry in self._changes]
        ends: list[tuple[int | None, int | None, str | None]] = [*ended, (None, None, None)]
        return tuple(
            Period(key, since_index, since, until_index, until, reason, signed)
            for (key, since_index, since, signed), (until_index, until, reason) in zip(started, ends, strict=False)
        )

    def enter(self, index: int, entry: AttestorEntry, appended_at: int) -> Undo:
        """Fold a change in; returns how to take it back while it is the newest.

        Raises:
            AlreadyRegistered: the key counts already.
            RegistryError: it does not follow from what counted before (blame: who logged it).
        """
        current = self.current
        if self._changes and entry.key == current:
            raise AlreadyRegistered("the attestation key", self._changes[-1][0])
        if current is not None and entry.after != current:
            raise RegistryError("the attestation key that is replaced is not the one that counts")
        if entry.key in {entry.after, self.first, *(change.key for _index, _at, change in self._changes)}:
            raise RegistryError("an attestation key that was given up does not come back")
        if len(self._changes) >= MAX_ATTESTORS:
            raise RegistryError(f"a log changes its attestation key at most {MAX_ATTESTORS} times")
        self._require_authority(entry, appended_at)
        change = (index, appended_at, entry)
        self._changes.append(change)
        return lambda: self._changes.remove(change)

    def _require_authority(self, entry: AttestorEntry, appended_at: int) -> None:
        """Require that the key before has signed the change, or that the pins name the key that nobody signed for."""
        if entry.token is None:
            if self._trust is not None and entry.key not in self._trust.accepted:
                raise RegistryError(
                    "the attestation key was replaced without the word of the one before; "
                    f"{entry.key.kid} counts only if the pins accept it"
                )
            return
        try:
            payload = jws.open_signed(entry.token, typ=TYP, key=entry.after)
        except CircuitsError as error:
            raise RegistryError(f"the change of the attestation key: {type(error).__name__}: {error}") from error
        origin = payload.get("iss") if self._trust is None else self._trust.origin
        if payload != _payload(str(origin), entry.key, entry.reason, appended_at):
            raise RegistryError("the key before has signed another change of the attestation key")


def _payload(origin: str, key: VerifyKey, reason: str, now: int) -> dict[str, Any]:
    return {"iss": origin, "iat": now, "jwk": key.to_jwk(), "reason": reason}


def told(period: Period) -> str:
    """Say when a key counted, for people."""
    since = "from the first entry on" if period.since_index is None else f"after entry {period.since_index}"
    if period.since is not None:
        since += f" ({calendar.rfc3339(period.since)})"
    until = "" if period.until_index is None else f", up to entry {period.until_index} ({period.ended})"
    doubt = "" if period.signed else ", without the word of the key before"
    return f"{period.key.kid} {since}{until}{doubt}"
