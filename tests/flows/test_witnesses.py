"""A verifier with two witnesses, all real processes: one killed, away, back again; and a log that is rolled back."""

import json
import shutil
import signal
import subprocess
import sys
import time

import httpx2
import pytest

from api.home.directory import Home
from api.home.services import free_ports

pytestmark = pytest.mark.long
PATIENCE = 60
SCHEMA = {
    "schema": "pay",
    "version": 1,
    "attributes": [{"name": "salary", "type": "money", "currency": "USD", "period": "year", "max": "10000000.00"}],
}
PEOPLE = "id,salary\n" + "".join(f"P-{number},{90_000 + number}.00\n" for number in range(9))


class Party:
    """A witness on a port, in a home of its own; started and killed as often as wanted."""

    def __init__(self, attest, home, number, port):
        self.home = home
        told = attest("witness", "keygen", f"witness.example/w{number}", "--home", home, "--json", home=False).json
        self.vkey, self.name = told["vkey"], told["name"]
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.process = None

    def start(self, trust):
        command = [sys.executable, "-m", "api.cli", "witness", "run", "--home", self.home, "--trust", trust]
        with (self.home / "out").open("ab") as out:
            words = [*map(str, command), "--port", str(self.port)]
            self.process = subprocess.Popen(words, stdout=out, stderr=out)  # noqa: S603 - our own interpreter and module

    def end(self, number):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            return self.process.wait(PATIENCE)
        return 0


class Scene:
    """A home whose verifier asks two witnesses, and an auditor who has pinned both."""

    def __init__(self, folder, start, attest_in):
        self.home = Home(folder / "home")
        self.attest = attest_in(self.home)
        self._start = start
        self.folder = folder
        self.ports = free_ports("127.0.0.1", 4)
        self.parties = []
        for number in (1, 2):
            (folder / f"w{number}").mkdir()
            self.parties.append(Party(self.attest, folder / f"w{number}", number, self.ports[number + 1]))
        self.up = None
        self.questions = 0
        self.consents = {}

    def begin(self):
        named = [part for each in self.parties for part in ("--witness", f"{each.url}={each.vkey}")]
        self.up = self._start(self.home, "--verifier-port", self.ports[0], "--prover-port", self.ports[1], *named)
        self.url = self.up.told["verifier"]

    def end(self):
        if self.up:
            assert self.up.stop() == 0
            self.up.process.stdout.close()
            self.up.process.stderr.close()
            self.up = None

    def pin(self):
        pins = json.loads(self.home.trust_file.read_bytes())
        pins |= {"witnesses": [each.vkey for each in self.parties], "quorum": 2}
        self.pins = self.folder / "pins.json"
        self.pins.write_text(json.dumps(pins))

    def ask(self):
        """A question to which the answer was not known before; its id, and where it is in the log."""
        self.questions += 1
        consent = self.consents[f"P-{self.questions % 9}"]
        asked = {"predicate": f"salary > {90_000 + self.questions}", "consent": consent}
        response = self._http("POST", "/v1/queries", json=asked)
        assert response.status_code == 201, response.text
        return response.json()["id"], response.json()["log"]["index"]

    def evidence(self, query):
        file = self.folder / f"{query}.evidence.json"
        file.write_bytes(self._http("GET", f"/v1/queries/{query}/evidence").content)
        return file

    def shown(self):
        """Size of the checkpoint that everybody is shown, and who has signed it beside the log."""
        note = self._http("GET", "/log/checkpoint").text
        return int(note.split("\n")[1]), [each.name for each in self.parties if f"— {each.name} " in note]

    def await_shown(self, index):
        until(lambda: self.shown()[0] > index and len(self.shown()[1]) == len(self.parties))

    def _http(self, method, path, **more):
        headers = {"Authorization": f"Bearer {self.home.keys()['lender']}"}
        return httpx2.request(method, self.url + path, headers=headers, timeout=20, trust_env=False, **more)


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def scene(tmp_path, start, attest_in):
    made = Scene(tmp_path, start, attest_in)
    try:
        made.begin()
        made.pin()
        for each in made.parties:
            each.start(made.home.trust_file)
        people, schema = tmp_path / "people.csv", tmp_path / "pay.json"
        people.write_text(PEOPLE)
        schema.write_text(json.dumps(SCHEMA))
        made.attest("prover", "import", people, "--schema", schema, "--subject", "id")
        made.consents = made.attest.consents()
        yield made
    finally:
        made.end()
        assert [each.end(signal.SIGTERM) for each in made.parties] == [0, 0]


def test_evidence_and_replay_count_when_both_witnesses_have_signed(scene):
    attest, pinned = scene.attest, ("--trust", scene.pins)
    query, index = scene.ask()
    scene.await_shown(index)
    attest("evidence", "verify", scene.evidence(query), *pinned)
    attest("audit", "replay", *pinned)

    scene.parties[1].end(signal.SIGKILL)
    young, later = scene.ask()  # nobody waits for a witness
    file = scene.evidence(young)
    attest("evidence", "verify", file)
    refused = attest("evidence", "verify", file, *pinned, code=1)
    assert "0 of the pinned witnesses have cosigned" in refused.err
    assert scene.shown()[0] <= later
    attest("evidence", "verify", scene.evidence(query), *pinned)  # what was cosigned stays so
    attest("audit", "replay", *pinned)

    scene.parties[1].start(scene.home.trust_file)
    scene.await_shown(later)
    attest("evidence", "verify", scene.evidence(young), *pinned)
    attest("evidence", "renew", file)
    attest("evidence", "verify", file, *pinned)


def test_a_verifier_whose_log_is_rolled_back_gets_no_cosignature_and_its_auditors_notice(scene):
    attest, kept = scene.attest, scene.folder / "kept"
    scene.await_shown(scene.ask()[1])
    scene.end()
    before = scene.folder / "before.sqlite"
    shutil.copy(scene.home.log_database, before)

    scene.begin()
    scene.await_shown(scene.ask()[1])
    attest("audit", "replay", "--trust", scene.pins, "--keep", kept)
    scene.end()
    for path in scene.home.verifier.glob("log.sqlite*"):
        path.unlink()
    shutil.copy(before, scene.home.log_database)

    scene.begin()
    old = scene.shown()[0]
    log = scene.home.logs / "verifier.log"
    forked, _index = scene.ask()
    until(lambda: '"Forked"' in log.read_text() or '"Inconsistent"' in log.read_text())
    assert scene.shown()[0] == old  # nothing that was logged since the rollback is shown
    refused = attest("evidence", "verify", scene.evidence(forked), "--trust", scene.pins, code=1)
    assert "0 of the pinned witnesses have cosigned" in refused.err
    noticed = attest("audit", "replay", "--trust", scene.pins, "--since", kept, code=1)
    assert "the log shrank" in noticed.out
    for each in scene.parties:
        cosigned, refused = sorted((each.home / "witness" / "refused").iterdir())[:2]
        assert "the log is forked" in attest("audit", "compare", cosigned, refused, code=1).err
