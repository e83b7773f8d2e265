"""What a relying party asked and was told: looked up by idempotency key, by id, and in pages.

A record is written in the transaction that logs the outcome, so there is never one without the other.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, Row, and_, insert, or_, select

from api.web.problems import Problem
from api.wire.questions import QueryLine, QueryPage
from circuits.calendar import rfc3339
from circuits.encoding import b64u, b64u_decode
from circuits.errors import EncodingError
from verifier.erasing import STATE
from verifier.log import writer as log
from verifier.models import QUERIES
from verifier.soundness.seals import Sealer

ANSWERED: Final = "answered"
UNDETERMINED: Final = "undetermined"
DECLINED: Final = "declined"
ERASED: Final = STATE
_INSERT: Final = insert(QUERIES)
_BIGGEST: Final = 1 << 63
_STATUS: Final = {ANSWERED: 201, UNDETERMINED: 200}


@dataclass(frozen=True, slots=True)
class Told:
    """A response as it leaves, or left."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """One query of one relying party."""

    id: str
    request_digest: bytes
    state: str
    response: bytes | None

    def told(self) -> Told:
        """What was answered.

        Raises:
            Problem: `declined`, if that was it; `erased`, if it is gone.
        """
        if self.state == ERASED:
            raise Problem("erased")
        if self.state == DECLINED or self.response is None:
            raise Problem("declined")
        return Told(_STATUS[self.state], self.response)


def row(
    *,
    query_id: str,
    party: str,
    key: str | None,
    request_digest: bytes,
    state: str,
    created_at: int,
    index: int,
    response: bytes | None,
    sealer: Sealer,
) -> log.Row:
    """The record, sealed, as a row for the log's transaction."""
    columns = {
        "id": query_id,
        "relying_party": party,
        "idempotency_key": key,
        "request_digest": request_digest,
        "state": state,
        "created_at": created_at,
        "entry_index": index,
        "response": response,
    }
    return _INSERT, sealer.sealed(QUERIES.name, columns)


def by_key(engine: Engine, party: str, key: str) -> Record | None:
    """The query asked with this idempotency key."""
    return _one(engine, QUERIES.c.idempotency_key == key, party)


def by_id(engine: Engine, party: str, query_id: str) -> Record | None:
    """The query of this id, if it is the party's own."""
    return _one(engine, QUERIES.c.id == query_id, party)


def page(engine: Engine, party: str, *, limit: int, cursor: str | None) -> QueryPage:
    """A page of a party's queries, newest first.

    Raises:
        Problem: `unprocessable` if the cursor is not one of ours.
    """
    columns = QUERIES.c
    statement = select(columns.id, columns.state, columns.created_at, columns.entry_index)
    statement = statement.where(columns.relying_party == party)
    if cursor is not None:
        at, index = _parse_cursor(cursor)
        older = or_(columns.created_at < at, and_(columns.created_at == at, columns.entry_index < index))
        statement = statement.where(older)
    statement = statement.order_by(columns.created_at.desc(), columns.entry_index.desc()).limit(limit + 1)
    with engine.connect().execution_options(reading=True) as connection:
        rows = connection.execute(statement).all()
    shown = rows[:limit]
    more = len(rows) > limit
    return QueryPage(
        queries=[_line(each) for each in shown],
        next=b64u(f"{shown[-1].created_at}:{shown[-1].entry_index}".encode()) if more else None,
    )


def _one(engine: Engine, condition: object, party: str) -> Record | None:
    columns = QUERIES.c
    statement = select(columns.id, columns.request_digest, columns.state, columns.response)
    statement = statement.where(columns.relying_party == party, condition)  # type: ignore[arg-type]  # a column clause
    with engine.connect().execution_options(reading=True) as connection:
        found = connection.execute(statement).one_or_none()
    if found is None:
        return None
    response = None if found.response is None else bytes(found.response)
    return Record(found.id, bytes(found.request_digest), found.state, response)


def _line(found: Row) -> QueryLine:  # type: ignore[type-arg]  # the columns are named in the select above
    return QueryLine(
        id=found.id,
        state=found.state,
        created_at=rfc3339(found.created_at),
        index=found.entry_index,
        self=f"/v1/queries/{found.id}",
    )


def _parse_cursor(cursor: str) -> tuple[int, int]:
    try:
        at, index = (int(part) for part in b64u_decode(cursor).decode("ascii").split(":"))
    except (EncodingError, ValueError):
        at = index = -1
    if not (0 <= at < _BIGGEST and 0 <= index < _BIGGEST):
        raise Problem("unprocessable", "the cursor is not one that a page gave")
    return at, index
