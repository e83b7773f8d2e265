"""The log as an export: from the running verifier with the auditor's key, or from the stopped one's database."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final

from api.database import open_engine
from api.home.directory import Home, HomeBusyError, locked
from api.home.settings import log_database
from api.peers.lender_client import ServiceClient
from circuits import calendar
from circuits.encoding import b64u_decode, canonical_json
from verifier.export import entry_line
from verifier.export import export_lines as lines_of_log
from verifier.leaves import LoggedEntry
from verifier.log import Log
from verifier.note import NoteSigner

PAGE: Final = 1_000
Progress = Callable[[int, int | None], None]


def export_lines(
    home: Home, *, connect: Callable[[], ServiceClient], progress: Progress | None = None
) -> Iterator[bytes]:
    """The lines of an export, each with its newline: first the checkpoint, then every entry below it.

    Args:
        home: whose log.
        connect: a client with the auditor's key, for when the verifier runs.
        progress: told how many entries of how many.

    Raises:
        Refusal, Unreachable: the running verifier does not answer.
        LogCorrupt, LogUnavailable: the stopped verifier's log cannot be read.
    """
    tell = progress or (lambda _done, _total: None)
    try:
        with locked(home.verifier / "lock", what="in use", remedy=""):
            yield from _from_database(home, tell)
            return
    except HomeBusyError:
        pass
    with connect() as client:
        yield from _from_service(client, tell)


def _from_database(home: Home, progress: Progress) -> Iterator[bytes]:
    engine = open_engine(log_database(home, os.environ))
    try:
        signer = NoteSigner.from_skey(home.log_key.read_text("ascii").strip())
        with closing(Log(engine, signer, entropy=os.urandom)) as log:
            size = log.size
            for number, line in enumerate(lines_of_log(log)):
                progress(number, size)
                yield line
    finally:
        engine.dispose()


def _from_service(client: ServiceClient, progress: Progress) -> Iterator[bytes]:
    page = client.get("/v1/entries", start=0, limit=PAGE)
    # The log grows while it is read: what is exported is what the first page's checkpoint covers.
    note = str(page["checkpoint"])
    size = int(note.split("\n", 2)[1])
    yield canonical_json({"checkpoint": note}) + b"\n"
    done = 0
    while done < size:
        for entry in page["entries"][: size - done]:
            yield entry_line(_entry(entry))
        done += len(page["entries"])
        progress(min(done, size), size)
        if done < size:
            page = client.get("/v1/entries", start=done, limit=PAGE)


def _entry(line: dict[str, Any]) -> LoggedEntry:
    appended_at = calendar.unix(line["appended_at"])
    return LoggedEntry(line["index"], line["kind"], appended_at, b64u_decode(line["salt"]), b64u_decode(line["body"]))
