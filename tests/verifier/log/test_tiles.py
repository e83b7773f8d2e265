"""Tiles: the same hashes as the tree they cut up, at every size."""

import hashlib
from itertools import pairwise

import pytest

from verifier.errors import LogCorrupt
from verifier.log import merkle, tiles

LEAVES = [hashlib.sha256(b"%d" % number).digest() for number in range(66_000)]


@pytest.fixture(scope="module")
def grown():
    """The tiles of a tree of 66,000 entries, and the roots it had on the way."""
    tree, stored, roots = tiles.Tree.read(0, lambda _level, _number: b""), {}, {}
    for leaf in LEAVES:
        tree.append(leaf)
        if tree.size in SIZES:
            stored |= tree.changed
            tree.changed.clear()
            roots[tree.size] = (tree.root(), dict(stored))
    return roots


SIZES = (1, 2, 255, 256, 257, 511, 512, 1000, 65_535, 65_536, 65_537, 66_000)


@pytest.mark.parametrize("size", SIZES)
def test_tiles_hold_the_tree(grown, size):
    root, stored = grown[size]

    def fetch(level, number):
        return stored.get((level, number), b"")

    assert merkle.root(size, tiles.nodes(fetch)) == root
    again = tiles.Tree.read(size, fetch)
    assert (again.size, again.root()) == (size, root)
    assert b"".join(stored[0, number] for number in range((size + 255) // 256)) == b"".join(LEAVES[:size])
    for index in {0, size // 2, size - 1}:
        path = merkle.inclusion(index, size, tiles.nodes(fetch))
        merkle.verify_inclusion(LEAVES[index], index, size, path, root)


@pytest.mark.parametrize(("size", "target"), [pair for pair in pairwise(SIZES) if pair[1] - pair[0] < 2_000])
def test_a_tree_read_back_grows_like_the_original(grown, size, target):
    _root, stored = grown[size]
    tree = tiles.Tree.read(size, lambda *place: stored.get(place, b""))
    copy = tree.copy()
    for leaf in LEAVES[size:target]:
        copy.append(leaf)
    assert copy.root() == grown[target][0]
    assert stored | copy.changed == grown[target][1]
    assert tree.size == size


def test_partial_tiles_are_named():
    assert tiles.widths(0) == []
    assert tiles.widths(256) == [(1, 0, 1)]
    assert tiles.widths(65_537) == [(0, 256, 1), (2, 0, 1)]
    assert tiles.widths(1000) == [(0, 3, 232), (1, 0, 3)]


@pytest.mark.parametrize("place", [(0, 3), (1, 0)])
@pytest.mark.parametrize("change", [lambda _tile: b"", lambda tile: tile[:-32], lambda tile: tile + bytes(32)])
def test_a_tile_of_another_width_is_refused(grown, place, change):
    _root, stored = grown[1000]
    tiles.Tree.read(1000, lambda *where: stored.get(where, b""))
    broken = stored | {place: change(stored[place])}
    with pytest.raises(LogCorrupt):
        tiles.Tree.read(1000, lambda *where: broken.get(where, b""))
