"""Files, written whole or not at all, and closed to other users unless they are for everybody."""

import errno
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

PRIVATE_DIRECTORY: Final = 0o700
PRIVATE_FILE: Final = 0o600
PUBLIC_FILE: Final = 0o644


def require_writable(path: Path) -> None:
    """Refuses a name under which no file can be written, before anything is done for it.

    Raises:
        OSError: a directory, or in none, or in one that is closed to us.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such directory", str(path.parent))
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path.parent))


def write_file(path: Path, content: bytes, *, mode: int = PRIVATE_FILE) -> None:
    """Writes a file whole or not at all.

    Raises:
        OSError: it cannot be written; its `filename` is the name the caller knows.
    """
    with _replacing(path, mode) as file:
        file.write(content)


def write_lines(path: Path, lines: Iterable[bytes], *, mode: int = PRIVATE_FILE) -> int:
    """Streams lines (each with its newline) into a file, whole or not at all; returns how many.

    Raises:
        OSError: as write_file does, before a line is read.
    """
    require_writable(path)
    count = 0
    with _replacing(path, mode) as file:
        for line in lines:
            file.write(line)
            count += 1
    return count


def write_json(path: Path, content: Mapping[str, Any], *, mode: int = PRIVATE_FILE) -> None:
    """Writes one JSON object, whole or not at all."""
    write_file(path, json.dumps(content, indent=2).encode() + b"\n", mode=mode)


@contextmanager
def _replacing(path: Path, mode: int) -> Iterator[BinaryIO]:
    """A neighbour is written, synced, and renamed over the name when the block ends well."""
    neighbour = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        neighbour.unlink(missing_ok=True)
        descriptor = os.open(neighbour, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None  # the name the caller knows
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        neighbour.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            neighbour.unlink()
        raise
