"""`attest verifier fsck` on a home: 0 for a sound database, 1 for another, in words and in JSON."""

import json
import sqlite3

import pytest

from api.cli import main
from api.home.bootstrap import bootstrap
from api.home.directory import Home


@pytest.fixture
def home(tmp_path):
    made = Home.at(tmp_path / "home", environment={})
    made.create()
    bootstrap(made, environment={})
    return made


@pytest.fixture
def run(monkeypatch, capsys, home):
    def command(*words):
        monkeypatch.setattr("sys.argv", ["attest", "verifier", "fsck", "--engine", "reference", *words])
        monkeypatch.setenv("ZKATTEST_HOME", str(home.root))
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return command


def test_a_sound_and_a_changed_database(home, run):
    code, out, _ = run()
    assert (code, "sound" in out) == (0, True)
    with sqlite3.connect(home.log_database) as connection:
        connection.execute("UPDATE log_entry SET appended_at = appended_at + 1")
    connection.close()
    code, _, err = run()
    assert (code, "log_entry, entry 0" in err) == (1, True)
    code, out, _ = run("--json")
    told = json.loads(out)
    assert (code, told["sound"], told["faults_count"], told["faults"][0]["table"]) == (1, False, 1, "log_entry")


def test_no_database(home, run):
    home.log_database.unlink()
    assert run()[0] == 2
