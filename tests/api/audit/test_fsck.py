"""`attest verifier fsck` on a home: 0 for a sound database, 1 for another, in words and in JSON."""

import json
import sqlite3

import pytest

from api.cli import main
from api.home.bootstrap import bootstrap
from api.home.directory import Home
from verifier.log.note import Checkpoint, NoteSigner


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


def test_what_the_service_remembers(home, run):
    with sqlite3.connect(home.log_database) as connection:
        connection.execute("UPDATE api_key SET scopes = 'admin' WHERE scopes = 'query'")
    connection.close()
    code, out, err = run()
    assert (code, "api_key: it is not the row" in err, "attest verifier client list" in err) == (1, True, True)
    assert "were not checked" not in out
    home.log_key.rename(home.root / "elsewhere")
    code, out, _ = run()
    assert (code, "seals of rows outside the log were not checked" in " ".join(out.split())) == (0, True)


def test_tiles_are_written_again_when_asked_for(home, run):
    with sqlite3.connect(home.log_database) as connection:
        connection.execute("UPDATE log_tile SET hashes = x'00'")
    connection.close()
    code, _, err = run()
    assert (code, "--rebuild-tiles" in err, "nothing was changed" in err) == (1, True, True)
    code, out, _ = run("--rebuild-tiles")
    assert (code, "tiles written again: 0/0" in out) == (0, True)
    assert json.loads(run("--rebuild-tiles", "--json")[1])["rebuilt_tiles"] == []


def test_tiles_are_not_made_of_leaves_that_do_not_hold(home, run):
    with sqlite3.connect(home.log_database) as connection:
        connection.execute("UPDATE log_entry SET leaf = zeroblob(32)")
    connection.close()
    code, _, err = run("--rebuild-tiles")
    assert (code, "do not have the signed root" in err) == (1, True)


def test_a_database_older_than_a_checkpoint_that_was_kept(home, run):
    signer = NoteSigner.from_skey(home.log_key.read_text().strip())
    kept = home.root / "kept"
    kept.write_text(Checkpoint(signer.name, 9, bytes(32)).sign(signer))
    code, _, err = run("--since", str(kept))
    assert (code, "the log shrank from 9 to 1" in err) == (1, True)
    with sqlite3.connect(home.log_database) as connection:
        kept.write_text(connection.execute("SELECT note FROM log_checkpoint").fetchone()[0])
    connection.close()
    assert run("--since", str(kept))[0] == 0
    kept.write_text("no checkpoint")
    assert run("--since", str(kept))[0] == 1


def test_no_database(home, run):
    home.log_database.unlink()
    assert run()[0] == 2
