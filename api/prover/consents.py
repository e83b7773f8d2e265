"""Consents, for the provider's operator; and what people may do themselves, with the token the operator gave them."""

import os
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.clock import now
from api.prover.service import REFUSALS, Holder, Operator, Service
from api.web.foundation import StrictRoute
from api.web.problems import Problem, documented
from api.wire.consents import (
    ConsentList,
    ConsentRequest,
    ConsentView,
    Disputed,
    Erased,
    InquiryList,
    SubjectTokenView,
    TokenRequest,
)
from circuits.calendar import rfc3339
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
    except ConsentRefused as error:
        raise Problem("unprocessable", str(error)) from None
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


@router.post(
    "/v1/subject-tokens",
    tags=["subjects"],
    status_code=201,
    summary="Make a token for a person",
    responses=documented(*REFUSALS, "not-found"),
)
def make_token(body: TokenRequest, _: Operator, service: Service, response: Response) -> SubjectTokenView:
    """For the operator (scope `admin`), who gives it to the person and to nobody else. It is shown once."""
    try:
        token = service.subjects.issue_token(body.subject, now=now(), entropy=os.urandom)
    except SubjectUnknown:
        raise Problem("not-found", _MISSING) from None
    response.headers["Cache-Control"] = "no-store"
    return SubjectTokenView(token=token)


@router.get(
    "/v1/subjects/me/inquiries", tags=["subjects"], summary="What was asked about me", responses=documented(*REFUSALS)
)
def inquiries(person: Holder, service: Service, response: Response) -> InquiryList:
    """For the person: who asked what, for what, when, what became of it, and what it disclosed. The newest thousand."""
    found = service.subjects.inquiries(person.token, limit=1000).inquiries
    response.headers["Cache-Control"] = "no-store"
    return InquiryList(inquiries=[each.to_json() for each in found])


@router.post(
    "/v1/subjects/me/dispute", tags=["subjects"], summary="What is held of me is wrong", responses=documented(*REFUSALS)
)
def dispute(person: Holder, service: Service) -> Disputed:
    """For the person. Until the operator has settled it, every answer about them is undetermined: `disputed`."""
    since = now()
    service.subjects.dispute(person.token, since=since)
    return Disputed(disputed_at=rfc3339(since))


@router.delete("/v1/subjects/me", tags=["subjects"], summary="Erase me", responses=documented(*REFUSALS))
def erase(person: Holder, service: Service, response: Response) -> Erased:
    """For the person. All that is held of them is erased at once, and what is logged as soon as the verifier is told.

    There is no way back. The receipt says that it is done, and names nobody.
    """
    erased = service.eraser.erase(person.reference, now=now(), entropy=os.urandom)
    service.wake()
    response.headers["Cache-Control"] = "no-store"
    return Erased(credentials=erased.credentials, receipt=erased.receipt or "")
