"""Cosignatures of witnesses on a checkpoint (C2SP tlog-cosignature: `cosignature/v1`, timestamped Ed25519).

A witness signs, as of a time, that the checkpoint is the largest it has seen of this log and extends all it saw before.
Under the checkpoint it is one more line of the note::

    — witness.example/w1 jWbPPwAAAABkGFDL...

base64 of the key's hash (4 bytes), the time (8 bytes, big-endian) and an Ed25519 signature (64 bytes) over::

    cosignature/v1
    time 1679315147
    <the note's text>
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from verifier.errors import NoteError
from verifier.log.keys import PrivateKey, PublicKey
from verifier.log.note import NoteVerifier, SignatureLine, open_note, split_note

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
class CosignatureVerifier(PublicKey):
    """A witness's public key, behind a byte of its own: a log's key does not pass for it."""

    algorithm: ClassVar[bytes] = COSIGNATURE

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


class Cosigner(PrivateKey):
    """A witness's private key. It is for cosignatures only: neither its name nor its use is part of what is signed."""

    __slots__ = ("_verifier",)

    def __init__(self, name: str, seed: bytes) -> None:
        super().__init__(name, seed)
        self._verifier = CosignatureVerifier(name, self._public_bytes())

    @property
    def verifier(self) -> CosignatureVerifier:
        """The public half."""
        return self._verifier

    def cosign(self, text: bytes, *, now: int) -> str:
        """Cosign a checkpoint's text; returns the signature line with its newline.

        Raises:
            NoteError: there is no such time (blame: the caller).
        """
        if not 0 < now <= MAX_TIME:
            raise NoteError("a cosignature is from a time after 1970")
        signature = now.to_bytes(_TIME, "big") + self._key.sign(_message(text, now))
        return SignatureLine(self.name, self._verifier.key_hash, signature).to_text()


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
