"""Evidence files written from an export, for answers that somebody wants to carry elsewhere: to a judge, to a person.

The export is read twice: for the tree, the registry and those answers; then for the entries they rely on. The tree is
kept whole, 33 bytes an entry.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from verifier.audit.export import entry_lines, parse_checkpoint_line
from verifier.entries.kinds import AnswerEntry
from verifier.errors import ExportError, MerkleError, VerifierError
from verifier.evidence.evidence import build, places
from verifier.fold.registry import Registry
from verifier.log import merkle
from verifier.log.leaves import AnyEntry, LoggedEntry
from verifier.log.note import Checkpoint
from verifier.log.tiles import Tree, nodes
from verifier.trust import Trust

Reopen = Callable[[], Iterable[bytes]]
"""Reads the export from its beginning; each time the same log, which may have grown."""


@dataclass(slots=True)
class _Excerpt:
    """What is kept of an export."""

    note: str
    size: int
    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict)
    entries: dict[int, LoggedEntry] = field(default_factory=dict)

    def entry(self, index: int) -> LoggedEntry:
        if index not in self.entries:
            raise MerkleError(f"entry {index} was not kept")
        return self.entries[index]

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return merkle.inclusion(index, size, nodes(lambda level, number: self.tiles.get((level, number), b"")))


def excerpt(reopen: Reopen, indices: Collection[int], *, trust: Trust) -> dict[int, bytes]:
    """Write the evidence files of some answers, whether these hold or not.

    Args:
        reopen: called twice.
        indices: entries; what is no answer, was erased, or relies on what is not in the log is passed over.
        trust: what the auditor pinned.

    Raises:
        ExportError: the export is malformed, or its entries do not have the root of its checkpoint: nothing in it can
            then be shown to anybody (blame: log operator).
        NoteError: the checkpoint is not signed by the pinned key.
    """
    wanted = {index for index in indices if index >= 0}
    kept, registry = _tree(reopen(), wanted, trust)
    needed: set[int] = set()
    for index in sorted(kept.entries):
        with suppress(VerifierError):
            needed |= places(kept.entries[index], registry)
    last = max(needed, default=-1)
    for logged in _entries(iter(reopen())):
        if logged.index > last:
            break
        if logged.index in needed and isinstance(logged, LoggedEntry):
            kept.entries[logged.index] = logged
    files: dict[int, bytes] = {}
    for index in sorted(wanted & kept.entries.keys()):
        with suppress(VerifierError):
            files[index] = build(index, log=kept, registry=registry)
    return files


def _tree(lines: Iterable[bytes], wanted: set[int], trust: Trust) -> tuple[_Excerpt, Registry]:
    remaining = iter(lines)
    note = parse_checkpoint_line(next(remaining, b""))
    checkpoint = Checkpoint.open(note, trust.log)
    kept, registry = _Excerpt(note, checkpoint.size), Registry(trust=trust)
    tree = Tree.read(0, lambda _level, _number: b"")
    for logged in entry_lines(remaining):
        if tree.size >= checkpoint.size:
            break
        tree.append(logged.leaf_hash)
        kept.tiles.update(tree.changed)
        tree.changed.clear()
        if not isinstance(logged, LoggedEntry):
            continue
        with suppress(VerifierError):  # a finding of the replay; evidence that needs it is not written
            registry.recall(logged)
        if logged.index in wanted and logged.kind == AnswerEntry.kind:
            kept.entries[logged.index] = logged
    if (tree.size, tree.root()) != (checkpoint.size, checkpoint.root):
        raise ExportError("the entries do not have the signed root: nothing can be shown from them")
    return kept, registry


def _entries(lines: Iterator[bytes]) -> Iterator[AnyEntry]:
    next(lines, b"")
    return entry_lines(lines)
