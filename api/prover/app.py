"""The prover's application: `create_app(settings)`. Proofs for verifiers, records from the operator."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from structlog.typing import FilteringBoundLogger

from api.clock import now
from api.database import open_migrated
from api.peers.verifier_client import VerifierClient
from api.prover import consents
from api.prover import subjects as people
from api.prover.pace import Deciding, Pace
from api.prover.registration import Registrar
from api.prover.service import REFUSALS, Asker, Operator, ProverService, Service
from api.settings import ProverSettings
from api.tables import tables_directory
from api.version import VERSION
from api.web.auth import Authenticator
from api.web.foundation import Gate, StrictRoute, build
from api.web.keyring import FileKeys
from api.web.logs import listening, open_logger
from api.web.metrics import Metrics
from api.web.problems import Problem, documented
from api.web.rates import Rates
from api.web.static import JwkSetResponse, with_etag
from api.wire.publications import JwkSet
from api.wire.services import (
    ProofAnswer,
    ProofRequest,
    ProofUndetermined,
    ProverCard,
    RecordOutcome,
    RecordsRequest,
    RecordsResponse,
)
from circuits.attributes import Schema
from circuits.encoding import b64u
from circuits.group import use_tables
from circuits.jws import SigningKey
from circuits.leakage import written
from circuits.query import Query
from prover.consent import Consents
from prover.erasing import Eraser
from prover.errors import Declined
from prover.issuance import Issuer
from prover.keys import EnvironmentKeyProvider, FileKeyProvider, KeyProvider
from prover.pool import ProvingPool
from prover.proving import Answered, Responder
from prover.records import Record
from prover.subjects import Subjects
from prover.vault import Vault

_DESCRIPTION: Final = """The prover keeps verified attributes in an encrypted vault and answers questions about them
with zero-knowledge proofs. It tells verifiers **yes** or **no**, never a value. All refusals look alike."""


def create_app(settings: ProverSettings) -> FastAPI:
    """The application. Nothing is opened before its lifespan begins."""
    logger = open_logger("prover")
    metrics = Metrics("prover")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as stack:
            service = await run_in_threadpool(stack.enter_context, _opened(settings, logger, metrics))
            keys = Authenticator(FileKeys(settings.callers_file), keep=settings.key_cache)
            app.state.gate = Gate(keys, Rates(settings.rate_limit), Rates(settings.failed_logins))
            app.state.service = service
            app.state.readiness = lambda: _readiness(service)
            logger.info("started", version=VERSION, provider=settings.provider)
            yield
            await run_in_threadpool(stack.close)
            logger.info("stopped")

    app = build(
        title="zkattest prover",
        description=_DESCRIPTION,
        version=VERSION,
        settings=settings,
        lifespan=lifespan,
        logger=logger,
        metrics=metrics,
        large=("/v1/records",),
    )
    app.include_router(router)
    app.include_router(consents.router)
    app.include_router(people.router)
    return app


@contextmanager
def _opened(settings: ProverSettings, logger: FilteringBoundLogger, metrics: Metrics) -> Iterator[ProverService]:
    with ExitStack() as stack:
        stack.enter_context(listening(logger))
        engine = stack.enter_context(
            open_migrated(settings.database_url.get_secret_value(), "prover", migrating=settings.migrate)
        )
        key = SigningKey.from_pem(settings.signing_key_file.read_bytes())
        vault = Vault.unlock(engine, _key_encryption_key(settings), entropy=os.urandom)
        vault.forget(engine)  # whoever erased somebody may have been killed before
        tables = settings.tables or tables_directory()
        group = use_tables(tables)
        issuer = Issuer(engine, vault, key=key, provider=settings.provider, group=group)
        metrics.pending.set_function(issuer.pending_count)
        pool = stack.enter_context(
            ProvingPool(workers=settings.workers, tables=tables, seconds=settings.proving_timeout)
        )
        responder = Responder(
            engine,
            vault,
            pool,
            provider=settings.provider,
            key=key.public,
            audiences=frozenset(settings.audiences),
            shared=settings.shared_budget,
        )
        granted = Consents(engine, vault, key=key, provider=settings.provider)
        eraser = Eraser(engine, vault, key=key, provider=settings.provider)
        registrar = None
        if settings.verifier_url is not None and settings.verifier_key is not None:
            client = stack.enter_context(
                VerifierClient(
                    settings.verifier_url,
                    key=settings.verifier_key.get_secret_value(),
                    timeout=settings.verifier_timeout,
                )
            )
            registrar = Registrar(
                issuer, client, eraser=eraser, consents=granted, pause=settings.registration_pause, logger=logger
            )
            metrics.refused.set_function(registrar.refused_count)
            registrar.start()
            stack.callback(registrar.close)
        subjects = Subjects(engine, vault)
        pace = Pace(settings.decline_after_ms / 1000)
        yield ProverService(settings, key, issuer, responder, granted, subjects, eraser, registrar, metrics, pace)


def _key_encryption_key(settings: ProverSettings) -> KeyProvider:
    if settings.kek_file is not None:
        return FileKeyProvider(settings.kek_file)
    return EnvironmentKeyProvider(settings.kek.get_secret_value() if settings.kek else "")


def _readiness(service: ProverService) -> dict[str, Any]:
    refused = service.registrar.refused_count() if service.registrar is not None else 0
    waiting = service.issuer.pending_count()
    return {
        "service": "prover",
        "pending_credentials": waiting,
        "refused_credentials": refused,
        "pending_erasures": service.eraser.pending_count(),
        "pending_withdrawals": service.consents.pending_count(),
    }


router = APIRouter(route_class=StrictRoute)


@router.post(
    "/v1/proofs",
    tags=["proofs"],
    summary="Answer a query with a proof",
    response_model=ProofAnswer | ProofUndetermined,
    responses=documented(*REFUSALS, "predicate-syntax", "predicate-type", "declined"),
)
async def prove(body: ProofRequest, asker: Asker, service: Service) -> Response:
    """For verifiers (scope `prove`, the key's owner being the query's audience). `declined` never says why.

    Nor does the time it takes: what is declined is told at a multiple of `decline_after_ms`, the same for all of them.
    """
    query = Query.from_json(body.query)
    if query.audience != asker.owner:
        raise Problem("insufficient-scope", "the query's audience is not the owner of the key")
    answers = service.metrics.answers
    deciding = service.pace.begin(time.monotonic())
    decided = partial(_end, service.pace, deciding)
    respond = partial(service.responder.respond, query, now=now(), entropy=os.urandom, decided=decided)
    try:
        with service.metrics.stages.labels("respond").time():
            found = await run_in_threadpool(respond)
    except Declined:
        answers.labels(service.settings.provider, "declined").inc()
        decided()
        while (wait := service.pace.due(deciding, time.monotonic()) - time.monotonic()) > 0:  # noqa: ASYNC110 - for a time
            await asyncio.sleep(wait)
        raise
    finally:
        decided()
    told: ProofAnswer | ProofUndetermined
    if isinstance(found, Answered):
        # Metrics do not say which: scraped often enough, a count of yeses would be an answer.
        answers.labels(service.settings.provider, "answered").inc()
        told = ProofAnswer(
            outcome="answer",
            answer="yes" if found.answer else "no",
            credentials=list(found.credentials),
            clauses=None if found.clauses is None else list(found.clauses),
            proof=b64u(found.proof),
            disclosed=written.to_json(found.disclosed),
        )
    else:
        answers.labels(service.settings.provider, "undetermined").inc()
        told = ProofUndetermined(outcome="undetermined", reason=found.reason, credential=found.credential)
    return Response(told.model_dump_json(), media_type="application/json", headers={"Cache-Control": "no-store"})


def _end(pace: Pace, deciding: Deciding) -> None:
    pace.end(deciding, time.monotonic())


@router.post(
    "/v1/records",
    tags=["records"],
    summary="Commit to verified attributes",
    responses=documented(*REFUSALS),
)
def issue(body: RecordsRequest, _: Operator, service: Service) -> RecordsResponse:
    """For the provider's operator (scope `admin`). The records of one request are committed together or not at all."""
    schema = Schema.from_json(body.schema_)
    records = [Record(each.subject, each.values, each.line) for each in body.records]
    outcomes = service.issuer.issue(records, schema=schema, now=now(), entropy=os.urandom)
    service.wake()
    return RecordsResponse(
        outcomes=[
            RecordOutcome(
                line=each.line,
                outcome=each.status.value,
                credential=each.credential,
                column=each.column,
                reason=each.reason,
            )
            for each in outcomes
        ]
    )


@router.get(
    "/.well-known/jwks.json",
    tags=["discovery"],
    summary="Keys credentials are signed with",
    response_model=JwkSet,
    response_class=JwkSetResponse,
)
def jwks(request: Request, service: Service) -> Response:
    """RFC 7517."""
    return with_etag(
        request, JwkSet(keys=[service.key.public.to_jwk()]).model_dump_json().encode(), "application/jwk-set+json"
    )


@router.get("/.well-known/zkattest", tags=["discovery"], summary="Who this prover is", response_model=ProverCard)
def card(request: Request, service: Service) -> Response:
    """What a verifier's operator copies into the provider's registration."""
    about = ProverCard(
        service="prover",
        version=VERSION,
        provider=service.settings.provider,
        jwk=service.key.public.to_jwk(),
        audiences=list(service.settings.audiences),
    )
    return with_etag(request, about.model_dump_json().encode(), "application/json")
