"""Endpoints: ask a question, look up what was asked, take the attestation and the evidence away."""

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from api.verifier import asking, records
from api.verifier.service import VerifierService, service_of
from api.web.auth import AuthenticationError, Principal, Scope
from api.web.errors import KNOWN, as_problem
from api.web.foundation import Gate, StrictRoute, holder_of
from api.web.problems import Problem, documented, present
from api.wire.questions import (
    Answer,
    BatchItem,
    BatchRequest,
    BatchResponse,
    FailedClause,
    QueryPage,
    QueryRequest,
    Undetermined,
    VerifyRequest,
)
from api.wire.questions import Verdict as VerdictBody
from circuits.encoding import canonical_json
from verifier.errors import EvidenceError
from verifier.evidence import evidence as evidences

router = APIRouter(tags=["queries"], route_class=StrictRoute)
Lender = Annotated[Principal, Depends(holder_of(Scope.QUERY))]
Anyone = Annotated[Principal, Depends(holder_of(Scope.QUERY, Scope.AUDIT))]
Service = Annotated[VerifierService, Depends(service_of)]
QueryId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{22}$", description="`id` of the answer")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="The same key with the same body gives the same answer again, asked and charged once.",
    ),
]
_ENTERING: Final = ("unauthenticated", "insufficient-scope", "too-many-requests", "unavailable")
_READING: Final = (*_ENTERING, "not-found")
_SENDING: Final = (*_ENTERING, "bad-request", "too-large", "unsupported-media-type", "unprocessable")
_NO_STORE: Final = {"Cache-Control": "no-store"}


@router.post(
    "/v1/queries",
    status_code=201,
    summary="Ask a question about one person",
    response_model=Answer,
    responses={
        200: {"model": Undetermined, "description": "The provider knows the person, but not the answer"},
        **documented(
            *_SENDING,
            "predicate-syntax",
            "predicate-type",
            "declined",
            "request-in-flight",
            "idempotency-key-reused",
            "invalid-proof",
        ),
    },
)
def ask(body: QueryRequest, lender: Lender, service: Service, idempotency_key: IdempotencyKey = None) -> Response:
    """The answer is proven by the provider, checked, signed and in the log before it is sent. Needs the scope `query`.

    A **no** is proven exactly like a **yes**. `declined` never says why. After a 503 nothing is lost: send the same
    request with the same `Idempotency-Key` again. A signed request is logged with the answer: it shows who asked.
    """
    if service.settings.require_signatures and lender.request is None:
        raise AuthenticationError
    told = asking.ask(body, party=lender.owner, key=idempotency_key, service=service, request=lender.request)
    return Response(told.body, told.status, media_type="application/json", headers=_NO_STORE)


@router.post(
    "/v1/query-batches",
    summary="Ask many questions at once",
    responses=documented(*_SENDING),
)
def ask_many(body: BatchRequest, lender: Lender, service: Service, request: Request) -> BatchResponse:
    """Each question is answered, logged and counted as if it had come alone; one that fails does not hinder others.

    Not with a signature, which could not be logged with each of them: sign every question by itself.
    """
    if lender.request is not None:
        raise Problem("unprocessable", "a signature stands for one question: sign each, and send it by itself")
    if service.settings.require_signatures:
        raise AuthenticationError
    gate: Gate = request.app.state.gate

    def one(position: int, question: QueryRequest) -> BatchItem:
        try:
            if position:  # the request itself was counted at the door
                gate.rates.spend(lender.key_id)
            told = asking.ask(question, party=lender.owner, key=None, service=service)
        except KNOWN as error:
            refused = present(as_problem(error), instance=request.url.path)
            return BatchItem(status=refused.status_code, body=json.loads(bytes(refused.body)))
        return BatchItem(status=told.status, body=json.loads(told.body))

    return BatchResponse(results=list(service.batches.map(one, range(len(body.queries)), body.queries)))


@router.get(
    "/v1/queries",
    summary="What you have asked",
    response_model=QueryPage,
    responses=documented(*_ENTERING, "unprocessable"),
)
def list_queries(
    lender: Lender,
    service: Service,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=128, description="`next` of the page before")] = None,
) -> Response:
    """Your own queries, newest first. `Link: <...>; rel="next"` leads to the next page."""
    page = records.page(service.engine, lender.owner, limit=limit, cursor=cursor)
    headers = dict(_NO_STORE)
    if page.next is not None:
        headers["Link"] = f'</v1/queries?limit={limit}&cursor={page.next}>; rel="next"'
    return Response(page.model_dump_json(), media_type="application/json", headers=headers)


@router.get(
    "/v1/queries/{query_id}",
    summary="An answer again",
    response_model=Answer | Undetermined,
    responses=documented(*_READING, "declined", "erased"),
)
def read(query_id: QueryId, lender: Lender, service: Service) -> Response:
    """Byte for byte what was answered. Another relying party's query is not found."""
    return Response(_own(service, lender, query_id), media_type="application/json", headers=_NO_STORE)


@router.get(
    "/v1/queries/{query_id}/attestation",
    summary="The signed answer",
    response_class=Response,
    responses={
        200: {"content": {"application/jwt": {"schema": {"type": "string"}}}},
        **documented(*_READING, "declined", "erased"),
    },
)
def attestation(query_id: QueryId, lender: Lender, service: Service) -> Response:
    """The attestation (JWS, Ed25519) of a proven answer; its key is in `/.well-known/jwks.json`."""
    return Response(_answer(service, lender, query_id)["attestation"], media_type="application/jwt", headers=_NO_STORE)


@router.get(
    "/v1/queries/{query_id}/evidence",
    summary="The evidence file",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {"schema": {"type": "object"}}}},
        **documented(*_READING, "declined", "erased"),
    },
)
def evidence(query_id: QueryId, lender: Lender, service: Service) -> Response:
    """Everything it takes to verify the answer offline: `attest evidence verify FILE`."""
    index = int(_answer(service, lender, query_id)["log"]["index"])
    file = evidences.build(index, log=service.witnessed.covering(index), registry=service.registry)
    name = f'attachment; filename="{query_id}.evidence.json"'
    return Response(file, media_type="application/json", headers={**_NO_STORE, "Content-Disposition": name})


@router.post("/v1/verify", summary="Verify an evidence file", responses=documented(*_SENDING))
def verify(body: VerifyRequest, _: Anyone, service: Service) -> VerdictBody:
    """Stateless: what the file proves under this verifier's keys. Better still, pin them and verify offline."""
    try:
        found = evidences.verify_evidence(
            canonical_json(body.evidence) + b"\n", trust=service.trust, engine=body.engine
        )
    except EvidenceError as error:
        return VerdictBody(valid=False, engine=body.engine, reason=str(error))
    return VerdictBody(
        valid=True,
        engine=body.engine,
        answer="yes" if found.answer else "no",
        question=found.question,
        failed=FailedClause.listed(found.failed),
        index=found.index,
    )


def _own(service: VerifierService, lender: Principal, query_id: str) -> bytes:
    record = records.by_id(service.engine, lender.owner, query_id)
    if record is None:
        raise Problem("not-found")
    return record.told().body


def _answer(service: VerifierService, lender: Principal, query_id: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(_own(service, lender, query_id))
    if told["outcome"] != "answer":
        raise Problem("not-found", "the question was not answered: there is nothing that could be proven")
    return told
