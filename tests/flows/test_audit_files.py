"""A log as files, made and read by real processes: exported, mirrored, piped, replayed, reported on, changed."""

import json
import subprocess
import sys

import pytest

from api.home.directory import Home, read_json
from circuits.encoding import canonical_json
from circuits.jws import peek


@pytest.fixture(scope="module")
def folder(up, tmp_path_factory):
    for question in ("salary > 100000", "salary > 60000", "age(date_of_birth) >= 21"):
        up.attest("ask", question, "--subject", "C-1001", "--json")
    folder = tmp_path_factory.mktemp("export") / "log"
    told = up.attest("verifier", "log", "export", folder, "--bodies", "--json").json
    assert told["entries"] > 300
    assert told["new_files"] > 6
    return folder


@pytest.fixture(scope="module")
def key(up):
    return Home(up.attest.home.root).keys()["audit"]


@pytest.mark.long
def test_whatever_it_is_read_from_it_is_the_same_log(up, folder, key, tmp_path):
    first = up.attest("audit", "replay", folder, "--json").json
    assert first["clean"]
    mirror = tmp_path / "mirror"
    up.attest("audit", "mirror", up.told["verifier"], mirror, "--bodies", "--key", key, "--json")
    up.attest("verifier", "log", "export", tmp_path / "log.jsonl", "--json")
    sources = [(mirror,), (tmp_path / "log.jsonl",), (up.told["verifier"], "--key", key), ()]
    for source in sources:
        told = up.attest("audit", "replay", *source, "--json").json
        assert (told["clean"], told["origin"]) == (True, first["origin"])
        assert told["answers"] >= first["answers"]
    assert up.attest("audit", "compare", folder, up.told["verifier"], "--log", mirror, "--json").json["one_log"]
    again = up.attest("verifier", "log", "export", folder, "--bodies", "--json").json
    assert again["entries"] >= first["entries"]


def test_a_pipe_from_the_running_verifier_to_the_auditor(up):
    attest = [sys.executable, "-m", "api.cli"]
    home = ["--home", str(up.attest.home.root)]
    with subprocess.Popen([*attest, "verifier", "log", "export", "-", *home], stdout=subprocess.PIPE) as export:  # noqa: S603 - ours
        done = subprocess.run(  # noqa: S603 - ours
            [*attest, "audit", "replay", "-", "--json", *home], stdin=export.stdout, capture_output=True, check=False
        )
    assert (export.returncode, done.returncode) == (0, 0), done.stderr
    assert json.loads(done.stdout)["source"] == "standard input"


def test_an_address_with_too_much_behind_it(up, key):
    error = up.attest("audit", "replay", f"{up.told['verifier']}/v1", "--key", key, "--json", code=2).json["error"]
    assert (error["kind"], "a verifier's address" in error["remedy"]) == ("not-found", True)


def test_a_report_for_people_and_one_for_machines(up, folder, tmp_path):
    page, document = tmp_path / "report.html", tmp_path / "report.json"
    ran = up.attest("audit", "replay", folder, "--report", page, "--report", document)
    assert "clean" in ran.out
    told = read_json(document)
    assert (told["format"], told["clean"], told["findings"]) == ("zkattest-report/1", True, [])
    written = page.read_text()
    assert told["verdict"] in written
    listed = up.attest("prover", "consent", "list", "--subject", "C-1001", "--json").json["consents"]
    handles = {peek(each["consent"])["sub"] for each in listed}  # whichever lender of this home asked first
    assert any(f"salary of <bdi>{handle}</bdi>" in written for handle in handles)
    assert "C-1001" not in written
    assert "<script" not in written
    assert page.stat().st_mode & 0o077 == document.stat().st_mode & 0o077 == 0
    up.attest("audit", "replay", folder, "--report", tmp_path / "report.pdf", code=2)


def test_a_changed_body_is_found_named_and_reported(up, folder, tmp_path):
    changed = tmp_path / "log"
    changed.mkdir()
    for path in folder.rglob("*"):
        if path.is_file():
            (changed / path.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
            (changed / path.relative_to(folder)).write_bytes(path.read_bytes())
    file = changed / "bodies/000.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    line = json.loads(lines[17])
    line["salt"] = "A" * 43
    file.write_bytes(b"".join([*lines[:17], canonical_json(line) + b"\n", *lines[18:]]))
    told = up.attest("audit", "replay", changed, "--json", "--report", tmp_path / "r.html", code=1).json
    assert [(each["index"], each["code"], each["blame"]) for each in told["findings"]] == [
        (None, "root", "log operator"),
        (17, "tile", "log operator"),
    ]
    assert "does not hold" in (tmp_path / "r.html").read_text()
    ran = up.attest("audit", "replay", changed, code=1)
    assert "entry 17" in ran.out
    assert "the log operator" in ran.err


@pytest.mark.long
def test_what_cannot_be_read_is_no_finding(up, folder, tmp_path, key):
    public = tmp_path / "public"
    up.attest("audit", "mirror", up.told["verifier"], public, "--json")
    refused = [
        (("audit", "replay", public), 2, "source"),
        (("audit", "replay", tmp_path / "nothing"), 2, "file"),
        (("audit", "replay", up.told["verifier"]), 2, "source"),
        (("audit", "replay", up.told["verifier"], "--key", "zka_no_key"), 2, "unauthenticated"),
        (("audit", "replay", "http://127.0.0.1:1", "--key", key), 3, "unreachable"),
        (("audit", "mirror", "http://127.0.0.1:1", tmp_path / "m"), 3, "unreachable"),
        (("verifier", "log", "export", tmp_path / "x.jsonl", "--bodies"), 2, "usage"),
    ]
    assert up.attest("audit", "replay", folder, "--json").json["clean"]
    for arguments, code, kind in refused:
        assert up.attest(*arguments, "--json", code=code).json["error"]["kind"] == kind


def test_evidence_is_renewed_under_a_newer_checkpoint(up, tmp_path):
    file = tmp_path / "answer.evidence.json"
    up.attest("ask", "salary > 50000", "--subject", "C-1002", "--evidence", file, "--json")
    before = up.attest("evidence", "verify", file, "--json").json
    later = up.attest("ask", "salary > 50000", "--subject", "C-1004", "--json").json
    told = up.attest("evidence", "renew", file, "--json").json
    after = up.attest("evidence", "verify", file, "--json").json
    assert after["checkpoint"]["size"] == told["checkpoint"] > later["log"]["index"] >= before["checkpoint"]["size"]
    assert {**after, "checkpoint": None} == {**before, "checkpoint": None}

    changed = tmp_path / "changed.evidence.json"
    changed.write_bytes(file.read_bytes()[:-3])
    error = up.attest("evidence", "renew", changed, "--json", code=1).json["error"]
    assert "cannot be renewed" in str(error)
    assert changed.read_bytes() == file.read_bytes()[:-3]
