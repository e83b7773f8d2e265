"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint; Ed25519).

A checkpoint as this log signs it::

    verifier.example/log
    3
    nND/nri/U0xuHUrYSy0HtMeal2vzD9V4k/BO79C+QeI=

    — verifier.example/log az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=

Three lines of text (origin, tree size, base64 root), an empty line, and one line per signature: em dash, key name,
base64 of a four-byte key hash and the signature. Signatures by unknown keys are ignored, as the format demands; a
signature that claims a known key and does not verify refuses the whole note.
"""

import base64
import hmac
import re
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from verifier.errors import NoteError
from verifier.log.keys import KEY_HASH, PrivateKey, PublicKey, is_name, require_name, unbase64

MAX_NOTE = 65_536
MAX_SIGNATURES = 64
HASH = 32
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DASH = "\N{EM DASH} "


@dataclass(frozen=True, slots=True)
class NoteVerifier(PublicKey):
    """A log's public key; its name is the log's origin."""

    def verify(self, text: bytes, signature: bytes) -> None:
        """Verify one signature over a note's text.

        Raises:
            NoteError: it is not this key's signature (blame: who presented the note).
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except (InvalidSignature, ValueError) as error:
            raise NoteError(f"the signature of {self.name} does not verify") from error

    def open(self, note: str) -> bytes:
        """Open a note that this key must have signed, as `open_note` does; who pins more than a key asks for more."""
        return open_note(note, self)


class NoteSigner(PrivateKey):
    """A log's private key."""

    __slots__ = ("_verifier",)

    def __init__(self, name: str, seed: bytes) -> None:
        super().__init__(name, seed)
        self._verifier = NoteVerifier(name, self._public_bytes())

    @property
    def verifier(self) -> NoteVerifier:
        """The public half."""
        return self._verifier

    def derived(self, label: str) -> bytes:
        """Derive a secret of 32 bytes for another purpose, named by its label: HMAC-SHA256 under the key's seed."""
        return hmac.digest(self._key.private_bytes_raw(), label.encode("ascii"), "sha256")

    def sign(self, text: bytes) -> str:
        """Sign a note's text and return the whole note.

        Raises:
            NoteError: the text cannot be a note (blame: the caller).
        """
        signature = self._key.sign(_require_text(text))
        return f"{text.decode()}\n{SignatureLine(self.name, self._verifier.key_hash, signature).to_text()}"


def _require_text(text: bytes) -> bytes:
    try:
        decoded = text.decode()
    except UnicodeDecodeError as error:
        raise NoteError("a note is UTF-8") from error
    if not decoded.endswith("\n") or "\n\n" in decoded or decoded.startswith("\n"):
        raise NoteError("a note's text is lines without an empty one, ending in a newline")
    if _CONTROL.search(decoded):
        raise NoteError("a note has no control characters")
    return text


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One line under a note: whose key, its hash (4 bytes), and what follows it (a signature, in the key's format)."""

    name: str
    key_hash: bytes
    signature: bytes

    def to_text(self) -> str:
        """Write the line with its newline."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_hash + self.signature).decode()}\n"

    @classmethod
    def from_text(cls, line: str) -> Self:
        """Parse a line, without its newline.

        Raises:
            NoteError: not an em dash, a name and base64 of more than a hash (blame: who presented it).
        """
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space or not is_name(name):
            raise NoteError("a signature line is an em dash, a key name and base64")
        raw = unbase64(encoded, "a signature")
        if len(raw) <= KEY_HASH:
            raise NoteError("a signature is too short")
        return cls(name, raw[:KEY_HASH], raw[KEY_HASH:])


def split_note(note: str) -> tuple[bytes, list[SignatureLine]]:
    """Split a note into its text and its signature lines; no signature is verified.

    Raises:
        NoteError: malformed (blame: who presented it).
    """
    if len(note) > MAX_NOTE:
        raise NoteError("a note is too long")
    body, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise NoteError("a note is text, an empty line and signature lines")
    try:
        text = _require_text((body + "\n").encode())
    except UnicodeEncodeError as error:
        raise NoteError("a note is UTF-8") from error
    return text, [SignatureLine.from_text(line) for line in tail[:-1].split("\n", MAX_SIGNATURES)]


def open_note(note: str, verifier: NoteVerifier) -> bytes:
    """Open a signed note with one trusted key and return its text.

    Raises:
        NoteError: malformed, not signed by the key, or with a bad signature under it (blame: who presented it).
    """
    text, lines = split_note(note)
    ours = [line.signature for line in lines if (line.name, line.key_hash) == (verifier.name, verifier.key_hash)]
    if len(ours) != 1:
        raise NoteError(f"the note is not signed once by {verifier.name} with the pinned key")
    verifier.verify(text, ours[0])
    return text


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log commits to: its origin, the number of entries, and their Merkle root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def to_bytes(self) -> bytes:
        """Write the three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> Self:
        """Parse the text of a note as a checkpoint; the strict inverse of `to_bytes`.

        Extension lines are refused: this log writes none, so one is a sign of another author.

        Raises:
            NoteError: anything but origin, size, root (blame: log operator).
        """
        lines = text.decode().split("\n")
        if len(lines) != 4 or lines[3]:  # noqa: PLR2004 - three lines and what follows the last newline
            raise NoteError("a checkpoint is three lines: origin, size, root")
        origin, size, root = lines[:3]
        if not _SIZE.fullmatch(size):
            raise NoteError("a checkpoint's size is a decimal number without leading zeros")
        digest = unbase64(root, "a checkpoint's root")
        if len(digest) != HASH:
            raise NoteError("a checkpoint's root has 32 bytes")
        return cls(require_name(origin), int(size), digest)

    def sign(self, signer: NoteSigner) -> str:
        """Sign this checkpoint as a note.

        Raises:
            NoteError: the signer's name is not the origin (blame: the caller).
        """
        if signer.name != self.origin:
            raise NoteError("a log's key is named after its origin")
        return signer.sign(self.to_bytes())

    @classmethod
    def open(cls, note: str, verifier: NoteVerifier) -> Self:
        """Open a signed checkpoint with the pinned key; its origin must be the key's name.

        Raises:
            NoteError: bad signature, bad form, or another log's origin (blame: log operator).
        """
        checkpoint = cls.from_bytes(verifier.open(note))
        if checkpoint.origin != verifier.name:
            raise NoteError("the checkpoint is of another origin")
        return checkpoint
