"""attest audit replay: here or in processes, with a second opinion on a sample; what cannot be is said beforehand."""

import json
import sys

import pytest

from api.cli.app import main
from verifier.audit.export import export_lines

QUESTIONS = 3


@pytest.fixture(scope="module")
def export(world, tmp_path_factory):
    for threshold in range(QUESTIONS):
        assert world.ask(f"salary > {100_000 + threshold}").json()["outcome"] == "answer"
    folder = tmp_path_factory.mktemp("export")
    service = world.verifier.service
    (folder / "trust.json").write_bytes(service.trust.to_bytes())
    (folder / "log.jsonl").write_bytes(b"".join(export_lines(service.log)))
    return folder


@pytest.fixture
def replay(monkeypatch, capsys, tmp_path, export):
    """Runs one replay in this process: exit code, what it says."""

    def run(*arguments):
        trust, home = export / "trust.json", tmp_path / "home"
        words = ["attest", "audit", "replay", export / "log.jsonl", "--trust", trust, "--home", home, *arguments]
        monkeypatch.setattr("sys.argv", [*map(str, words)])
        capsys.readouterr()  # what the services have logged
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return int(ended.value.code or 0), said.out if ended.value.code in (None, 0) else said.err

    return run


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_sample_is_verified_by_the_other_engine(replay, jobs):
    code, out = replay("--jobs", jobs, "--sample", 2, "--seed", "abc", "--json")
    told = json.loads(out)
    assert (code, told["clean"], told["engine"]) == (0, True, "fast")
    assert told["answers"] >= QUESTIONS
    assert told["sampled"] == {"engine": "reference", "seed": "abc", "answers": 2, "findings": []}
    assert json.loads(replay("--json")[1])["sampled"] is None


def test_a_seed_is_drawn_and_told(replay):
    seeds = {json.loads(replay("--sample", 1, "--json")[1])["sampled"]["seed"] for _ in range(3)}
    assert len(seeds) == 3
    code, out = replay("--sample", 1, "--seed", "abc")
    assert code == 0
    assert "1 drawn by seed abc" in out
    assert "and agrees" in " ".join(out.split())


def test_the_other_of_the_reference_engine_is_the_fast_one(replay):
    code, out = replay("--engine", "reference", "--sample", 2, "--json")
    told = json.loads(out)
    assert (code, told["engine"], told["sampled"]["engine"]) == (0, "reference", "fast")


def test_processes_and_a_cluster_exclude_each_other(replay):
    code, err = replay("--jobs", 2, "--scheduler", "tcp://127.0.0.1:1")
    assert code != 0
    assert "not both" in err
    assert "leave out --jobs" in err


def test_a_cluster_without_dask(replay, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, err = replay("--scheduler", "tcp://127.0.0.1:1")
    assert code != 0
    assert "pip install 'zkattest[cluster]'" in err


def test_an_address_where_no_scheduler_is(replay):
    code, err = replay("--scheduler", "nonsense://x")
    assert code != 0
    assert "no scheduler answers" in err
    assert "dask scheduler" in err
