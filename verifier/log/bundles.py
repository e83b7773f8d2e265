"""Entry bundles (C2SP tlog-tiles): what a foreign client hashes to come to the leaf hashes in the tiles of level 0.

An entry of a bundle is the leaf, SHA-256("zkattest/leaf/1" || salt || body): the 32 bytes whose RFC 6962 leaf hash is
in the tree, and nothing personal. Each stands behind its length in two bytes, big endian::

    00 20 <leaf of entry 256 N>   00 20 <leaf of entry 256 N + 1>   ...   up to 256 of them
"""

from collections.abc import Iterable, Iterator

from verifier.errors import LogCorrupt
from verifier.log.merkle import HASH, leaf_hash
from verifier.log.tiles import WIDTH

_LENGTH = HASH.to_bytes(2, "big")
SLOT = len(_LENGTH) + HASH


def bundle(leaves: Iterable[bytes]) -> bytes:
    """Write leaves (32 bytes each, at most 256) as an entry bundle.

    Raises:
        LogCorrupt: too many, or one of another length (blame: log operator).
    """
    written = list(leaves)
    if len(written) > WIDTH or any(len(leaf) != HASH for leaf in written):
        raise LogCorrupt(f"a bundle has at most {WIDTH} leaves of {HASH} bytes")
    return b"".join(_LENGTH + leaf for leaf in written)


def leaves_of(content: bytes) -> list[bytes]:
    """Read the leaves of an entry bundle; the strict inverse of `bundle`.

    Raises:
        LogCorrupt: an entry of another length, or too many (blame: log operator).
    """
    return list(_slots(content))


def hashes_of(content: bytes) -> bytes:
    """Compute the tile of level 0 that belongs to an entry bundle: 32 bytes for each entry.

    Raises:
        LogCorrupt: not a bundle of this log's leaves (blame: log operator).
    """
    return b"".join(leaf_hash(leaf) for leaf in _slots(content))


def _slots(content: bytes) -> Iterator[bytes]:
    if len(content) % SLOT or len(content) > WIDTH * SLOT:
        raise LogCorrupt(f"a bundle is up to {WIDTH} entries of {HASH} bytes, each behind its length")
    for start in range(0, len(content), SLOT):
        if content[start : start + len(_LENGTH)] != _LENGTH:
            raise LogCorrupt(f"entry {start // SLOT} of a bundle does not have {HASH} bytes")
        yield content[start + len(_LENGTH) : start + SLOT]
