"""The witness over HTTP, as C2SP tlog-witness says: every refusal beside what is cosigned."""

import contextlib
import io
import json

import pytest
from fastapi.testclient import TestClient

from api.witness.app import create_app, known_logs
from api.witness.home import WitnessHome
from api.witness.refused import MOST_KEPT
from api.witness.settings import WitnessSettings
from verifier.errors import NoteError
from verifier.log import merkle
from verifier.log.note import Checkpoint, NoteSigner
from verifier.witnesses.cosigning import Cosigner, cosignatures
from verifier.witnesses.witness import MAX_REQUEST, Request

LOG, OTHER = NoteSigner("verifier.example/log", bytes(range(32))), NoteSigner("other.example/log", bytes(32))
COSIGNER = Cosigner("witness.example/w1", b"\1" * 32)
NOW = 1_795_000_000


def tree(seed):
    def nodes(level, number):
        if level == 0:
            return merkle.leaf_hash(b"%d %d" % (seed if number > 2 else 0, number))
        return merkle.node_hash(nodes(level - 1, 2 * number), nodes(level - 1, 2 * number + 1))

    return nodes


OURS, FORK = tree(1), tree(2)


def ask(old, new, *, nodes=OURS, path=None, signer=LOG):
    note = Checkpoint(signer.name, new, merkle.root(new, nodes)).sign(signer)
    proof = merkle.consistency(old, new, nodes) if path is None else path
    return Request(old, tuple(proof), note).to_text().encode()


class Running:
    """A witness's files, and the application over them, again and again."""

    def __init__(self, folder):
        self.home = WitnessHome(folder / "witness")
        self.home.make_key(COSIGNER.name, seed=b"\1" * 32)
        self.log = io.StringIO()

    @contextlib.contextmanager
    def client(self, **more):
        settings = {
            "key_file": self.home.key_file,
            "memory": self.home.memory,
            "refused": self.home.refused,
            "logs": (LOG.verifier.vkey,),
        }
        with contextlib.redirect_stdout(self.log):
            app = create_app(WitnessSettings(**settings | more), clock=lambda: NOW)
        with TestClient(app) as client:
            yield client


@pytest.fixture
def running(tmp_path):
    return Running(tmp_path)


@pytest.fixture
def client(running):
    with running.client() as client:
        assert client.post("/add-checkpoint", content=ask(0, 8)).status_code == 200
        yield client


def test_a_checkpoint_that_extends_the_last_is_cosigned(client):
    raw = ask(8, 13)
    response = client.post("/add-checkpoint", content=raw)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    note = raw.decode().partition("\n\n")[2]
    (found,) = cosignatures(note + response.text, [COSIGNER.verifier])
    assert (found.witness, found.time) == (COSIGNER.name, NOW)


REFUSED = {
    "not a request": (b"old eight\n", 400, "text/plain"),
    "an old size above the checkpoint's": (ask(8, 5, path=[]), 400, "text/plain"),
    "another key": (ask(8, 13, signer=NoteSigner(LOG.name, bytes(32))), 403, "text/plain"),
    "another log": (ask(0, 3, signer=OTHER), 404, "text/plain"),
    "from another size": (ask(5, 13), 409, "text/x.tlog.size"),
    "another root of the same size": (ask(8, 8, nodes=FORK), 409, "text/plain"),
    "another history": (ask(8, 13, nodes=FORK), 422, "text/plain"),
    "too long": (b"x" * (MAX_REQUEST + 1), 413, "application/problem+json"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_refused_with_its_status(client, name):
    raw, status, media_type = REFUSED[name]
    response = client.post("/add-checkpoint", content=raw)
    assert (response.status_code, response.headers["content-type"].partition(";")[0]) == (status, media_type)
    if media_type == "text/x.tlog.size":
        assert response.headers["content-type"] == media_type
        assert response.content == b"8\n"
    assert client.post("/add-checkpoint", content=ask(8, 13)).status_code == 200
    rendered = client.get("/metrics").text
    assert 'zkattest_witness_checkpoints_total{outcome="cosigned"} 2.0' in rendered


def test_what_was_cosigned_is_remembered_over_a_restart(running):
    with running.client() as client:
        assert client.post("/add-checkpoint", content=ask(0, 8)).status_code == 200
    with running.client() as client:
        assert client.post("/add-checkpoint", content=ask(0, 8, nodes=FORK)).content == b"8\n"
        assert client.post("/add-checkpoint", content=ask(8, 8, nodes=FORK)).status_code == 409
        assert client.post("/add-checkpoint", content=ask(8, 9)).status_code == 200


def test_a_fork_is_kept_as_evidence_that_names_it(running, client):
    for _ in range(2):
        client.post("/add-checkpoint", content=ask(8, 8, nodes=FORK))
    files = sorted(running.home.refused.iterdir())
    assert [path.suffix for path in files] == [".cosigned", ".refused"]
    first, second = (Checkpoint.open(path.read_text(), LOG.verifier) for path in files)
    assert (first.size, first.root != second.root) == (second.size, True)
    logged = [json.loads(line) for line in running.log.getvalue().splitlines()]
    told = [line for line in logged if line["event"] == "checkpoint-refused"]
    assert [(line["level"], line["reason"]) for line in told] == [("error", "Forked")] * 2


def test_evidence_does_not_fill_the_disk(running, client):
    running.home.refused.mkdir()
    for number in range(MOST_KEPT - 1):
        (running.home.refused / f"{number}.refused").write_bytes(b"")
    for new in (9, 10, 11):
        assert client.post("/add-checkpoint", content=ask(8, new, nodes=FORK)).status_code == 422
    assert len(list(running.home.refused.iterdir())) == MOST_KEPT + 1


def test_who_asks_too_often_waits(running):
    with running.client(rate_limit="2/hour") as client:
        statuses = [client.post("/add-checkpoint", content=ask(0, 8)).status_code for _ in range(3)]
        assert statuses == [200, 409, 429]


def test_it_says_what_it_is(client):
    assert client.get("/healthz").json() == {"status": "alive"}
    ready = {"status": "ready", "service": "witness", "name": COSIGNER.name, "logs": 1}
    assert client.get("/readyz").json() == ready
    operation = client.get("/openapi.json").json()["paths"]["/add-checkpoint"]["post"]
    assert {"200", "400", "403", "404", "409", "413", "422", "429"} <= set(operation["responses"])


def test_two_keys_of_one_log_are_refused():
    assert set(known_logs([LOG.verifier.vkey, OTHER.verifier.vkey, LOG.verifier.vkey])) == {LOG.name, OTHER.name}
    with pytest.raises(NoteError, match="two keys of one log"):
        known_logs([LOG.verifier.vkey, NoteSigner(LOG.name, bytes(32)).verifier.vkey])
