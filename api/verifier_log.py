"""Endpoints: the log as C2SP tlog-tiles, for anybody; its entries with their bodies, for auditors."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from api.auth import Principal, Scope
from api.foundation import StrictRoute, holder_of
from api.problems import Problem, documented
from api.schemas import EntryLine, EntryPage
from api.static import IMMUTABLE, with_etag
from api.verifier_service import VerifierService, service_of
from circuits.calendar import rfc3339
from circuits.encoding import b64u

router = APIRouter(tags=["log"], route_class=StrictRoute)
Auditor = Annotated[Principal, Depends(holder_of(Scope.AUDIT))]
Service = Annotated[VerifierService, Depends(service_of)]
_HASH: Final = 32
_WIDTH: Final = 256
_PATH: Final = re.compile(r"([0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
MOST_ENTRIES: Final = 1_000


@router.get(
    "/log/checkpoint",
    summary="The newest signed checkpoint",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def checkpoint(request: Request, service: Service) -> Response:
    """A C2SP signed note: origin, number of entries, root of the tree."""
    return with_etag(request, service.log.note.encode(), "text/plain; charset=utf-8")


@router.get(
    "/log/tile/{place:path}",
    summary="256 hashes of one level of the tree",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
        **documented("not-found", "unavailable"),
    },
)
def tile(place: str, request: Request, service: Service) -> Response:
    """`{L}/{N}` or, for an unfinished tile, `{L}/{N}.p/{W}`; N in groups of three digits as in `x001/x234/067`."""
    found = _PATH.fullmatch(place)
    if found is None:
        raise Problem("not-found", "a tile is called level/number, or level/number.p/width while it is partial")
    level, number = int(found[1]), int(found[2].replace("x", "").replace("/", ""))
    width = int(found[3]) if found[3] else _WIDTH
    hashes = service.log.tile(level, number)
    if width > _WIDTH or len(hashes) < width * _HASH:
        raise Problem("not-found", "the log has not grown that far")
    return with_etag(request, hashes[: width * _HASH], "application/octet-stream", cache=IMMUTABLE)


@router.get(
    "/v1/entries",
    summary="Entries with their bodies",
    responses=documented("unauthenticated", "insufficient-scope", "unprocessable", "too-many-requests", "unavailable"),
)
def entries(
    _: Auditor,
    service: Service,
    start: Annotated[int, Query(ge=0, le=2**62, description="number of the first entry")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = 100,
) -> EntryPage:
    """What `attest audit replay` reads: from `start` on, under a checkpoint that covers them. Needs `audit`."""
    note = service.log.note
    size = int(note.split("\n", 2)[1])
    lines = [
        EntryLine(
            index=entry.index,
            kind=entry.kind,
            appended_at=rfc3339(entry.appended_at),
            leaf_hash=b64u(entry.leaf_hash),
            salt=b64u(entry.salt),
            body=b64u(entry.body),
        )
        for entry in service.log.read(start, limit)
        if entry.index < size
    ]
    after = start + len(lines)
    return EntryPage(checkpoint=note, entries=lines, next=after if lines and after < size else None)
