"""The log's SQL: what one transaction of the writer does, and what readers ask for. No state, no threads."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, LargeBinary, RowMapping, bindparam, func, insert, select, text, update

from verifier.errors import LogCorrupt, NoteError
from verifier.log.leaves import AnyEntry, LoggedEntry, Tombstone, salted_leaf
from verifier.log.merkle import leaf_hash
from verifier.log.note import Checkpoint, NoteSigner
from verifier.log.tiles import WIDTH, Tree
from verifier.models import CHECKPOINTS, ENTRIES, TILES

# "zkal": the appenders of one PostgreSQL database take turns; SQLite's BEGIN IMMEDIATE does the same.
APPEND_LOCK = 0x7A6B616C
CHUNK = 1_000
_HASH = 32
_NEW_TILES = insert(TILES)
_GROWN_TILES = (
    update(TILES)
    .where(TILES.c.level == bindparam("at_level"), TILES.c.number == bindparam("at_number"))
    .values(hashes=bindparam("hashes"))
)
_NEW_ENTRIES = insert(ENTRIES)
_NOTE = select(CHECKPOINTS.c.note)
_TURN = text("SELECT pg_advisory_xact_lock(:key)")
_SWAP = (
    update(CHECKPOINTS)
    .where(CHECKPOINTS.c.size == bindparam("old_size"), CHECKPOINTS.c.note == bindparam("old_note"))
    .values(size=bindparam("new_size"), note=bindparam("new_note"))
)


@dataclass(frozen=True, slots=True)
class State:
    """What the database says the log is: a tree that agrees with the signed note."""

    tree: Tree
    note: str


def take_turn(connection: Connection) -> None:
    """Wait until no other transaction appends; the turn ends with the transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(_TURN, {"key": APPEND_LOCK})


def read_note(connection: Connection) -> str | None:
    """Read the newest signed checkpoint, or None before the first."""
    notes = connection.scalars(_NOTE).all()
    if len(notes) > 1:
        raise LogCorrupt("the database holds more than one log")
    return str(notes[0]) if notes else None


def read_tile(connection: Connection, level: int, number: int) -> bytes:
    """Read a tile's hashes (32 bytes each); empty if there is none."""
    stored = connection.scalar(select(TILES.c.hashes).where(TILES.c.level == level, TILES.c.number == number))
    return bytes(stored) if stored else b""


def read_leaves(connection: Connection, number: int) -> list[bytes]:
    """Read the leaves (32 bytes each) of the entries of tile `number` of level 0; those of erased bodies too."""
    place = ENTRIES.c.index
    wanted = select(ENTRIES.c.leaf).where(place >= number * WIDTH, place < (number + 1) * WIDTH).order_by(place)
    return [bytes(leaf) for leaf in connection.scalars(wanted)]


def load(connection: Connection, signer: NoteSigner) -> State:
    """Read the log's state and require that checkpoint, tiles and entries agree; an empty database gets an empty log.

    Raises:
        LogCorrupt: they do not, or the log is another key's (blame: log operator).
    """
    note = read_note(connection)
    if note is None:
        if connection.scalar(select(func.count()).select_from(ENTRIES)) or read_tile(connection, 0, 0):
            raise LogCorrupt("there are entries or tiles, but no checkpoint")
        tree = Tree.read(0, lambda _level, _number: b"")
        note = Checkpoint(signer.name, 0, tree.root()).sign(signer)
        connection.execute(insert(CHECKPOINTS), {"origin": signer.name, "size": 0, "note": note})
        return State(tree, note)
    try:
        checkpoint = Checkpoint.open(note, signer.verifier)
    except NoteError as error:
        raise LogCorrupt(f"the stored checkpoint is not this log's: {error}") from error
    tree = Tree.read(checkpoint.size, lambda level, number: read_tile(connection, level, number))
    if tree.root() != checkpoint.root:
        raise LogCorrupt(f"the tiles of {checkpoint.size} entries do not have the root of the checkpoint")
    _require_entries(connection, checkpoint.size)
    return State(tree, note)


def _require_entries(connection: Connection, size: int) -> None:
    newest = connection.scalar(select(func.max(ENTRIES.c.index)))
    if (size - 1 if size else None) != newest:
        raise LogCorrupt(f"the checkpoint counts {size} entries, the newest stored one is {newest}")
    if not size:
        return
    number = (size - 1) // WIDTH
    tile = read_tile(connection, 0, number)
    columns = select(ENTRIES.c.index, ENTRIES.c.leaf, ENTRIES.c.salt, ENTRIES.c.body)
    rows = connection.execute(columns.where(ENTRIES.c.index >= number * WIDTH).order_by(ENTRIES.c.index)).all()
    hashes = b"".join(leaf_hash(bytes(row.leaf)) for row in rows)
    if hashes != tile:
        raise LogCorrupt(f"the entries from {number * WIDTH} on are not those of their tile")
    for index, leaf, salt, body in rows:
        if body is None:
            continue
        salted = _bytes(index, salt or b"").ljust(_HASH, b"\0")
        if salted_leaf(salted, _bytes(index, body)) != leaf:
            raise LogCorrupt(f"the body of entry {index} is not the one that was logged")


def write(connection: Connection, before: State, after: State, entries: Sequence[LoggedEntry]) -> None:
    """Write entries, changed tiles and the new checkpoint.

    Raises:
        LogCorrupt: the stored checkpoint is no longer `before` (nothing is kept: the transaction must be rolled back).
    """
    connection.execute(_NEW_ENTRIES, [_entry_row(entry) for entry in entries])
    made: list[dict[str, Any]] = []
    grown: list[dict[str, Any]] = []
    for (level, number), hashes in after.tree.changed.items():
        if before.tree.size >> 8 * level > number * WIDTH:
            grown.append({"at_level": level, "at_number": number, "hashes": hashes})
        else:
            made.append({"level": level, "number": number, "hashes": hashes})
    if made:
        connection.execute(_NEW_TILES, made)
    for row in grown:
        connection.execute(_GROWN_TILES, row)
    sizes = {"old_size": before.tree.size, "new_size": after.tree.size}
    swapped = connection.execute(_SWAP, {**sizes, "old_note": before.note, "new_note": after.note})
    if swapped.rowcount != 1:
        raise LogCorrupt("the checkpoint changed under the writer")


def _entry_row(entry: LoggedEntry) -> dict[str, Any]:
    return {
        "index": entry.index,
        "kind": entry.kind,
        "appended_at": entry.appended_at,
        "leaf": salted_leaf(entry.salt, entry.body),
        "salt": entry.salt,
        "body": entry.body,
    }


def read_entries(
    connection: Connection, start: int, end: int, *, kinds: Collection[str] | None = None
) -> Iterator[AnyEntry]:
    """Read entries start..end-1 in order, a thousand at a time; `kinds` leaves out the others.

    Raises:
        LogCorrupt: an entry is missing, or its body is (blame: log operator).
    """
    columns = select(ENTRIES)
    expected = start
    while start < end:
        wanted = columns.where(ENTRIES.c.index >= start, ENTRIES.c.index < end)
        if kinds is not None:
            wanted = wanted.where(ENTRIES.c.kind.in_(sorted(kinds)))
        rows = connection.execute(wanted.order_by(ENTRIES.c.index).limit(CHUNK)).mappings().all()
        for row in rows:
            if kinds is None and row["index"] != expected:
                raise LogCorrupt(f"entry {expected} is missing")
            expected += 1
            yield _entry(row)
        if len(rows) < CHUNK:
            break
        start = rows[-1]["index"] + 1
    if kinds is None and expected < end:
        raise LogCorrupt(f"entry {expected} is missing")


def find_entries(
    connection: Connection, start: int, end: int, *, kinds: Collection[str], containing: bytes = b""
) -> Iterator[LoggedEntry]:
    """Read those of entries start..end-1 whose bodies are there and contain some bytes, in order."""
    place, body = ENTRIES.c.index, ENTRIES.c.body
    wanted = select(ENTRIES).where(place >= start, place < end, ENTRIES.c.kind.in_(sorted(kinds)), body.is_not(None))
    if containing:
        inside = (
            "position(:containing in body)" if connection.dialect.name == "postgresql" else "instr(body, :containing)"
        )
        wanted = wanted.where(text(f"{inside} > 0").bindparams(bindparam("containing", containing, LargeBinary)))
    for row in connection.execute(wanted.order_by(place)).mappings():
        entry = _entry(row)
        if isinstance(entry, LoggedEntry):
            yield entry


def count_kinds(connection: Connection, indices: Collection[int]) -> Counter[str]:
    """Count entries by the kind that is stated beside their leaves."""
    found, listed = Counter[str](), sorted(indices)
    for start in range(0, len(listed), CHUNK):
        chosen = ENTRIES.c.index.in_(listed[start : start + CHUNK])
        found += Counter(connection.scalars(select(ENTRIES.c.kind).where(chosen)).all())
    return found


def _entry(row: RowMapping) -> AnyEntry:
    if row["body"] is None and row["salt"] is None and row["erased_by"] is not None:
        return Tombstone(row["index"], row["kind"], row["appended_at"], bytes(row["leaf"]), row["erased_by"])
    if row["salt"] is None or row["body"] is None:
        raise LogCorrupt(f"the body of entry {row['index']} is missing")
    index = row["index"]
    salt, body = _bytes(index, row["salt"]), _bytes(index, row["body"])
    return LoggedEntry(index, row["kind"], row["appended_at"], salt, body)


def _bytes(index: int, stored: object) -> bytes:
    """What a driver gives for bytes; SQLite keeps text in such a column too, if somebody writes it there."""
    if not isinstance(stored, bytes | memoryview):
        raise LogCorrupt(f"the body or the salt of entry {index} is not stored as bytes")
    return bytes(stored)
