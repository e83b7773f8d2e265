"""Endpoints: the log as C2SP tlog-tiles, for anybody; its entries with their bodies, for auditors."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from api.verifier.service import VerifierService, service_of
from api.web.auth import Principal, Scope
from api.web.foundation import StrictRoute, holder_of
from api.web.problems import Problem, documented
from api.web.static import IMMUTABLE, with_etag
from api.wire.publications import EntryLine, EntryPage, ErasedLine
from circuits.calendar import rfc3339
from circuits.encoding import b64u
from verifier.errors import MerkleError
from verifier.log.bundles import SLOT
from verifier.log.layout import Place
from verifier.log.leaves import AnyEntry, Tombstone
from verifier.log.merkle import HASH

router = APIRouter(tags=["log"], route_class=StrictRoute)
Auditor = Annotated[Principal, Depends(holder_of(Scope.AUDIT))]
Service = Annotated[VerifierService, Depends(service_of)]
MOST_ENTRIES: Final = 1_000


@router.head("/log/checkpoint", include_in_schema=False)
@router.get(
    "/log/checkpoint",
    summary="The newest signed checkpoint, with cosignatures where there are witnesses",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **documented("unavailable")},
)
def checkpoint(request: Request, service: Service) -> Response:
    """A C2SP signed note: origin, number of entries, root of the tree; the newest that enough witnesses cosigned.

    Without witnesses, and before any has cosigned, it is the newest of all.
    """
    return with_etag(request, service.witnessed.shown().note.encode(), "text/plain; charset=utf-8")


@router.head("/log/tile/{place:path}", include_in_schema=False)
@router.get(
    "/log/tile/{place:path}",
    summary="256 hashes of one level of the tree, or the 256 entries behind them",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
        **documented("not-found", "unavailable"),
    },
)
def tile(place: str, request: Request, service: Service) -> Response:
    """`{L}/{N}` or `entries/{N}`, with `.p/{W}` if unfinished; N in groups of three digits as in `x001/x234/067`.

    An entry is a salted hash of 32 bytes: bodies are read at `/v1/entries`.
    """
    try:
        asked = Place.parse(place)
    except MerkleError as error:
        raise Problem("not-found", str(error)) from error
    if asked.level is None:
        content, size = service.log.bundle(asked.number), asked.width * SLOT
    else:
        content, size = service.log.tile(asked.level, asked.number), asked.width * HASH
    if len(content) < size:
        raise Problem("not-found", "the log has not grown that far")
    return with_etag(request, content[:size], "application/octet-stream", cache=IMMUTABLE)


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
    lines = [_line(entry) for entry in service.log.read(start, limit)]
    note = service.log.note  # after the entries: it covers all of them, and the erasures that some point to
    size = int(note.split("\n", 2)[1])
    after = start + len(lines)
    return EntryPage(checkpoint=note, entries=lines, next=after if lines and after < size else None)


def _line(entry: AnyEntry) -> EntryLine | ErasedLine:
    index, kind, appended_at, leaf_hash = entry.index, entry.kind, rfc3339(entry.appended_at), b64u(entry.leaf_hash)
    if isinstance(entry, Tombstone):
        leaf, erased = b64u(entry.leaf), entry.erased
        return ErasedLine(
            index=index, kind=kind, appended_at=appended_at, leaf_hash=leaf_hash, leaf=leaf, erased=erased
        )
    salt, body = b64u(entry.salt), b64u(entry.body)
    return EntryLine(index=index, kind=kind, appended_at=appended_at, leaf_hash=leaf_hash, salt=salt, body=body)
