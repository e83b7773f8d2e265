"""A witness's memory as files: one per log, replaced whole and flushed to the disk before anybody hears of it."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = ".lock"


class FileStore:
    """Signed checkpoints in a directory, under the SHA-256 of their origins.

    One writer at a time, among threads and processes (a lock on a file of the directory). A note is written beside the
    old one, flushed, renamed over it, and the directory flushed: after a crash there is the old note or the new one.

    Raises:
        OSError: the directory cannot be read or written; nothing is signed then.
    """

    __slots__ = ("_folder",)

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder

    def read(self, origin: str) -> str | None:
        """Read the last note of a log, or None if there is none."""
        try:
            return self._place(origin).read_bytes().decode()
        except FileNotFoundError:
            return None

    def swap(self, origin: str, *, old: str | None, new: str) -> bool:
        """Replace a log's note if it is still `old`; True only when `new` is on the disk."""
        with self._turn():
            if self.read(origin) != old:
                return False
            place = self._place(origin)
            fresh = place.with_suffix(".new")
            with fresh.open("wb") as file:
                file.write(new.encode())
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(place)
            self._flush_folder()
            return True

    def _place(self, origin: str) -> Path:
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()}.note"

    def _flush_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        # A descriptor of its own for each turn: flock then holds among the threads of one process too.
        descriptor = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
