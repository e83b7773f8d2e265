"""The log of a home: as its running verifier serves it, or as the stopped one's database holds it; and as an export."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

from api.audit.reading import Readable, ServedLog, StoredLog, checkpoint_line, settled, size_of
from api.database import open_engine
from api.home.directory import Home, HomeBusyError, locked
from api.home.settings import log_database, verifier_settings
from api.peers.log_client import LogClient
from verifier.log.note import NoteSigner
from verifier.log.writer import Log
from verifier.witnesses.cosignatures import Cosignatures
from verifier.witnesses.witnessed import WitnessedLog

Progress = Callable[[int, int | None], None]


@contextmanager
def opened(home: Home, *, connect: Callable[[], LogClient]) -> Iterator[Readable]:
    """Open the log of a home, whether its verifier runs or not.

    Args:
        home: whose log.
        connect: a client with the auditor's key, for when the verifier runs.

    Raises:
        Refusal, Unreachable: the running verifier does not answer.
        LogCorrupt, LogUnavailable: the stopped verifier's log cannot be read.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(home.verifier / "lock", what="in use", remedy=""))
        except HomeBusyError:
            running = True
        else:
            running = False
        yield ServedLog(stack.enter_context(connect())) if running else _stored(home, stack)


def _stored(home: Home, stack: ExitStack) -> StoredLog:
    engine = open_engine(log_database(home, os.environ))
    stack.callback(engine.dispose)
    signer = NoteSigner.from_skey(home.log_key.read_text("ascii").strip())
    log = stack.enter_context(closing(Log(engine, signer, entropy=os.urandom)))
    quorum = verifier_settings(home, environment=os.environ).quorum
    shown = WitnessedLog(log, Cosignatures(engine, quorum) if quorum else None).shown()
    return StoredLog(log, note=shown.note, name=str(home.log_database))


def export_lines(log: Readable, *, progress: Progress | None = None) -> Iterator[bytes]:
    """The lines of an export, each with its newline: first the checkpoint, then every entry below it.

    Args:
        log: where from.
        progress: told how many entries of how many.

    Raises:
        ExportError: what is served is no log.
        LogMovedOn: read it again, under a newer checkpoint.
    """
    yield checkpoint_line(log)
    size = size_of(log.note)
    for done, line in enumerate(settled(log.lines(0, size), 0, size), 1):
        yield line
        if progress:
            progress(done, size)
