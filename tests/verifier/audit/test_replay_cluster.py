"""Replay on a real Dask cluster: the same report as in one process, whatever becomes of workers and scheduler."""

import json
import pickle
import signal
import subprocess
import sys
import time

import pytest

from api.audit.cluster import Cluster, _settle
from api.audit.ledgers import LedgerFile
from api.audit.replaying import WorkersLost
from api.version import VERSION
from circuits.jws import SigningKey
from verifier.audit import replay as replaying
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.trust import Trust

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ANSWERS = 11
MISSING = """
import sys
sys.modules["distributed"] = None
from api.audit.cluster import Cluster, ClusterMissing
try:
    with Cluster("tcp://127.0.0.1:1", engine="fast"):
        pass
except ClusterMissing as error:
    print(error)
"""


class RealCluster:
    """A scheduler and its workers, as processes."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        told = folder / "scheduler.json"
        settings = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-jupyter", "--scheduler-file", told)
        self.scheduler = self.start("scheduler", *settings)
        deadline = time.monotonic() + 60
        while not told.exists() or not told.read_text():
            assert time.monotonic() < deadline
            assert self.scheduler.poll() is None
            time.sleep(0.02)
        self.address = json.loads(told.read_text())["address"]
        self.workers = []

    def start(self, what, *arguments):
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - this interpreter, on Dask's own module
                [sys.executable, "-m", "distributed.cli.dask_" + what, *arguments],
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        self.processes.append(process)
        return process

    def work(self):
        settings = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", self.folder)
        self.workers.append(self.start("worker", self.address, *settings))

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    started = RealCluster(tmp_path)
    yield started
    started.stop()


@pytest.fixture
def lines(world, monkeypatch):
    monkeypatch.setattr(replaying, "BATCH", 2)
    monkeypatch.setattr(replaying, "CHUNK", 4)
    for threshold in range(ANSWERS):
        world.ask(f"salary > {99_995 + threshold}", "eve", relying_party=f"lender-{threshold}")
    return list(export_lines(world.log))


def strangers(world):
    """Pins under which every attestation is another's: each answer is a finding."""
    return Trust(world.trust.log, SigningKey(bytes(32)).public)


def test_a_cluster_reports_what_one_process_does(world, lines, cluster):
    cluster.work()
    cluster.work()
    for engine in ("fast", "reference"):
        for trust, found in ((world.trust, 0), (strangers(world), ANSWERS)):
            with Cluster(cluster.address, engine=engine) as workers:
                report = replay(lines, trust=trust, engine=engine, settler=workers.settle, ahead=workers.ahead)
            assert report == replay(lines, trust=trust, engine=engine)
            assert (report.findings_count, report.answers) == (found, ANSWERS - found)


@pytest.mark.long
def test_a_killed_worker_of_a_cluster_loses_nothing(world, lines, cluster):
    cluster.work()
    trust = strangers(world)
    with Cluster(cluster.address, engine="fast") as workers:
        number = 0

        def settler(batch):
            nonlocal number
            number += 1
            outcome = workers.settle(batch)
            if number in {1, 3, 5}:
                cluster.workers[-1].kill()
                cluster.work()
            return outcome

        assert replay(lines, trust=trust, settler=settler, ahead=2) == replay(lines, trust=trust)
    assert len(cluster.workers) == 4


@pytest.mark.long
def test_a_killed_scheduler_ends_a_replay_that_can_go_on(world, lines, cluster, tmp_path):
    cluster.work()
    file = LedgerFile(tmp_path / "ledger", world.trust, "fast")
    with Cluster(cluster.address, engine="fast") as workers:

        def keep(ledger):
            file.write(ledger)
            cluster.scheduler.send_signal(signal.SIGKILL)
            cluster.scheduler.wait()

        with pytest.raises(WorkersLost):
            replay(lines, trust=world.trust, settler=workers.settle, ahead=workers.ahead, keep=keep)
    begun = file.read()
    assert 0 < begun.answers < ANSWERS
    assert replay(lines, trust=world.trust, ledger=begun) == replay(lines, trust=world.trust)


def test_a_worker_of_another_version_settles_nothing(world, lines):
    kept = []
    replay(lines, trust=world.trust, settler=lambda batch: kept.append(batch) or (lambda: ()))
    assert _settle(pickle.dumps(kept[0]), "fast", VERSION) == ()
    with pytest.raises(WorkersLost, match=f"has zkattest {VERSION}, the reader 0.0.0"):
        _settle(pickle.dumps(kept[0]), "fast", "0.0.0")


@pytest.mark.long
def test_a_scheduler_without_workers_is_not_waited_for_long(cluster, world):  # noqa: ARG001 - the world has the database
    with pytest.raises(WorkersLost, match="no worker"), Cluster(cluster.address, engine="fast", seconds=0.5):
        pytest.fail("connected")


def test_an_address_where_no_scheduler_is(world):  # noqa: ARG001 - the world has the database
    for address in ("tcp://127.0.0.1:1", "nonsense://x", ""):
        with pytest.raises(WorkersLost, match="no scheduler"), Cluster(address, engine="fast", seconds=0.5):
            pytest.fail("connected")


def test_without_dask_it_is_said_what_to_install(world):  # noqa: ARG001 - the world has the database
    done = subprocess.run(  # noqa: S603 - this interpreter, on a text of ours
        [sys.executable, "-c", MISSING], check=True, timeout=60, capture_output=True, text=True
    )
    assert done.stdout.strip() == "Dask is not installed: pip install 'zkattest[cluster]'"
