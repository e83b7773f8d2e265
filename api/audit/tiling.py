"""The log as static files, for any object store: the very paths of C2SP tlog-tiles that `/log` serves, and no body.

What a file says never changes (a partial tile has its width in its name), so a second export writes only what is new,
one that was cut off goes on where it stopped, and the checkpoint, written last, is never ahead of the tiles it covers.
"""

from collections.abc import Callable
from pathlib import Path

from api.home.files import PUBLIC_FILE, write_file
from verifier.errors import LogCorrupt
from verifier.log.bundles import SLOT, hashes_of
from verifier.log.layout import CHECKPOINT, Place, places
from verifier.log.merkle import HASH, Frontier, root
from verifier.log.note import Checkpoint, NoteVerifier
from verifier.log.tiles import WIDTH, nodes

Fetch = Callable[[Place], bytes]
Progress = Callable[[int], None]


def write_tiles(
    folder: Path, note: str, fetch: Fetch, *, verifier: NoteVerifier, progress: Progress | None = None
) -> int:
    """Write the log that a checkpoint covers into a folder; returns how many files are new.

    Args:
        folder: where; made if it is not there.
        note: the signed checkpoint.
        fetch: the bytes of a tile or bundle, as wide as its place says.
        verifier: the log's public key.
        progress: told how many files are done.

    Raises:
        LogCorrupt: tiles, bundles and checkpoint contradict each other, or the folder holds a log that this one does
            not extend; the checkpoint in it is then left as it was (blame: log operator).
        NoteError: the checkpoint is not this log's.
        OSError: a file cannot be written.
    """
    checkpoint = Checkpoint.open(note, verifier)
    _require_extension(folder, checkpoint, fetch, verifier)
    new = 0
    for done, place in enumerate(places(checkpoint.size), 1):
        path = folder / "tile" / place.path
        width = place.width * (SLOT if place.level is None else HASH)
        if not path.is_file() or path.stat().st_size != width:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, _require_width(fetch(place), width, place), mode=PUBLIC_FILE)
            new += 1
        if progress:
            progress(done)
    _require_whole(checkpoint, read_tiles(folder))
    folder.mkdir(parents=True, exist_ok=True)
    stored = folder / CHECKPOINT
    if not stored.is_file() or stored.read_text("utf-8") != note:
        write_file(stored, note.encode(), mode=PUBLIC_FILE)
        new += 1
    return new


def read_tiles(folder: Path) -> Fetch:
    """Fetch tiles and bundles from a folder that `write_tiles` wrote.

    The returned function raises LogCorrupt where a file is missing or has not the size its name promises.
    """

    def fetch(place: Place) -> bytes:
        width = place.width * (SLOT if place.level is None else HASH)
        try:
            with (folder / "tile" / place.path).open("rb") as file:
                return _require_width(file.read(width + 1), width, place)
        except FileNotFoundError:
            raise LogCorrupt(f"tile {place.path} is missing") from None

    return fetch


def _require_width(content: bytes, width: int, place: Place) -> bytes:
    if len(content) != width:
        raise LogCorrupt(f"tile {place.path} has {len(content)} bytes, not {width}")
    return content


def _root(size: int, fetch: Fetch) -> bytes:
    """Root over the first entries, by the tiles that a log of this size has."""
    widths = {(place.level, place.number): place for place in places(size) if place.level is not None}
    return root(size, nodes(lambda level, number: fetch(widths[level, number])))


def _require_whole(checkpoint: Checkpoint, fetch: Fetch) -> None:
    """Every entry hashes to its tile, every tile to the one above, and the top to the signed root."""
    for place in places(checkpoint.size):
        if place.level is None and hashes_of(fetch(place)) != fetch(Place(0, place.number, place.width)):
            raise LogCorrupt(f"the entries of bundle {place.number} are not those of their tile")
        if place.level:
            below = (Place(place.level - 1, place.number * WIDTH + number) for number in range(place.width))
            if b"".join(_top(fetch(each)) for each in below) != fetch(place):
                raise LogCorrupt(f"tile {place.path} does not have the roots of the tiles below")
    if _root(checkpoint.size, fetch) != checkpoint.root:
        raise LogCorrupt(f"the tiles of {checkpoint.size} entries do not have the root of the checkpoint")


def _top(tile: bytes) -> bytes:
    frontier = Frontier()
    for start in range(0, len(tile), HASH):
        frontier.append(tile[start : start + HASH])
    return frontier.root()


def _require_extension(folder: Path, checkpoint: Checkpoint, fetch: Fetch, verifier: NoteVerifier) -> None:
    stored = folder / CHECKPOINT
    if not stored.is_file():
        return
    before = Checkpoint.open(stored.read_text("utf-8"), verifier)
    if before.size > checkpoint.size:
        raise LogCorrupt(f"the folder holds {before.size} entries, this log has only {checkpoint.size}")
    if _root(before.size, fetch) != before.root:
        raise LogCorrupt(f"the log does not extend the {before.size} entries in the folder")
