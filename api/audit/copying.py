"""A log copied into a folder: the files for everybody and, if wanted, the bodies beside them; resumable."""

from dataclasses import dataclass
from pathlib import Path

from api.audit.bodies import Progress, write_bodies
from api.audit.reading import Readable, size_of
from api.audit.tiling import write_tiles
from verifier.log.layout import places
from verifier.log.note import Checkpoint, NoteVerifier


@dataclass(frozen=True, slots=True)
class Copied:
    """What a folder holds now.

    Attributes:
        entries: how many entries the checkpoint covers.
        files: how many files are new or were written again.
    """

    entries: int
    files: int


def copy_log(
    folder: Path,
    log: Readable,
    *,
    verifier: NoteVerifier,
    bodies: bool,
    progress: Progress | None = None,
) -> Copied:
    """Copy a log into a folder, which may hold an earlier state of it.

    Args:
        folder: made if it is not there.
        log: where from.
        verifier: the log's public key.
        bodies: whether the entries' bodies are wanted too.
        progress: told how many files, then how many entries, of how many.

    Raises:
        LogCorrupt: see `write_tiles` (blame: log operator).
        NoteError: the checkpoint is not this log's.
        ExportError: what is served is no log.
        OSError: a file cannot be written.
    """
    Checkpoint.open(log.note, verifier)  # before anything is counted: the number may be anybody's
    size = size_of(log.note)
    total = sum(1 for _ in places(size))
    files = write_tiles(
        folder,
        log.note,
        log.fetch,
        verifier=verifier,
        progress=(lambda done: progress(done, total)) if progress else None,
    )
    if bodies:
        files += write_bodies(folder, log, progress=progress)
    return Copied(size, files)
