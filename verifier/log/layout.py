"""Where C2SP tlog-tiles puts things, the same over HTTP and in a folder: paths, and what a log of a size consists of.

checkpoint    tile/0/x001/x234/067    tile/1/000.p/8    tile/entries/x001/x234/067    tile/entries/003.p/17
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from verifier.errors import MerkleError
from verifier.log.tiles import HEIGHT, WIDTH

CHECKPOINT = "checkpoint"
_PLACE = re.compile(r"(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class Place:
    """A tile of hashes, or with `level` None an entry bundle: its number, and how many of 256 it holds."""

    level: int | None
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """The path below `tile/`: `{L}/{N}`, or `{L}/{N}.p/{W}` while it is partial."""
        digits = str(self.number)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
        number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"{'entries' if self.level is None else self.level}/{number}{partial}"

    @classmethod
    def parse(cls, path: str) -> Self:
        """Parse what stands below `tile/`; the strict inverse of `path`.

        Raises:
            MerkleError: there is no such path in any log (blame: who asks for it).
        """
        found = _PLACE.fullmatch(path)
        if found is None:
            raise MerkleError("a tile is called level/number, or level/number.p/width while it is partial")
        level = None if found[1] == "entries" else int(found[1])
        place = cls(level, int(found[2].replace("x", "").replace("/", "")), int(found[3] or WIDTH))
        if place.path != path:
            raise MerkleError("a tile has one name only")
        return place


def places(size: int) -> Iterator[Place]:
    """Name every tile and bundle of a log of `size` entries, level by level; only a level's last is partial."""
    for number, width in _cut(size):
        yield Place(None, number, width)
    level = 0
    while size >> HEIGHT * level:
        for number, width in _cut(size >> HEIGHT * level):
            yield Place(level, number, width)
        level += 1


def _cut(hashes: int) -> Iterator[tuple[int, int]]:
    for start in range(0, hashes, WIDTH):
        yield start // WIDTH, min(WIDTH, hashes - start)
