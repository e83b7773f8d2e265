"""A tree as tiles (C2SP tlog-tiles): 256 hashes a tile, level L holding the roots of complete tiles of level L - 1.

    tile (0, 0)  = leaf hashes of entries 0..255        tile (1, 0) = roots of tiles (0, 0)..(0, 255)

Only the last tile of a level is partial. A tile's bytes are its hashes, one after another.
"""

from collections.abc import Callable
from typing import Self

from verifier.errors import LogCorrupt
from verifier.log.merkle import HASH, Frontier, Nodes, node_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT
Fetch = Callable[[int, int], bytes]


def widths(size: int) -> list[tuple[int, int, int]]:
    """Name the partial tiles of a tree: (level, number, hashes in it), without the empty ones."""
    partial: list[tuple[int, int, int]] = []
    level = 0
    while size:
        number, width = divmod(size, WIDTH)
        if width:
            partial.append((level, number, width))
        size, level = number, level + 1
    return partial


def nodes(fetch: Fetch) -> Nodes:
    """Read complete subtrees out of tiles; `fetch(level, number)` returns a tile's bytes.

    The returned function raises LogCorrupt where a tile is too short to hold what the tree's size promises.
    """
    tiles: dict[tuple[int, int], bytes] = {}

    def stored(level: int, number: int) -> bytes:
        place = (level, number // WIDTH)
        if place not in tiles:
            tiles[place] = fetch(*place)
        start = number % WIDTH * HASH
        digest = tiles[place][start : start + HASH]
        if len(digest) != HASH:
            raise LogCorrupt(f"tile {place[0]}/{place[1]} is missing or too short")
        return digest

    def node(level: int, number: int) -> bytes:
        tile_level, height = divmod(level, HEIGHT)
        if height == 0:
            return stored(tile_level, number)
        return node_hash(node(level - 1, 2 * number), node(level - 1, 2 * number + 1))

    return node


class Tree:
    """A growing tree: its frontier, the partial tile of every level, and the tiles changed since it was copied."""

    __slots__ = ("_edge", "_frontier", "changed")

    def __init__(self, frontier: Frontier, edge: dict[int, bytes]) -> None:
        self._frontier = frontier
        self._edge = edge
        self.changed: dict[tuple[int, int], bytes] = {}

    @classmethod
    def read(cls, size: int, fetch: Fetch) -> Self:
        """Rebuild the right edge from stored tiles.

        Raises:
            LogCorrupt: a partial tile does not have the width the size demands (blame: log operator).
        """
        edge: dict[int, bytes] = {}
        for level, number, width in widths(size):
            edge[level] = fetch(level, number)
            if len(edge[level]) != width * HASH:
                raise LogCorrupt(f"tile {level}/{number} does not have the {width} hashes of a log of {size}")
        return cls(Frontier.read(size, nodes(fetch)), edge)

    @property
    def size(self) -> int:
        """Number of entries."""
        return self._frontier.size

    def root(self) -> bytes:
        """Root of the tree so far."""
        return self._frontier.root()

    def copy(self) -> Self:
        """Return an independent tree, nothing changed yet."""
        return type(self)(self._frontier.copy(), dict(self._edge))

    def append(self, leaf: bytes) -> None:
        """Add an entry by its leaf hash (32 bytes), filling tiles upwards."""
        number = self._frontier.size
        self._frontier.append(leaf)
        level, digest = 0, leaf
        while True:
            tile = self._edge.get(level, b"") + digest
            self.changed[level, number // WIDTH] = tile
            if len(tile) < WIDTH * HASH:
                self._edge[level] = tile
                return
            self._edge.pop(level, None)
            digest = _inside(tile, HEIGHT, 0)
            level, number = level + 1, number // WIDTH


def _inside(tile: bytes, height: int, number: int) -> bytes:
    """Hash of a complete subtree inside one tile."""
    if height == 0:
        return tile[number * HASH : (number + 1) * HASH]
    return node_hash(_inside(tile, height - 1, 2 * number), _inside(tile, height - 1, 2 * number + 1))
