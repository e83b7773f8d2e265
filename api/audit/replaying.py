"""Replay in several processes: one reads and appraises, the others settle batches of proofs and attestations.

A worker that dies (out of memory, killed) loses nothing: what it had, and what waited behind it, is settled again.
"""

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_all_start_methods, get_context, parent_process
from multiprocessing.context import BaseContext
from typing import Final, Self

from api.tables import fast_engine
from verifier.checking import EngineName
from verifier.errors import VerifierError
from verifier.settling import Batch, Finding, Outcome, settle
from verifier.trust import Trust

MOST_DEATHS: Final = 5
"""How often workers may die before one batch is settled; it is then likely to be what kills them."""


class WorkersLost(VerifierError):  # noqa: N818 - names what happened
    """The worker processes died again and again: nothing was decided (blame: nobody, or the machine)."""


class ReplayWorkers:
    """Settles batches in worker processes; for one thread. A context manager that stops its workers."""

    def __init__(self, *, jobs: int, trust: Trust, engine: EngineName) -> None:
        """Nothing is started yet.

        Args:
            jobs: processes; the one that reads is not among them.
            trust: the auditor's pins.
            engine: which implementation verifies the proofs.
        """
        self._jobs = jobs
        self._trust = trust
        self._engine = engine
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)

    @property
    def ahead(self) -> int:
        """How many batches may wait: every worker has one, and the next lies ready."""
        return 2 * self._jobs

    @property
    def pids(self) -> list[int]:
        """The workers that run now."""
        return [] if self._executor is None else list(self._executor._processes or {})  # noqa: SLF001 - no public way

    def settle(self, batch: Batch) -> Outcome:
        """Have a batch settled; what is returned waits for the findings.

        Raises (when it waits):
            WorkersLost: the workers died MOST_DEATHS times before this batch was done.
        """
        return self._waiter(batch, self._submit(batch))

    def _waiter(self, batch: Batch, first: Future[tuple[Finding, ...]]) -> Callable[[], tuple[Finding, ...]]:
        def wait() -> tuple[Finding, ...]:
            future = first
            for _ in range(MOST_DEATHS):
                try:
                    return future.result()
                except BrokenProcessPool:
                    future = self._submit(batch)
            raise WorkersLost(f"the worker processes died {MOST_DEATHS} times; the machine may lack memory")

        return wait

    def _submit(self, batch: Batch) -> Future[tuple[Finding, ...]]:
        for _ in range(MOST_DEATHS):
            executor = self._executor or self._start()
            try:
                return executor.submit(_settle, batch)
            except (BrokenProcessPool, OSError):  # the pool is breaking just now: its pipes close under our feet
                executor.shutdown(wait=False, cancel_futures=True)
                self._executor = None
        raise WorkersLost("the worker processes do not start; the machine may lack memory")

    def _start(self) -> ProcessPoolExecutor:
        self._executor = ProcessPoolExecutor(
            self._jobs, mp_context=_context(), initializer=_begin, initargs=(self._trust.to_bytes(), self._engine)
        )
        return self._executor


def _context() -> BaseContext:
    # Never fork: a forked child inherits locks and connections it must not have.
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


# Below: what runs in a worker.

_pins: tuple[Trust, EngineName] | None = None


def _begin(trust: bytes, engine: EngineName) -> None:
    global _pins  # noqa: PLW0603 - a worker is a process, and this is what it is started for
    # Ctrl-C reaches the whole group of processes; the one that reads decides when its workers stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()
    if engine == "fast":
        fast_engine()  # the cached tables, mapped read-only: all workers share their memory
    _pins = (Trust.from_json(trust), engine)


def _follow() -> None:
    """Leave when the reader is gone, however it went: an orphan would wait for work for ever."""
    reader = parent_process()
    if reader is not None:
        connection.wait([reader.sentinel])
    os._exit(1)


def _settle(batch: Batch) -> tuple[Finding, ...]:
    if _pins is None:
        raise WorkersLost("a worker was not begun")
    trust, engine = _pins
    return settle(batch, trust=trust, engine=engine)
