"""Replay in several processes: the same report as in one, whatever becomes of the workers."""

import os
import pickle
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from api.audit import replaying as api_replaying
from api.audit.replaying import MOST_DEATHS, ReplayWorkers, WorkersLost
from circuits.jws import SigningKey
from verifier.audit import replay as replaying
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.trust import Trust

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ANSWERS = 11
READER = """
import os, signal, sys, time
from pathlib import Path
from api.audit.replaying import ReplayWorkers
from verifier.audit import replay
from verifier.trust import Trust

replay.BATCH = 2
trust = Trust.from_json(Path(sys.argv[2]).read_bytes())
with ReplayWorkers(jobs=2, engine="fast") as workers, open(sys.argv[1], "rb") as lines:
    assert replay.replay(lines, trust=trust, settler=workers.settle, ahead=workers.ahead).failure is None
    print(*workers.pids, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def lines(world, monkeypatch):
    monkeypatch.setattr(replaying, "BATCH", 2)
    for threshold in range(ANSWERS):
        world.ask(f"salary > {99_995 + threshold}", "eve", relying_party=f"lender-{threshold}")
    return list(export_lines(world.log))


def strangers(world):
    """Pins under which every attestation is another's: each answer is a finding."""
    return Trust(world.trust.log, SigningKey(bytes(32)).public)


@pytest.mark.parametrize("engine_name", ["fast", "reference"])
def test_two_processes_report_what_one_does(world, lines, engine_name):
    for trust, found in ((world.trust, 0), (strangers(world), ANSWERS)):
        alone = replay(lines, trust=trust, engine=engine_name)
        with ReplayWorkers(jobs=2, engine=engine_name) as workers:
            report = replay(lines, trust=trust, engine=engine_name, settler=workers.settle, ahead=workers.ahead)
            assert len(workers.pids) == 2
        assert report == alone
        assert (report.findings_count, report.answers) == (found, ANSWERS - found)


def kill(workers):
    for pid in workers.pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def killing(workers, batches):
    """A settler whose workers are killed after every batch of these numbers."""
    number = 0

    def settler(batch):
        nonlocal number
        number += 1
        outcome = workers.settle(batch)
        if number in batches:
            kill(workers)
        return outcome

    return settler


@pytest.mark.parametrize("batches", [{1}, {2, 4}, {6}, {1, 2, 3, 4, 5, 6}])
def test_a_killed_worker_loses_nothing(world, lines, batches):
    trust = strangers(world)
    alone = replay(lines, trust=trust)
    with ReplayWorkers(jobs=2, engine="fast") as workers:
        assert replay(lines, trust=trust, settler=killing(workers, batches), ahead=workers.ahead) == alone


def test_workers_that_die_again_and_again_are_given_up(world, lines, monkeypatch):
    begin = api_replaying._Worker._begin

    def deadly(worker):
        pipe = begin(worker)
        worker._running[0].kill()
        worker._running[0].join()
        return pipe

    with ReplayWorkers(jobs=1, engine="fast") as workers:
        assert replay(lines, trust=world.trust, settler=workers.settle, ahead=workers.ahead).failure is None
        monkeypatch.setattr(api_replaying._Worker, "_begin", deadly)
        with pytest.raises(WorkersLost, match=f"{MOST_DEATHS} times"):
            replay(lines, trust=world.trust, settler=workers.settle, ahead=workers.ahead)


def test_what_a_worker_cannot_do_is_raised_where_it_is_waited_for(world, lines):
    kept = []
    replay(lines, trust=world.trust, settler=lambda batch: kept.append(batch) or (lambda: ()))
    with ReplayWorkers(jobs=1, engine="fast") as workers:
        assert workers.settle(kept[0])() == ()
        outcome = workers.settle([None])
        with pytest.raises(AttributeError):
            outcome()
        assert workers.settle(kept[1])() == ()


def runs(pid):
    """Whether a process still does anything: one that has ended may wait for ever to be noticed by process 1."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_workers_end_with_their_reader(world, lines, tmp_path):
    export, pins = tmp_path / "log", tmp_path / "trust"
    export.write_bytes(b"".join(lines))
    pins.write_bytes(world.trust.to_bytes())
    killed = subprocess.run(  # noqa: S603 - this interpreter, on a text of ours
        [sys.executable, "-c", READER, export, pins], check=False, timeout=60, capture_output=True, text=True
    )
    assert killed.returncode == -signal.SIGKILL
    pids = [int(pid) for pid in killed.stdout.split()]
    assert len(pids) == 2
    deadline = time.monotonic() + 60
    while any(runs(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_batch_that_travels_is_the_same(world, lines):
    kept = []
    replay(lines, trust=world.trust, settler=lambda batch: kept.append(batch) or (lambda: ()))
    assert len(kept) > 2
    for batch in kept:
        assert pickle.loads(pickle.dumps(batch)) == batch  # noqa: S301 - our own


def test_the_first_hundred_findings_are_those_of_the_first_entries(world, lines, monkeypatch):
    monkeypatch.setattr(replaying, "MOST_FINDINGS", 3)
    report = replay(lines, trust=strangers(world), ahead=9)
    assert report.findings_count == ANSWERS
    answers = [number for number, line in enumerate(lines[1:]) if b'"kind":"answer"' in line]
    assert [finding.index for finding in report.findings] == answers[:3]
