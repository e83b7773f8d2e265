"""What the verifier's endpoints share: the log, the registry folded from it, the provers, the keys; opened once."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import Request
from sqlalchemy import Engine, update
from structlog.typing import FilteringBoundLogger

from api.database import open_migrated
from api.peers.prover_client import HttpProvers
from api.peers.witness_client import WitnessClient
from api.settings import VerifierSettings
from api.tables import GENERATORS, tables_directory
from api.verifier.collecting import Collector
from api.verifier.signing import AttestationKeys, KeyRefused
from api.web.logs import listening
from api.web.metrics import Metrics
from api.web.problems import Problem
from circuits.group import use_tables
from circuits.jws import VerifyKey
from verifier.entries.kinds import FOLDED_KINDS
from verifier.fold.registry import Registry
from verifier.log.note import NoteSigner
from verifier.log.writer import Log
from verifier.models import CHECKPOINTS
from verifier.soundness.seals import Sealer
from verifier.trust import Trust
from verifier.witnesses.cosignatures import Cosignatures
from verifier.witnesses.witnessed import WitnessedLog

_BATCH_THREADS: Final = 8


class SettingsRefused(Exception):  # noqa: N818 - names what became of them
    """The settings contradict the state they are used with (the operator's fault)."""


class InFlight:
    """Requests that are being answered, by relying party and idempotency key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: set[tuple[str, str]] = set()

    @contextmanager
    def once(self, party: str, key: str | None) -> Iterator[None]:
        """Hold the key while the block runs.

        Raises:
            Problem: `request-in-flight` if another request holds it.
        """
        if key is None:
            yield
            return
        held = (party, key)
        with self._lock:
            if held in self._keys:
                raise Problem("request-in-flight", headers={"Retry-After": "1"})
            self._keys.add(held)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(held)


@dataclass(frozen=True, slots=True)
class VerifierService:
    """Everything an endpoint needs, opened by the lifespan."""

    settings: VerifierSettings
    engine: Engine
    log: Log
    registry: Registry
    provers: HttpProvers
    keys: AttestationKeys
    sealer: Sealer
    trust: Trust
    logger: FilteringBoundLogger
    metrics: Metrics
    batches: ThreadPoolExecutor
    witnessed: WitnessedLog
    in_flight: InFlight = field(default_factory=InFlight)

    def readiness(self) -> dict[str, Any]:
        """What /readyz says; raises if the log's database cannot be written."""
        # A write that changes nothing and is taken back: it fails on a read-only file or a lost connection.
        with self.engine.connect() as connection:
            connection.execute(update(CHECKPOINTS).values(size=CHECKPOINTS.c.size))
            connection.rollback()
        return {"service": "verifier", "origin": self.log.origin, "entries": self.log.size}


@contextmanager
def opened(
    settings: VerifierSettings, *, logger: FilteringBoundLogger, metrics: Metrics, now: Callable[[], int]
) -> Iterator[VerifierService]:
    """Open everything, fold the registry, and close it all in reverse.

    Raises:
        SettingsRefused: the log's key is not that of the configured origin, or the attestation key not the log's.
        LogCorrupt, LogUnavailable: the log cannot be used.
    """
    with ExitStack() as stack:
        stack.enter_context(listening(logger))
        url = settings.database_url.get_secret_value()
        engine = stack.enter_context(open_migrated(url, "verifier", migrating=settings.migrate))
        log_signer = NoteSigner.from_skey(settings.log_key_file.read_text("ascii").strip())
        if log_signer.name != settings.origin:
            raise SettingsRefused(f"the log's key belongs to {log_signer.name}, the origin is set to {settings.origin}")
        registry = Registry()
        log = stack.enter_context(Log(engine, log_signer, entropy=os.urandom, observer=registry.recall))
        metrics.log_size.set_function(lambda: log.size)
        started = now()
        for logged in log.read(0, kinds=FOLDED_KINDS):
            registry.recall(logged)
        keys = _keys(settings, registry)
        logger.info("registry-folded", size=log.size, count=len(registry), ms=(now() - started) * 1000)
        use_tables(settings.tables or tables_directory()).prepare(GENERATORS)
        provers = stack.enter_context(
            HttpProvers(
                registry,
                settings.prover_keys,
                timeout=settings.prover_timeout,
                connections=settings.prover_connections,
            )
        )
        batches = stack.enter_context(ThreadPoolExecutor(_BATCH_THREADS, thread_name_prefix="zkattest-batch"))
        yield VerifierService(
            settings=settings,
            engine=engine,
            log=log,
            registry=registry,
            provers=provers,
            keys=keys,
            sealer=Sealer.of(log_signer),
            trust=Trust(log_signer.verifier, keys.first, _unsigned(keys)),
            logger=logger,
            metrics=metrics,
            batches=batches,
            witnessed=stack.enter_context(_witnessed(settings, engine, log, logger=logger, metrics=metrics)),
        )


@contextmanager
def _witnessed(
    settings: VerifierSettings, engine: Engine, log: Log, *, logger: FilteringBoundLogger, metrics: Metrics
) -> Iterator[WitnessedLog]:
    """The log as it is shown; while the block runs, cosignatures are collected if there are witnesses."""
    quorum = settings.quorum
    if quorum is None:
        yield WitnessedLog(log, None)
        return
    cosignatures = Cosignatures(engine, quorum)
    with ExitStack() as stack:
        clients = [
            stack.enter_context(WitnessClient(each.url, each.verifier, timeout=settings.witness_timeout))
            for each in settings.witnesses
        ]
        collector = Collector(
            log, cosignatures, clients, pause=settings.witness_pause, logger=logger, registry=metrics.registry
        )
        stack.callback(collector.close)
        shown = WitnessedLog(log, cosignatures)
        collector.start()
        yield shown


def _keys(settings: VerifierSettings, registry: Registry) -> AttestationKeys:
    try:
        return AttestationKeys(settings.attestation_key_file, registry)
    except KeyRefused as error:
        raise SettingsRefused(str(error)) from error


def _unsigned(keys: AttestationKeys) -> frozenset[VerifyKey]:
    """Our own keys, which we believe although the ones before them were lost."""
    return frozenset(period.key for period in keys.periods() if not period.signed)


async def service_of(request: Request) -> VerifierService:
    """The service behind the application."""
    service: VerifierService = request.app.state.service
    return service
