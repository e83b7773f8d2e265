"""Checkpoints that a log signed and no honest log would have: kept with the one cosigned before, as evidence."""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Final

from api.home.directory import write_file
from verifier.errors import NoteError
from verifier.note import Checkpoint, split_note
from verifier.witness import Request, Store

MOST_KEPT: Final = 100
"""Files; the first ones say what happened, and whoever sends more must not fill the disk."""


def keep(folder: Path, raw: bytes, *, store: Store) -> str | None:
    """Write a refused request, and the note last cosigned for its log, into two files of a folder.

    Returns:
        The name they have in common, or None if nothing was written: they are there already, or too many are.

    Raises:
        OSError: they cannot be written.
    """
    name = hashlib.sha256(raw).hexdigest()[:16]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / f"{name}.request").exists() or sum(1 for _ in folder.iterdir()) >= MOST_KEPT:
        return None
    with suppress(NoteError):
        origin = Checkpoint.from_bytes(split_note(Request.from_bytes(raw).note)[0]).origin
        write_file(folder / f"{name}.cosigned", (store.read(origin) or "").encode())
    write_file(folder / f"{name}.request", raw)
    return name
