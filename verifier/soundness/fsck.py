"""The check of a verifier's database: everything is computed again from the bodies. Repairs nothing, names all.

For every entry three stored things speak about one body: body and salt themselves, the leaf beside them, and the hash
in the tile. Where one of them contradicts the other two, that one is named, and the tree goes on with what the two
say, so that one flipped bit is one fault and not a tile of every level, the root and the checkpoint as well. What the
entries say is for `verifier.audit.replay`, which is given the same entries in the same pass.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from circuits import calendar
from circuits.encoding import canonical_json
from verifier.audit.export import entry_line
from verifier.audit.replay import Progress, replay
from verifier.checking import EngineName
from verifier.entries.kinds import decode
from verifier.errors import Blame, EntryError, NoteError
from verifier.log.leaves import SALT, AnyEntry, LoggedEntry, Tombstone, salted_leaf
from verifier.log.merkle import HASH, leaf_hash
from verifier.log.note import Checkpoint, NoteVerifier
from verifier.log.tiles import WIDTH, Tree
from verifier.soundness import stored
from verifier.soundness.rowcheck import Respond, RowCheck
from verifier.soundness.seals import Sealer
from verifier.trust import Trust

MOST_FAULTS = 100
_NEVER = calendar.unix("9999-12-31T23:59:59Z")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the database that is not what was written.

    Attributes:
        table: where it stands; "database" for the file as such.
        index: the entry it is about, or None.
        what: for people; no subject, no token, no proof.
        blame: whose doing it is; nobody knows better than "log operator" who changes a database.
    """

    table: str
    index: int | None
    what: str
    blame: Blame = Blame.LOG

    def __str__(self) -> str:
        where = self.table if self.index is None else f"{self.table}, entry {self.index}"
        return f"{where}: {self.what} (blame: {self.blame})"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    Attributes:
        origin: the log's name.
        entries: how many entries the database holds.
        answers: how many proven answers were checked again and held.
        records: how many records of queries were compared with the log.
        replayed: whether the entries could be replayed: not without a signed checkpoint.
        sealed: whether the seals of the rows outside the log were verified: not without the log's key.
        faults: the first hundred, in the order in which they were found; empty for a sound database.
        faults_count: how many there were.
    """

    origin: str
    entries: int
    answers: int
    records: int
    replayed: bool
    sealed: bool
    faults: tuple[Fault, ...]
    faults_count: int


def fsck(
    connection: Connection,
    *,
    trust: Trust,
    respond: Respond | None = None,
    sealer: Sealer | None = None,
    since: Checkpoint | str | None = None,
    engine: EngineName = "fast",
    progress: Progress | None = None,
    entropy: Callable[[int], bytes] = os.urandom,
) -> Checked:
    """Check a verifier's database.

    Args:
        connection: to the database, in one transaction that reads one state of it; used for nothing else after that.
        trust: the pinned keys of this log.
        respond: makes the response that a record must hold; None: responses are not compared.
        sealer: of this log's key; None: the seals of the rows outside the log are not verified.
        since: a checkpoint kept earlier, to tell a database that is older than it was.
        engine: which implementation verifies the proofs.
        progress: told how many entries of how many have been read.
        entropy: random bytes for the weights of batches.
    """
    return _Check(connection, trust, respond, sealer).run(since, engine, progress, entropy)


class _Check:
    def __init__(self, connection: Connection, trust: Trust, respond: Respond | None, sealer: Sealer | None) -> None:
        self._connection = connection
        log = NoteVerifier(trust.log.name, trust.log.public)  # witnesses cosign later than the log writes
        self._trust = replace(trust, log=log)
        self._faults: list[Fault] = []
        self._count = 0
        self._named: set[int] = set()
        self._rows = RowCheck(connection, log, self._find, respond=respond, sealer=sealer)
        self._tree = Tree.read(0, lambda _level, _number: b"")
        self._tile = b""
        self._tiles = 0
        self._entries = 0
        self._time = 0

    def run(
        self,
        since: Checkpoint | str | None,
        engine: EngineName,
        progress: Progress | None,
        entropy: Callable[[int], bytes],
    ) -> Checked:
        stored.take_as_it_is(self._connection)
        answers = 0
        opened: tuple[Checkpoint, str] | None = None
        try:
            for complaint in stored.complaints(self._connection):
                self._find("database", None, complaint)
            opened = self._checkpoint()
            walk = self._walk(opened[0].size if opened else None)
            if opened:
                lines = self._lines(opened[1], walk)
                answers = self._replay(lines, since, engine, progress, entropy)
            for _rest in walk:
                pass
            self._require_tree(opened[0] if opened else None)
            self._rows.run()
        except (SQLAlchemyError, UnicodeDecodeError) as error:  # the latter: a column's name, which no factory reads
            reason = str(getattr(error, "orig", None) or type(error).__name__)
            self._find("database", None, f"it cannot be read any further: {reason}")
        return Checked(
            origin=self._trust.origin,
            entries=self._entries,
            answers=answers,
            records=self._rows.records,
            replayed=opened is not None,
            sealed=self._rows.sealed,
            faults=tuple(self._faults),
            faults_count=self._count,
        )

    def _checkpoint(self) -> tuple[Checkpoint, str] | None:
        rows = stored.checkpoints(self._connection)
        if len(rows) != 1:
            self._find("log_checkpoint", None, "there must be one checkpoint, not none or several")
            return None
        row = rows[0]
        try:
            checkpoint = Checkpoint.open(row.note or "", self._trust.log)
        except NoteError as error:
            self._find("log_checkpoint", None, f"it is not this log's, so no proof could be checked: {error}")
            return None
        if (row.origin, row.size) != (checkpoint.origin, checkpoint.size):
            self._find("log_checkpoint", None, "origin or size stated beside the note are not the note's")
        return checkpoint, row.note or ""

    def _replay(
        self,
        lines: Iterator[bytes],
        since: Checkpoint | str | None,
        engine: EngineName,
        progress: Progress | None,
        entropy: Callable[[int], bytes],
    ) -> int:
        report = replay(lines, trust=self._trust, since=since, engine=engine, progress=progress, entropy=entropy)
        for _rest in lines:  # where the replay gave up, the tables are still to be read
            pass
        tables_hold = not self._count
        for finding in report.findings:
            # A changed body is named already, and the root that does not fit it follows from that.
            if tables_hold if finding.index is None else finding.index not in self._named:
                self._find("log_entry", finding.index, finding.reason, finding.blame)
        self._count += max(0, report.findings_count - len(report.findings))
        return report.answers

    def _lines(self, note: str, walk: Iterator[AnyEntry]) -> Iterator[bytes]:
        yield canonical_json({"checkpoint": note}) + b"\n"
        for logged in walk:
            yield entry_line(logged)

    def _walk(self, size: int | None) -> Iterator[AnyEntry]:
        """Check every row; yield for every number up to `size` an entry that can be replayed, if only as malformed."""
        for row in stored.entries(self._connection):
            while size is not None and self._tree.size < min(row.index, size):
                yield self._missing()
            if row.index != self._tree.size:
                self._find("log_entry", row.index, "no entry of this log has that number, or one before it is missing")
                continue
            self._entries += 1
            yield self._entry(row)
        while size is not None and self._tree.size < size:
            yield self._missing()

    def _missing(self) -> LoggedEntry:
        index = self._tree.size
        self._find("log_entry", index, "it is missing")
        self._append(self._in_tile(index))
        return LoggedEntry(index, "missing", self._time, bytes(SALT), b"")

    def _entry(self, row: stored.StoredEntry) -> AnyEntry:
        in_tile = self._in_tile(row.index)
        beside = leaf_hash(row.leaf) if row.leaf is not None and len(row.leaf) == HASH else None
        if row.erased:
            return self._erased(row, beside, in_tile)
        if row.erased_by is not None or row.seal is not None:
            self._find("log_entry", row.index, "it is said to be erased, and is not")
        computed = None
        if row.body is None or row.salt is None or len(row.salt) != SALT:
            self._find("log_entry", row.index, "its body or its salt is missing")
        else:
            computed = leaf_hash(salted_leaf(row.salt, row.body))
        agreed = beside if beside is not None and beside == in_tile else computed or beside or in_tile
        if computed is not None and computed != agreed:
            self._find("log_entry", row.index, "its body or its salt is not what was logged")
        if beside != agreed:
            self._find("log_entry", row.index, "its leaf is not that of its body")
        if in_tile != agreed:
            self._find("log_tile", row.index, "its hash is not that of its body")
        self._append(agreed)
        return self._decoded(row)

    def _erased(self, row: stored.StoredEntry, beside: bytes | None, in_tile: bytes | None) -> Tombstone:
        """Of two that speak about a body that is gone either may be wrong; whether it may be gone a replay says."""
        if beside is None or beside != in_tile:
            self._find("log_entry", row.index, "its leaf and its hash in the tile contradict each other")
        elif not self._rows.stays(row):
            self._find("log_entry", row.index, "what stands beside its leaf is not what was written")
        self._append(beside or in_tile)
        kind, at = row.kind or "unknown", row.appended_at
        if at is None or not 0 <= at < _NEVER:
            self._find("log_entry", row.index, "the time stated beside its leaf is none")
            at = self._time
        self._rows.expect_erased(row.index, kind)
        leaf = row.leaf if row.leaf is not None and len(row.leaf) == HASH else bytes(HASH)
        by = row.erased_by or 0
        return Tombstone(row.index, kind, at, leaf, by if 0 <= by < _NEVER else 0)  # 0 erases nothing: a finding

    def _decoded(self, row: stored.StoredEntry) -> LoggedEntry:
        body, salt = row.body or b"", row.salt if row.salt is not None and len(row.salt) == SALT else bytes(SALT)
        kind = row.kind or "unknown"
        try:
            entry, self._time = decode(body)
        except EntryError as error:
            self._find("log_entry", row.index, f"its body cannot be read: {error}")
            body = body.decode("utf-8", "replace").encode()  # an export is text; what is malformed stays so
        else:
            kind = entry.kind
            if (row.kind, row.appended_at) != (entry.kind, self._time):
                self._find("log_entry", row.index, "kind or time stated beside the body are not the body's")
            self._rows.expect(row.index, entry)
        return LoggedEntry(row.index, kind, self._time, salt, body)

    def _in_tile(self, index: int) -> bytes | None:
        place = index % WIDTH
        if place == 0:
            self._tile = stored.tile(self._connection, 0, index // WIDTH) or b""
        found = self._tile[place * HASH : (place + 1) * HASH]
        return found if len(found) == HASH else None

    def _append(self, agreed: bytes | None) -> None:
        self._tree.append(agreed or bytes(HASH))
        full = [place for place, hashes in self._tree.changed.items() if len(hashes) == WIDTH * HASH]
        for place in full:
            self._require_tile(place, self._tree.changed.pop(place))

    def _require_tile(self, place: tuple[int, int], hashes: bytes) -> None:
        self._tiles += 1
        found = stored.tile(self._connection, *place)
        if found is None:
            self._find("log_tile", None, f"tile {place[0]}/{place[1]} is missing")
        elif found != hashes:
            self._find("log_tile", None, f"tile {place[0]}/{place[1]} does not have the hashes of the entries below it")

    def _require_tree(self, checkpoint: Checkpoint | None) -> None:
        for place, hashes in self._tree.changed.items():
            self._require_tile(place, hashes)
        if stored.count_tiles(self._connection) != self._tiles:
            self._find("log_tile", None, f"there must be {self._tiles} tiles, not fewer and not more")
        if checkpoint is not None and checkpoint.root != self._tree.root():
            self._find("log_checkpoint", None, "the entries do not have the signed root")

    def _find(self, table: str, index: int | None, what: str, blame: Blame = Blame.LOG) -> None:
        self._count += 1
        if index is not None and len(self._named) < MOST_FAULTS * WIDTH:
            self._named.add(index)
        if len(self._faults) < MOST_FAULTS:
            self._faults.append(Fault(table, index, what, blame))
