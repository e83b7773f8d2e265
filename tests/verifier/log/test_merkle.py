"""RFC 6962 trees against the published vectors and a brute-force reading of the definitions."""

from __future__ import annotations

import hashlib

import pytest

from verifier.errors import MerkleError
from verifier.log import merkle

# Leaves and roots of the RFC 6962 reference test (certificate-transparency, transparency-dev/merkle).
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def brute_root(leaves):
    """RFC 6962 2.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + brute_root(leaves[:k]) + brute_root(leaves[k:])).digest()


def brute_path(m, leaves):
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*brute_path(m, leaves[:k]), brute_root(leaves[k:])]
    return [*brute_path(m - k, leaves[k:]), brute_root(leaves[:k])]


def brute_consistency(m, leaves, *, whole=True):
    if m == len(leaves):
        return [] if whole else [brute_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*brute_consistency(m, leaves[:k], whole=whole), brute_root(leaves[k:])]
    return [*brute_consistency(m - k, leaves[k:], whole=False), brute_root(leaves[:k])]


def nodes_of(leaves):
    return lambda level, number: brute_root(leaves[number << level : (number + 1) << level])


MANY = [b"entry %d" % i for i in range(40)]


def test_published_roots():
    assert merkle.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    frontier = merkle.Frontier()
    for leaf, expected in zip(LEAVES, ROOTS, strict=True):
        frontier.append(merkle.leaf_hash(leaf))
        assert frontier.root().hex() == expected
        assert merkle.root(frontier.size, nodes_of(LEAVES)).hex() == expected


@pytest.mark.parametrize("size", range(1, 34))
def test_root_inclusion_and_consistency_equal_the_definitions(size):
    leaves = MANY[:size]
    nodes = nodes_of(leaves)
    root = brute_root(leaves)
    assert merkle.root(size, nodes) == root
    frontier = merkle.Frontier.read(size, nodes)
    assert frontier.root() == root
    for index in range(size):
        path = merkle.inclusion(index, size, nodes)
        assert path == brute_path(index, leaves)
        merkle.verify_inclusion(merkle.leaf_hash(leaves[index]), index, size, path, root)
    for old in range(1, size + 1):
        path = merkle.consistency(old, size, nodes)
        assert path == brute_consistency(old, leaves)
        merkle.verify_consistency(old, size, path, brute_root(leaves[:old]), root)


def test_frontier_grows_from_any_stored_size():
    nodes = nodes_of(MANY)
    for size in range(len(MANY)):
        frontier = merkle.Frontier.read(size, nodes)
        copy = frontier.copy()
        copy.append(merkle.leaf_hash(MANY[size]))
        assert copy.root() == brute_root(MANY[: size + 1])
        assert frontier.root() == brute_root(MANY[:size])


def flipped(digest, bit=0):
    return bytes([digest[0] ^ (1 << bit)]) + digest[1:]


INCLUSION = {
    "leaf": lambda c: c | {"leaf": flipped(c["leaf"])},
    "leaf of another entry": lambda c: c | {"leaf": merkle.leaf_hash(MANY[4])},
    "leaf as inner node": lambda c: c | {"leaf": merkle.node_hash(c["leaf"], c["path"][0])},
    "index before": lambda c: c | {"index": c["index"] - 1},
    "index after": lambda c: c | {"index": c["index"] + 1},
    "index beyond": lambda c: c | {"index": c["size"]},
    "index negative": lambda c: c | {"index": -1},
    "size zero": lambda c: c | {"size": 0},
    "size double": lambda c: c | {"size": c["size"] * 4},
    "size half": lambda c: c | {"size": c["size"] // 2},
    "root": lambda c: c | {"root": flipped(c["root"], 7)},
    "root is leaf": lambda c: c | {"root": c["leaf"]},
    "root empty": lambda c: c | {"root": merkle.EMPTY_ROOT},
    "path empty": lambda c: c | {"path": []},
    "path first": lambda c: c | {"path": [flipped(c["path"][0]), *c["path"][1:]]},
    "path last": lambda c: c | {"path": [*c["path"][:-1], flipped(c["path"][-1])]},
    "path shortened": lambda c: c | {"path": c["path"][:-1]},
    "path shortened in front": lambda c: c | {"path": c["path"][1:]},
    "path extended": lambda c: c | {"path": [*c["path"], c["root"]]},
    "path extended in front": lambda c: c | {"path": [c["leaf"], *c["path"]]},
    "path reversed": lambda c: c | {"path": c["path"][::-1]},
    "path with a short hash": lambda c: c | {"path": [c["path"][0][:31], *c["path"][1:]]},
    "path endless": lambda c: c | {"path": c["path"] * 40},
    "root too short": lambda c: c | {"root": c["root"][:31]},
}


@pytest.mark.parametrize("name", INCLUSION)
@pytest.mark.parametrize(("index", "size"), [(5, 8), (6, 7), (3, 33), (32, 33)])
def test_inclusion_rejects(name, index, size):
    leaves = MANY[:size]
    case = {
        "leaf": merkle.leaf_hash(leaves[index]),
        "index": index,
        "size": size,
        "path": brute_path(index, leaves),
        "root": brute_root(leaves),
    }
    merkle.verify_inclusion(**case)
    mutant = INCLUSION[name](case)
    if name == "path reversed" and mutant["path"] == case["path"]:
        return
    with pytest.raises(MerkleError):
        merkle.verify_inclusion(**mutant)


CONSISTENCY = {
    "old root": lambda c: c | {"old_root": flipped(c["old_root"])},
    "new root": lambda c: c | {"new_root": flipped(c["new_root"])},
    "roots swapped": lambda c: c | {"old_root": c["new_root"], "new_root": c["old_root"]},
    "old plus one": lambda c: c | {"old": c["old"] + 1},
    "old minus one": lambda c: c | {"old": c["old"] - 1},
    "old larger than new": lambda c: c | {"old": c["new"] + 1},
    "old is zero with a proof": lambda c: c | {"old": 0},
    "old equals new": lambda c: c | {"old": c["new"]},
    "negative": lambda c: c | {"old": -1},
    "new halved": lambda c: c | {"new": c["new"] // 4},
    "path empty": lambda c: c | {"path": []},
    "path first": lambda c: c | {"path": [flipped(c["path"][0]), *c["path"][1:]]},
    "path last": lambda c: c | {"path": [*c["path"][:-1], flipped(c["path"][-1])]},
    "path shortened": lambda c: c | {"path": c["path"][:-1]},
    "path extended": lambda c: c | {"path": [*c["path"], c["new_root"]]},
    "path extended in front": lambda c: c | {"path": [c["old_root"], *c["path"]]},
    "path with a long hash": lambda c: c | {"path": [c["path"][0] + b"\x00", *c["path"][1:]]},
}


@pytest.mark.parametrize("name", CONSISTENCY)
@pytest.mark.parametrize(("old", "new"), [(4, 8), (6, 8), (3, 7), (33, 39), (16, 39)])
def test_consistency_rejects(name, old, new):
    leaves = MANY[:new]
    case = {
        "old": old,
        "new": new,
        "path": brute_consistency(old, leaves),
        "old_root": brute_root(leaves[:old]),
        "new_root": brute_root(leaves),
    }
    merkle.verify_consistency(**case)
    with pytest.raises(MerkleError):
        merkle.verify_consistency(**CONSISTENCY[name](case))


def test_consistency_of_nothing_and_of_the_same_tree():
    root = brute_root(MANY)
    merkle.verify_consistency(0, 40, [], merkle.EMPTY_ROOT, root)
    merkle.verify_consistency(40, 40, [], root, root)
    merkle.verify_consistency(0, 0, [], merkle.EMPTY_ROOT, merkle.EMPTY_ROOT)
    for case in (
        (0, 40, [], flipped(root), root),
        (40, 40, [], flipped(root), root),
        (40, 40, [root], root, root),
        (0, 0, [], root, root),
    ):
        with pytest.raises(MerkleError):
            merkle.verify_consistency(*case)


def test_positions_outside_the_tree():
    nodes = nodes_of(MANY)
    for call in (
        lambda: merkle.inclusion(3, 3, nodes),
        lambda: merkle.inclusion(-1, 3, nodes),
        lambda: merkle.consistency(4, 3, nodes),
        lambda: merkle.subtree(3, 3, nodes),
        lambda: merkle.Frontier(3, [bytes(32)]),
        lambda: merkle.Frontier(1, [bytes(31)]),
    ):
        with pytest.raises(MerkleError):
            call()
