"""What the prover's endpoints work on, who may call them, and what they may answer instead."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.concurrency import run_in_threadpool

from api.prover.pace import Pace
from api.prover.registration import Registrar
from api.settings import ProverSettings
from api.web.auth import AuthenticationError, Principal, Scope
from api.web.documentation import PERSON
from api.web.foundation import Gate, holder_of
from api.web.metrics import Metrics
from circuits.jws import SigningKey
from prover.consent import Consents
from prover.erasing import Eraser
from prover.errors import SubjectUnknown
from prover.issuance import Issuer
from prover.proving import Responder
from prover.subjects import Subjects


@dataclass(frozen=True, slots=True)
class ProverService:
    """Everything an endpoint needs, opened by the lifespan."""

    settings: ProverSettings
    key: SigningKey
    issuer: Issuer
    responder: Responder
    consents: Consents
    subjects: Subjects
    eraser: Eraser
    registrar: Registrar | None
    metrics: Metrics
    pace: Pace

    def wake(self) -> None:
        """There is something to tell the verifier."""
        if self.registrar is not None:
            self.registrar.wake()


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """Someone who has shown their token."""

    token: str
    reference: str

    def __repr__(self) -> str:
        return "<Person redacted>"


async def service_of(request: Request) -> ProverService:
    """The service behind the application."""
    service: ProverService = request.app.state.service
    return service


class _TokenScheme(SecurityBase):
    """How the documents describe a person's token; the work is done in `person_of`."""

    def __init__(self) -> None:
        self.scheme_name = PERSON
        self.model = HTTPBearer(description="`Authorization: Bearer zks_<secret>`, which the provider gave the person.")

    async def __call__(self, request: Request) -> str | None:
        return request.headers.get("authorization")


_TOKEN: Final = _TokenScheme()


async def person_of(request: Request, authorization: Annotated[str | None, Security(_TOKEN)]) -> Person:
    """A dependency: whoever holds the token, counted against a rate limit of their own."""
    gate: Gate = request.app.state.gate
    service = await service_of(request)
    scheme, _, token = (authorization or "").partition(" ")
    try:
        shown = token if scheme.lower() == "bearer" else ""
        person = Person(shown, await run_in_threadpool(service.subjects.holder, shown))
    except SubjectUnknown:
        gate.failures.spend(request.client.host if request.client else "unknown")
        raise AuthenticationError from None
    gate.rates.spend(token)
    return person


Service = Annotated[ProverService, Depends(service_of)]
Asker = Annotated[Principal, Depends(holder_of(Scope.PROVE))]
Operator = Annotated[Principal, Depends(holder_of(Scope.ADMIN))]
Holder = Annotated[Person, Depends(person_of)]
REFUSALS: Final = (
    "bad-request",
    "unauthenticated",
    "insufficient-scope",
    "too-large",
    "unsupported-media-type",
    "unprocessable",
    "too-many-requests",
    "unavailable",
)
