"""`attest conform`: ours passes with either engine; what fails is shown with its name, and the exit code says so."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from api.cli.app import main
from api.conform.running import MOST_SILENCES

OURS = shlex.join([sys.executable, "-m", "api.cli", "conform", "--serve"])
BROKEN = shlex.join([sys.executable, str(Path(__file__).parents[1] / "conform" / "broken.py")])


@pytest.fixture
def conform(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["attest", "conform", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_ours_conforms(conform, engine):
    code, out, _ = conform(f"{OURS} --engine {engine}", "--strict", "--json")
    told = json.loads(out)
    assert (code, told["conforms"], told["failures"]) == (0, True, [])
    assert all(count["failed"] == count["unsupported"] == 0 < count["passed"] for count in told["topics"].values())


def test_what_is_wrong_is_shown(conform):
    code, out, err = conform(f"{BROKEN} accepts", "--topic", "encoding")
    assert code == 1
    assert "encoding" in out
    assert "accepted  encoding/b64-padding  there is no padding" in err
    assert "more; --json has all of them" in err
    code, out, _ = conform(f"{BROKEN} accepts", "--topic", "encoding", "--json")
    told = json.loads(out)
    assert (code, told["conforms"], list(told["topics"])) == (1, False, ["encoding"])
    assert {each["failure"] for each in told["failures"]} == {"accepted", "differs"}


def test_what_was_not_asked_is_one_line(conform):
    code, _, err = conform("false", "--topic", "log")
    assert (code, err.count("died"), err.count("not-asked")) == (1, MOST_SILENCES, 1)
    assert "not-asked  the other " in err


def test_nothing_supported_does_not_conform(conform):
    code, out, _ = conform(f"{BROKEN} shrugs", "--topic", "json", "--json")
    assert (code, json.loads(out)["conforms"]) == (1, False)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "no implementation"),
        (["/nowhere/nothing"], "cannot be started"),
        ([BROKEN, "--topic", "weather"], "no topic is named 'weather'"),
        ([BROKEN, "--vectors", "/nowhere"], "no cases"),
        (["--serve", "--engine", "slow"], "no engine"),
        (["'"], "no implementation"),
    ],
)
def test_usage(conform, arguments, told):
    code, _, err = conform(*arguments)
    assert code == 2
    assert told in err
