"""What people may do themselves, with the token the operator gave them; and what the operator does for them."""

import os
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.clock import now
from api.prover import shown
from api.prover.service import REFUSALS, Holder, Operator, Service
from api.prover.shown import Shown
from api.web.foundation import StrictRoute
from api.web.problems import Problem, documented
from api.wire.persons import (
    Disputed,
    DisputeLine,
    DisputeList,
    Erased,
    InquiryPage,
    KnowledgeView,
    Me,
    OwnConsent,
    Settled,
    SubjectRequest,
    SubjectTokenView,
)
from circuits.calendar import day_number, rfc3339
from prover.errors import ConsentRefused, CursorRefused, SubjectUnknown

router = APIRouter(route_class=StrictRoute, tags=["subjects"])
_MISSING = "no such person in this vault"
_NO_CONSENT = "there is no such consent of yours"
_MINE = "/v1/subjects/me/inquiries"


@router.post(
    "/v1/subject-tokens",
    status_code=201,
    summary="Make a token for a person",
    responses=documented(*REFUSALS, "not-found"),
)
def make_token(body: SubjectRequest, _: Operator, service: Service, response: Response) -> SubjectTokenView:
    """For the operator (scope `admin`), who gives it to the person and to nobody else. It is shown once."""
    try:
        token = service.subjects.issue_token(body.subject, now=now(), entropy=os.urandom)
    except SubjectUnknown:
        raise Problem("not-found", _MISSING) from None
    _keep_out_of_caches(response)
    return SubjectTokenView(token=token)


@router.get("/v1/subjects/me", summary="How things stand with me", responses=documented(*REFUSALS))
def stand(person: Holder, service: Service, response: Response) -> Me:
    """For the person: who may ask what about them, or might; whether what is held of them is disputed."""
    disputed = service.subjects.disputed_at(person.token)
    consents = [shown.consent(each) for each in service.consents.listing(person.reference)]
    _keep_out_of_caches(response)
    return Me(disputed_at=None if disputed is None else rfc3339(disputed), consents=consents)


@router.get(_MINE, summary="What was asked about me", responses=documented(*REFUSALS))
def inquiries(
    person: Holder,
    service: Service,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=128, description="`next` of the page before")] = None,
) -> InquiryPage:
    """For the person: who asked what, for what, when, what became of it, and what it disclosed; the newest first.

    What was declined is there too, with the reason, which nobody else is told. `Link: <...>; rel="next"` leads to the
    next page.
    """
    try:
        found = service.subjects.inquiries(person.token, limit=limit, after=cursor)
    except CursorRefused as error:
        raise Problem("unprocessable", f"cursor: {error}") from None
    _keep_out_of_caches(response)
    if found.next is not None:
        response.headers["Link"] = f'<{_MINE}?limit={limit}&cursor={found.next}>; rel="next"'
    return Shown(service.subjects.schemas).page(found)


@router.get("/v1/subjects/me/knowledge", summary="Who knows what about me", responses=documented(*REFUSALS))
def knowledge(person: Holder, service: Service, response: Response) -> KnowledgeView:
    """For the person: what every relying party can know from all answers it had.

    The last one, without a name, is what all of them could know if they put it together.
    After the provider has committed to another value, nothing is known of that one yet.
    """
    found = service.subjects.insights(person.token)
    today = day_number(rfc3339(now())[:10])
    _keep_out_of_caches(response)
    return KnowledgeView(knowledge=[shown.insight(each, as_of=today) for each in found])


@router.post(
    "/v1/subjects/me/consents/{consent}/revoke",
    summary="I no longer consent",
    responses=documented(*REFUSALS, "not-found"),
)
def revoke(consent: str, person: Holder, service: Service, response: Response) -> OwnConsent:
    """For the person, by the `id` it has at `/v1/subjects/me`. Binds from the next question on.

    The verifier's log says so soon after. Again changes nothing. What was answered before stays answered.
    """
    try:
        # Whose a consent is never changes, so that it may be looked up before.
        if all(each.consent.id != consent for each in service.consents.listing(person.reference)):
            raise Problem("not-found", _NO_CONSENT)
        ended = service.consents.revoke(consent, now=now())
    except ConsentRefused:  # they were erased meanwhile
        raise Problem("not-found", _NO_CONSENT) from None
    service.wake()
    _keep_out_of_caches(response)
    return shown.consent(ended)


@router.post("/v1/subjects/me/dispute", summary="What is held of me is wrong", responses=documented(*REFUSALS))
def dispute(person: Holder, service: Service) -> Disputed:
    """For the person. Every answer about them is undetermined, `disputed`, until the operator has settled it."""
    since = now()
    service.subjects.dispute(person.token, since=since)
    return Disputed(disputed_at=rfc3339(service.subjects.disputed_at(person.token) or since))


@router.get("/v1/disputes", summary="Who disputes what is held of them", responses=documented(*REFUSALS))
def disputes(_: Operator, service: Service, response: Response) -> DisputeList:
    """For the operator (scope `admin`), who looks into it. The longest wait first."""
    waiting = [DisputeLine(subject=name, disputed_at=rfc3339(since)) for name, since in service.subjects.disputes()]
    _keep_out_of_caches(response)
    return DisputeList(disputes=waiting)


@router.post("/v1/disputes/settle", summary="Settle a dispute", responses=documented(*REFUSALS, "not-found"))
def settle(body: SubjectRequest, _: Operator, service: Service) -> Settled:
    """For the operator (scope `admin`), who has looked into it and brought up to date what was wrong (`/v1/records`).

    From now on there are answers again. Where there is no dispute nothing changes.
    """
    try:
        service.subjects.settle(body.subject)
    except SubjectUnknown:
        raise Problem("not-found", _MISSING) from None
    return Settled(settled_at=rfc3339(now()))


@router.delete("/v1/subjects/me", summary="Erase me", responses=documented(*REFUSALS))
def erase(person: Holder, service: Service, response: Response) -> Erased:
    """For the person. All that is held of them is erased at once, and what is logged as soon as the verifier is told.

    There is no way back. The receipt says that it is done, and names nobody; the provider's keys at
    `/.well-known/jwks.json` verify it, with `attest prover receipt verify` or any other implementation of JWS.
    """
    erased = service.eraser.erase(person.reference, now=now(), entropy=os.urandom)
    service.wake()
    _keep_out_of_caches(response)
    return Erased(credentials=erased.credentials, receipt=erased.receipt or "")


def _keep_out_of_caches(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"
