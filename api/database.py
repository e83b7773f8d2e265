"""Database engines for both rooms: SQLite embedded by default, the same code on PostgreSQL.

A room is given an `Engine` and never opens one. On SQLite every transaction is a writer's (`BEGIN IMMEDIATE`)
unless the connection carries the execution option `reading=True`, so that no transaction ever has to upgrade its
lock half-way: `engine.connect().execution_options(reading=True)`. PostgreSQL needs no such promise and ignores it.

SQLite keeps a write-ahead log: one fsync a commit instead of four, and readers wait for nobody. Before release 3.51.3
two connections that write or checkpoint at the same instant can corrupt it (sqlite.org/wal.html, section 11), so
writers of all threads and processes take turns on a lock file, from before BEGIN until the connection is given back:
the checkpoint that a commit sets off is inside the turn. A writer therefore gives its connection back when it has
committed. Of one engine's threads one alone looks at the file again and again, the others wait for it. The execution
option `checkpointed=True` folds the log into the file first, and empties it; `connection.info["checkpointed"]` says
whether that could be done, or readers were in the way for too long.
"""

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

Room = Literal["prover", "verifier"]

BUSY_MILLISECONDS = 10_000
CHECKPOINT_MILLISECONDS = 1_000
TURN_SECONDS = 0.0005
# "zkat", so that other users of one PostgreSQL server do not wait for our migrations.
MIGRATION_LOCK = 0x7A6B6174


class NotMigrated(RuntimeError):  # noqa: N818 - a state, which the operator changes
    """The database is not at the revision this program knows, and may not be brought there by itself."""


class DatabaseRefused(ValueError):  # noqa: N818 - the caller's address is at fault, and the name says what became of it
    """The database address is not one this program can keep its promises on. The message never holds a password."""


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///FILE` or `postgresql://...`; nothing is connected yet.

    A new SQLite file is created readable by its owner only. Parameters never appear in errors or echoed SQL.

    Raises:
        DatabaseRefused: the address does not parse, or names another or an in-memory database (the operator's fault).
    """
    try:
        address = make_url(url)
    except ArgumentError:
        raise DatabaseRefused("the database address is not of the form sqlite:///FILE or postgresql://...") from None
    match address.get_backend_name():
        case "sqlite":
            return _open_sqlite(address)
        case "postgresql":
            return create_engine(
                address.set(drivername="postgresql+psycopg"),
                hide_parameters=True,
                pool_pre_ping=True,
                connect_args={"connect_timeout": 5},
            )
        case other:
            raise DatabaseRefused(f"the database {other} is not supported: use sqlite or postgresql")


def migrate(engine: Engine, room: Room) -> None:
    """Bring the room's tables to the newest revision, in one transaction; two processes take turns."""
    if is_migrated(engine, room):
        return
    # Imported when there is something to migrate, which is once: it would be a third of every start.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above

    with as_file(files(room) / "migrations") as folder, engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def open_migrated(url: str, room: Room, *, migrating: bool) -> Iterator[Engine]:
    """An engine on the newest revision, disposed of at the end.

    Raises:
        DatabaseRefused: see open_engine.
        NotMigrated: the database is on another revision, and `migrating` is off (the operator's fault).
    """
    engine = open_engine(url)
    try:
        if migrating:
            migrate(engine, room)
        elif not is_migrated(engine, room):
            raise NotMigrated(f"the {room}'s database is not at the newest revision: migrate it first")
        yield engine
    finally:
        engine.dispose()


def is_migrated(engine: Engine, room: Room) -> bool:
    """Whether the room's tables are at the newest revision this program knows: `ROOM_0002` of `r0002_*.py`."""
    names = [each.name for each in (files(room) / "migrations" / "versions").iterdir()]
    newest = max(name[1:5] for name in names if name.startswith("r"))
    with engine.connect().execution_options(reading=True) as connection:
        if not inspect(connection).has_table(f"{room}_revision"):
            return False
        found = connection.scalars(text(f"SELECT version_num FROM {room}_revision")).all()  # noqa: S608 - our own name
    return found == [f"{room}_{newest}"]


def _open_sqlite(address: URL) -> Engine:
    path = address.database
    if path in (None, "", ":memory:") or str(path).startswith("file:"):
        raise DatabaseRefused("a sqlite address names a file: sqlite:///FILE")
    for owned in (str(path), f"{path}-turn"):
        os.close(os.open(owned, os.O_CREAT | os.O_RDWR, 0o600))
    engine = create_engine(
        address.set(drivername="sqlite+pysqlite"),
        hide_parameters=True,
        connect_args={"timeout": BUSY_MILLISECONDS / 1000},
    )
    turns = _Turns(f"{path}-turn")
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", partial(_begin, turns))
    event.listen(engine, "checkin", _end_turn)
    event.listen(engine, "close", _end_turn)
    return engine


def _prepare(connection: "DBAPIConnection", _record: "ConnectionPoolEntry") -> None:
    # The driver must not open transactions of its own: it would begin them deferred. With no isolation level its
    # commit and rollback are no-ops once SQLite has rolled back by itself (disk full), which keeps writers alive.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        f"busy_timeout={BUSY_MILLISECONDS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(turns: "_Turns", connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("reading", False):
        connection.exec_driver_sql("BEGIN")
        return
    if "turn" not in connection.info:
        connection.info["turn"] = turns.take()
    if options.get("checkpointed", False):
        # Other writers wait behind this turn: a reader that takes longer is not waited for.
        connection.exec_driver_sql(f"PRAGMA busy_timeout={CHECKPOINT_MILLISECONDS}")
        busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        connection.info["checkpointed"] = not busy
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class _Turns:
    """The writers of one engine, and, through a lock file, of all others on the same database."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._ours = threading.Lock()

    def take(self) -> "_Turn":
        """Wait for a turn.

        Raises:
            OperationalError: somebody else's lasts too long, or the lock file cannot be used (gone, read-only): said
                as SQLite itself would say it, so that callers see a database that is unavailable.
        """
        deadline = time.monotonic() + BUSY_MILLISECONDS / 1000
        if not self._ours.acquire(timeout=BUSY_MILLISECONDS / 1000):
            raise _unavailable("database is locked")
        try:
            return _Turn(_locked(self._path, deadline), self._ours)
        except BaseException:
            self._ours.release()
            raise


class _Turn:
    """A writer's turn, until it is ended."""

    def __init__(self, descriptor: int, ours: threading.Lock) -> None:
        self._descriptor = descriptor
        self._ours = ours

    def end(self) -> None:
        os.close(self._descriptor)
        self._ours.release()


def _locked(path: str, deadline: float) -> int:
    """A descriptor that holds the lock file; a lock belongs to its descriptor, so engines exclude each other too."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        raise _unavailable("unable to open database file") from None
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(TURN_SECONDS)
                continue
            os.close(descriptor)
            raise _unavailable("database is locked") from None
        except OSError:
            os.close(descriptor)
            raise _unavailable("unable to lock database file") from None
        return descriptor


def _unavailable(reason: str) -> OperationalError:
    return OperationalError("BEGIN IMMEDIATE", None, sqlite3.OperationalError(reason), hide_parameters=True)


def _end_turn(_connection: "DBAPIConnection", record: "ConnectionPoolEntry") -> None:
    turn: _Turn | None = record.info.pop("turn", None)
    if turn is not None:
        turn.end()
