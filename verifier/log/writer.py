"""The log: append with group commit, read, checkpoint, inclusion and consistency proofs.

One writer thread owns the tree. Whoever appends leaves a `Build` in a queue and gets a future; the writer takes all
that wait, numbers them, lets each build its entry knowing its number, and commits entries, tiles, checkpoint and every
extra row in one transaction. Futures resolve only after the commit. When a commit fails they raise `LogUnavailable`,
the writer forgets what it believed, and the next batch starts from what the database says.
"""

import queue
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Engine, Executable
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from verifier.errors import BodyErased, LogCorrupt, LogRefused, LogUnavailable, MerkleError
from verifier.log import merkle, tiles
from verifier.log import store as log_store
from verifier.log.bundles import bundle
from verifier.log.leaves import SALT, AnyEntry, LoggedEntry, Tombstone
from verifier.log.note import Checkpoint, NoteSigner
from verifier.log.store import State

MAX_BATCH = 256
MAX_WAITING = 20_000
# A statement made once and its values: a statement made for each entry would cost more than executing it.
Row = tuple[Executable, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a `Build` makes of its number: the entry, rows for the same transaction, and how to take it back.

    `undo` runs in the writer if the commit fails, newest draft first; the same build may be called again later.
    """

    kind: str
    body: bytes
    appended_at: int
    rows: tuple[Row, ...] = ()
    undo: Callable[[], None] | None = None


Build = Callable[[int], Draft]
AloneBuild = Callable[[int, Connection], Draft]
Observer = Callable[[AnyEntry], None]


class _NothingToLogError(Exception):
    """A turn that was taken to read on, and for nothing else."""


def _nothing(_index: int) -> Draft:
    raise _NothingToLogError


@dataclass(frozen=True, slots=True)
class _Waiting:
    build: AloneBuild
    future: Future[int]
    alone: bool = False


class Log:
    """An append-only log in a database, under one origin and one signing key (the signer's name is the origin).

    Args:
        engine: the verifier's database, migrated.
        signer: the log's key.
        entropy: a source of random bytes, for salts (`os.urandom`).
        observer: told of entries that another process appended to the same database, in order, before ours go on.

    Raises:
        LogCorrupt: checkpoint, tiles and entries disagree, or the log is another key's (blame: log operator).
        LogUnavailable: the database cannot be reached.
    """

    def __init__(
        self,
        engine: Engine,
        signer: NoteSigner,
        *,
        entropy: Callable[[int], bytes],
        observer: Observer | None = None,
    ) -> None:
        self._engine = engine
        self._signer = signer
        self._entropy = entropy
        self._observer = observer
        self._queue: queue.Queue[_Waiting | None] = queue.Queue(MAX_WAITING)
        self._gate = threading.Lock()
        self._closed = False
        self._stale = False
        try:
            with engine.begin() as connection:
                log_store.take_turn(connection)
                self._state = log_store.load(connection, signer)
        except SQLAlchemyError as error:
            raise LogUnavailable(f"the log's database cannot be read: {type(error).__name__}") from error
        self._writer = threading.Thread(target=self._run, name="zkattest-log", daemon=True)
        self._writer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def origin(self) -> str:
        """The log's name, as in its checkpoints."""
        return self._signer.name

    @property
    def size(self) -> int:
        """Number of committed entries."""
        return self._state.tree.size

    @property
    def note(self) -> str:
        """The newest committed checkpoint, signed."""
        return self._state.note

    @property
    def vkey(self) -> str:
        """What an auditor pins."""
        return self._signer.verifier.vkey

    def checkpoint(self) -> Checkpoint:
        """Return what the newest signed note commits to."""
        return Checkpoint.open(self._state.note, self._signer.verifier)

    def append(self, build: Build) -> Future[int]:
        """Queue an entry; the future gives its number once it is committed.

        The future raises what `build` raised, LogRefused if the entry's own rows contradict stored ones, or
        LogUnavailable if nothing could be committed (then nothing was kept, and trying again is safe).

        Raises:
            LogUnavailable: the log is closed, or too many entries wait.
        """
        return self._put(_Waiting(lambda index, _connection: build(index), Future()))

    def append_alone(self, build: AloneBuild) -> Future[int]:
        """Queue an entry that is made of what the database holds below it, all that was committed before included.

        Like append, but in a transaction of its own, whose connection `build` is given to read from.

        Raises:
            LogUnavailable: the log is closed, or too many entries wait.
        """
        return self._put(_Waiting(build, Future(), alone=True))

    def _put(self, waiting: _Waiting) -> Future[int]:
        with self._gate:
            if self._closed:
                raise LogUnavailable("the log is closed")
            try:
                self._queue.put_nowait(waiting)
            except queue.Full as error:
                raise LogUnavailable("too many entries wait to be logged") from error
        return waiting.future

    def caught_up(self, timeout: float = 30) -> int:
        """Return the number of committed entries, those included that another process has appended by now.

        The observer has been told of them; `size` alone may be that of this process's own last turn.

        Raises:
            LogUnavailable: the database cannot be read, or not in time.
        """
        known = self._state.note
        with self._reading() as connection:
            stored = log_store.read_note(connection)
        if stored not in (known, self._state.note):
            try:
                self.append(_nothing).result(timeout)  # the writer reads on before it builds anything
            except _NothingToLogError:
                pass
            except TimeoutError as error:
                raise LogUnavailable("the log did not read on in time") from error
        return self.size

    def close(self) -> None:
        """Commit what waits, then stop the writer; appending afterwards raises LogUnavailable."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
        self._queue.put(None)
        self._writer.join()

    # -- reading ---------------------------------------------------------------------------------------------------

    def read(self, start: int, limit: int | None = None, *, kinds: Collection[str] | None = None) -> Iterator[AnyEntry]:
        """Read committed entries in order from `start`, at most `limit` numbers, optionally only of some kinds.

        Raises:
            LogCorrupt: an entry is missing (blame: log operator).
            LogUnavailable: the database cannot be read.
        """
        end = self.size if limit is None else min(self.size, start + limit)
        with self._reading() as connection:
            yield from log_store.read_entries(connection, start, end, kinds=kinds)

    def entry(self, index: int) -> LoggedEntry:
        """Read one committed entry.

        Raises:
            MerkleError: there is none of that number (blame: the caller).
            BodyErased: its body was erased.
            LogCorrupt: it is missing (blame: log operator).
        """
        if not 0 <= index < self.size:
            raise MerkleError(f"a log of {self.size} has no entry {index}")
        found = next(self.read(index, 1))
        if isinstance(found, Tombstone):
            raise BodyErased(f"the body of entry {index} was erased at the word of entry {found.erased}")
        return found

    def find(self, kinds: Collection[str], containing: bytes, start: int, end: int) -> Iterator[LoggedEntry]:
        """Read those of the committed entries start..end-1 whose bodies are there and contain some bytes, in order."""
        with self._reading() as connection:
            yield from log_store.find_entries(
                connection, start, min(end, self.size), kinds=kinds, containing=containing
            )

    def kinds(self, indices: Collection[int]) -> Counter[str]:
        """Count entries by kind, as stated beside their leaves."""
        with self._reading() as connection:
            return log_store.count_kinds(connection, indices)

    def tile(self, level: int, number: int) -> bytes:
        """Read a tile's hashes (32 bytes each, empty if there is none); the last of a level may be partial."""
        with self._reading() as connection:
            return log_store.read_tile(connection, level, number)

    def bundle(self, number: int) -> bytes:
        """Read an entry bundle: the leaves behind tile `number` of level 0 (empty if there is none), no bodies."""
        with self._reading() as connection:
            return bundle(log_store.read_leaves(connection, number))

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Prove that entry `index` is in the tree of the first `size` entries (hashes of 32 bytes).

        Raises:
            MerkleError: the log has no such entry or size (blame: the caller).
        """
        self._require_size(size)
        with self._reading() as connection:
            return merkle.inclusion(index, size, tiles.nodes(lambda *place: log_store.read_tile(connection, *place)))

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Prove that the tree of the first `new` entries extends that of the first `old` (hashes of 32 bytes).

        Raises:
            MerkleError: the log has no such sizes (blame: the caller).
        """
        self._require_size(new)
        with self._reading() as connection:
            return merkle.consistency(old, new, tiles.nodes(lambda *place: log_store.read_tile(connection, *place)))

    def _require_size(self, size: int) -> None:
        if size > self.size:
            raise MerkleError(f"the log has only {self.size} entries")

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect().execution_options(reading=True) as connection:
                yield connection
        except SQLAlchemyError as error:
            raise LogUnavailable(f"the log cannot be read: {type(error).__name__}") from error

    # -- the writer ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        stop = False
        while not stop:
            waiting = self._queue.get()
            batch: list[_Waiting] = []
            while waiting is not None:
                if waiting.future.set_running_or_notify_cancel():
                    if waiting.alone and batch:
                        self._commit(batch)
                        batch = []
                    batch.append(waiting)
                if waiting.alone or len(batch) >= MAX_BATCH or self._queue.empty():
                    break
                waiting = self._queue.get()
            stop = waiting is None
            if batch:
                self._commit(batch)

    def _commit(self, batch: list[_Waiting]) -> None:
        try:
            outcomes = self._write(batch)
        except (IntegrityError, DataError) as error:
            if len(batch) > 1:  # one entry's rows must not fail the others
                for waiting in batch:
                    self._commit([waiting])
            else:
                batch[0].future.set_exception(LogRefused(f"stored rows contradict it: {type(error).__name__}"))
        except Exception as error:  # noqa: BLE001 - whatever it is, the writer lives on and nobody waits for ever
            for waiting in batch:
                unavailable = LogUnavailable(f"the log could not commit: {type(error).__name__}")
                unavailable.__cause__ = error
                waiting.future.set_exception(unavailable)
        else:
            for future, outcome in outcomes:
                if isinstance(outcome, int):
                    future.set_result(outcome)
                else:
                    future.set_exception(outcome)

    def _write(self, batch: list[_Waiting]) -> list[tuple[Future[int], int | Exception]]:
        outcomes: list[tuple[Future[int], int | Exception]] = []
        drafts: list[Draft] = []
        entries: list[LoggedEntry] = []
        try:
            with self._engine.begin() as connection:
                log_store.take_turn(connection)
                before = self._catch_up(connection)
                tree = before.tree.copy()
                for waiting in batch:
                    try:
                        draft = waiting.build(tree.size, connection)
                    except Exception as error:  # noqa: BLE001 - the future carries it to whoever wrote the build
                        outcomes.append((waiting.future, error))
                        continue
                    drafts.append(draft)
                    entry = LoggedEntry(tree.size, draft.kind, draft.appended_at, self._entropy(SALT), draft.body)
                    outcomes.append((waiting.future, entry.index))
                    entries.append(entry)
                    tree.append(entry.leaf_hash)
                after = before
                if entries:
                    after = State(tree, Checkpoint(self.origin, tree.size, tree.root()).sign(self._signer))
                    log_store.write(connection, before, after, entries)
                    for row in (row for draft in drafts for row in draft.rows):
                        connection.execute(*row)
        except BaseException:
            self._stale = True
            for draft in reversed(drafts):
                if draft.undo:
                    draft.undo()
            raise
        self._state = after
        return outcomes

    def _catch_up(self, connection: Connection) -> State:
        """Believe the database: another process may have appended, or an unknown commit of ours may have succeeded."""
        if not self._stale and log_store.read_note(connection) == self._state.note:
            return self._state
        stored = log_store.load(connection, self._signer)
        if stored.tree.size < self.size:
            raise LogCorrupt(f"the database went back from {self.size} to {stored.tree.size} entries")
        if self._observer:
            for entry in log_store.read_entries(connection, self.size, stored.tree.size):
                self._observer(entry)
        self._state, self._stale = stored, False
        return stored
