"""What the tree commits to: a salted hash of an entry's body, so that the log itself holds nothing personal.

leaf = SHA-256("zkattest/leaf/1" || salt || body)        leaf hash = SHA-256(0x00 || leaf)
"""

import hashlib
from dataclasses import dataclass

from verifier.errors import EntryError
from verifier.log.merkle import leaf_hash

DOMAIN = b"zkattest/leaf/1"
SALT = 32


def salted_leaf(salt: bytes, body: bytes) -> bytes:
    """Compute the 32 bytes that are logged for a body.

    Raises:
        EntryError: the salt has not 32 bytes, so that the boundary to the body would be ambiguous.
    """
    if len(salt) != SALT:
        raise EntryError("a salt has 32 bytes")
    return hashlib.sha256(DOMAIN + salt + body).digest()


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """An entry as it stands in a log: its number, its salt (32 bytes) and its exact bytes."""

    index: int
    kind: str
    appended_at: int
    salt: bytes
    body: bytes

    def __repr__(self) -> str:
        return f"LoggedEntry({self.index}, {self.kind!r})"

    @property
    def leaf_hash(self) -> bytes:
        """The hash that stands for this entry in the tree."""
        return leaf_hash(salted_leaf(self.salt, self.body))


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of an entry whose salt and body were erased: its place, and the leaf that the tree commits to.

    Attributes:
        index: its number.
        kind, appended_at: as stated beside the leaf; with the body gone nothing commits to them: rely on neither.
        leaf: 32 bytes.
        erased: the number of the entry that says so.
    """

    index: int
    kind: str
    appended_at: int
    leaf: bytes
    erased: int

    @property
    def leaf_hash(self) -> bytes:
        """The hash that stands for this entry in the tree, as ever."""
        return leaf_hash(self.leaf)


AnyEntry = LoggedEntry | Tombstone
"""What a log has under a number."""
