"""The check of a verifier's database, second part: the rows outside the log.

A record repeats what the log says of a query, and holds the response that was told; for every outcome in the log there
must be one. What is stated nowhere else (a caller's key, an idempotency key, how long an answer took) is under its
row's seal, and so is what stays of an entry that was erased; a cosignature says itself whose it is.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from sqlalchemy import Connection, Table

from circuits.attributes import Schema
from circuits.errors import CircuitsError
from verifier.entries.erasure import OUTCOMES
from verifier.entries.kinds import AnswerEntry, DeclinedEntry, Entry, SchemaEntry, UndeterminedEntry, decode
from verifier.erasing import STATE as ERASED
from verifier.errors import EntryError, NoteError, VerifierError
from verifier.log.merkle import HASH
from verifier.log.note import Checkpoint, NoteVerifier
from verifier.models import API_KEYS, COSIGNATURES, COUNTS, ENTRIES, NONCES, QUERIES
from verifier.soundness import stored
from verifier.soundness.seals import Sealer, SealError
from verifier.witnesses.cosigning import CosignatureVerifier, line_of

Outcome = AnswerEntry | UndeterminedEntry | DeclinedEntry
Schemas = Mapping[bytes, Schema]
Respond = Callable[[Outcome, int, int, Schemas, bytes], bytes]
"""The response that an outcome (its index, its time, the logged schemas) was told as; the stored one says what nothing
else does, such as how long it took."""
_STATES = {AnswerEntry.kind: "answered", UndeterminedEntry.kind: "undetermined", DeclinedEntry.kind: "declined"}
_BROKEN = "it is not the row that was written"


class Find(Protocol):
    """Takes down a fault: its table, the entry it is about, and what it is."""

    def __call__(self, table: str, index: int | None, what: str) -> None:
        """Take it down."""
        ...


class RowCheck:
    """What the entries say there must be, and whether it is there.

    Args:
        connection: as the whole check reads it.
        log: the log's key.
        find: takes down a fault.
        respond: makes the response that a record must hold; None: responses are not compared.
        sealer: of this log's key; None: seals are not verified.
    """

    def __init__(
        self, connection: Connection, log: NoteVerifier, find: Find, *, respond: Respond | None, sealer: Sealer | None
    ) -> None:
        self._connection = connection
        self._log = log
        self._find = find
        self._respond = respond
        self._sealer = sealer
        self._schemas: dict[bytes, Schema] = {}
        self._unrecorded = array("B")  # one byte for each entry: 1 for an outcome whose record has not been seen
        self.records = 0

    @property
    def sealed(self) -> bool:
        """Whether seals are verified."""
        return self._sealer is not None

    def expect(self, index: int, entry: Entry) -> None:
        """Note an entry that could be read: an outcome has a record, and responses are worded by schemas."""
        if isinstance(entry, SchemaEntry):
            self._schemas[entry.schema.digest] = entry.schema
        if isinstance(entry, Outcome):
            self._unrecorded.extend(bytes(index + 1 - len(self._unrecorded)))
            self._unrecorded[index] = 1

    def expect_erased(self, index: int, kind: str) -> None:
        """Note an entry whose body is gone; of a question, as it is said to have been, the record stays."""
        if kind in OUTCOMES:
            self._unrecorded.extend(bytes(index + 1 - len(self._unrecorded)))
            self._unrecorded[index] = 1

    def stays(self, row: stored.StoredEntry) -> bool:
        """Whether what stands beside the leaf of an erased entry is under its seal, where seals are verified."""
        columns = {each.name: getattr(row, each.name) for each in ENTRIES.columns}
        return self._sealer is None or self._holds(ENTRIES, columns, self._sealer)

    def run(self) -> None:
        """Check every row outside the log, after all entries have been noted."""
        for record in stored.records(self._connection):
            self.records += 1
            self._record(record)
        for index, unrecorded in enumerate(self._unrecorded):
            if unrecorded:
                self._find(QUERIES.name, index, "the record of its outcome is missing")
        for row in stored.rows(self._connection, COSIGNATURES):
            self._cosignature(row)
        if self._sealer is None:
            return
        keys = self._seals(API_KEYS, self._sealer)
        self._seals(NONCES, self._sealer)
        counted = 0
        for row in stored.rows(self._connection, COUNTS):
            if not self._holds(COUNTS, row, self._sealer):
                self._find(COUNTS.name, None, _BROKEN)
            if row["name"] == API_KEYS.name and isinstance(row["rows"], int):
                counted = row["rows"]
        if counted != keys:
            self._find(API_KEYS.name, None, f"there are {keys} rows, where {counted} were written")

    def _cosignature(self, row: Mapping[str, object]) -> None:
        note, line, witness = (stored.text(row[name]) for name in ("note", "line", "witness"))
        if note is None or line is None or witness is None:
            self._find(COSIGNATURES.name, None, "it is no text")
            return
        try:
            checkpoint = Checkpoint.open(note, self._log)
            if checkpoint.size != row["size"] or line_of(note, line, CosignatureVerifier.from_vkey(witness)) != line:
                self._find(COSIGNATURES.name, None, "size or line are not those of its checkpoint")
        except NoteError as error:
            self._find(COSIGNATURES.name, None, f"it cosigns no checkpoint of this log: {error}")

    def _seals(self, table: Table, sealer: Sealer) -> int:
        found = 0
        for row in stored.rows(self._connection, table):
            found += 1
            if not self._holds(table, row, sealer):
                self._find(table.name, None, _BROKEN)
        return found

    def _record(self, record: stored.StoredRecord) -> None:
        wrong = list(self._contradictions(record))
        if not wrong and self._sealer is not None and not self._holds(QUERIES, record.row, self._sealer):
            wrong = [_BROKEN]
        for each in wrong:
            self._find(QUERIES.name, record.entry_index, each)

    @staticmethod
    def _holds(table: Table, row: Mapping[str, object], sealer: Sealer) -> bool:
        try:
            sealer.verify(table.name, row)
        except SealError:
            return False
        return True

    def _contradictions(self, record: stored.StoredRecord) -> Iterator[str]:
        index = record.entry_index
        row = None if index is None else stored.entry(self._connection, index)
        if row is not None and row.erased:
            yield from self._seen(row.index)
            yield from _remains(record)
            return
        try:
            entry, at = decode((row.body if row else None) or b"")
        except EntryError:
            yield "it names an entry that is not there or cannot be read"
            return
        if index is None or not isinstance(entry, Outcome):
            yield "it names an entry that answers nothing"
            return
        yield from self._seen(index)
        yield from _contradictions(record, entry)
        if not isinstance(entry, DeclinedEntry) and record.response is not None:
            try:
                told = self._respond(entry, index, at, self._schemas, record.response) if self._respond else None
            except (VerifierError, CircuitsError, ValueError):
                told = b""
            if told not in (None, record.response):
                yield "the response is not what the log says was told"

    def _seen(self, index: int) -> Iterator[str]:
        if index < len(self._unrecorded):
            if not self._unrecorded[index]:
                yield "it is not the only record of its entry"
            self._unrecorded[index] = 0


def _remains(record: stored.StoredRecord) -> Iterator[str]:
    """What must be gone from the record of a question whose entry was erased."""
    if record.state != ERASED:
        yield f"its entry was erased, so its state must be {ERASED}"
    if record.has_response or record.row["idempotency_key"] is not None or record.request_digest != bytes(HASH):
        yield "its entry was erased, so response, key and digest must be gone"


def _contradictions(record: stored.StoredRecord, entry: Outcome) -> Iterator[str]:
    query = entry.query
    columns = (record.id, record.relying_party, record.state, record.created_at)
    expected = (query.id, query.relying_party, _STATES[entry.kind], query.issued_at)
    names = ("id", "relying_party", "state", "created_at")
    wrong = [name for name, has, due in zip(names, columns, expected, strict=True) if has != due]
    if wrong:
        yield f"it is not what the log says: {', '.join(wrong)}"
    if record.request_digest is None or len(record.request_digest) != HASH:
        yield "request_digest has not 32 bytes"
    told = not isinstance(entry, DeclinedEntry)
    if record.has_response != told or (told and record.response is None):
        yield "there must be a response exactly where one was told"
