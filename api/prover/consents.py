"""Consents, as the provider's operator notes them."""

import os
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.clock import now
from api.prover.service import REFUSALS, Operator, Service
from api.web.foundation import StrictRoute
from api.web.problems import Problem, documented
from api.wire.consents import ConsentList, ConsentRequest, ConsentView
from circuits.errors import EncodingError
from circuits.query import MAX_NAME
from prover.consent import Granted
from prover.errors import ConsentRefused, SubjectUnknown

router = APIRouter(route_class=StrictRoute)
_MISSING = "no such person in this vault"
Reference = Annotated[str | None, Query(min_length=1, max_length=MAX_NAME)]


@router.post(
    "/v1/consents",
    tags=["consents"],
    status_code=201,
    summary="Note that a person consents",
    responses=documented(*REFUSALS, "not-found"),
)
def grant(body: ConsentRequest, _: Operator, service: Service, response: Response) -> ConsentView:
    """For the operator (scope `admin`). The token goes to the relying party, which shows it with every question."""
    try:
        given = service.consents.grant(body.subject, body.terms(), now=now(), entropy=os.urandom)
    except SubjectUnknown:
        raise Problem("not-found", _MISSING) from None
    except EncodingError as error:
        raise Problem("bad-request", f"expires_at: {error}") from None
    except ConsentRefused as error:
        raise Problem("unprocessable", _as_asked(str(error))) from None
    response.headers["Cache-Control"] = "no-store"
    return ConsentView.of(Granted(body.subject, given, None))


@router.get("/v1/consents", tags=["consents"], summary="Who may ask what", responses=documented(*REFUSALS, "not-found"))
def list_consents(_: Operator, service: Service, response: Response, subject: Reference = None) -> ConsentList:
    """For the operator (scope `admin`): everybody's, or one person's; those that were revoked too."""
    try:
        found = service.consents.listing(subject)
    except SubjectUnknown:
        raise Problem("not-found", _MISSING) from None
    response.headers["Cache-Control"] = "no-store"
    return ConsentList(consents=[ConsentView.of(each) for each in found])


@router.post(
    "/v1/consents/{consent}/revoke",
    tags=["consents"],
    summary="Note that a person consents no more",
    responses=documented(*REFUSALS, "not-found"),
)
def revoke(consent: str, _: Operator, service: Service, response: Response) -> ConsentView:
    """For the operator (scope `admin`). Binds from the next question on; the verifier's log says so soon after."""
    try:
        ended = service.consents.revoke(consent, now=now())
    except ConsentRefused:
        raise Problem("not-found", "there is no such consent") from None
    service.wake()
    response.headers["Cache-Control"] = "no-store"
    return ConsentView.of(ended)


def _as_asked(refused: str) -> str:
    """What is wrong, by the name that the request has for it, not the token."""
    member, _, what = refused.partition(": ")
    asked = {"exp": "expires_at", "aud": "relying_party"}.get(member)
    return refused if asked is None else f"{asked}: {what.replace('iat', 'now')}"
