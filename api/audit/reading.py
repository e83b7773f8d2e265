"""Where a log can be copied from: the database of a verifier that is stopped, or a service that answers over HTTP."""

from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from pydantic import ValidationError

from api.peers.log_client import LogClient, TooLarge
from api.web.unfit import plain
from api.wire.publications import EntryLine, EntryPage, ErasedLine
from circuits import calendar
from circuits.encoding import b64u_decode, canonical_json
from circuits.errors import EncodingError
from verifier.audit.export import entry_line, parse_entry_line
from verifier.errors import ExportError
from verifier.log.bundles import bundle, leaves_of
from verifier.log.layout import Place
from verifier.log.leaves import LoggedEntry, Tombstone
from verifier.log.merkle import HASH
from verifier.log.tiles import WIDTH
from verifier.log.writer import Log

ERASED: Final = b'"erased":'
"""In every line of a tombstone; in a text of another line its quotes are escaped."""
LINE: Final = 10
"""Digits of the largest number that a checkpoint's size may have here: a log of ten billion entries is a mistake."""


class LogMovedOn(Exception):  # noqa: N818 - names the state; reading it again, under a newer checkpoint, is safe
    """Something was erased, and the checkpoint does not cover the entry that says so (nobody's fault)."""


class Readable(Protocol):
    """A log as it was when its checkpoint was signed, whatever is appended meanwhile."""

    name: str
    """Where it is, for people."""

    @property
    def note(self) -> str:
        """The signed checkpoint, not yet verified."""
        ...

    def fetch(self, place: Place) -> bytes:
        """The bytes of a tile or bundle."""
        ...

    def lines(self, start: int, end: int) -> Iterator[bytes]:
        """The lines of an export for the entries from `start` to below `end`, each with its newline."""
        ...


class StoredLog:
    """A log in a database, opened by `verifier.log.writer.Log`; raises what that does.

    Args:
        log: the log.
        note: its checkpoint, the newest or one before.
        name: where it is.
    """

    def __init__(self, log: Log, *, note: str, name: str) -> None:
        self.name = name
        self.note = note
        self._log = log

    def fetch(self, place: Place) -> bytes:
        """The bytes of a tile or bundle."""
        if place.level is None:
            return bundle(leaves_of(self._log.bundle(place.number))[: place.width])
        return self._log.tile(place.level, place.number)[: place.width * HASH]

    def lines(self, start: int, end: int) -> Iterator[bytes]:
        """The lines of an export."""
        return (entry_line(logged) for logged in self._log.read(start, end - start))


class ServedLog:
    """A log that a running verifier, or with tiles only any web server, shows; raises what `LogClient` does."""

    def __init__(self, client: LogClient) -> None:
        self.name = client.url
        self.note = client.checkpoint()
        self._client = client

    def fetch(self, place: Place) -> bytes:
        """The bytes of a tile or bundle."""
        return self._client.tile(place)

    def lines(self, start: int, end: int) -> Iterator[bytes]:
        """The lines of an export, a page at a time in memory.

        Raises:
            ExportError: what is served is no page of entries, or not of those asked for (blame: who serves it).
        """
        limit = min(WIDTH, max(end - start, 1))
        while start < end:
            try:
                page = self._page(start, min(limit, end - start))
            except TooLarge:
                if limit == 1:
                    raise ExportError(f"entry {start}: larger than any entry, as served by {self.name}") from None
                limit //= 2
                continue
            for entry in page:
                yield _line(entry, start)
                start += 1

    def _page(self, start: int, limit: int) -> list[EntryLine | ErasedLine]:
        try:
            page = EntryPage.model_validate(self._client.entries(start, limit)).entries
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ExportError(f"entry {start} and after, as served by {self.name}: {place} {plain(first)}") from None
        if not 0 < len(page) <= limit:
            raise ExportError(f"entry {start}: {self.name} serves {len(page)} entries from there on")
        return page


def checkpoint_line(log: Readable) -> bytes:
    """The first line of an export."""
    return canonical_json({"checkpoint": log.note}) + b"\n"


def size_of(note: str) -> int:
    """How many entries a checkpoint says it covers, before anybody has verified it.

    Raises:
        ExportError: it is no checkpoint (blame: who serves or carries it).
    """
    written = f"{note}\n\n".split("\n", 2)[1]
    if not (written.isascii() and written.isdigit() and len(written) <= LINE):
        raise ExportError("the checkpoint does not say how many entries it covers")
    return int(written)


def settled(lines: Iterable[bytes], start: int, size: int) -> Iterator[bytes]:
    """Pass lines on, as long as all they speak of is among the entries that the checkpoint covers.

    Raises:
        LogMovedOn: an entry was erased after the checkpoint had been signed: a replay would miss the erasure.
    """
    for index, line in enumerate(lines, start):
        if ERASED in line:
            erased = getattr(parse_entry_line(line, index), "erased", 0)
            if erased >= size:
                raise LogMovedOn(f"entry {index} was erased by entry {erased}; the checkpoint covers only {size}")
        yield line


def _line(entry: EntryLine | ErasedLine, expected: int) -> bytes:
    """One served entry as a line of an export."""
    try:
        if entry.index != expected:
            raise ExportError(f"entry {expected}: another one is served in its place")
        appended_at = calendar.unix(entry.appended_at)
        if isinstance(entry, ErasedLine):
            return entry_line(Tombstone(expected, entry.kind, appended_at, b64u_decode(entry.leaf), entry.erased))
        salt, body = b64u_decode(entry.salt), b64u_decode(entry.body)
        body.decode("utf-8")
        return entry_line(LoggedEntry(expected, entry.kind, appended_at, salt, body))
    except (EncodingError, UnicodeDecodeError) as error:
        raise ExportError(f"entry {expected}: what is served is not an entry: {error}") from None
