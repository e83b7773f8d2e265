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
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from circuits.jws import is_weak
from verifier.errors import NoteError

ED25519 = b"\x01"
MAX_NOTE = 65_536
MAX_SIGNATURES = 64
HASH = 32
PRIVATE = "PRIVATE+KEY+"
_KEY_HASH = 4
_NAME = re.compile(r"[^\s+\x00-\x1f]{1,255}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DASH = "\N{EM DASH} "


def unbase64(text: str, what: str) -> bytes:
    """Decode standard base64, canonical only.

    Raises:
        NoteError: it is not; `what` names it (blame: who presented it).
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"{what} is not base64") from error
    if base64.b64encode(raw).decode() != text:
        raise NoteError(f"{what} is not canonical base64")
    return raw


def key_hash(name: str, algorithm: bytes, public: bytes) -> bytes:
    """Four bytes that select a key on a signature line: of its name, its algorithm (one byte) and the key."""
    return hashlib.sha256(name.encode() + b"\n" + algorithm + public).digest()[:_KEY_HASH]


def require_name(name: str) -> str:
    """Return a key's name.

    Raises:
        NoteError: it cannot stand on a signature line (blame: who made it up).
    """
    if not _NAME.fullmatch(name):
        raise NoteError("a key name is 1 to 255 characters without spaces or plus signs")
    return name


def parse_vkey(text: str, *, algorithm: bytes = ED25519) -> tuple[str, bytes]:
    """Parse a public key, `name+hash+base64`: its name and the key (32 bytes).

    Raises:
        NoteError: malformed, of another algorithm, or its hash belongs to another name or key (blame: who wrote it).
    """
    name, stated, public = _parse_key(text, algorithm)
    if key_hash(name, algorithm, public) != stated:
        raise NoteError("a note key's hash does not belong to its name and key")
    return name, public


def parse_skey(text: str) -> tuple[str, bytes]:
    """Parse a private key, `PRIVATE+KEY+name+hash+base64`: its name and the seed (32 bytes).

    Raises:
        NoteError: malformed, or its hash belongs to another name or key (blame: who configured it).
    """
    if not text.startswith(PRIVATE):
        raise NoteError("not a note key of the expected kind")
    name, stated, seed = _parse_key(text.removeprefix(PRIVATE), ED25519)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    if key_hash(name, ED25519, public) != stated:
        raise NoteError("a private note key's hash does not belong to its name and key")
    return name, seed


def _parse_key(text: str, algorithm: bytes) -> tuple[str, bytes, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3:  # noqa: PLR2004 - name, hash, key
        raise NoteError("a note key has the form name+hash+key")
    name, stated, encoded = parts
    raw = unbase64(encoded, "a note key")
    if len(raw) != 1 + HASH or raw[:1] != algorithm:
        raise NoteError(f"a note key of this kind is one byte {algorithm.hex()} and 32 bytes of Ed25519")
    if not re.fullmatch(r"[0-9a-f]{8}", stated):
        raise NoteError("a note key's hash is eight lower-case hexadecimal digits")
    return require_name(name), bytes.fromhex(stated), raw[1:]


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """A public note key: its name (the log's origin) and 32 bytes of Ed25519."""

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
        return key_hash(self.name, ED25519, self.public)

    @property
    def vkey(self) -> str:
        """The text an auditor pins: `name+hash+base64`."""
        return f"{self.name}+{self.key_hash.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def from_vkey(cls, vkey: str) -> Self:
        """Parse a pinned key.

        Raises:
            NoteError: not a vkey, or its hash belongs to another name or key (blame: whoever wrote the pin).
        """
        return cls(*parse_vkey(vkey))

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


class NoteSigner:
    """A private note key. Its text form is secret; its `repr` shows the name only."""

    __slots__ = ("_key", "_public", "name")

    def __init__(self, name: str, seed: bytes) -> None:
        self.name = require_name(name)
        if len(seed) != HASH:
            raise NoteError("an Ed25519 seed has 32 bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = NoteVerifier(name, self._key.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"NoteSigner({self.name!r}, <redacted>)"

    @classmethod
    def from_skey(cls, skey: str) -> Self:
        """Parse the text of `skey`.

        Raises:
            NoteError: not a private note key, or its hash belongs to another key (blame: who configured it).
        """
        return cls(*parse_skey(skey))

    @property
    def skey(self) -> str:
        """The secret as text: `PRIVATE+KEY+name+hash+base64`."""
        seed = base64.b64encode(ED25519 + self._key.private_bytes_raw()).decode()
        return f"{PRIVATE}{self.name}+{self._public.key_hash.hex()}+{seed}"

    @property
    def verifier(self) -> NoteVerifier:
        """The public half."""
        return self._public

    def derived(self, label: str) -> bytes:
        """Derive a secret of 32 bytes for another purpose, named by its label: HMAC-SHA256 under the key's seed."""
        return hmac.digest(self._key.private_bytes_raw(), label.encode("ascii"), "sha256")

    def sign(self, text: bytes) -> str:
        """Sign a note's text and return the whole note.

        Raises:
            NoteError: the text cannot be a note (blame: the caller).
        """
        signature = self._key.sign(_require_text(text))
        return f"{text.decode()}\n{SignatureLine(self.name, self._public.key_hash, signature).to_text()}"


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
        if not line.startswith(_DASH) or not space or not _NAME.fullmatch(name):
            raise NoteError("a signature line is an em dash, a key name and base64")
        raw = unbase64(encoded, "a signature")
        if len(raw) <= _KEY_HASH:
            raise NoteError("a signature is too short")
        return cls(name, raw[:_KEY_HASH], raw[_KEY_HASH:])


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
