import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from circuits import statement as statements
from circuits.attributes import Schema
from circuits.compiler import compile_predicate
from circuits.errors import WitnessError
from circuits.pedersen import Opening, commit
from circuits.predicate import parse
from circuits.statement import Statement, Witness
from prover.errors import ProverUnavailable
from prover.pool import ProvingPool

SCHEMA = Schema.from_json(
    {"schema": "one", "version": 1, "attributes": [{"name": "age", "type": "integer", "min": "0", "max": "150"}]}
)
OPENING = Opening(value=40, blinding=7)
WITNESS = Witness((OPENING,))


def make_statement(text):
    relation = compile_predicate(parse(text, SCHEMA), SCHEMA, as_of=740_000, answer=True)
    return Statement(relation, (commit(OPENING),), b"context", answer=True)


STATEMENT = make_statement("age > 21")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@pytest.fixture
def pool(tables):
    with ProvingPool(workers=1, tables=tables) as pool:
        yield pool


def prove(pool, statement=STATEMENT):
    return pool.prove(statement, WITNESS, entropy=os.urandom(32))


def prove_again_and_again(pool):
    """Until the service has noticed: the kernel may take a moment to tell it."""
    for _ in range(100):
        prove(pool)
        time.sleep(0.01)


def workers(pool):
    executor = pool._executor  # None while it is being replaced
    return list((executor and executor._processes) or ())


def test_a_proof_from_the_pool_verifies(pool):
    assert workers(pool) != [os.getpid()]
    statements.verify(STATEMENT, prove(pool))


def test_a_false_statement_is_refused_and_the_pool_goes_on(pool):
    with pytest.raises(WitnessError) as caught:
        prove(pool, make_statement("age > 50"))
    assert "40" not in str(caught.value)
    statements.verify(STATEMENT, prove(pool))


def test_a_worker_that_was_killed_is_replaced(pool):
    prove(pool)
    (first,) = workers(pool)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(ProverUnavailable):
        prove_again_and_again(pool)
    statements.verify(STATEMENT, prove(pool))
    assert workers(pool) != [first]


@pytest.mark.parametrize("kills", [6, pytest.param(50, marks=pytest.mark.long)])
def test_workers_killed_under_load_leave_nobody_waiting(tables, kills):
    seconds = 5.0
    told, waited, enough = [], [], threading.Event()

    def ask(pool):
        while not enough.is_set():
            began = time.monotonic()
            try:
                told.append(prove(pool))
            except ProverUnavailable:
                told.append(None)
            waited.append(time.monotonic() - began)

    with ProvingPool(workers=2, tables=tables, seconds=seconds) as pool, ThreadPoolExecutor(6) as callers:
        asking = [callers.submit(ask, pool) for _ in range(6)]
        try:
            for number in range(kills):
                time.sleep(0.05 * (1 + number % 5))
                for pid in workers(pool)[: 1 + number % 2]:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
        finally:
            enough.set()
        for each in asking:
            each.result()  # raises what was neither a proof nor ProverUnavailable
        assert max(waited) < 2 * seconds + 5  # the pool's own limit, and room for a busy machine
        assert any(told)
        assert not all(told)
        pool.start()
        statements.verify(STATEMENT, prove(pool))


def test_a_worker_that_hangs_is_given_up(tables):
    with ProvingPool(workers=1, tables=tables, seconds=0.05) as pool:
        (stuck,) = workers(pool)
        os.kill(stuck, signal.SIGSTOP)
        with pytest.raises(ProverUnavailable):
            prove(pool)
        assert gone(stuck)
        pool.start()
        assert prove(pool)


def test_a_proof_that_takes_too_long_takes_its_worker_along(tables):
    with ProvingPool(workers=1, tables=tables, seconds=0.0001) as pool, pytest.raises(ProverUnavailable):
        prove(pool)


def test_too_many_are_turned_away_and_a_place_comes_back(pool):
    while pool._places.acquire(blocking=False):
        pass
    with pytest.raises(ProverUnavailable, match="too many"):
        prove(pool)
    pool._places.release()
    assert prove(pool)
    assert prove(pool)


def test_many_threads_share_a_pool(pool):
    proofs = []
    threads = [threading.Thread(target=lambda: proofs.append(prove(pool))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(proofs)) == 8
    statements.verify_batch([(STATEMENT, proof) for proof in proofs], entropy=os.urandom(32))


def test_a_closed_pool_says_so_and_leaves_no_worker(tables):
    pool = ProvingPool(workers=2, tables=tables)
    pool.start()
    pids = workers(pool)
    assert len(pids) == 2
    pool.close()
    pool.close()
    assert all(gone(pid) for pid in pids)
    with pytest.raises(ProverUnavailable, match="closed"):
        prove(pool)


def test_workers_that_do_not_start_in_time_are_given_up(tables, monkeypatch):
    pool = ProvingPool(workers=1, tables=tables)
    with monkeypatch.context() as patch:
        patch.setattr("prover.pool._STARTING_SECONDS", 0.001)
        with pytest.raises(ProverUnavailable, match="could not start"):
            pool.start()
    with pool:
        assert prove(pool)


def test_workers_ignore_the_keyboard(pool):
    (worker,) = workers(pool)
    os.kill(worker, signal.SIGINT)
    assert prove(pool)
    assert workers(pool) == [worker]


ORPHANING = """
import sys, time
from pathlib import Path
from prover.pool import ProvingPool
if __name__ == "__main__":
    pool = ProvingPool(workers=1, tables=Path(sys.argv[1]))
    pool.start()
    print(*pool._executor._processes, flush=True)
    time.sleep(60)
"""


def test_workers_do_not_outlive_a_service_that_was_killed(tables):
    command = [sys.executable, "-c", ORPHANING, tables]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as service:  # noqa: S603 - this interpreter, the text above
        worker = int(service.stdout.readline())
        assert not gone(worker, seconds=0)
        service.send_signal(signal.SIGKILL)
    assert gone(worker)


def gone(pid, seconds=5.0):
    """Whether a process ends within so many seconds; one that nobody has waited for counts as ended."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
