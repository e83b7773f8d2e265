"""Cosignatures as they are kept: per witness and size one line, verified before it is stored, and few of them.

What matters is the newest checkpoint that enough witnesses have cosigned; beside it stay those of the newest sizes,
which may still become it. Everything older is deleted: an inclusion proof can always be made under a newer checkpoint.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from verifier.errors import LogUnavailable
from verifier.log import store as log_store
from verifier.log.note import Checkpoint, split_note
from verifier.models import COSIGNATURES
from verifier.witnesses.cosigning import Quorum, line_of

KEPT_SIZES = 4
"""Rounds that may be under way at once: one in each of a few processes."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint with cosignatures.

    Attributes:
        size: how many entries it covers.
        note: the signed note, a line of each witness that has cosigned it at its end.
        witnesses: the names of these.
    """

    size: int
    note: str
    witnesses: tuple[str, ...]


class Cosignatures:
    """The cosignatures in a database.

    Args:
        engine: the verifier's database, migrated.
        quorum: whose cosignatures are wanted, and how many make a checkpoint one that is shown.
    """

    def __init__(self, engine: Engine, quorum: Quorum) -> None:
        self._engine = engine
        self.quorum = quorum
        self._keys = {witness.vkey: witness for witness in quorum.witnesses}

    def add(self, note: str, answers: Mapping[str, str]) -> None:
        """Store what witnesses (by their vkeys) answered to a signed checkpoint, and delete what is too old.

        A line that is there already stays: whoever has read it reads the same again.

        Raises:
            NoteError: an answer without its witness's cosignature on this checkpoint; nothing is stored (blame: the
                witness).
            LogUnavailable: the database cannot be written.
        """
        size = Checkpoint.from_bytes(split_note(note)[0]).size
        lines = {vkey: line_of(note, answer, self._keys[vkey]) for vkey, answer in answers.items()}
        try:
            with self._engine.begin() as connection:
                log_store.take_turn(connection)
                there = connection.scalars(select(COSIGNATURES.c.witness).where(COSIGNATURES.c.size == size))
                for vkey in lines.keys() - set(there):
                    row = {"size": size, "witness": vkey, "note": note, "line": lines[vkey]}
                    connection.execute(insert(COSIGNATURES), row)
                self._prune(connection)
        except SQLAlchemyError as error:
            raise LogUnavailable(f"cosignatures cannot be written: {type(error).__name__}") from error

    def newest(self) -> Cosigned | None:
        """Read the newest checkpoint that enough witnesses have cosigned; None before there is one.

        Raises:
            LogUnavailable: the database cannot be read.
        """
        try:
            with self._engine.connect().execution_options(reading=True) as connection:
                return self._newest(connection)
        except SQLAlchemyError as error:
            raise LogUnavailable(f"cosignatures cannot be read: {type(error).__name__}") from error

    def sizes(self) -> dict[str, int]:
        """Read the largest size that each witness (by its vkey) has cosigned, without those that have none.

        Raises:
            LogUnavailable: the database cannot be read.
        """
        columns = select(COSIGNATURES.c.witness, func.max(COSIGNATURES.c.size).label("size"))
        try:
            with self._engine.connect().execution_options(reading=True) as connection:
                rows = connection.execute(columns.group_by(COSIGNATURES.c.witness)).all()
        except SQLAlchemyError as error:
            raise LogUnavailable(f"cosignatures cannot be read: {type(error).__name__}") from error
        return {row.witness: row.size for row in rows if row.witness in self._keys}

    def _newest(self, connection: Connection) -> Cosigned | None:
        columns = select(COSIGNATURES.c.size, COSIGNATURES.c.note, COSIGNATURES.c.witness, COSIGNATURES.c.line)
        wanted = columns.where(COSIGNATURES.c.witness.in_(sorted(self._keys)))
        found: dict[tuple[int, str], dict[str, str]] = {}
        for row in connection.execute(wanted.order_by(COSIGNATURES.c.size.desc(), COSIGNATURES.c.witness)).all():
            found.setdefault((row.size, row.note), {})[row.witness] = row.line
        for (size, note), lines in found.items():
            if len(lines) >= self.quorum.needed:
                return Cosigned(size, note + "".join(lines.values()), tuple(self._keys[vkey].name for vkey in lines))
        return None

    def _prune(self, connection: Connection) -> None:
        newest = self._newest(connection)
        rounds = select(COSIGNATURES.c.size).distinct().order_by(COSIGNATURES.c.size.desc()).limit(KEPT_SIZES)
        kept = set(connection.scalars(rounds))
        if newest is not None:
            kept = {size for size in kept if size > newest.size} | {newest.size}
        connection.execute(delete(COSIGNATURES).where(COSIGNATURES.c.size.not_in(sorted(kept))))
