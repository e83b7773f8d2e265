"""The Merkle tree of RFC 6962 section 2: root, inclusion and consistency, and the growing right edge.

Complete subtrees are named `(level, number)`: the tree over entries `number << level` up to `(number + 1) << level`.
Whoever stores hashes supplies a `Nodes` function that returns such a subtree's hash; everything here is arithmetic.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Self

from verifier.errors import MerkleError

Nodes = Callable[[int, int], bytes]
HASH = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
MAX_PROOF = 64


def leaf_hash(leaf: bytes) -> bytes:
    """Hash of a one-entry tree: SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size` (size >= 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def subtree(start: int, end: int, nodes: Nodes) -> bytes:
    """Hash of the tree over entries start..end-1, where start is a multiple of the tree's span.

    Raises:
        MerkleError: an empty range (blame: the caller).
    """
    size = end - start
    if size <= 0:
        raise MerkleError("an empty range has no subtree")
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return nodes(level, start >> level)
    middle = start + _split(size)
    return node_hash(subtree(start, middle, nodes), subtree(middle, end, nodes))


def root(size: int, nodes: Nodes) -> bytes:
    """Root of the tree over the first `size` entries (the hash of nothing for size 0)."""
    return subtree(0, size, nodes) if size else EMPTY_ROOT


def inclusion(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """Inclusion proof PATH(index, D[size]), lowest sibling first (RFC 6962 2.1.1).

    Raises:
        MerkleError: the tree has no such entry (blame: the caller).
    """
    if not 0 <= index < size:
        raise MerkleError(f"a tree of {size} has no entry {index}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(subtree(middle, end, nodes))
            end = middle
        else:
            path.append(subtree(start, middle, nodes))
            start = middle
    path.reverse()
    return path


def consistency(old: int, new: int, nodes: Nodes) -> list[bytes]:
    """Consistency proof PROOF(old, D[new]) (RFC 6962 2.1.2); empty if old is 0 or equals new.

    Raises:
        MerkleError: old is larger than new, or negative (blame: the caller).
    """
    if not 0 <= old <= new:
        raise MerkleError(f"a tree of {new} does not extend one of {old}")
    if old in (0, new):
        return []
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while old - start != end - start:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(subtree(middle, end, nodes))
            end = middle
        else:
            path.append(subtree(start, middle, nodes))
            start, whole = middle, False
    if not whole:
        path.append(subtree(start, end, nodes))
    path.reverse()
    return path


def _require_hashes(*groups: Sequence[bytes]) -> None:
    for group in groups:
        if len(group) > MAX_PROOF:
            raise MerkleError("a proof is too long")
        if any(len(digest) != HASH for digest in group):
            raise MerkleError("a hash has 32 bytes")


def _climb(node: int, last: int, path: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Walk from position `node` of a level that ends at `last` to the root: each sibling, and whether it is left."""
    for sibling in path:
        if last == 0:
            raise MerkleError("the proof is too long")
        left = bool(node & 1) or node == last
        yield sibling, left
        if left:
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        node >>= 1
        last >>= 1
    if last:
        raise MerkleError("the proof is too short")


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Verify that the entry with leaf hash `leaf` is number `index` of the tree `(size, root)` (RFC 9162 2.1.3.2).

    Raises:
        MerkleError: it is not shown to be (blame: log operator, or who carried the proof).
    """
    _require_hashes(path, (leaf, root))
    if not 0 <= index < size:
        raise MerkleError(f"a tree of {size} has no entry {index}")
    digest = leaf
    for sibling, left in _climb(index, size - 1, path):
        digest = node_hash(sibling, digest) if left else node_hash(digest, sibling)
    if digest != root:
        raise MerkleError(f"entry {index} is not in the tree of {size}")


def verify_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Verify that the tree `(old, old_root)` is a prefix of `(new, new_root)` (RFC 9162 2.1.4.2).

    Raises:
        MerkleError: it is not shown to be (blame: log operator, or who carried the proof).
    """
    _require_hashes(path, (old_root, new_root))
    if not 0 <= old <= new:
        raise MerkleError(f"a tree of {new} does not extend one of {old}")
    if old in (0, new):
        if path or (old == 0 and old_root != EMPTY_ROOT) or (old == new and old_root != new_root):
            raise MerkleError("two roots of the same size differ")
        return
    first = [old_root] if old & (old - 1) == 0 else []
    seed, *siblings = [*first, *path] or [b""]
    node, last = old - 1, new - 1
    while node & 1:
        node >>= 1
        last >>= 1
    before = after = seed
    for sibling, left in _climb(node, last, siblings):
        before = node_hash(sibling, before) if left else before
        after = node_hash(sibling, after) if left else node_hash(after, sibling)
    if before != old_root:
        raise MerkleError(f"the proof does not lead to the root of {old}")
    if after != new_root:
        raise MerkleError(f"the tree of {new} does not extend the tree of {old}")


class Frontier:
    """The complete subtrees along a tree's right edge: enough to append and to know the root, in O(log n) memory."""

    __slots__ = ("_edge", "size")

    def __init__(self, size: int = 0, edge: Sequence[bytes] = ()) -> None:
        if size < 0 or len(edge) != size.bit_count():
            raise MerkleError("a frontier has one hash per complete subtree")
        _require_hashes(edge)
        self.size = size
        self._edge = list(edge)

    @classmethod
    def read(cls, size: int, nodes: Nodes) -> Self:
        """Rebuild the right edge of a stored tree."""
        levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
        return cls(size, [nodes(level, (size >> level) - 1) for level in levels])

    def copy(self) -> Self:
        """Return an independent frontier of the same tree."""
        return type(self)(self.size, self._edge)

    def append(self, leaf: bytes) -> None:
        """Add an entry by its leaf hash (32 bytes)."""
        digest, size = leaf, self.size
        while size & 1:
            digest = node_hash(self._edge.pop(), digest)
            size >>= 1
        self._edge.append(digest)
        self.size += 1

    def root(self) -> bytes:
        """Root of the tree so far."""
        if not self._edge:
            return EMPTY_ROOT
        digest = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            digest = node_hash(left, digest)
        return digest
