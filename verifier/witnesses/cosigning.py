"""Cosignatures of witnesses on a checkpoint (C2SP tlog-cosignature: `cosignature/v1`, timestamped Ed25519).

A witness signs, as of a time, that the checkpoint is the largest it has seen of this log and extends all it saw before.
Under the checkpoint it is one more line of the note::

    — witness.example/w1 jWbPPwAAAABkGFDL...

base64 of the key's hash (4 bytes), the time (8 bytes, big-endian) and an Ed25519 signature (64 bytes) over::

    cosignature/v1
    time 1679315147
    <the note's text>
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from circuits.jws import is_weak
from verifier.errors import NoteError
from verifier.log.note import (
    ED25519,
    HASH,
    PRIVATE,
    NoteVerifier,
    SignatureLine,
    key_hash,
    open_note,
    parse_skey,
    parse_vkey,
    require_name,
    split_note,
)

COSIGNATURE = b"\x04"
MAX_TIME = (1 << 63) - 1
MAX_WITNESSES = 32
_TIME = 8
_SIGNATURE = 64


def _message(text: bytes, time: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % time + text


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness's verified word: its name, and when it signed (Unix seconds)."""

    witness: str
    time: int


@dataclass(frozen=True, slots=True)
class CosignatureVerifier:
    """A witness's public key: its name and 32 bytes of Ed25519."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        require_name(self.name)
        if len(self.public) != HASH:
            raise NoteError("an Ed25519 public key has 32 bytes")
        if is_weak(self.public):
            raise NoteError("a key under which anyone can sign is no key")

    @property
    def key_hash(self) -> bytes:
        """The four bytes that select this key on a signature line."""
        return key_hash(self.name, COSIGNATURE, self.public)

    @property
    def vkey(self) -> str:
        """The text that is pinned: `name+hash+base64`, the key behind a byte 04."""
        return f"{self.name}+{self.key_hash.hex()}+{base64.b64encode(COSIGNATURE + self.public).decode()}"

    @classmethod
    def from_vkey(cls, vkey: str) -> Self:
        """Parse a pinned key.

        Raises:
            NoteError: not a witness's key, or its hash belongs to another name or key (blame: whoever wrote the pin).
        """
        return cls(*parse_vkey(vkey, algorithm=COSIGNATURE))

    def verify(self, text: bytes, signature: bytes) -> Cosignature:
        """Verify one cosignature (time and signature, 72 bytes) over a note's text.

        Raises:
            NoteError: it is not this witness's (blame: who presented the note).
        """
        if len(signature) != _TIME + _SIGNATURE:
            raise NoteError(f"the cosignature of {self.name} has not the length of one")
        time = int.from_bytes(signature[:_TIME], "big")
        if time > MAX_TIME:
            raise NoteError(f"the cosignature of {self.name} is from no time")
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature[_TIME:], _message(text, time))
        except (InvalidSignature, ValueError) as error:
            raise NoteError(f"the cosignature of {self.name} does not verify") from error
        return Cosignature(self.name, time)


class Cosigner:
    """A witness's private key. Its text form is secret; its `repr` shows the name only.

    The key is for cosignatures only: neither its name nor its use is part of what is signed.
    """

    __slots__ = ("_key", "_public", "name")

    def __init__(self, name: str, seed: bytes) -> None:
        self.name = require_name(name)
        if len(seed) != HASH:
            raise NoteError("an Ed25519 seed has 32 bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = CosignatureVerifier(name, self._key.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"Cosigner({self.name!r}, <redacted>)"

    @classmethod
    def from_skey(cls, skey: str) -> Self:
        """Parse the text of `skey`, which other witnesses read too: a private note key.

        Raises:
            NoteError: not a private note key, or its hash belongs to another key (blame: who configured it).
        """
        return cls(*parse_skey(skey))

    @property
    def skey(self) -> str:
        """The secret as text: `PRIVATE+KEY+name+hash+base64`."""
        seed = base64.b64encode(ED25519 + self._key.private_bytes_raw()).decode()
        return f"{PRIVATE}{self.name}+{key_hash(self.name, ED25519, self._public.public).hex()}+{seed}"

    @property
    def verifier(self) -> CosignatureVerifier:
        """The public half."""
        return self._public

    def cosign(self, text: bytes, *, now: int) -> str:
        """Cosign a checkpoint's text; returns the signature line with its newline.

        Raises:
            NoteError: there is no such time (blame: the caller).
        """
        if not 0 < now <= MAX_TIME:
            raise NoteError("a cosignature is from a time after 1970")
        signature = now.to_bytes(_TIME, "big") + self._key.sign(_message(text, now))
        return SignatureLine(self.name, self._public.key_hash, signature).to_text()


@dataclass(frozen=True, slots=True)
class Quorum:
    """Which witnesses are trusted, and how many of them must have cosigned a checkpoint.

    Raises:
        NoteError: a quorum that cannot be reached, or two names for one key: it would count twice, for the name is no
            part of what a witness signs (blame: who made the policy).
    """

    witnesses: tuple[CosignatureVerifier, ...]
    needed: int

    def __post_init__(self) -> None:
        if len(self.witnesses) > MAX_WITNESSES:
            raise NoteError(f"at most {MAX_WITNESSES} witnesses")
        if not 1 <= self.needed <= len(self.witnesses):
            raise NoteError("a quorum is at least one, and at most as many as there are witnesses")
        if len({witness.public for witness in self.witnesses}) != len(self.witnesses):
            raise NoteError("a witness is named twice")

    def require(self, note: str) -> tuple[Cosignature, ...]:
        """Require that enough witnesses have cosigned a note; returns what those that are trusted signed.

        Raises:
            NoteError: too few, or one that does not verify (blame: log operator).
        """
        found = cosignatures(note, self.witnesses)
        if len(found) < self.needed:
            raise NoteError(f"{len(found)} of the pinned witnesses have cosigned the checkpoint, not {self.needed}")
        return found


@dataclass(frozen=True, slots=True)
class WitnessedVerifier(NoteVerifier):
    """A log's key with witnesses pinned beside it: whatever opens a checkpoint with it asks for them too."""

    quorum: Quorum

    def open(self, note: str) -> bytes:
        """Open a note that the log has signed and enough of the witnesses have cosigned.

        Raises:
            NoteError: as `open_note` and `Quorum.require` do.
        """
        text = open_note(note, self)
        self.quorum.require(note)
        return text


def cosignatures(note: str, witnesses: Sequence[CosignatureVerifier]) -> tuple[Cosignature, ...]:
    """Verify the cosignatures of some witnesses under a note, in the note's order; lines of others are passed over.

    Raises:
        NoteError: a malformed note, or a trusted witness's line that does not verify or stands twice (blame: who
            presented the note).
    """
    text, lines = split_note(note)
    known = {(witness.name, witness.key_hash): witness for witness in witnesses}
    found: dict[tuple[str, bytes], Cosignature] = {}
    for line in lines:
        place = (line.name, line.key_hash)
        if place in found:
            raise NoteError(f"{line.name} has cosigned twice")
        if place in known:
            found[place] = known[place].verify(text, line.signature)
    return tuple(found.values())


def line_of(note: str, lines: str, witness: CosignatureVerifier) -> str:
    """Pick a witness's own line from what it answered, verified over the note; lines of others are passed over.

    Args:
        note: the signed checkpoint that it was asked to cosign.
        lines: signature lines, each with its newline.
        witness: its pinned key.

    Raises:
        NoteError: not signature lines, or none of this witness, or one that does not verify (blame: who answered).
    """
    text, found = split_note(note + lines)
    if split_note(note)[0] != text:
        raise NoteError("an answer is signature lines, and nothing else")
    if not cosignatures(note + lines, (witness,)):
        raise NoteError(f"{witness.name} has not cosigned")
    place = (witness.name, witness.key_hash)
    return next(line.to_text() for line in found if (line.name, line.key_hash) == place)
