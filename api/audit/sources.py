"""What an audit reads: an export, a folder of static files with bodies, or a verifier's address; one stream of lines.

    log.jsonl    -    mirror/    https://verifier.example

Nothing read here is believed: a replay checks all of it against the signed checkpoint, which is the first line.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

from api.audit.bodies import FOLDER, read_bodies
from api.audit.exporting import export_lines
from api.audit.reading import ServedLog, size_of
from api.audit.tiling import read_tiles
from api.peers.log_client import MOST_NOTE, LogClient
from circuits.encoding import canonical_json
from verifier.audit.export import MAX_LINE, parse_entry_line
from verifier.audit.replay import Report
from verifier.audit.settling import Finding
from verifier.errors import Blame, ExportError, LogCorrupt
from verifier.log.bundles import leaves_of
from verifier.log.layout import CHECKPOINT, Place, places
from verifier.log.merkle import HASH, leaf_hash
from verifier.log.tiles import WIDTH

STDIN: Final = "-"
SCHEMES: Final = ("http://", "https://")


class SourceError(Exception):
    """There is nothing to read under a name (the fault of whoever gave it).

    Attributes:
        where: the name.
        remedy: what to name instead.
    """

    def __init__(self, what: str, *, where: str, remedy: str) -> None:
        super().__init__(what)
        self.where = where
        self.remedy = remedy


def _nothing() -> Finding | None:
    return None


@dataclass(frozen=True, slots=True)
class Source:
    """A log to be read once.

    Attributes:
        name: for people.
        lines: those of an export, each with its newline; no longer than a line of an export may be, and one byte.
        locate: looks for the first entry that is not the one its tile was made of, once the root is known to differ.
    """

    name: str
    lines: Iterator[bytes]
    locate: Callable[[], Finding | None] = _nothing

    def located(self, report: Report) -> Report:
        """Name the first entry that was changed, if the report doubts the root and the source can say more."""
        if all(each.code != "root" for each in report.findings):
            return report
        found = self.locate()
        if found is None:
            return report
        doubts = [each for each in report.findings if each.index is None]
        findings = (*doubts, found, *report.findings[len(doubts) :])
        return replace(report, findings=findings, findings_count=report.findings_count + 1)


def open_source(named: str, stack: ExitStack, *, key: str | None = None) -> Source:
    """Open what somebody named.

    Args:
        named: a file, `-` for standard input, a folder, or an address that begins with http:// or https://.
        stack: closes it.
        key: the auditor's, for an address.

    Raises:
        SourceError: it is no export, or holds no bodies, so that there is nothing to replay, or there is no key.
        Refusal, Unreachable: nobody serves a log at the address.
        OSError: the file cannot be read.
    """
    if named == STDIN:
        return Source("standard input", _export("standard input", sys.stdin.buffer))
    if named.startswith(SCHEMES):
        if not key:
            raise SourceError(
                "entries are read from an address with an auditor's key, and there is none",
                where=named,
                remedy="the verifier's operator makes one: attest verifier client add NAME --scope audit",
            )
        log = ServedLog(stack.enter_context(LogClient(named, key=key)))
        return Source(log.name, export_lines(log))
    path = Path(named)
    if path.is_dir():
        return _folder(path)
    return Source(named, _export(named, stack.enter_context(path.open("rb"))))


def read_checkpoint(named: str) -> bytes:
    """The signed checkpoint of a file that holds one, of a folder, or of an address; not yet verified.

    Raises:
        SourceError: a folder without one.
        Refusal, Unreachable: nobody serves a log at the address.
        OSError: the file cannot be read.
    """
    if named.startswith(SCHEMES):
        with LogClient(named) as client:
            return client.checkpoint().encode()
    path = Path(named)
    if path.is_dir():
        _require_checkpoint(path)
        path /= CHECKPOINT
    with path.open("rb") as file:
        return file.read(MOST_NOTE)


def _export(name: str, file: BinaryIO) -> Iterator[bytes]:
    """An export's lines; another file, named by mistake, is nothing that the log's operator is to blame for."""
    first = file.readline(MAX_LINE + 1)
    if b"checkpoint" not in first:
        raise SourceError(
            "this is no export of a log" if first else "there is nothing in it",
            where=name,
            remedy="name what this wrote: attest verifier log export FILE.jsonl; nothing was checked",
        )
    return chain((first,), _lines(file))


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(MAX_LINE + 1):
        yield line


def _folder(folder: Path) -> Source:
    _require_checkpoint(folder)
    if not (folder / FOLDER).is_dir():
        raise SourceError(
            "this folder holds tiles without the entries' bodies, so that no answer can be checked",
            where=str(folder),
            remedy="export it with the bodies: attest verifier log export DIR --bodies, or mirror it with a key",
        )
    with (folder / CHECKPOINT).open("rb") as file:
        raw = file.read(MOST_NOTE)
    return Source(str(folder), _folder_lines(folder, raw), lambda: _locate(folder, raw))


def _require_checkpoint(folder: Path) -> None:
    if not (folder / CHECKPOINT).is_file():
        raise SourceError(
            "there is no checkpoint in this folder",
            where=str(folder),
            remedy="name a folder that attest verifier log export or attest audit mirror wrote to its end",
        )


def _folder_lines(folder: Path, raw: bytes) -> Iterator[bytes]:
    note = _text(raw)
    yield canonical_json({"checkpoint": note}) + b"\n"
    yield from read_bodies(folder, size_of(note))


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ExportError("the checkpoint is not text") from None


def _locate(folder: Path, raw: bytes) -> Finding | None:
    fetch = read_tiles(folder)
    size = size_of(_text(raw))
    tiles = ((place.number * WIDTH, place) for place in places(size) if place.level is None)
    lines = read_bodies(folder, size)
    try:
        for start, place in tiles:
            hashes = fetch(Place(0, place.number, place.width))
            leaves = leaves_of(fetch(place))
            for offset, leaf in enumerate(leaves):
                hashed = leaf_hash(leaf)
                if hashes[offset * HASH : (offset + 1) * HASH] != hashed:
                    return _changed(start + offset, "its tile and its bundle contradict each other")
                if parse_entry_line(next(lines, b""), start + offset).leaf_hash != hashed:
                    return _changed(start + offset, "its body is not the one that its tile was made of")
    except (LogCorrupt, ExportError):
        return None  # a replay says so itself, or the tiles are of no use
    return None


def _changed(index: int, reason: str) -> Finding:
    return Finding(index, Blame.LOG, "tile", reason)
