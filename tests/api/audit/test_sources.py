"""Whatever a log is read from, a replay comes to the same; what is cut off, changed or something else is named."""

import io
import json
import shutil
from contextlib import ExitStack

import pytest

from api.audit.copying import copy_log
from api.audit.exporting import export_lines
from api.audit.reading import ServedLog
from api.audit.sources import SourceError, open_source, read_checkpoint
from api.peers.lender_client import Refusal, Unreachable
from api.peers.log_client import LogClient
from circuits.encoding import canonical_json
from verifier.audit.replay import replay
from verifier.errors import Blame, ExportError, LogCorrupt
from verifier.trust import Trust


@pytest.fixture(scope="module")
def pins(world):
    return Trust(world.verifier.signer.verifier, world.verifier.signing_key.public)


@pytest.fixture(scope="module")
def address(world):
    world.ask()
    return world.verifier_server.url


@pytest.fixture(scope="module")
def copy(world, address, pins, tmp_path_factory):
    """The log as a folder with bodies, and beside it as an export."""
    folder = tmp_path_factory.mktemp("copy")
    with LogClient(address, key=world.verifier.auditor.text) as client:
        log = ServedLog(client)
        copied = copy_log(folder / "log", log, verifier=pins.log, bodies=True)
        assert copied.files > copied.entries // 256
        (folder / "log.jsonl").write_bytes(b"".join(export_lines(log)))
    return folder


def report_of(named, pins, *, key=None):
    with ExitStack() as stack:
        source = open_source(str(named), stack, key=key)
        return source.located(replay(source.lines, trust=pins))


def test_every_source_comes_to_the_same(world, address, copy, pins, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((copy / "log.jsonl").read_bytes())))
    key = world.verifier.auditor.text
    reports = [report_of(named, pins, key=key) for named in (copy / "log", copy / "log.jsonl", "-", address)]
    assert reports[0].failure is None
    assert reports[0].answers == 1
    assert all(report == reports[0] for report in reports)
    notes = {read_checkpoint(str(named)) for named in (copy / "log", copy / "log/checkpoint", address)}
    assert notes == {reports[0].checkpoint.encode()}


@pytest.mark.parametrize("content", [b"", b"\n", b"{\n}\n", b"\xff\x00", b"zkattest.local/1\n3\n"], ids=repr)
def test_another_file_named_by_mistake_is_nobodys_fault(copy, pins, tmp_path, monkeypatch, content):
    assert report_of(copy / "log.jsonl", pins).failure is None
    (tmp_path / "other").write_bytes(content)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    for named in (tmp_path / "other", "-"):
        with pytest.raises(SourceError, match="no export" if content else "nothing in it"):
            report_of(named, pins)


def test_a_second_copy_writes_only_what_is_new(world, address, copy, pins, tmp_path):
    shutil.copytree(copy / "log", tmp_path / "log")
    with LogClient(address, key=world.verifier.auditor.text) as client:
        assert copy_log(tmp_path / "log", ServedLog(client), verifier=pins.log, bodies=True).files == 0
        world.ask("salary > 1")
        assert copy_log(tmp_path / "log", ServedLog(client), verifier=pins.log, bodies=False).files > 0
    stale = report_of(tmp_path / "log", pins).failure
    assert (stale.code, "with the bodies" in stale.reason) == ("export", True)


@pytest.mark.parametrize("key", [None, "zka_none_none", "lender"])
def test_an_address_takes_an_auditors_key(world, address, pins, key):
    if key == "lender":
        key = world.verifier.lender.text
    with pytest.raises(Refusal if key else SourceError):
        report_of(address, pins, key=key)


def test_names_that_lead_nowhere(copy, pins, tmp_path):
    (tmp_path / "empty").mkdir()
    shutil.copytree(copy / "log", tmp_path / "public", ignore=shutil.ignore_patterns("bodies"))
    for named, match in (("empty", "no checkpoint"), ("public", "without the entries' bodies")):
        with pytest.raises(SourceError, match=match):
            report_of(tmp_path / named, pins)
    with pytest.raises(SourceError, match="no checkpoint"):
        read_checkpoint(str(tmp_path / "empty"))
    with pytest.raises(FileNotFoundError):
        report_of(tmp_path / "nothing", pins)
    with pytest.raises(Unreachable):
        report_of("http://127.0.0.1:1", pins, key="zka_k")


def test_an_export_that_was_cut_off(copy, pins, tmp_path):
    whole = (copy / "log.jsonl").read_bytes()
    for left, codes in (
        (whole[:-10], ["export", "size"]),
        (whole[: whole.index(b"\n") + 1], ["size"]),
    ):
        (tmp_path / "cut.jsonl").write_bytes(left)
        assert [each.code for each in report_of(tmp_path / "cut.jsonl", pins).findings] == codes


def changed_body(folder):
    path = next(folder.glob("bodies/**/*.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    line = json.loads(lines[2])
    line["salt"] = "A" * 43
    path.write_bytes(b"".join([*lines[:2], canonical_json(line) + b"\n", *lines[3:]]))


def test_a_changed_body_is_located_by_its_tile(copy, pins, tmp_path):
    shutil.copytree(copy / "log", tmp_path / "log")
    assert report_of(tmp_path / "log", pins).failure is None
    changed_body(tmp_path / "log")
    report = report_of(tmp_path / "log", pins)
    assert [(each.code, each.index, each.blame) for each in report.findings] == [
        ("root", None, Blame.LOG),
        ("tile", 2, Blame.LOG),
    ]
    assert report.findings_count == 2
    tile = next(path for path in (tmp_path / "log/tile/0").rglob("*") if path.is_file())
    content = tile.read_bytes()
    tile.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    assert [each.index for each in report_of(tmp_path / "log", pins).findings] == [None, 0]
    tile.unlink()
    assert [each.index for each in report_of(tmp_path / "log", pins).findings] == [None]


HOSTILE = {
    "no page": [],
    "a page without entries": {"checkpoint": "x", "entries": [], "next": None},
    "no entries": {"checkpoint": "x", "entries": None, "next": None},
    "another entry": "moved",
    "a body that is no text": "latin",
    "a salt that is none": "salt",
}


@pytest.mark.parametrize("page", HOSTILE.values(), ids=HOSTILE)
def test_hostile_pages(world, address, page):
    with LogClient(address, key=world.verifier.auditor.text) as client:
        log = ServedLog(client)
        honest = client.entries(0, 3)
        assert len(list(log.lines(0, 3))) == 3
        match page:
            case "moved":
                page = honest | {"entries": honest["entries"][1:]}
            case "latin":
                page = honest | {"entries": [honest["entries"][0] | {"body": "_w"}]}
            case "salt":
                page = honest | {"entries": [honest["entries"][0] | {"salt": "*"}]}
        client.entries = lambda *_: page
        with pytest.raises(ExportError, match="entry 0"):
            list(log.lines(0, 3))


def test_pages_that_are_too_large_are_asked_for_by_halves(world, address, monkeypatch):
    with LogClient(address, key=world.verifier.auditor.text) as client:
        log = ServedLog(client)
        whole = list(log.lines(0, 6))
        monkeypatch.setattr("api.peers.log_client.MOST_PAGE", 6_000)
        assert list(log.lines(0, 6)) == whole
        monkeypatch.setattr("api.peers.log_client.MOST_PAGE", 10)
        with pytest.raises(ExportError, match="entry 0: larger than any entry"):
            list(log.lines(0, 6))


def test_a_fork_is_not_copied_over_the_log(world, address, copy, pins, tmp_path):
    shutil.copytree(copy / "log", tmp_path / "log")
    size = int((tmp_path / "log/checkpoint").read_text().split("\n")[1])
    from verifier.log.note import Checkpoint  # noqa: PLC0415 - only here

    forked = Checkpoint(pins.origin, size, bytes(32)).sign(world.verifier.signer)
    (tmp_path / "log/checkpoint").write_text(forked)
    with LogClient(address, key=world.verifier.auditor.text) as client, pytest.raises(LogCorrupt, match="not extend"):
        copy_log(tmp_path / "log", ServedLog(client), verifier=pins.log, bodies=True)
    assert (tmp_path / "log/checkpoint").read_text() == forked
