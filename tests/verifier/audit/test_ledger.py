"""A killed replay goes on where it was, comes to the same report, and trusts no ledger but its own."""

import json
import os
import signal
import struct
import subprocess
import sys
import zlib
from dataclasses import replace

import pytest

from api.audit.ledgers import LedgerFile
from circuits.encoding import b64u, b64u_decode, canonical_json
from circuits.jws import SigningKey
from verifier.audit import replay as replaying
from verifier.audit.export import export_lines
from verifier.audit.ledger import Ledger, LedgerError
from verifier.audit.replay import replay
from verifier.audit.settling import Finding, settle
from verifier.errors import Blame
from verifier.trust import Trust

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ANSWERS = 11
KILLED = """
import os, signal, sys
from pathlib import Path
from api.audit.ledgers import LedgerFile
from verifier.audit import replay
from verifier.trust import Trust

replay.BATCH, replay.CHUNK = 2, 4
trust = Trust.from_json(Path(sys.argv[2]).read_bytes())
file = LedgerFile(Path(sys.argv[3]), trust, "fast")
written = 0

def keep(ledger):
    global written
    file.write(ledger)
    written += 1
    if written == 2:
        os.kill(os.getpid(), signal.SIGKILL)

with open(sys.argv[1], "rb") as lines:
    replay.replay(lines, trust=trust, ledger=file.read(), keep=keep)
"""


@pytest.fixture
def lines(world, monkeypatch):
    monkeypatch.setattr(replaying, "BATCH", 2)
    monkeypatch.setattr(replaying, "CHUNK", 4)
    for threshold in range(ANSWERS):
        world.ask(f"salary > {99_995 + threshold}", "eve")
    return list(export_lines(world.log))


@pytest.fixture(params=["all hold", "none holds"])
def trust(request, world):
    return world.trust if request.param == "all hold" else Trust(world.trust.log, SigningKey(bytes(32)).public)


def counting(settled):
    def settler(batch):
        settled.extend(waiting.index for waiting in batch)
        found = settle(batch, engine="fast")
        return lambda: found

    return settler


def test_a_killed_replay_goes_on(lines, trust, tmp_path):
    export, pins, file = tmp_path / "log", tmp_path / "trust", LedgerFile(tmp_path / "ledger", trust, "fast")
    export.write_bytes(b"".join(lines))
    pins.write_bytes(trust.to_bytes())
    assert file.read() is None
    killed = subprocess.run(  # noqa: S603 - this interpreter, on a text of ours
        [sys.executable, "-c", KILLED, export, pins, file.path], check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    begun = file.read()
    assert 0 < begun.size < len(lines) - 1
    settled = []
    report = replay(lines, trust=trust, settler=counting(settled), ahead=2, ledger=begun, keep=file.write)
    assert report == replay(lines, trust=trust)
    assert min(settled) >= begun.size
    assert len(settled) < ANSWERS
    done = file.read()
    assert (done.size, done.answers + len(done.refused)) == (len(lines) - 1, ANSWERS)
    settled.clear()
    assert replay(lines, trust=trust, settler=counting(settled), ledger=done) == report
    assert settled == []


def states(lines, trust):
    kept = []
    replay(lines, trust=trust, keep=kept.append)
    return kept


def test_every_state_leads_to_the_same_report(lines, trust):
    report = replay(lines, trust=trust)
    kept = states(lines, trust)
    assert len(kept) > 2
    for ledger in kept:
        assert replay(lines, trust=trust, ledger=ledger) == report


def test_what_a_ledger_does_not_list_was_still_refused(lines, world, monkeypatch):
    """Of many refused answers only the first are listed; none of them may count as said when a replay goes on."""
    trust = Trust(world.trust.log, SigningKey(bytes(32)).public)
    heard = []

    class Listener:
        def read(self, logged, entry): ...

        def held(self, index, _claim):
            heard.append(index)

    monkeypatch.setattr(replaying, "MOST_FINDINGS", 2)
    whole = states(lines, trust)[-1]
    assert (len(whole.findings), len(whole.refused), whole.answers) == (2, ANSWERS, 0)
    report = replay(lines, trust=trust, ledger=whole, observe=Listener())
    assert (report.findings_count, heard) == (ANSWERS, [])
    assert replay(lines, trust=trust, ledger=replace(whole, refused=whole.refused[:-1]), observe=Listener()) != report
    assert heard == [whole.refused[-1]]


def test_a_ledger_of_other_entries_is_refused(world, lines):
    ledger = states(lines, world.trust)[1]
    world.ask()
    grown = list(export_lines(world.log))
    assert replay(grown, trust=world.trust, ledger=ledger).answers == ANSWERS + 1
    for other in (replace(ledger, root=bytes(32)), replace(ledger, size=ledger.size - 1)):
        with pytest.raises(LedgerError, match="another log"):
            replay(grown, trust=world.trust, ledger=other)
    with pytest.raises(LedgerError, match="longer log"):
        replay(lines, trust=world.trust, ledger=replace(ledger, size=len(lines)))


def test_a_ledger_that_was_not_reached_counts_for_nothing(world, lines):
    ledger = states(lines, world.trust)[1]
    report = replay(lines[: ledger.size], trust=world.trust, ledger=ledger)
    assert (report.failure.code, report.answers) == ("size", 0)


REFUSED = Finding(5, Blame.PROVIDER, "x", "y")


def packed(first, *steps):
    return b64u(zlib.compress(struct.pack(f">{1 + len(steps)}Q", first + 1, *steps)))


CHANGES = {
    "another engine": lambda stated: stated.update(engine="reference"),
    "another version": lambda stated: stated.update(software="0.0.0"),
    "other pins": lambda stated: stated["pins"].update(origin="other.example/log"),
    "a member more": lambda stated: stated.update(extra=1),
    "a member less": lambda stated: stated.pop("root"),
    "no number": lambda stated: stated.update(size="5"),
    "a negative number": lambda stated: stated.update(answers=-1),
    "more answers than entries": lambda stated: stated.update(answers=stated["size"] + 1),
    "a root cut short": lambda stated: stated.update(root="AAAA"),
    "what stood beside cut short": lambda stated: stated.update(beside="AAAA"),
    "a root that is none": lambda stated: stated.update(root=5),
    "a finding about what was not refused": lambda stated: stated.update(findings=[[6, "provider", "x", "y"]]),
    "refused that are no list": lambda stated: stated.update(refused=[5, 7]),
    "refused that are not packed": lambda stated: stated.update(refused="AAAA"),
    "refused beyond the size": lambda stated: stated.update(refused=packed(5, 16)),
    "refused twice": lambda stated: stated.update(refused=packed(5, 1, 0)),
    "refused cut short": lambda stated: stated.update(refused=b64u(b64u_decode(packed(5, 1))[:-1])),
    "more behind refused": lambda stated: stated.update(refused=b64u(b64u_decode(packed(5, 1)) + b"x")),
    "half a number refused": lambda stated: stated.update(refused=b64u(zlib.compress(bytes(12)))),
    "refused that would fill the memory": lambda stated: stated.update(refused=b64u(zlib.compress(bytes(9 << 20)))),
    "a finding that is none": lambda stated: stated.update(findings=[[5]]),
    "a finding of nobody's": lambda stated: stated.update(findings=[[5, "nobody", "x", "y"]]),
}


@pytest.fixture
def file(world, tmp_path):
    written = LedgerFile(tmp_path / "ledger", world.trust, "fast")
    written.write(Ledger(20, bytes(32), 2, bytes(32), 9, (REFUSED,), (5, 7)))
    return written


def test_a_changed_ledger_is_refused(file):
    before = file.path.read_bytes()
    assert file.read() == Ledger(20, bytes(32), 2, bytes(32), 9, (REFUSED,), (5, 7))
    for name, change in CHANGES.items():
        stated = json.loads(before)
        change(stated)
        file.path.write_bytes(canonical_json(stated))
        with pytest.raises(LedgerError):
            pytest.fail(f"{name}: {file.read()}")
    for content in (b"", b"{}", b"[]", b"\xff", before[:-1], b" " * (17 << 20)):
        file.path.write_bytes(content)
        with pytest.raises(LedgerError):
            file.read()


def test_a_ledger_that_others_could_have_written_is_refused(file, tmp_path):
    assert file.read() is not None
    for mode in (0o620, 0o602):
        file.path.chmod(mode)
        with pytest.raises(LedgerError, match="others"):
            file.read()
    file.path.chmod(0o600)
    link = tmp_path / "link"
    link.symlink_to(file.path)
    with pytest.raises(LedgerError, match="link"):
        replace(file, path=link).read()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LedgerError, match="no file"):
        replace(file, path=tmp_path / "pipe").read()
