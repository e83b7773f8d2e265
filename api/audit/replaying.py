"""Replay in several processes: one reads and appraises, the others settle batches of proofs and attestations.

Every worker has a pipe and a thread of its own that feeds it; workers share no queue and no lock, so that one killed in
the midst of anything leaves nothing locked behind. What it had is settled by the one that takes its place.
"""

import queue
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import Final, Self, cast

from api.tables import fast_engine
from verifier.audit.settling import Batch, Finding, Outcome, settle
from verifier.checking import EngineName
from verifier.errors import VerifierError

MOST_DEATHS: Final = 5
"""How often workers may die before one batch is settled; it is then likely to be what kills them."""


class WorkersLost(VerifierError):  # noqa: N818 - names what happened
    """The worker processes died again and again: nothing was decided (blame: nobody, or the machine)."""


@dataclass(slots=True)
class _Task:
    """A batch and the promise of what settling it finds."""

    batch: Batch
    found: Future[tuple[Finding, ...]] = field(default_factory=Future)


class ReplayWorkers:
    """Settles batches in worker processes. A context manager: starts its workers, and stops them."""

    def __init__(self, *, jobs: int, engine: EngineName) -> None:
        """Nothing is started yet.

        Args:
            jobs: processes; the one that reads is not among them.
            engine: which implementation verifies the proofs.
        """
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._workers = [_Worker(engine, self._tasks) for _ in range(jobs)]

    def __enter__(self) -> Self:
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        for _worker in self._workers:
            self._tasks.put(None)
        for worker in self._workers:
            worker.stop()

    @property
    def ahead(self) -> int:
        """How many batches may wait: every worker has one, and the next lies ready."""
        return 2 * len(self._workers)

    @property
    def pids(self) -> list[int]:
        """The workers that run now."""
        return [pid for worker in self._workers if (pid := worker.pid) is not None]

    def settle(self, batch: Batch) -> Outcome:
        """Have a batch settled; what is returned waits for the findings.

        Raises (when it waits):
            WorkersLost: the workers died MOST_DEATHS times before this batch was done.
        """
        task = _Task(batch)
        self._tasks.put(task)
        return task.found.result


class _Worker:
    """One process, replaced when it dies, and the thread that feeds it."""

    def __init__(self, engine: EngineName, tasks: "queue.SimpleQueue[_Task | None]") -> None:
        self._engine = engine
        self._tasks = tasks
        self._thread = threading.Thread(target=self._feed, name="replay-worker", daemon=True)
        self._guard = threading.Lock()
        self._stopping = False
        self._running: tuple[BaseProcess, Connection] | None = None

    @property
    def pid(self) -> int | None:
        running = self._running
        return None if running is None else running[0].pid

    def start(self) -> None:
        """Start the process at once: it loads its tables while the first batch is read."""
        self._thread.start()

    def stop(self) -> None:
        """Kill the process, whatever it does, and wait for it and its thread."""
        with self._guard:
            self._stopping = True
            running = self._running
        if running is not None:
            running[0].kill()
        self._thread.join()

    def _feed(self) -> None:
        try:
            self._begin()
        except OSError:
            self._end()  # tried again with the first batch
        while (task := self._tasks.get()) is not None:
            self._settle(task)
        self._end()

    def _settle(self, task: _Task) -> None:
        for _ in range(MOST_DEATHS):
            try:
                outcome = self._ask(task.batch)
            except (EOFError, OSError):
                self._end()
                continue
            if isinstance(outcome, Exception):
                task.found.set_exception(outcome)
            else:
                task.found.set_result(outcome)
            return
        lost = f"the worker processes died {MOST_DEATHS} times, or do not start; the machine may lack memory"
        task.found.set_exception(WorkersLost(lost))

    def _ask(self, batch: Batch) -> tuple[Finding, ...] | Exception:
        pipe = self._begin()
        pipe.send(batch)
        return cast("tuple[Finding, ...] | Exception", pipe.recv())

    def _begin(self) -> Connection:
        with self._guard:
            if self._running is None:
                if self._stopping:
                    raise EOFError
                self._running = _started(self._engine)
            return self._running[1]

    def _end(self) -> None:
        with self._guard:
            running, self._running = self._running, None
        if running is not None:
            process, pipe = running
            pipe.close()  # what a worker that waits for work ends by
            process.kill()
            process.join()


_starting = threading.Lock()


def _started(engine: EngineName) -> tuple[BaseProcess, Connection]:
    context = _context()
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, engine), daemon=True)
    try:
        with _starting:  # starting is not made for threads
            process.start()
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()  # the worker's copy is then the only one: that it dies is the pipe's end
    return process, ours


def _context() -> ForkServerContext | SpawnContext:
    # Never fork: a forked child inherits locks and connections it must not have.
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


# Below: what runs in a worker.


def _work(pipe: Connection, engine: EngineName) -> None:
    # Ctrl-C reaches the whole group of processes; the one that reads decides when its workers stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ready = _ready(engine)
        while True:
            pipe.send(ready(pipe.recv()))
    except (EOFError, OSError):
        return  # the reader is gone, however it went


def _ready(engine: EngineName) -> Callable[[Batch], tuple[Finding, ...] | Exception]:
    """Load what the engine needs; what fails then is what every batch is answered with."""

    def settled(batch: Batch) -> tuple[Finding, ...] | Exception:
        try:
            return settle(batch, engine=engine)
        except Exception as error:  # noqa: BLE001 - the reader decides; it is raised there
            return error

    try:
        if engine == "fast":
            fast_engine()  # the cached tables, mapped read-only: all workers share their memory
    except Exception as error:  # noqa: BLE001 - as above
        failed = error
        return lambda _batch: failed
    return settled
