"""A signed checkpoint that somebody kept or was shown, opened with the pinned key.

The log answers for whatever it signed: witnesses are not asked for. What a fork shows to one victim no witness has
cosigned, and what was kept before witnesses were pinned has none either.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.failures import CommandError, ExitCode

if TYPE_CHECKING:
    from verifier.log.note import Checkpoint
    from verifier.trust import Trust


def kept_checkpoint(file: Path, pins: "Trust", *, option: str) -> "Checkpoint":
    """Open a checkpoint in a file that an option names.

    Raises:
        CommandError: the file holds none that the pinned key signed; the log is not to blame for that.
        OSError: the file cannot be read.
    """
    from api.peers.log_client import MOST_NOTE

    with file.open("rb") as source:
        raw = source.read(MOST_NOTE)
    remedy = "name a file that attest audit replay --keep wrote for this log"
    return _opened(raw, pins, where=f"{option} {file}", remedy=remedy, kind=option.lstrip("-"))


def shown_checkpoint(named: str, pins: "Trust") -> "Checkpoint":
    """Open a checkpoint in a file, in a folder of tiles or at an address.

    Raises:
        CommandError: there is none that the pinned key signed; the log is not to blame for that.
        SourceError, Refusal, Unreachable, OSError: as api.audit.sources.read_checkpoint does.
    """
    from api.audit.sources import read_checkpoint

    remedy = "name a file as /log/checkpoint serves it or attest audit replay --keep writes it"
    return _opened(read_checkpoint(named), pins, where=named, remedy=remedy, kind="checkpoint")


def _opened(raw: bytes, pins: "Trust", *, where: str, remedy: str, kind: str) -> "Checkpoint":
    from verifier.errors import NoteError
    from verifier.log.note import Checkpoint, NoteVerifier

    try:
        return Checkpoint.open(raw.decode("utf-8"), NoteVerifier(pins.log.name, pins.log.public))
    except (NoteError, UnicodeDecodeError) as error:
        reason = str(error) if isinstance(error, NoteError) else "it is not text"
        raise CommandError(
            f"no checkpoint of the pinned log: {reason}", where=where, remedy=remedy, code=ExitCode.FAILED, kind=kind
        ) from None
