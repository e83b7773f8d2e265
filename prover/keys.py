"""Key-encryption keys: every data key of the vault is stored wrapped by one that is kept elsewhere.

A wrapped key is `key id (8) || nonce (12) || AES-256-GCM ciphertext and tag`, so that a vault opened with another key
says so at once. One key-encryption key wraps at most 2^32 data keys: nonces are random (NIST SP 800-38D, section 8.3).
"""

import hashlib
import stat
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from circuits.encoding import b64u, b64u_decode, fields
from circuits.errors import EncodingError
from prover.errors import KeyRefused

KEY_BYTES = 32
NONCE_BYTES = 12
_ID_BYTES = 8
_LABEL = "zkattest-kek-1"


class KeyProvider(Protocol):
    """Whoever holds the key-encryption key: a file, the environment, a key management service."""

    def wrap(self, key: bytes, *, context: bytes, nonce: bytes) -> bytes:
        """Wrap a data key; it unwraps under the same context only. `nonce`: 12 fresh random bytes."""

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        """Invert wrap. Raises KeyRefused: another key, another context, or changed bytes."""


class _Key:
    """A key-encryption key in memory."""

    __slots__ = ("_aead", "_id")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise KeyRefused(f"a key-encryption key has {KEY_BYTES} bytes")
        self._aead = AESGCM(secret)
        self._id = hashlib.sha256(fields("zkattest/vault/kek-id/1", secret)).digest()[:_ID_BYTES]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._id.hex()} redacted>"

    def wrap(self, key: bytes, *, context: bytes, nonce: bytes) -> bytes:
        """Wrap a data key; see KeyProvider."""
        return self._id + nonce + self._aead.encrypt(nonce, key, self._id + context)

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        """Unwrap a data key; see KeyProvider."""
        key_id, rest = wrapped[:_ID_BYTES], wrapped[_ID_BYTES:]
        if key_id != self._id:
            raise KeyRefused("this vault was sealed under another key-encryption key")
        try:
            return self._aead.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], self._id + context)
        except (InvalidTag, ValueError):
            raise KeyRefused("a wrapped key was changed or moved to another row") from None


class EnvironmentKeyProvider(_Key):
    """A key given as text, `zkattest-kek-1 <base64url>`; whoever builds this reads the environment."""

    __slots__ = ()

    def __init__(self, value: str) -> None:
        """Raises KeyRefused if the text is no key; the message never repeats it."""
        label, _, encoded = value.strip().partition(" ")
        try:
            secret = b64u_decode(encoded) if label == _LABEL else b""
        except EncodingError:
            secret = b""
        if len(secret) != KEY_BYTES:
            raise KeyRefused(f"a key-encryption key reads: {_LABEL} and {KEY_BYTES} bytes in base64url")
        super().__init__(secret)


class FileKeyProvider(EnvironmentKeyProvider):
    """A key in a file of its own that nobody but its owner may read."""

    __slots__ = ()

    def __init__(self, path: Path) -> None:
        """Raises KeyRefused: no such file, readable by others, or not a key."""
        try:
            mode = path.stat().st_mode
            value = path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise KeyRefused(f"the key file {path} cannot be read: {type(error).__name__}") from None
        if stat.S_IMODE(mode) & 0o077:
            raise KeyRefused(f"the key file {path} is open to other users: chmod 600 {path}")
        super().__init__(value)

    @classmethod
    def create(cls, path: Path, *, secret: bytes) -> "FileKeyProvider":
        """Write a new key file (mode 0600) from 32 fresh random bytes; FileExistsError if there is one already."""
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(encode_key(secret) + "\n", encoding="ascii")
        return cls(path)


def encode_key(secret: bytes) -> str:
    """The text form of a key-encryption key."""
    return f"{_LABEL} {b64u(secret)}"
