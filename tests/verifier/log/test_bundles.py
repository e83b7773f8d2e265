"""Entry bundles: what a foreign client hashes is what the tiles hold, and nothing else is told."""

import pytest

from verifier.errors import LogCorrupt
from verifier.log import merkle
from verifier.log.bundles import SLOT, bundle, hashes_of, leaves_of

LEAVES = [merkle.leaf_hash(b"%d" % number) for number in range(256)]


def test_a_bundle_is_leaves_behind_their_length():
    content = bundle(LEAVES[:2])
    assert content == b"\x00\x20" + LEAVES[0] + b"\x00\x20" + LEAVES[1]
    assert leaves_of(content) == LEAVES[:2]
    assert hashes_of(content) == merkle.leaf_hash(LEAVES[0]) + merkle.leaf_hash(LEAVES[1])
    assert (bundle([]), leaves_of(b""), len(bundle(LEAVES))) == (b"", [], 256 * SLOT)


def test_the_logs_bundles_hash_to_its_tiles_and_hold_no_body(log, draft):
    futures = [log.append(draft(b"body %d" % number)) for number in range(300)]
    assert [future.result(20) for future in futures] == list(range(300))
    for number in (0, 1):
        assert hashes_of(log.bundle(number)) == log.tile(0, number)
        assert b"body" not in log.bundle(number)
    assert (len(leaves_of(log.bundle(1))), log.bundle(2)) == (44, b"")


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[:-1],
        lambda content: content + b"\x00",
        lambda content: b"\x00\x21" + content[2:],
        lambda content: b"\x20\x00" + content[2:],
        lambda content: content * 129,
    ],
)
def test_what_is_no_bundle(change):
    content = bundle(LEAVES[:2])
    leaves_of(content)
    for read in (leaves_of, hashes_of):
        with pytest.raises(LogCorrupt):
            read(change(content))


@pytest.mark.parametrize("leaves", [LEAVES + LEAVES[:1], [LEAVES[0][:31]], [LEAVES[0] + b"\x00"]])
def test_leaves_that_make_none(leaves):
    with pytest.raises(LogCorrupt):
        bundle(leaves)
