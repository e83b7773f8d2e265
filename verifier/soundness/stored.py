"""The tables as they really are: rows of any type and form, for whoever trusts nothing in them. Reads only.

The models promise types; a damaged database keeps no promise. Columns are therefore read without any conversion, text
that is no UTF-8 with its odd bytes escaped, and whoever reads checks the type of every value.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, TableClause, column, func, select, table

from verifier.models import CHECKPOINTS, ENTRIES, QUERIES, TILES

CHUNK = 256
_MOST_MESSAGES = 20
_COLUMNS = ("index", "kind", "appended_at", "leaf", "salt", "body", "erased_by", "seal")


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A row of `log_entry`; None stands for a value that is missing or of another type than the column's."""

    index: int
    kind: str | None
    appended_at: int | None
    leaf: bytes | None
    salt: bytes | None
    body: bytes | None
    erased_by: int | None
    seal: bytes | None

    @property
    def erased(self) -> bool:
        """Whether it says that salt and body were erased."""
        return self.salt is None and self.body is None and self.erased_by is not None


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A row of `log_checkpoint`."""

    origin: str | None
    size: int | None
    note: str | None


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A row of `query_record`; `has_response` tells NULL from a wrong type, `row` is all of it as it was read."""

    id: str | None
    relying_party: str | None
    request_digest: bytes | None
    state: str | None
    created_at: int | None
    entry_index: int | None
    response: bytes | None
    has_response: bool
    row: Mapping[str, object]


def take_as_it_is(connection: Connection) -> None:
    """Make SQLite hand out text that is no UTF-8 too; the connection is not to be used for anything else after that."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.dbapi_connection
        driver.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")


def complaints(connection: Connection) -> list[str]:
    """Ask SQLite whether file and indices are sound: its own words, none if they are. PostgreSQL is not asked."""
    if connection.dialect.name != "sqlite":
        return []
    said = connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST_MESSAGES})").scalars().all()
    return [str(each) for each in said if each != "ok"]


def checkpoints(connection: Connection) -> list[StoredCheckpoint]:
    """Read at most two checkpoints: there must be one."""
    found = connection.execute(_all(CHECKPOINTS.name, "origin", "size", "note").limit(2)).all()
    return [StoredCheckpoint(text(row[0]), _count(row[1]), text(row[2])) for row in found]


def entries(connection: Connection) -> Iterator[StoredEntry]:
    """Read every entry there is, in order of its number; memory stays flat."""
    for row in _streamed(connection, _all(ENTRIES.name, *_COLUMNS).order_by(column("index"))):
        yield _entry(row)


def entry(connection: Connection, index: int) -> StoredEntry | None:
    """Read one entry, or None."""
    row = connection.execute(_all(ENTRIES.name, *_COLUMNS).where(column("index") == index)).first()
    return None if row is None else _entry(row)


def tile(connection: Connection, level: int, number: int) -> bytes | None:
    """Read a tile's hashes, or None."""
    wanted = _all(TILES.name, "hashes").where(column("level") == level, column("number") == number)
    row = connection.execute(wanted).first()
    return None if row is None else _octets(row[0])


def count_tiles(connection: Connection) -> int:
    """Count the tiles there are."""
    return connection.scalar(select(func.count()).select_from(TILES)) or 0


def records(connection: Connection) -> Iterator[StoredRecord]:
    """Read every query's record, in no order; memory stays flat."""
    for row in rows(connection, QUERIES):
        yield StoredRecord(
            text(row["id"]),
            text(row["relying_party"]),
            _octets(row["request_digest"]),
            text(row["state"]),
            _count(row["created_at"]),
            _count(row["entry_index"]),
            _octets(row["response"]),
            row["response"] is not None,
            row,
        )


def rows(connection: Connection, source: Table) -> Iterator[dict[str, object]]:
    """Read every row of a table with all its columns, in no order; memory stays flat."""
    names = [each.name for each in source.columns]
    for row in _streamed(connection, _all(source.name, *names)):
        yield {
            name: bytes(value) if isinstance(value, memoryview) else value
            for name, value in zip(names, row, strict=True)
        }


def _entry(row: Sequence[Any]) -> StoredEntry:
    index, kind, appended_at, leaf, salt, body, erased_by, seal = row
    read = (text(kind), _count(appended_at), _octets(leaf), _octets(salt), _octets(body))
    return StoredEntry(index, *read, _count(erased_by), _octets(seal))


def _all(name: str, *columns: str) -> Any:  # noqa: ANN401 - a select of untyped columns
    source: TableClause = table(name, *(column(each) for each in columns))
    return select(*source.c)


def _streamed(connection: Connection, statement: Any) -> Iterator[Sequence[Any]]:  # noqa: ANN401 - as _all makes it
    with connection.execute(statement, execution_options={"yield_per": CHUNK}) as rows:
        yield from rows


def text(found: object) -> str | None:
    """Read a text; None for anything else, and for one that was no UTF-8."""
    if not isinstance(found, str):
        return None
    return found if found.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in found) else None


def _octets(found: object) -> bytes | None:
    return bytes(found) if isinstance(found, bytes | memoryview) else None


def _count(found: object) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) else None
