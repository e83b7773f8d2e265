"""Checkpoints that a log signed and no honest log would have: kept with the one cosigned before, as evidence."""

import hashlib
from pathlib import Path
from typing import Final

from api.home.files import write_file
from verifier.log.note import Checkpoint, split_note
from verifier.witnesses.witness import Request, Store

MOST_KEPT: Final = 100
"""Files; the first ones say what happened, and whoever sends more must not fill the disk."""


def keep(folder: Path, raw: bytes, *, store: Store) -> str | None:
    """Write the checkpoint of a refused request, and the one last cosigned for its log, into two files of a folder.

    Returns:
        The name they have in common, or None if nothing was written: they are there already, or too many are.

    Raises:
        NoteError, RequestMalformed: the request is not one that a witness has read (blame: the caller).
        OSError: they cannot be written.
    """
    note = Request.from_bytes(raw).note
    cosigned = store.read(Checkpoint.from_bytes(split_note(note)[0]).origin) or ""
    name = hashlib.sha256(f"{cosigned}\0{note}".encode()).hexdigest()[:16]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / f"{name}.refused").exists() or sum(1 for _ in folder.iterdir()) >= MOST_KEPT:
        return None
    write_file(folder / f"{name}.cosigned", cosigned.encode())
    write_file(folder / f"{name}.refused", note.encode())
    return name
