"""The log of a home whose verifier is stopped, as files, and replayed from them; for one that runs see the flows."""

import io
import json
import sqlite3
from contextlib import closing

import pytest

from api.cli.app import main
from api.home.bootstrap import bootstrap
from api.home.directory import Home


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    place = Home(tmp_path_factory.mktemp("log") / "home")
    place.create()
    bootstrap(place, environment={})
    return place


@pytest.fixture
def attest(home, monkeypatch, capsysbinary):
    monkeypatch.setenv("ZKATTEST_HOME", str(home.root))

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["attest", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsysbinary.readouterr()
        assert b"Traceback" not in said.out + said.err
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_a_folder_is_written_once_and_replays_clean(attest, tmp_path):
    folder = tmp_path / "log"
    code, out, _ = attest("verifier", "log", "export", folder, "--json")
    told = json.loads(out)
    assert (code, told["bodies"], told["entries"] > 0) == (0, False, True)
    assert {path.name for path in folder.iterdir()} == {"checkpoint", "tile"}
    code, out, _ = attest("verifier", "log", "export", folder, "--bodies", "--json")
    assert (code, json.loads(out)["new_files"]) == (0, 1)
    assert json.loads(attest("verifier", "log", "export", folder, "--bodies", "--json")[1])["new_files"] == 0
    code, out, _ = attest("audit", "replay", folder, "--json")
    assert (code, json.loads(out)["clean"], json.loads(out)["entries"]) == (0, True, told["entries"])


def test_lines_in_a_file_and_on_standard_output_are_the_same(attest, tmp_path, monkeypatch):
    file = tmp_path / "log.jsonl"
    assert attest("verifier", "log", "export", file)[0] == 0
    assert file.stat().st_mode & 0o777 == 0o600  # it names people
    code, out, _ = attest("verifier", "log", "export", "-")
    assert (code, out) == (0, file.read_bytes())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(out)))
    code, out, _ = attest("audit", "replay", "-")
    assert (code, b"clean" in out) == (0, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("verifier", "log", "export", "-", "--json"),
        ("verifier", "log", "export", "x.jsonl", "--bodies"),
        ("audit", "mirror", "http://127.0.0.1:1", "mirror", "--bodies"),
        ("audit", "replay", "--report", "report.pdf"),
        ("audit", "replay", "--report", "nowhere/report.html"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_done(attest, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    assert attest(*arguments)[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_a_broken_log_is_told_as_a_table_with_blame(attest, tmp_path):
    file = tmp_path / "log.jsonl"
    attest("verifier", "log", "export", file)
    assert attest("audit", "replay", file, "--report", tmp_path / "report.html")[0] == 0
    assert "This log holds" in (tmp_path / "report.html").read_text()
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    code, out, err = attest("audit", "replay", file, "--report", tmp_path / "report.html")
    assert code == 1
    assert b"the log operator" in out
    assert b"This log does not hold: 1 finding, about the log as a whole; the log operator is to blame." in err
    assert "This log does not hold" in (tmp_path / "report.html").read_text()


def test_a_database_that_cannot_be_read_says_nothing_about_the_log(attest, home):
    assert attest("audit", "replay", "--json")[0] == 0
    with closing(sqlite3.connect(home.log_database)) as database:
        database.execute("ALTER TABLE log_entry RENAME TO moved")
        code, out, _ = attest("audit", "replay", "--json")
        database.execute("ALTER TABLE moved RENAME TO log_entry")
    assert (code, json.loads(out)["error"]["kind"]) == (3, "unavailable")
    assert attest("audit", "replay", "--json")[0] == 0
