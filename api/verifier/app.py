"""The verifier's application: `create_app(settings)`. Questions from lenders, credentials from providers, the log."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from api.clock import now
from api.settings import VerifierSettings
from api.verifier import erasures, log, queries, registry
from api.verifier.service import VerifierService, opened, service_of
from api.verifier.signers import TableNonces, signers_of
from api.version import VERSION
from api.web.auth import Authenticator
from api.web.foundation import Gate, StrictRoute, build
from api.web.keyring import TableKeys
from api.web.logs import open_logger
from api.web.metrics import Metrics
from api.web.rates import Rates
from api.web.signatures import Signatures
from api.web.static import JwkSetResponse, with_etag
from api.wire.publications import AttestorPeriod, JwkSet, VerifierCard
from circuits.calendar import rfc3339
from verifier.entries.attestors import COMPROMISED, Period
from verifier.models import API_KEYS

_DESCRIPTION: Final = """Ask a provider's customers' attributes **yes/no questions** without ever seeing a value.

Every answer is proven in zero knowledge against a commitment that was logged *before* the question; it is checked,
signed, and in a tamper-evident log before you read it. A **no** is proven exactly like a **yes**. Errors are
problem+json (RFC 9457); `declined` never says why."""

router = APIRouter(tags=["discovery"], route_class=StrictRoute)


def create_app(settings: VerifierSettings) -> FastAPI:
    """The application. Nothing is opened before its lifespan begins."""
    logger = open_logger("verifier")
    metrics = Metrics("verifier")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as stack:
            service = await run_in_threadpool(
                stack.enter_context, opened(settings, logger=logger, metrics=metrics, now=now)
            )
            keys = Authenticator(TableKeys(service.engine, API_KEYS, service.sealer), keep=settings.key_cache)
            signatures = Signatures(
                signers_of(service.log, service.registry),
                TableNonces(service.engine, service.sealer),
                clock=now,
                public_url=settings.public_url,
            )
            app.state.gate = Gate(keys, Rates(settings.rate_limit), Rates(settings.failed_logins), signatures)
            app.state.service = service
            app.state.readiness = service.readiness
            logger.info("started", version=VERSION, size=service.log.size)
            yield
            await run_in_threadpool(stack.close)
            logger.info("stopped")

    app = build(
        title="zkattest verifier",
        description=_DESCRIPTION,
        version=VERSION,
        settings=settings,
        lifespan=lifespan,
        logger=logger,
        metrics=metrics,
        large=("/v1/credential-batches", "/v1/query-batches", "/v1/verify"),
    )
    for each in (queries.router, registry.router, erasures.router, log.router, router):
        app.include_router(each)
    return app


Service = Annotated[VerifierService, Depends(service_of)]


@router.get(
    "/.well-known/jwks.json",
    summary="Keys attestations are signed with",
    response_model=JwkSet,
    response_class=JwkSetResponse,
)
def jwks(request: Request, service: Service) -> Response:
    """RFC 7517; `nbf` and `exp` say when a key counted (Unix seconds). Ended keys stay, but for compromised ones.

    Libraries pass over periods, so one that may be in other hands is only in `/.well-known/zkattest`.
    """
    keys = [_published(period) for period in service.keys.periods() if period.ended != COMPROMISED]
    return with_etag(request, JwkSet(keys=keys).model_dump_json().encode(), "application/jwk-set+json")


def _published(period: Period) -> dict[str, Any]:
    bounds = {"nbf": period.since, "exp": period.until}
    return {**period.key.to_jwk(), **{name: at for name, at in bounds.items() if at is not None}}


def _attestor(period: Period) -> AttestorPeriod:
    told = {
        "jwk": period.key.to_jwk(),
        "since_index": period.since_index,
        "since": None if period.since is None else rfc3339(period.since),
        "until_index": period.until_index,
        "until": None if period.until is None else rfc3339(period.until),
        "ended": period.ended,
        "signed": period.signed,
    }
    return AttestorPeriod.model_validate(told)


@router.get("/.well-known/zkattest", summary="Who this verifier is, and what to pin", response_model=VerifierCard)
def card(request: Request, service: Service) -> Response:
    """Pin `log_vkey` and `jwk` once, from a channel you trust; then check everything offline."""
    about = VerifierCard(
        service="verifier",
        version=VERSION,
        origin=service.log.origin,
        log_vkey=service.log.vkey,
        jwk=service.keys.first.to_jwk(),
        attestors=[_attestor(period) for period in service.keys.periods()],
        witnesses=[each.vkey for each in service.settings.witnesses],
        suites=["zkattest/bpp-secp256k1/1"],
    )
    return with_etag(request, about.model_dump_json().encode(), "application/json")
