"""Erase a person: at the provider's word, what the log holds about them loses salt and body; leaves and tree stay.

One transaction appends the erasure, takes salts and bodies, and empties the records of the questions. It runs in the
log's writer, alone, so that it sees everything that was committed before it, by other processes too; what is under way
about the person meanwhile is refused afterwards (verifier.answering). Asked for again, it erases what has come since.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError

from circuits import jws
from circuits.encoding import canonical_json
from verifier.entries.erasure import MOST_ENTRIES, OUTCOMES, ErasureEntry
from verifier.entries.kinds import AnswerEntry, DeclinedEntry, RevocationEntry, UndeterminedEntry, decode_logged, encode
from verifier.errors import EntryError, LogUnavailable, RegistryError
from verifier.fold.registry import Admitted, Registry
from verifier.log.leaves import LoggedEntry
from verifier.log.merkle import HASH
from verifier.log.store import find_entries
from verifier.log.writer import Draft, Log, Row
from verifier.models import ENTRIES, QUERIES
from verifier.soundness.seals import SEAL, Sealer

STATE = "erased"
"""Of the record of a question whose entry was erased."""
_CHUNK = 500
_STAYS = (ENTRIES.c.index, ENTRIES.c.kind, ENTRIES.c.appended_at, ENTRIES.c.leaf)
_BURY = (
    update(ENTRIES)
    .where(ENTRIES.c.index == bindparam("which"))
    .values(salt=None, body=None, erased_by=bindparam("at_the_word_of"), seal=bindparam("new_seal"))
)
_EMPTY = (
    update(QUERIES)
    .where(QUERIES.c.id == bindparam("which"))
    .values(
        {name: bindparam(f"new_{name}") for name in ("state", "idempotency_key", "request_digest", "response", SEAL)}
    )
)


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of an erasure.

    Attributes:
        indices: the entries that say so, ascending.
        counts: how many bodies went, by kind of entry.
    """

    indices: tuple[int, ...]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Found:
    """Entries that speak about the person, and the ids of the questions among them."""

    indices: frozenset[int] = frozenset()
    queries: tuple[tuple[int, str], ...] = ()

    def and_also(self, other: "_Found") -> "_Found":
        return _Found(self.indices | other.indices, self.queries + other.queries)


class _NothingLeftError(Exception):
    """Everything that was to go is gone."""


def erase(
    token: str,
    *,
    handles: Collection[str],
    engine: Engine,
    log: Log,
    registry: Registry,
    sealer: Sealer,
    now: int,
    timeout: float = 60,
) -> Erased:
    """Erase a person, and return once the bytes are gone from the database; again is harmless.

    Args:
        token: the provider's JWS (circuits.erasure).
        handles: by which the person may have been asked about, as their consents say; they are not logged.
        engine: of the log's database.
        log: what is erased from.
        registry: what the log says; it forgets the person.
        sealer: of the records of questions, and of what stays of the entries.
        now: Unix seconds.
        timeout: seconds to wait for a commit.

    Raises:
        RegistryError: not signed by this provider's current key, another provider's credentials, somebody else's, or
            not all of this person's (blame: the sender). Nothing was erased.
        LogUnavailable: not all was erased, or its bytes may still be in the file; asking again is safe.
    """
    admitted = registry.admit(ErasureEntry(token, ()))
    log.caught_up(timeout)
    person = _Person(admitted, handles, registry, sealer, now)
    size = log.size
    for mark in person.marks:
        person.look(log.find(OUTCOMES, mark, 0, size), size)
    while True:
        try:
            log.append_alone(person.build).result(timeout)
        except _NothingLeftError:
            break
        except TimeoutError as error:
            raise LogUnavailable("the log did not commit in time; it may still do so") from error
    scrub(engine)
    return person.receipt(log)


class _Person:
    """One person's erasure, as far as it has come."""

    def __init__(
        self, admitted: Admitted, handles: Collection[str], registry: Registry, sealer: Sealer, now: int
    ) -> None:
        if admitted.erasure is None:
            raise EntryError("it is no erasure")
        self._admitted = admitted
        self._erasure = admitted.erasure
        self._handles = frozenset(handles)
        self._registry = registry
        self._sealer = sealer
        self._now = now
        self._known = _Found()
        self._looked = 0
        self.marks = [canonical_json({"subject": handle})[1:-1] for handle in sorted(self._handles)]
        """How a body that is about them says so."""

    def look(self, entries: Iterable[LoggedEntry], end: int) -> None:
        """Take note of the questions among the entries up to one."""
        self._known = self._known.and_also(self._questions(entries))
        self._looked = end

    def build(self, index: int, connection: Connection) -> Draft:
        """Make the next erasure of the person; runs in the log's writer."""
        erasure, token = self._erasure, self._erasure.token
        places = self._registry.whole_person(erasure, self._handles)
        found = self._known
        for mark in self.marks:
            newer = find_entries(connection, self._looked, index, kinds=OUTCOMES, containing=mark)
            found = found.and_also(self._questions(newer))
        first = {*places.values(), *_revocations(connection, index, erasure.credentials)}
        due = sorted(first) + sorted(_standing(connection, found.indices))
        if not due and all(self._registry.erased_index(each) is not None for each in erasure.credentials):
            raise _NothingLeftError
        chosen = sorted(due[:MOST_ENTRIES])
        entry = ErasureEntry(token, tuple(chosen))
        rows = list(self._buried(connection, chosen, index))
        gone = set(chosen)
        rows += self._emptied(connection, [name for place, name in found.queries if place in gone])
        body = encode(entry, self._now)
        undo = self._registry.enter(index, replace(self._admitted, entry=entry), self._now)
        return Draft(entry.kind, body, self._now, rows=tuple(rows), undo=undo)

    def receipt(self, log: Log) -> Erased:
        """Say what was erased, from the log itself: this time, and whenever it was asked for before.

        Raises:
            RegistryError: it was at another provider's word, whose it was; how much is not for this one to know.
        """
        named = set(self._erasure.credentials)
        places = [self._registry.erased_index(each) for each in named]
        first = min((place for place in places if place is not None), default=0)
        indices, counts = [], Counter[str]()
        for logged in log.find((ErasureEntry.kind,), b"", first, log.size):
            entry = decode_logged(logged)
            if isinstance(entry, ErasureEntry) and self._own(jws.peek(entry.token), named):
                indices.append(logged.index)
                counts += log.kinds(entry.entries)
        if not indices:
            raise RegistryError("what is to be erased is another provider's")
        return Erased(tuple(indices), dict(sorted(counts.items())))

    def _own(self, payload: dict[str, Any], named: set[str]) -> bool:
        return payload["iss"] == self._erasure.provider and not named.isdisjoint(payload["credentials"])

    def _questions(self, entries: Iterable[LoggedEntry]) -> _Found:
        queries = []
        for logged in entries:
            entry = decode_logged(logged)
            if isinstance(entry, (AnswerEntry, UndeterminedEntry, DeclinedEntry)):
                query = entry.query
                if query.provider == self._erasure.provider and query.subject in self._handles:
                    queries.append((logged.index, query.id))
        return _Found(frozenset(index for index, _ in queries), tuple(queries))

    def _buried(self, connection: Connection, indices: list[int], by: int) -> Iterator[Row]:
        for start in range(0, len(indices), _CHUNK):
            wanted = select(*_STAYS).where(ENTRIES.c.index.in_(indices[start : start + _CHUNK]))
            for found in connection.execute(wanted).mappings():
                row = {name: found[name] for name in found} | {"salt": None, "body": None, "erased_by": by}
                sealed = self._sealer.sealed(ENTRIES.name, row)
                yield _BURY, {"which": found["index"], "at_the_word_of": by, "new_seal": sealed[SEAL]}

    def _emptied(self, connection: Connection, ids: list[str]) -> Iterator[Row]:
        for start in range(0, len(ids), _CHUNK):
            wanted = select(QUERIES).where(QUERIES.c.id.in_(ids[start : start + _CHUNK]))
            for found in connection.execute(wanted).mappings():
                row: dict[str, Any] = {name: found[name] for name in found if name != SEAL}
                row |= {"state": STATE, "idempotency_key": None, "request_digest": bytes(HASH), "response": None}
                sealed = self._sealer.sealed(QUERIES.name, row)
                names = ("state", "idempotency_key", "request_digest", "response", SEAL)
                yield _EMPTY, {"which": found["id"]} | {f"new_{name}": sealed[name] for name in names}


def scrub(engine: Engine) -> None:
    """Have the database let go of what was erased.

    SQLite overwrites what it frees (secure_delete), and its write-ahead log is emptied. PostgreSQL frees the room of
    the old rows; what stays there until it is used again, in archives and in copies, is the operator's to see to.

    Raises:
        LogUnavailable: not now; somebody reads, or the database cannot be reached.
    """
    try:
        if engine.dialect.name == "postgresql":
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                for table in (ENTRIES, QUERIES):
                    connection.exec_driver_sql(f"VACUUM {table.name}")
            return
        with engine.connect().execution_options(checkpointed=True) as connection:
            connection.execute(select(QUERIES.c.id).limit(1))
            emptied = connection.info.pop("checkpointed", True)
    except SQLAlchemyError as error:
        raise LogUnavailable(f"what was erased may still be in the file: {type(error).__name__}") from error
    if not emptied:
        raise LogUnavailable("what was erased is still in the write-ahead log: somebody reads it")


def _standing(connection: Connection, indices: Iterable[int]) -> Iterator[int]:
    """Those of some entries that have bodies still."""
    listed = sorted(indices)
    for start in range(0, len(listed), _CHUNK):
        chunk = listed[start : start + _CHUNK]
        yield from connection.scalars(
            select(ENTRIES.c.index).where(ENTRIES.c.index.in_(chunk), ENTRIES.c.body.is_not(None))
        )


def _revocations(connection: Connection, end: int, credentials: Iterable[str]) -> Iterator[int]:
    named = set(credentials)
    for logged in find_entries(connection, 0, end, kinds=(RevocationEntry.kind,)):
        entry = decode_logged(logged)
        if isinstance(entry, RevocationEntry) and jws.peek(entry.token).get("credential") in named:
            yield logged.index
