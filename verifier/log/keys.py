"""Keys of notes as C2SP signed-note writes them: a log's, to sign its checkpoints, and its witnesses', to cosign them.

A public key is `name+hash+base64`, where the hash is four bytes that select the key on a signature line, and the base64
is of a byte for the algorithm and 32 bytes of Ed25519::

    verifier.example/log+acb12345+AR...

A private key is `PRIVATE+KEY+name+hash+base64` of its seed, under the byte and hash of a log's key whatever it signs.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import ClassVar, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.jws import is_weak
from verifier.errors import NoteError

ED25519 = b"\x01"
KEY = 32
KEY_HASH = 4
PRIVATE = "PRIVATE+KEY+"
_NAME = re.compile(r"[^\s+\x00-\x1f]{1,255}")


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


def is_name(name: str) -> bool:
    """Tell whether a key's name can stand on a signature line."""
    return _NAME.fullmatch(name) is not None


def require_name(name: str) -> str:
    """Return a key's name.

    Raises:
        NoteError: it cannot stand on a signature line (blame: who made it up).
    """
    if not is_name(name):
        raise NoteError("a key name is 1 to 255 characters without spaces or plus signs")
    return name


def key_hash(name: str, algorithm: bytes, public: bytes) -> bytes:
    """Four bytes that select a key on a signature line: of its name, its algorithm (one byte) and the key."""
    return hashlib.sha256(name.encode() + b"\n" + algorithm + public).digest()[:KEY_HASH]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key: its name and 32 bytes of Ed25519. What is signed with it, and how, its kinds say.

    Raises:
        NoteError: no name, or no key (blame: who made it up).
    """

    algorithm: ClassVar[bytes] = ED25519
    name: str
    public: bytes

    def __post_init__(self) -> None:
        require_name(self.name)
        if len(self.public) != KEY:
            raise NoteError("an Ed25519 public key has 32 bytes")
        if is_weak(self.public):
            raise NoteError("a key under which anyone can sign is no key")

    @property
    def key_hash(self) -> bytes:
        """The four bytes that select this key on a signature line."""
        return key_hash(self.name, self.algorithm, self.public)

    @property
    def vkey(self) -> str:
        """The text that is pinned: `name+hash+base64`."""
        return f"{self.name}+{self.key_hash.hex()}+{base64.b64encode(self.algorithm + self.public).decode()}"

    @classmethod
    def from_vkey(cls, vkey: str) -> Self:
        """Parse a pinned key.

        Raises:
            NoteError: not a key of this kind, or its hash belongs to another name or key (blame: who wrote the pin).
        """
        name, stated, public = _parse(vkey, cls.algorithm)
        if key_hash(name, cls.algorithm, public) != stated:
            raise NoteError("a note key's hash does not belong to its name and key")
        return cls(name, public)


class PrivateKey:
    """A private key. Its text form is secret; its `repr` shows the name only."""

    __slots__ = ("_key", "name")

    def __init__(self, name: str, seed: bytes) -> None:
        self.name = require_name(name)
        if len(seed) != KEY:
            raise NoteError("an Ed25519 seed has 32 bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, <redacted>)"

    @classmethod
    def from_skey(cls, skey: str) -> Self:
        """Parse the text of `skey`.

        Raises:
            NoteError: not a private note key, or its hash belongs to another key (blame: who configured it).
        """
        if not skey.startswith(PRIVATE):
            raise NoteError("not a note key of the expected kind")
        name, stated, seed = _parse(skey.removeprefix(PRIVATE), ED25519)
        found = cls(name, seed)
        if found._stated_hash() != stated:
            raise NoteError("a private note key's hash does not belong to its name and key")
        return found

    @property
    def skey(self) -> str:
        """The secret as text, which other logs and witnesses read too: `PRIVATE+KEY+name+hash+base64`."""
        seed = base64.b64encode(ED25519 + self._key.private_bytes_raw()).decode()
        return f"{PRIVATE}{self.name}+{self._stated_hash().hex()}+{seed}"

    def _public_bytes(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def _stated_hash(self) -> bytes:
        return key_hash(self.name, ED25519, self._public_bytes())


def _parse(text: str, algorithm: bytes) -> tuple[str, bytes, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3:  # noqa: PLR2004 - name, hash, key
        raise NoteError("a note key has the form name+hash+key")
    name, stated, encoded = parts
    raw = unbase64(encoded, "a note key")
    if len(raw) != 1 + KEY or raw[:1] != algorithm:
        raise NoteError(f"a note key of this kind is one byte {algorithm.hex()} and 32 bytes of Ed25519")
    if not re.fullmatch(r"[0-9a-f]{8}", stated):
        raise NoteError("a note key's hash is eight lower-case hexadecimal digits")
    return require_name(name), bytes.fromhex(stated), raw[1:]
