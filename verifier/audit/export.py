r"""The log as a file: JSON lines, first the signed checkpoint, then every entry in order.

{"checkpoint":"verifier.example/log\n3\n..."}
{"appended_at":"2026-11-22T15:46:17Z","body":"{...}","index":0,"kind":"provider","salt":"..."}

An entry that was erased has its leaf, and the number of the entry that says so, instead of salt and body:

{"appended_at":"2026-11-22T15:46:18Z","erased":9,"index":3,"kind":"credential","leaf":"..."}
"""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from circuits import calendar
from circuits.encoding import b64u, b64u_decode, canonical_json, parse_json
from circuits.errors import CircuitsError
from verifier.errors import ExportError
from verifier.log.leaves import SALT, AnyEntry, LoggedEntry, Tombstone
from verifier.log.merkle import HASH
from verifier.log.note import Checkpoint

MAX_LINE = 1 << 21
_MEMBERS = {"index", "kind", "salt", "body", "appended_at"}
_ERASED_MEMBERS = {"index", "kind", "leaf", "erased", "appended_at"}


class LogReader(Protocol):
    """What an export is made from."""

    @property
    def note(self) -> str:
        """The newest signed checkpoint."""
        ...

    def read(self, start: int, limit: int | None = None) -> Iterator[AnyEntry]:
        """Read entries in order."""
        ...


def export_lines(log: LogReader) -> Iterator[bytes]:
    """Write the log up to its newest checkpoint, line by line, each with its newline; memory stays flat."""
    note = log.note
    size = Checkpoint.from_bytes(note.partition("\n\n")[0].encode() + b"\n").size
    yield canonical_json({"checkpoint": note}) + b"\n"
    for logged in log.read(0, size):
        yield entry_line(logged)


def entry_line(logged: AnyEntry) -> bytes:
    """Write one entry as a line."""
    return canonical_json(entry_json(logged)) + b"\n"


def entry_json(logged: AnyEntry) -> dict[str, Any]:
    """Describe one entry as in an export."""
    stated = {"index": logged.index, "kind": logged.kind, "appended_at": calendar.rfc3339(logged.appended_at)}
    if isinstance(logged, Tombstone):
        return stated | {"leaf": b64u(logged.leaf), "erased": logged.erased}
    return stated | {"salt": b64u(logged.salt), "body": logged.body.decode()}


def parse_checkpoint_line(line: bytes) -> str:
    """Parse the first line of an export: the signed note, not yet verified.

    Raises:
        ExportError: it is something else (blame: who made or carried the export).
    """
    first = _parse(line, "the first line")
    if set(first) != {"checkpoint"} or not isinstance(first["checkpoint"], str):
        raise ExportError("the first line must hold the checkpoint")
    return first["checkpoint"]


def parse_entry_line(line: bytes, expected: int) -> AnyEntry:
    """Parse the line of entry number `expected`; nothing in it is verified yet.

    Raises:
        ExportError: malformed, or another entry's (blame: who made or carried the export).
    """
    where = f"entry {expected}"
    members = _parse(line, where)
    if set(members) not in (_MEMBERS, _ERASED_MEMBERS):
        raise ExportError(
            f"{where}: the members must be {', '.join(sorted(_MEMBERS))}, "
            f"or {', '.join(sorted(_ERASED_MEMBERS))} if it was erased"
        )
    if members["index"] != expected or isinstance(members["index"], bool):
        raise ExportError(f"{where}: the line holds another entry; one is missing, repeated or moved")
    if "erased" in members:
        return _tombstone(members, expected, where)
    texts = [members[name] for name in ("kind", "salt", "body", "appended_at")]
    if not all(isinstance(text, str) for text in texts):
        raise ExportError(f"{where}: kind, salt, body and appended_at are texts")
    kind, salt, body, appended_at = texts
    try:
        raw = b64u_decode(salt)
        if len(raw) != SALT:
            raise ExportError(f"{where}: a salt has 32 bytes")
        return LoggedEntry(expected, kind, calendar.unix(appended_at), raw, body.encode())
    except (CircuitsError, UnicodeEncodeError) as error:
        raise ExportError(f"{where}: {error}") from error


def _tombstone(members: dict[str, Any], expected: int, where: str) -> Tombstone:
    kind, leaf, appended_at, erased = (members[name] for name in ("kind", "leaf", "appended_at", "erased"))
    if not all(isinstance(text, str) for text in (kind, leaf, appended_at)):
        raise ExportError(f"{where}: kind, leaf and appended_at are texts")
    if not isinstance(erased, int) or isinstance(erased, bool) or erased < 0:
        raise ExportError(f"{where}: erased is the number of an entry")
    try:
        raw = b64u_decode(leaf)
        if len(raw) != HASH:
            raise ExportError(f"{where}: a leaf has {HASH} bytes")
        return Tombstone(expected, kind, calendar.unix(appended_at), raw, erased)
    except CircuitsError as error:
        raise ExportError(f"{where}: {error}") from error


def _parse(line: bytes, where: str) -> dict[str, Any]:
    if len(line) > MAX_LINE or not line.endswith(b"\n"):
        raise ExportError(f"{where}: the line is too long, or the file ends inside it")
    try:
        members = parse_json(line[:-1])
    except CircuitsError as error:
        raise ExportError(f"{where}: {error}") from error
    if not isinstance(members, dict):
        raise ExportError(f"{where}: the line is no JSON object")
    return members


def entry_lines(lines: Iterable[bytes]) -> Iterator[AnyEntry]:
    """Parse the lines after the first, in order, one at a time."""
    for expected, line in enumerate(lines):
        yield parse_entry_line(line, expected)
