"""Tiles made again from the entries' leaves: the one thing in a database that follows from others."""

from sqlalchemy import Connection, delete, insert, select, update

from verifier.errors import LogCorrupt, NoteError
from verifier.log import store as log_store
from verifier.log.merkle import HASH, leaf_hash
from verifier.log.note import Checkpoint, NoteVerifier
from verifier.log.tiles import Tree
from verifier.models import ENTRIES, TILES

Place = tuple[int, int]


def rebuild_tiles(connection: Connection, *, log: NoteVerifier) -> list[Place]:
    """Write every tile that is not that of the leaves, and delete what is no tile of this log.

    Args:
        connection: in a transaction that writes; the caller commits it.
        log: the log's key; of witnesses nothing is asked.

    Returns:
        What was changed: (level, number), ascending.

    Raises:
        LogCorrupt: the leaves do not have the signed root, so they cannot vouch for tiles either; nothing was written.
    """
    log_store.take_turn(connection)
    tree, due = Tree.read(0, lambda _level, _number: b""), dict[Place, bytes]()
    checkpoint = _checkpoint(connection, log)
    leaves = select(ENTRIES.c.leaf).where(ENTRIES.c.index < checkpoint.size).order_by(ENTRIES.c.index)
    with connection.execute(leaves, execution_options={"yield_per": log_store.CHUNK}) as rows:
        for leaf in rows.scalars():
            if len(leaf) != HASH:
                raise LogCorrupt(f"the leaf of entry {tree.size} has not {HASH} bytes")
            tree.append(leaf_hash(bytes(leaf)))
            due.update(tree.changed)
            tree.changed.clear()
    if (tree.size, tree.root()) != (checkpoint.size, checkpoint.root):
        raise LogCorrupt("the leaves do not have the signed root: restore the entries first")
    stored = {(row.level, row.number): bytes(row.hashes) for row in connection.execute(select(TILES))}
    changed = sorted(place for place in due.keys() | stored.keys() if due.get(place) != stored.get(place))
    for level, number in changed:
        here = (TILES.c.level == level, TILES.c.number == number)
        hashes = due.get((level, number))
        if hashes is None:
            connection.execute(delete(TILES).where(*here))
        elif (level, number) in stored:
            connection.execute(update(TILES).where(*here).values(hashes=hashes))
        else:
            connection.execute(insert(TILES).values(level=level, number=number, hashes=hashes))
    return changed


def _checkpoint(connection: Connection, log: NoteVerifier) -> Checkpoint:
    try:
        return Checkpoint.open(log_store.read_note(connection) or "", NoteVerifier(log.name, log.public))
    except NoteError as error:
        raise LogCorrupt(f"the stored checkpoint is not this log's: {error}") from error
