"""A verifier's database as a check reads it: one state of it, never written; and what its records must have told."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from api.database import DatabaseRefused, open_engine
from api.disclosures import in_words
from api.wire.questions import Answer, Undetermined
from circuits import jws
from circuits.attributes import Schema
from circuits.calendar import rfc3339
from circuits.encoding import b64u
from circuits.predicate import parse
from circuits.vocabulary import Vocabulary
from verifier.audit.replay import Progress
from verifier.checking import EngineName
from verifier.entries.kinds import AnswerEntry
from verifier.errors import Blame, EntryError
from verifier.log.note import Checkpoint
from verifier.soundness.fsck import Checked, Fault
from verifier.soundness.fsck import fsck as fsck_log
from verifier.soundness.retile import rebuild_tiles
from verifier.soundness.rowcheck import Outcome, Respond, Schemas
from verifier.soundness.seals import Sealer
from verifier.trust import Trust

_ANSWER: Final = {"outcome": "answer"}
_RESTORE: Final = "restore the database from a copy"
_LOGGED_SO: Final = "nothing is damaged, it was logged so: attest audit replay --evidence DIR, for whom it concerns"
_REMEDIES: Final = {
    "log_entry": "restore the entry from a copy of the database: an export holds salt and body of each",
    "log_tile": "if all leaves hold: attest verifier fsck --rebuild-tiles",
    "query_record": "restore the record from a copy; what was answered is in the log all the same",
    "api_key": "attest verifier client list, and revoke what is not known; make its owner another",
    "request_nonce": "delete the row, once a few minutes have passed: until then a request could be sent again",
    "log_cosignature": "delete the row: witnesses cosign the next checkpoint",
}
_UNDETERMINED: Final = {"outcome": "undetermined"}


def check(
    url: str,
    *,
    trust: Trust,
    sealer: Sealer | None = None,
    since: Checkpoint | str | None = None,
    engine: EngineName = "fast",
    progress: Progress | None = None,
) -> Checked:
    """Check the verifier's database at an address; a running verifier is not disturbed.

    Raises:
        DatabaseRefused: the address names no database that exists, or another kind (the operator's fault).
        NoteError: `since` is not signed by the pinned key (the fault of whoever passes it).
        SQLAlchemyError: the database cannot be reached.
    """
    with reading(url) as connection:
        return fsck_log(
            connection,
            trust=trust,
            respond=responder(trust),
            sealer=sealer,
            since=since,
            engine=engine,
            progress=progress,
        )


def remedy(fault: Fault) -> str:
    """What the operator can do about a fault; nothing is done without being asked for."""
    if fault.blame is not Blame.LOG:
        return _LOGGED_SO
    return _REMEDIES.get(fault.table, _RESTORE)


def rebuild(url: str, *, trust: Trust) -> list[tuple[int, int]]:
    """Make the tiles again from the entries; returns (level, number) of those that were changed.

    Raises:
        DatabaseRefused: see check.
        LogCorrupt: the entries' leaves do not have the signed root; nothing was written.
        SQLAlchemyError: the database cannot be reached or written.
    """
    with reading(url):  # a file that is not there is not to be made
        pass
    engine = open_engine(url)
    try:
        with engine.begin() as connection:
            return rebuild_tiles(connection, log=trust.log)
    finally:
        engine.dispose()


@contextmanager
def reading(url: str) -> Iterator[Connection]:
    """A connection that sees one state of the database and cannot write.

    Raises:
        DatabaseRefused: see check.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        raise DatabaseRefused("the database address is not of the form sqlite:///FILE or postgresql://...") from None
    if address.get_backend_name() == "sqlite":
        path = Path(address.database or "")
        if not path.is_file():
            raise DatabaseRefused("there is no such database file")
        name = f"file:{quote(str(path.resolve()))}?mode=ro"
        engine = create_engine(
            "sqlite+pysqlite://",
            creator=lambda: sqlite3.connect(name, uri=True, isolation_level=None),
            poolclass=NullPool,
            hide_parameters=True,
        )
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        options: dict[str, Any] = {}
    else:
        engine = open_engine(url)
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        with engine.connect().execution_options(**options) as connection, connection.begin() as one_state:
            yield connection
            one_state.rollback()
    finally:
        engine.dispose()


def responder(trust: Trust) -> Respond:
    """What makes an outcome's response again, byte for byte, the way `api.verifier.asking` made it.

    Only how long it took is taken from the stored response: the log does not say it.
    """

    def respond(outcome: Outcome, index: int, at: int, schemas: Schemas, stored: bytes) -> bytes:
        query = outcome.query
        common: dict[str, Any] = {
            "id": query.id,
            "predicate": query.predicate_text,
            "subject": query.subject,
            "provider": query.provider,
            "consent": query.consent,
            "as_of": query.as_of,
            "reasons": query.reasons.value,
            "answered_at": rfc3339(at),
            "log": {"origin": trust.origin, "index": index},
        }
        vocabulary = Vocabulary(tuple(_schema(schemas, digest) for digest in query.schema_digests))
        question = parse(query.predicate_text, vocabulary)
        if not isinstance(outcome, AnswerEntry):
            reason = getattr(outcome, "reason", None)
            made = {**common, **_UNDETERMINED, "question": question.english(), "reason": reason}
            return Undetermined.model_validate(made).model_dump_json().encode()
        said = jws.peek(outcome.attestation)  # the replay in the same pass verifies it, by the key that counted then
        told = json.loads(stored)
        here = f"/v1/queries/{query.id}"
        made = {
            **common,
            **_ANSWER,
            "question": said.get("question"),
            "answer": "yes" if outcome.answer else "no",
            "disclosed": in_words(outcome.disclosed, vocabulary, as_of=query.as_of_day, question=question),
            "failed": said.get("failed"),
            "proof": {"bytes": len(outcome.proof), "digest": said.get("proof_digest")},
            "timing_ms": told.get("timing_ms") if isinstance(told, dict) else None,
            "attestation": outcome.attestation,
            "links": {"self": here, "attestation": f"{here}/attestation", "evidence": f"{here}/evidence"},
        }
        return Answer.model_validate(made).model_dump_json().encode()

    return respond


def _schema(schemas: Schemas, digest: bytes) -> Schema:
    found = schemas.get(digest)
    if found is None:
        raise EntryError(f"no schema {b64u(digest)} is in the log")
    return found
