"""Replay on a Dask cluster: this process reads and appraises, the cluster's workers settle batches.

What a worker gets is self-contained: statements, proofs, attestations and, by value, the key that must have signed
those. It needs zkattest of the same version, and builds or finds its own tables. A worker that is lost loses nothing:
the scheduler gives its batches to another. A scheduler that is lost ends the replay, which goes on with --resume.

The cluster is trusted. A worker that says a false proof holds is believed, unless a sample (verifier.audit.sampling),
which is always settled here, happens on it; and Dask passes pickles, by which whoever controls scheduler or workers
controls this process too. The attestations in a batch name subjects: over a network that others share, use tls:// and
Dask's own settings.
"""

import pickle
from collections.abc import Callable
from concurrent.futures import CancelledError
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Self

from api.audit.replaying import MOST_DEATHS, WorkersLost
from api.tables import fast_engine
from api.version import VERSION
from verifier.audit.settling import Batch, Finding, Outcome, settle
from verifier.checking import EngineName
from verifier.errors import VerifierError

if TYPE_CHECKING:
    from distributed import Client

SECONDS: Final = 30
"""How long to wait for the scheduler, and for the first of its workers."""


class ClusterMissing(VerifierError):  # noqa: N818 - names what happened
    """Dask is not installed here (blame: nobody; it is an extra)."""


class Cluster:
    """Settles batches on a Dask cluster; a context manager that connects, and leaves."""

    def __init__(self, address: str, *, engine: EngineName, seconds: float = SECONDS) -> None:
        """Nothing is connected yet.

        Args:
            address: the scheduler's, like tcp://10.0.0.1:8786.
            engine: which implementation verifies the proofs.
            seconds: how long to wait for the scheduler, and for a first worker.
        """
        self._address = address
        self._engine = engine
        self._seconds = seconds
        self._client: Client | None = None
        self._threads = 1

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            ClusterMissing: Dask is not installed.
            WorkersLost: no scheduler answers there, or it has no worker.
        """
        try:
            from distributed import Client  # noqa: PLC0415 - an extra, and half a second to import
        except ImportError as error:
            raise ClusterMissing("Dask is not installed: pip install 'zkattest[cluster]'") from error
        try:
            client = Client(self._address, timeout=self._seconds, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise WorkersLost(f"no scheduler answers: {error}") from error
        try:
            client.wait_for_workers(1, timeout=self._seconds)
            self._threads = sum(client.nthreads().values())
        except (OSError, TimeoutError) as error:
            client.close()
            raise WorkersLost("the scheduler has no worker") from error
        self._client = client
        return self

    def __exit__(self, *_: object) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    @property
    def ahead(self) -> int:
        """How many batches may wait: each thread that a worker had at the start has one, and the next lies ready."""
        return 2 * self._threads

    def settle(self, batch: Batch) -> Outcome:
        """Have a batch settled; what is returned waits for the findings.

        Raises (when it waits):
            WorkersLost: worker after worker died of this batch, or the scheduler is gone.
        """
        try:
            future = self._submit(batch)
        except _lost() as error:
            return _raising(WorkersLost(f"the scheduler is gone: {error}"))
        return lambda: _found(future)

    def _submit(self, batch: Batch) -> Any:  # noqa: ANN401 - distributed.Future, which is generic only sometimes
        if self._client is None:
            raise WorkersLost("not connected")
        return self._client.submit(
            _settle, pickle.dumps(batch), self._engine, VERSION, pure=False, retries=MOST_DEATHS, key=None
        )


def _lost() -> tuple[type[BaseException], ...]:
    from distributed import KilledWorker  # noqa: PLC0415 - see above
    from distributed.comm import CommClosedError  # noqa: PLC0415 - see above

    return (KilledWorker, CommClosedError, CancelledError, OSError, TimeoutError)


def _found(future: Any) -> tuple[Finding, ...]:  # noqa: ANN401 - see _submit
    try:
        found: tuple[Finding, ...] = future.result()
    except _lost() as error:
        raise WorkersLost(f"the cluster lost a batch: {type(error).__name__}; --resume goes on from there") from error
    return found


def _raising(error: Exception) -> Callable[[], tuple[Finding, ...]]:
    def outcome() -> tuple[Finding, ...]:
        raise error

    return outcome


# Below: what runs in a worker.


def _settle(batch: bytes, engine: EngineName, version: str) -> tuple[Finding, ...]:
    if version != VERSION:
        raise WorkersLost(f"a worker has zkattest {VERSION}, the reader {version}")
    _ready(engine)
    return settle(pickle.loads(batch), engine=engine)  # noqa: S301 - a scheduler can have a worker do anything anyway


@cache
def _ready(engine: EngineName) -> None:
    if engine == "fast":
        fast_engine()
