"""When others fail or cheat: the status the interface promises, nothing lost, nothing told that is not so."""

import json
import socket
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select

from api.peers.outbound import Outbound, PeerBroken, PeerUnreachable
from verifier.models import ENTRIES, QUERIES


@contextmanager
def peer(answer):
    """A prover of our making: `answer(request handler)` writes what it likes."""

    class Peer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            answer(self)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def saying(status, body, media_type="application/json", **headers):
    def answer(handler):
        handler.send_response(status)
        handler.send_header("Content-Type", media_type)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def trickling(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    with suppress(OSError):
        for _ in range(20):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.2)


def hanging_up(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


@pytest.fixture
def outbound():
    client = Outbound(timeout=0.5, connections=2, most=1000)
    yield client
    client.close()


def test_an_answer_is_read(outbound):
    with peer(saying(403, b'{"type": "https://zkattest.org/problems/declined"}')) as url:
        reply = outbound.post(url, {}, key="k")
    assert (reply.status, reply.problem) == (403, "declined")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (saying(200, b"{}" + b" " * 1000), PeerBroken),
        (saying(200, b"{}", "text/html"), PeerBroken),
        (saying(200, b'{"a": 1, "a": 2}'), PeerBroken),
        (saying(200, b"{"), PeerBroken),
        (saying(302, b"", "text/plain", Location="http://127.0.0.1:9/"), PeerBroken),
        (hanging_up, PeerUnreachable),
        (trickling, PeerUnreachable),
        (lambda _handler: time.sleep(1), PeerUnreachable),
    ],
    ids=["too large", "not JSON", "ambiguous", "cut", "redirect", "hangs up", "trickles", "silent"],
)
def test_a_bad_peer_costs_no_more_than_the_timeout(outbound, answer, error):
    started = time.monotonic()
    with peer(answer) as url, pytest.raises(error):
        outbound.post(url, {}, key="k")
    assert time.monotonic() - started < 3


def test_nobody_there_is_unreachable(outbound):
    with pytest.raises(PeerUnreachable):
        outbound.post("http://127.0.0.1:9", {}, key="k")


def count(world, table):
    with world.verifier.engine.connect() as connection:
        return len(connection.execute(select(table)).all())


@contextmanager
def provers(world, answer):
    """For a while the verifier's prover is a peer of our making; the registry is told by a stand-in for one look-up."""
    asked = world.verifier.service.provers
    real = asked._outbound

    class Elsewhere:
        def post(self, _url, body, *, key):
            with peer(answer) as url:
                return real.post(f"{url}/v1/proofs", body, key=key)

    asked._outbound = Elsewhere()
    try:
        yield
    finally:
        asked._outbound = real


def forged(**change):
    good = {"outcome": "answer", "answer": "yes", "credentials": ["A" * 22], "clauses": None, "proof": "AAAA"}
    return saying(200, json.dumps({**good, **change}).encode())


CHEATS = {
    "unknown credential": (forged(), 502),
    "no credential": (forged(credentials=[]), 502),
    "nine credentials": (forged(credentials=["A" * 22] * 9), 502),
    "no clauses": (forged(clauses=[]), 502),
    "seventeen clauses": (forged(clauses=[False] * 17), 502),
    "clauses that are no booleans": (forged(clauses=[0]), 502),
    "no proof": (forged(proof=""), 502),
    "no base64": (forged(proof="A"), 502),
    "neither yes nor no": (forged(answer="maybe"), 502),
    "another outcome": (forged(outcome="certainly"), 502),
    "extra members": (forged(salary="129000"), 502),
    "an undetermined reason of its own": (saying(200, b'{"outcome": "undetermined", "reason": "salary 129000"}'), 502),
    "a list": (saying(200, b"[]"), 502),
    "not found": (saying(404, b'{"type": "https://zkattest.org/problems/not-found"}'), 502),
    "unprocessable": (saying(422, b'{"type": "https://zkattest.org/problems/unprocessable"}'), 502),
    "HTML": (saying(200, b"<html>", "text/html"), 502),
    "our key is refused": (saying(401, b'{"type": "https://zkattest.org/problems/unauthenticated"}'), 503),
    "scope": (saying(403, b'{"type": "https://zkattest.org/problems/insufficient-scope"}'), 503),
    "busy": (saying(503, b'{"type": "https://zkattest.org/problems/unavailable"}'), 503),
    "broken": (saying(500, b'{"type": "https://zkattest.org/problems/internal"}'), 503),
    "hangs up": (hanging_up, 503),
}


@pytest.mark.parametrize("case", list(CHEATS))
def test_what_a_prover_cannot_prove_is_not_told(world, case):
    answer, status = CHEATS[case]
    entries, queries = count(world, ENTRIES), count(world, QUERIES)
    world.take_log()
    with provers(world, answer):
        response = world.ask(key=f"cheat {case}".replace(" ", "-"))
    assert response.status_code == status
    assert response.json()["type"].endswith("/invalid-proof" if status == 502 else "/unavailable")
    assert "129000" not in response.text
    assert (count(world, ENTRIES), count(world, QUERIES)) == (entries, queries)
    logged = world.take_log()
    assert "129000" not in logged
    assert ('"event": "invalid-proof"' in logged) is (status == 502)
    if status == 503:
        assert int(response.headers["retry-after"]) >= 1
    assert world.ask(key=f"cheat {case}".replace(" ", "-")).status_code == 201


def test_a_proof_for_another_question_is_refused(world):
    real = world.verifier.service.provers._outbound
    kept = {}

    class Replayed:
        def post(self, url, body, *, key):
            kept.setdefault("reply", real.post(url, body, key=key))
            return kept["reply"]

    world.verifier.service.provers._outbound = Replayed()
    try:
        assert world.ask().status_code == 201
        assert world.ask().status_code == 502
        assert world.ask("salary > 1").status_code == 502
        assert world.ask(subject="ben").status_code == 502
    finally:
        world.verifier.service.provers._outbound = real
    assert world.ask().status_code == 201


def rename(world, table, name):
    with world.verifier.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")


def test_without_the_log_nothing_is_told_and_the_same_key_works_later(world):
    rename(world, "log_entry", "elsewhere")
    try:
        refused = world.ask(key="no-log")
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "2"
    finally:
        rename(world, "elsewhere", "log_entry")
    answered = world.ask(key="no-log")
    assert answered.status_code == 201
    assert world.lender.get("/v1/queries?limit=1").json()["queries"][0]["id"] == answered.json()["id"]


def test_without_a_database_the_service_is_not_ready(world):
    assert world.lender.get("/readyz").status_code == 200
    rename(world, "log_checkpoint", "elsewhere")
    try:
        assert world.lender.get("/readyz").status_code == 503
        assert world.lender.get("/healthz").status_code == 200
    finally:
        rename(world, "elsewhere", "log_checkpoint")
    assert world.lender.get("/readyz").status_code == 200
    assert world.ask().status_code == 201


def test_a_prover_that_is_away_is_unavailable_and_nothing_is_lost(world):
    pool = world.prover_server.app.state.service.responder._pool
    executor = pool._executor
    for process in executor._processes.values():
        process.kill()
    codes = {world.ask(key=f"away-{n}").status_code for n in range(3)}
    assert codes <= {201, 503}
    deadline = time.monotonic() + 60
    while world.ask(key="away-0").status_code != 201:
        assert time.monotonic() < deadline
        time.sleep(0.1)
