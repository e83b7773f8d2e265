"""The proving pool: proofs are made in worker processes, so that neither a request nor an event loop waits for another.

A worker loads the generators' tables once, when it starts. One that dies, or does not finish in time, takes the pool
with it: those who wait are told that no proof could be made now, and the next question finds a new pool.
"""

import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as Late
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_all_start_methods, get_context, parent_process
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Self

from circuits import statement as statements
from circuits.group import Engine, engine
from circuits.statement import Statement, Witness
from prover.errors import ProverUnavailable

GENERATORS = 24  # what a comparison of 64 bits needs; larger statements load the rest when they come
_WAITING_PER_WORKER = 32
_STARTING_SECONDS = 120.0  # without cached tables a worker builds them, and the machine may be busy


class ProvingPool:
    """Makes proofs in worker processes. Thread-safe; a context manager that closes itself."""

    def __init__(self, *, workers: int, tables: Path | None, seconds: float = 10.0) -> None:
        """Nothing is started yet.

        Args:
            workers: processes, one per core that may prove.
            tables: directory of the generators' cached tables; None builds them in every worker's memory.
            seconds: how long one proof may take before its worker is given up.
        """
        self._workers = workers
        self._tables = tables
        self._seconds = seconds
        self._places = threading.BoundedSemaphore(workers * _WAITING_PER_WORKER)
        self._lock = threading.Lock()
        self._executor: ProcessPoolExecutor | None = None
        self._closed = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start every worker and wait until its tables are ready. Raises ProverUnavailable: one could not start."""
        executor = self._current()
        try:
            for future in [executor.submit(_stay, 0.05) for _ in range(self._workers)]:
                future.result(timeout=_STARTING_SECONDS)
        except (BrokenProcessPool, Late, OSError, RuntimeError):
            self._replace(executor)
            raise ProverUnavailable("the proving workers could not start") from None

    def prove(self, statement: Statement, witness: Witness, *, entropy: bytes) -> bytes:
        """Prove a statement in a worker and return the proof's bytes.

        Args:
            statement: what is proven; public.
            witness: the openings; they reach the worker through a pipe and no file.
            entropy: 32 fresh random bytes.

        Raises:
            ProverUnavailable: too many are waiting, the worker died or took too long, or the pool is closed.
            WitnessError: the witness does not satisfy the statement.
        """
        if not self._places.acquire(blocking=False):
            raise ProverUnavailable("too many proofs are waiting")
        try:
            return self._prove(statement, witness, entropy)
        finally:
            self._places.release()

    def close(self) -> None:
        """Finish what was begun and stop the workers; later questions find the pool closed."""
        with self._lock:
            executor, self._executor, self._closed = self._executor, None, True
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)

    def _prove(self, statement: Statement, witness: Witness, entropy: bytes) -> bytes:
        executor = self._current()
        try:
            future = executor.submit(_prove, statement, witness, entropy, self._seconds)
        except (BrokenProcessPool, OSError):  # broken, or breaking just now: its pipes close under our feet
            self._replace(executor)
            raise ProverUnavailable("a proving worker died") from None
        except RuntimeError:
            raise ProverUnavailable("the proving pool is closing") from None
        try:
            # A proof takes milliseconds, so twice its limit leaves room for the queue; the workers' own alarms come
            # first, and this one is for a worker whose alarm cannot ring (stopped, swapped out).
            return future.result(timeout=2 * self._seconds)
        except BrokenProcessPool:
            self._replace(executor)
            raise ProverUnavailable("a proving worker died or took too long") from None
        except Late:
            self._replace(executor)
            raise ProverUnavailable("the proof took too long") from None

    def _current(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._closed:
                raise ProverUnavailable("the proving pool is closed")
            if self._executor is None:
                self._executor = ProcessPoolExecutor(
                    self._workers, mp_context=_context(), initializer=_begin, initargs=(self._tables,)
                )
            return self._executor

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._executor is broken:
                self._executor = None
        # A worker that hangs would keep the service from ever ending. The public way comes with Python 3.14.
        for process in list((broken._processes or {}).values()):  # noqa: SLF001 - kill_workers() where it exists
            process.kill()
        broken.shutdown(wait=False, cancel_futures=True)


def _context() -> BaseContext:
    # Never fork: a forked child inherits locks, database connections and secrets it must not have.
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


# Below: what runs in a worker.

_group: Engine | None = None


def _begin(tables: Path | None) -> None:
    global _group  # noqa: PLW0603 - a worker is a process, and this is what it is started for
    # Ctrl-C reaches the whole group of processes; the service decides when its workers stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()
    _group = engine("fast", tables=tables)
    _group.prepare(GENERATORS)


def _follow() -> None:
    """Leave when the service is gone, however it went: an orphan would wait for work for ever."""
    service = parent_process()
    if service is not None:
        connection.wait([service.sentinel])
    os._exit(1)


def _stay(seconds: float) -> None:
    """Keep one worker busy for a moment, so that the next such call starts another."""
    threading.Event().wait(seconds)


def _prove(statement: Statement, witness: Witness, entropy: bytes, seconds: float) -> bytes:
    # The default action of SIGALRM ends the process, wherever it hangs.
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return statements.prove(statement, witness, entropy=entropy, engine=_group or "fast")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
