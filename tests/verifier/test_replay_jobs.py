"""Replay in several processes: the same report as in one, whatever becomes of the workers."""

import os
import signal
from contextlib import suppress

import pytest

from api.audit.replaying import MOST_DEATHS, ReplayWorkers, WorkersLost
from circuits.jws import SigningKey
from verifier import replay as replaying
from verifier.export import export_lines
from verifier.replay import replay
from verifier.trust import Trust

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ANSWERS = 11


@pytest.fixture
def lines(world, monkeypatch):
    monkeypatch.setattr(replaying, "BATCH", 2)
    for threshold in range(ANSWERS):
        world.ask(f"salary > {99_995 + threshold}", "eve")
    return list(export_lines(world.log))


def strangers(world):
    """Pins under which every attestation is another's: each answer is a finding."""
    return Trust(world.trust.log, SigningKey(bytes(32)).public)


@pytest.mark.parametrize("engine_name", ["fast", "reference"])
def test_two_processes_report_what_one_does(world, lines, engine_name):
    for trust, found in ((world.trust, 0), (strangers(world), ANSWERS)):
        alone = replay(lines, trust=trust, engine=engine_name)
        with ReplayWorkers(jobs=2, trust=trust, engine=engine_name) as workers:
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


@pytest.mark.long
@pytest.mark.parametrize("batches", [{1}, {2, 4}, {6}])
def test_a_killed_worker_loses_nothing(world, lines, batches):
    trust = strangers(world)
    alone = replay(lines, trust=trust)
    with ReplayWorkers(jobs=2, trust=trust, engine="fast") as workers:
        assert replay(lines, trust=trust, settler=killing(workers, batches), ahead=workers.ahead) == alone


@pytest.mark.long
def test_workers_that_die_again_and_again_are_given_up(world, lines, monkeypatch):
    with ReplayWorkers(jobs=1, trust=world.trust, engine="fast") as workers:
        submit = workers._submit

        def deadly(batch):
            future = submit(batch)
            kill(workers)
            return future

        monkeypatch.setattr(workers, "_submit", deadly)
        with pytest.raises(WorkersLost, match=f"{MOST_DEATHS} times"):
            replay(lines, trust=world.trust, settler=workers.settle, ahead=workers.ahead)


def test_the_first_hundred_findings_are_those_of_the_first_entries(world, lines, monkeypatch):
    monkeypatch.setattr(replaying, "MOST_FINDINGS", 3)
    report = replay(lines, trust=strangers(world), ahead=9)
    assert report.findings_count == ANSWERS
    answers = [number for number, line in enumerate(lines[1:]) if b'"kind":"answer"' in line]
    assert [finding.index for finding in report.findings] == answers[:3]
