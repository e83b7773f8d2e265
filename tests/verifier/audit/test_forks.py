"""Two checkpoints shown to two auditors: of one log, of two, or not to be told from what is here."""

import pytest

from verifier.audit.export import export_lines
from verifier.audit.forks import ForkError, UndecidedError, require_one_log, roots
from verifier.errors import ExportError
from verifier.log import merkle
from verifier.log.merkle import Frontier
from verifier.log.note import Checkpoint
from verifier.log.tiles import WIDTH, nodes

ORIGIN = "verifier.example/log"


def leaf(text, number):
    return merkle.leaf_hash(f"{text} {number}".encode())


def history(text, size, *, fork=None):
    """Roots by size; from entry `fork` on with other entries."""
    tree, found = Frontier(), {}
    for number in range(size + 1):
        found[number] = tree.root()
        tree.append(leaf(text if fork is None or number < fork else "other", number))
    return found


ONE, TWO = history("log", 9), history("log", 9, fork=5)


def at(found, size, origin=ORIGIN):
    return Checkpoint(origin, size, found[size])


@pytest.mark.parametrize(("first", "second"), [(9, 9), (4, 9), (9, 4), (0, 9), (0, 0)])
def test_one_log(first, second):
    require_one_log(at(ONE, first), at(ONE, second), root=ONE.__getitem__)


def test_one_size_needs_no_copy():
    require_one_log(at(ONE, 7), at(ONE, 7))
    require_one_log(at(ONE, 5), at(TWO, 5))
    with pytest.raises(ForkError, match="two logs of 7 entries"):
        require_one_log(at(ONE, 7), at(TWO, 7))


@pytest.mark.parametrize("swap", [False, True])
def test_two_sizes(swap):
    shown = (at(TWO, 7), at(ONE, 9))
    with pytest.raises(ForkError, match="first 7 of 9"):
        require_one_log(*(reversed(shown) if swap else shown), root=ONE.__getitem__)
    require_one_log(at(TWO, 5), at(ONE, 9), root=ONE.__getitem__)  # before they parted


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        (None, "takes the entries"),
        (history("log", 8).__getitem__, "fewer than 9"),
        (TWO.__getitem__, "of the smaller"),
        (history("foreign", 9).__getitem__, "neither"),
    ],
)
def test_what_a_copy_cannot_show_blames_nobody(root, reason):
    with pytest.raises(UndecidedError, match=reason):
        require_one_log(at(TWO, 7), at(ONE, 9), root=root)


def test_two_names_are_two_logs():
    with pytest.raises(UndecidedError, match="two logs"):
        require_one_log(at(ONE, 7), at(TWO, 7, "elsewhere.example/log"))


def test_tiles_are_a_copy():
    hashes = b"".join(leaf("log", number) for number in range(9))
    node = nodes(lambda level, number: hashes if (level, number) == (0, 0) else b"")
    assert len(hashes) < 32 * WIDTH
    with pytest.raises(ForkError):
        require_one_log(at(TWO, 7), at(ONE, 9), root=lambda size: merkle.root(size, node))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_export_is_a_copy(world):
    size = world.log.size
    earlier = Checkpoint.open(world.log.note, world.trust.log)
    world.ask()
    later = Checkpoint.open(world.log.note, world.trust.log)
    lines = list(export_lines(world.log))
    found = roots(lines, {size, later.size, 99})
    assert found == {0: merkle.EMPTY_ROOT, size: earlier.root, later.size: later.root}
    require_one_log(earlier, later, root=found.__getitem__)
    with pytest.raises(ForkError):
        require_one_log(Checkpoint(ORIGIN, size, bytes(32)), later, root=found.__getitem__)
    with pytest.raises(ExportError):
        roots(lines[1:], {size})
