"""A checkpoint that somebody kept, read from its file."""

from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.failures import CommandError, ExitCode

if TYPE_CHECKING:
    from verifier.log.note import Checkpoint
    from verifier.trust import Trust

MOST_CHECKPOINT = 64 << 10


def read_checkpoint(file: Path, pins: "Trust", *, option: str) -> "Checkpoint":
    """Open a checkpoint in a file that an option names.

    Raises:
        CommandError: the file holds none that the pinned key signed; the log is not to blame for that.
    """
    from verifier.errors import NoteError
    from verifier.log.note import Checkpoint

    with file.open("rb") as source:
        content = source.read(MOST_CHECKPOINT)
    try:
        return Checkpoint.open(content.decode("utf-8"), pins.log)
    except (NoteError, UnicodeDecodeError) as error:
        reason = str(error) if isinstance(error, NoteError) else "it is not text"
        raise CommandError(
            f"no checkpoint of the pinned log: {reason}",
            where=f"{option} {file}",
            remedy="name a file that attest audit replay --keep wrote for this log",
            code=ExitCode.FAILED,
            kind=option.lstrip("-"),
        ) from None
