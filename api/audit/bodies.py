"""The bodies of a log beside its static files: what an auditor replays and nobody else may read, in files of 256 lines.

bodies/000.jsonl   bodies/001.jsonl   bodies/002.p/17.jsonl     the lines of an export, named like the bundles of tiles

Unlike a tile, a body may go: when its erasure is in the log, the file that held it is written again, and what a longer
file replaces is removed.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from api.audit.reading import Readable, settled, size_of
from api.home.files import PRIVATE_DIRECTORY, write_lines
from circuits.encoding import parse_json
from circuits.errors import EncodingError
from verifier.audit.export import MAX_LINE, parse_entry_line
from verifier.entries.erasure import ErasureEntry
from verifier.errors import ExportError
from verifier.log.layout import Place, places
from verifier.log.leaves import LoggedEntry
from verifier.log.tiles import WIDTH

FOLDER: Final = "bodies"
PRIVATE_FILE: Final = 0o600
ERASURE: Final = b'"kind":"erasure"'
"""In every line of such an entry, and in few others."""
Progress = Callable[[int, int | None], None]


def write_bodies(folder: Path, log: Readable, *, progress: Progress | None = None) -> int:
    """Write the bodies below a log's checkpoint into a folder; returns how many files are new or written again.

    One that was cut off goes on where it stopped.

    Args:
        folder: that of the tiles; the bodies go into one of their own in it, closed to others.
        log: where from.
        progress: told how many entries of how many.

    Raises:
        ExportError: what is served is no log.
        LogMovedOn: go on under a newer checkpoint.
        OSError: a file cannot be written.
    """
    size, new = size_of(log.note), 0
    for place in _bundles(size):
        start, path = place.number * WIDTH, _path(folder, place)
        if not path.is_file():
            lines = list(settled(log.lines(start, start + place.width), start, size))
            for number in _erased(lines, start):  # before the erasure itself: if this is cut off, it is done again
                new += _write_again(folder, log, number, size=size)
            _write(path, lines)
            new += 1
        _remove_shorter(folder, place)
        if progress:
            progress(start + place.width, size)
    return new


def read_bodies(folder: Path, size: int) -> Iterator[bytes]:
    """Read the lines of the first entries from a folder that `write_bodies` wrote, a line at a time in memory.

    Raises:
        ExportError: a file is missing, or has fewer or more lines than its name says (blame: who made or carried it).
    """
    for place in _bundles(size):
        path = _path(folder, place)
        try:
            with path.open("rb") as file:
                count = 0
                while line := file.readline(MAX_LINE + 1):
                    yield line
                    count += 1
        except FileNotFoundError:
            raise ExportError(f"{path.relative_to(folder)} is missing: export them again, with the bodies") from None
        if count != place.width:
            raise ExportError(f"{path.relative_to(folder)} has {count} lines, not {place.width}")


def _bundles(size: int) -> Iterator[Place]:
    for place in places(size):
        if place.level is not None:
            return
        yield place


def _path(folder: Path, place: Place) -> Path:
    return folder / FOLDER / f"{place.path.removeprefix('entries/')}.jsonl"


def _write(path: Path, lines: list[bytes]) -> None:
    path.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    write_lines(path, lines)


def _erased(lines: list[bytes], start: int) -> list[int]:
    """The bundles before this one that hold what this one's entries say has been erased."""
    found: set[int] = set()
    for index, line in enumerate(lines, start):
        if ERASURE in line:
            logged = parse_entry_line(line, index)
            if isinstance(logged, LoggedEntry) and logged.kind == ErasureEntry.kind:
                found |= {each // WIDTH for each in _named(logged.body) if isinstance(each, int) and 0 <= each < start}
    return sorted(found)


def _named(body: bytes) -> list[object]:
    """What an erasure names, as far as it is one: of what it should be, a replay tells."""
    try:
        stated = parse_json(body)
    except EncodingError:
        return []
    named = stated.get("entries") if isinstance(stated, dict) else None
    return named if isinstance(named, list) else []


def _write_again(folder: Path, log: Readable, number: int, *, size: int) -> int:
    path = _path(folder, Place(None, number))
    if not path.is_file():
        return 0
    start = number * WIDTH
    _write(path, list(settled(log.lines(start, start + WIDTH), start, size)))
    return 1


def _remove_shorter(folder: Path, place: Place) -> None:
    """Remove what an earlier export wrote of this bundle while it was shorter."""
    shorter = _path(folder, Place(None, place.number, 1)).parent
    if not shorter.is_dir():
        return
    for path in shorter.iterdir():
        if path != _path(folder, place):
            path.unlink()
    if place.width == WIDTH:
        shorter.rmdir()
