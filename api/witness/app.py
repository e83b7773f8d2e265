"""The witness's application: `create_app(settings)`, a small C2SP tlog-witness of one endpoint."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import Counter
from starlette.concurrency import run_in_threadpool

from api.clock import now
from api.version import VERSION
from api.web.foundation import StrictRoute, build
from api.web.logs import open_logger
from api.web.metrics import Metrics
from api.web.problems import documented
from api.web.rates import Rates
from api.witness.refused import keep
from api.witness.settings import WitnessSettings
from api.witness.statuses import PATH, SIZE_TYPE, STATUS
from verifier.errors import NoteError
from verifier.log.note import NoteVerifier
from verifier.witnesses.cosigning import Cosigner
from verifier.witnesses.store import FileStore
from verifier.witnesses.witness import Forked, Inconsistent, SizeConflict, Witness, WitnessRefused

_DESCRIPTION: Final = """Cosigns checkpoints of transparency logs, each only if it extends the last one cosigned
(C2SP tlog-witness). Whoever pins this witness beside a log's key cannot be shown another history than everybody."""
_TEXT: Final = "text/plain; charset=utf-8"
router = APIRouter(tags=["witness"], route_class=StrictRoute)


def create_app(settings: WitnessSettings, *, clock: Callable[[], int] = now) -> FastAPI:
    """The application. Nothing is opened before its lifespan begins."""
    logger = open_logger("witness")
    metrics = Metrics("witness")
    checkpoints = Counter(
        "zkattest_witness_checkpoints", "Checkpoints by what became of them", ("outcome",), registry=metrics.registry
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        cosigner = Cosigner.from_skey(settings.key_file.read_text("ascii").strip())
        logs = known_logs(settings.logs)
        store = FileStore(settings.memory)
        app.state.witness = Witness(logs, cosigner=cosigner, store=store, clock=clock)
        app.state.keep = partial(keep, settings.refused, store=store)
        app.state.checkpoints = checkpoints
        app.state.rates = Rates(settings.rate_limit)
        app.state.readiness = lambda: {"service": "witness", "name": cosigner.name, "logs": len(logs)}
        logger.info("started", version=VERSION, count=len(logs))
        yield
        logger.info("stopped")

    app = build(
        title="zkattest witness",
        description=_DESCRIPTION,
        version=VERSION,
        settings=settings,
        lifespan=lifespan,
        logger=logger,
        metrics=metrics,
        large=(),
    )
    app.include_router(router)
    return app


def known_logs(vkeys: Iterable[str]) -> dict[str, NoteVerifier]:
    """The keys of the logs by origin.

    Raises:
        NoteError: not a key, or two of one origin (blame: who configured the witness).
    """
    logs: dict[str, NoteVerifier] = {}
    for vkey in vkeys:
        verifier = NoteVerifier.from_vkey(vkey)
        if logs.setdefault(verifier.name, verifier) != verifier:
            raise NoteError(f"two keys of one log: {verifier.name}")
    return logs


def _text(description: str, example: str, *, media_type: str = "text/plain") -> dict[str, Any]:
    content = {media_type: {"schema": {"type": "string"}, "example": example}}
    return {"description": description, "content": content}


@router.post(
    PATH,
    summary="Have a checkpoint cosigned",
    response_class=Response,
    responses={
        200: _text("The witness's signature line", "— witness.example/w1 jWbPPwAAAABkGFDL...\n"),
        400: _text("Not a request, or its old size is above the checkpoint's", "a request is too long\n"),
        403: _text("Not signed by the log's key", "the signature does not verify\n"),
        404: _text("Another log's checkpoint", "no key of this log is known here\n"),
        409: _text("The witness is at another size: it is the body", "20852163\n", media_type=SIZE_TYPE),
        422: _text("The proof does not lead from the last checkpoint to this one", "the roots differ\n"),
        **documented("too-large", "too-many-requests"),
    },
    openapi_extra={"requestBody": {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def add_checkpoint(request: Request) -> Response:
    """An old size, a consistency proof from there (RFC 6962), an empty line and a signed checkpoint, as text.

    A 409 of plain text is a fork: another root of this size has been cosigned.
    """
    state = request.app.state
    state.rates.spend(request.client.host if request.client else "unknown")
    witness: Witness = state.witness
    raw = await request.body()
    try:
        line = await run_in_threadpool(witness.add_checkpoint, raw)
    except WitnessRefused as refusal:
        state.checkpoints.labels(type(refusal).__name__).inc()
        if isinstance(refusal, Forked | Inconsistent):  # the log's own signature stands under it
            name = await run_in_threadpool(state.keep, raw)
            state.logger.error("checkpoint-refused", reason=type(refusal).__name__, where=name)  # noqa: TRY400 - nothing of ours went wrong
        if isinstance(refusal, SizeConflict):
            return Response(f"{refusal.size}\n", status_code=409, headers={"Content-Type": SIZE_TYPE})
        return Response(f"{refusal}\n", status_code=STATUS[type(refusal)], media_type=_TEXT)
    state.checkpoints.labels("cosigned").inc()
    return Response(line, media_type=_TEXT)
