"""`attest witness` as a process: its key, what it is asked, killed and started again with what it remembers."""

import json
import signal
import subprocess
import sys
import time

import httpx2
import pytest

from api.home.services import free_port
from verifier.log import merkle
from verifier.log.note import Checkpoint, NoteSigner
from verifier.witnesses.cosigning import CosignatureVerifier, cosignatures
from verifier.witnesses.witness import Request

LOG = NoteSigner("verifier.example/log", bytes(range(32)))
PATIENCE = 60


def nodes(level, number):
    if level == 0:
        return merkle.leaf_hash(b"%d" % number)
    return merkle.node_hash(nodes(level - 1, 2 * number), nodes(level - 1, 2 * number + 1))


def ask(url, old, new):
    note = Checkpoint(LOG.name, new, merkle.root(new, nodes)).sign(LOG)
    request = Request(old, tuple(merkle.consistency(old, new, nodes)), note)
    answer = httpx2.post(f"{url}/add-checkpoint", content=request.to_text().encode(), timeout=20, trust_env=False)
    return note, answer


def attest(*words):
    command = [sys.executable, "-m", "api.cli", "witness", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603 - ours


class Running:
    """`attest witness run` on a free port."""

    def __init__(self, home):
        self.url = f"http://127.0.0.1:{(port := free_port('127.0.0.1'))}"
        command = [sys.executable, "-m", "api.cli", "witness", "run", "--home", home, "--log", LOG.verifier.vkey]
        words = [*map(str, command), "--port", str(port)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self.process = subprocess.Popen(words, **pipes, text=True)  # noqa: S603 - our own interpreter and module
        deadline = time.monotonic() + PATIENCE
        while not self._is_there():
            assert self.process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def _is_there(self):
        try:
            return httpx2.get(f"{self.url}/healthz", trust_env=False).status_code == 200
        except httpx2.ConnectError:
            return False

    def end(self, number):
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out


@pytest.fixture
def home(tmp_path):
    return tmp_path / "w"


@pytest.fixture
def verifier(home):
    made = attest("keygen", "witness.example/w1", "--home", home, "--json")
    assert (made.returncode, home.stat().st_mode & 0o77) == (0, 0)
    assert (home / "witness" / "key").stat().st_mode & 0o77 == 0
    return CosignatureVerifier.from_vkey(json.loads(made.stdout)["vkey"])


def test_a_witness_that_was_killed_remembers_what_it_cosigned(home, verifier):
    first = Running(home)
    note, answer = ask(first.url, 0, 8)
    assert [each.witness for each in cosignatures(note + answer.text, [verifier])] == ["witness.example/w1"]
    first.end(signal.SIGKILL)
    second = Running(home)
    _note, answer = ask(second.url, 0, 5)
    assert (answer.status_code, answer.text) == (409, "8\n")
    note, answer = ask(second.url, 8, 13)
    assert cosignatures(note + answer.text, [verifier])
    busy = attest("run", "--home", home, "--log", LOG.verifier.vkey, "--port", free_port("127.0.0.1"))
    assert (busy.returncode, "already running" in busy.stderr) == (3, True)
    code, out = second.end(signal.SIGTERM)
    assert code == 0
    assert out.startswith(f"witness  {second.url}\nvkey     {verifier.vkey}\nlogs     {LOG.name}\n")
    assert '"event": "stopped"' in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("run",), "no log is named"),
        (("run", "--log", "verifier.example/log"), "name+hash+key"),
        (("run", "--log", LOG.verifier.vkey, "--log", NoteSigner(LOG.name, bytes(32)).verifier.vkey), "two keys of"),
        (("keygen", "witness.example/w1"), "never overwritten"),
        (("keygen", "two words"), "without spaces"),
    ],
    ids=str,
)
@pytest.mark.usefixtures("verifier")
def test_what_cannot_be_is_said(home, words, says):
    refused = attest(*words, "--home", home)
    assert (refused.returncode, says in refused.stderr, "Traceback" in refused.stderr) == (2, True, False)


def test_a_witness_needs_a_key_first(tmp_path):
    refused = attest("run", "--home", tmp_path, "--log", LOG.verifier.vkey)
    assert (refused.returncode, "attest witness keygen" in refused.stderr) == (2, True)
