"""Forks: whether two signed checkpoints, shown to two people, are of one log.

Two of one size need nothing else. Of two sizes, the entries or tiles behind the larger say whether it extends the
smaller. A fork is shown to anyone by the two signed notes, and for two sizes by a copy of the larger one's tree.
"""

from collections.abc import Callable, Collection, Iterable

from verifier.audit.export import entry_lines, parse_checkpoint_line
from verifier.errors import VerifierError
from verifier.log import merkle
from verifier.log.note import Checkpoint

Root = Callable[[int], bytes]
"""Returns the root that a copy of the log has over its first entries; raises KeyError if it has fewer."""


class ForkError(VerifierError):
    """One key signed two logs: each has entries that the other has not, or in another order (blame: log operator)."""


class UndecidedError(VerifierError):
    """It takes the entries behind the larger checkpoint, and they are not here (blame: nobody, or who keeps them)."""


def require_one_log(first: Checkpoint, second: Checkpoint, *, root: Root | None = None) -> None:
    """Require that of two checkpoints one extends the other, or that they are the same.

    Args:
        first: opened with the pinned key.
        second: opened with the same key.
        root: of a copy of the log, from whomever; what does not have the larger checkpoint's root proves nothing.

    Raises:
        ForkError: neither extends the other.
        UndecidedError: the sizes differ, and there is no copy, or not one of the larger.
    """
    smaller, larger = sorted((first, second), key=lambda checkpoint: checkpoint.size)
    if smaller.origin != larger.origin:
        raise UndecidedError("they are checkpoints of two logs, with names of their own")
    if smaller.size == larger.size:
        if smaller.root != larger.root:
            raise ForkError(f"two logs of {larger.size} entries were signed: their roots differ")
        return
    if root is None:
        raise UndecidedError(f"whether {larger.size} entries extend {smaller.size} takes the entries or their tiles")
    try:
        found, before = root(larger.size), root(smaller.size)
    except KeyError:
        raise UndecidedError(f"the copy has fewer than {larger.size} entries") from None
    if found != larger.root:
        if before == smaller.root:
            raise UndecidedError("the copy is of the smaller checkpoint, and not of the larger one")
        raise UndecidedError("the copy is of neither checkpoint")
    if before != smaller.root:
        raise ForkError(
            f"two logs were signed: the first {smaller.size} of {larger.size} entries are not those of the smaller one"
        )


def roots(lines: Iterable[bytes], sizes: Collection[int]) -> dict[int, bytes]:
    """Read an export once, for the roots it has at some sizes; sizes beyond its end are left out.

    Raises:
        ExportError: it is malformed (blame: who made or carried the export).
    """
    remaining = iter(lines)
    parse_checkpoint_line(next(remaining, b""))
    tree = merkle.Frontier()
    found = {0: tree.root()}
    last = max(sizes, default=0)
    for logged in entry_lines(remaining):
        if tree.size >= last:
            break
        tree.append(logged.leaf_hash)
        if tree.size in sizes:
            found[tree.size] = tree.root()
    return found
