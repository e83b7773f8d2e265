"""The log as it is shown: under the newest checkpoint that enough witnesses have cosigned, where witnesses are set."""

from collections.abc import Iterator
from dataclasses import dataclass

from verifier.errors import LogCorrupt, MerkleError
from verifier.log import merkle
from verifier.log.leaves import AnyEntry, LoggedEntry
from verifier.log.note import Checkpoint, split_note
from verifier.log.writer import Log
from verifier.witnesses.cosignatures import Cosignatures, Cosigned


@dataclass(frozen=True, slots=True)
class LogUnder:
    """The log under one signed checkpoint: what evidence and exports are made from.

    Attributes:
        log: the log, which may have grown since.
        note: the signed checkpoint, with cosignatures if it has any.
        size: how many entries it covers.
    """

    log: Log
    note: str
    size: int

    def entry(self, index: int) -> LoggedEntry:
        """Read one entry; see Log."""
        return self.log.entry(index)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Prove that an entry is in the tree of a size; see Log."""
        return self.log.inclusion(index, size)

    def read(self, start: int, limit: int | None = None) -> Iterator[AnyEntry]:
        """Read entries in order, no further than the checkpoint; see Log."""
        end = self.size if limit is None else min(self.size, start + limit)
        return self.log.read(start, max(0, end - start))


class WitnessedLog:
    """Says under which checkpoint a log is shown.

    Args:
        log: the log.
        cosignatures: what witnesses have signed; None if there are no witnesses, and the newest checkpoint is shown.

    Raises:
        LogCorrupt: the log is not the one that witnesses have cosigned: rolled back, or another (blame: log operator).
        LogUnavailable: the database cannot be read.
    """

    def __init__(self, log: Log, cosignatures: Cosignatures | None) -> None:
        self._log = log
        self._cosignatures = cosignatures
        cosigned = cosignatures.newest() if cosignatures else None
        if cosigned is not None:
            self._require_extended(cosigned)

    def newest(self) -> LogUnder:
        """Show the log under its newest checkpoint, whether anybody has cosigned it or not."""
        note = self._log.note
        return LogUnder(self._log, note, Checkpoint.from_bytes(split_note(note)[0]).size)

    def shown(self) -> LogUnder:
        """Show the log under its newest cosigned checkpoint; under the newest of all while there is none.

        Raises:
            LogCorrupt: witnesses have cosigned a larger log than this (blame: log operator).
            LogUnavailable: the database cannot be read.
        """
        cosigned = self._cosignatures.newest() if self._cosignatures else None
        if cosigned is None:
            return self.newest()
        self._require_reached(cosigned)
        return LogUnder(self._log, cosigned.note, cosigned.size)

    def covering(self, index: int) -> LogUnder:
        """Show the log so that it covers an entry: as `shown` if that does, else as `newest`. Raises as `shown`."""
        shown = self.shown()
        return shown if index < shown.size else self.newest()

    def _require_reached(self, cosigned: Cosigned) -> None:
        # Another process may have appended what was cosigned: only the database knows.
        if cosigned.size > self._log.size and cosigned.size > self._log.caught_up():
            raise LogCorrupt(f"witnesses have cosigned {cosigned.size} entries, the log has only {self._log.size}")

    def _require_extended(self, cosigned: Cosigned) -> None:
        self._require_reached(cosigned)
        old, new = Checkpoint.from_bytes(split_note(cosigned.note)[0]), self._log.checkpoint()
        path = self._log.consistency(old.size, new.size)
        try:
            merkle.verify_consistency(old.size, new.size, path, old.root, new.root)
        except MerkleError as error:
            raise LogCorrupt(f"the log does not extend the {old.size} entries that witnesses have cosigned") from error
