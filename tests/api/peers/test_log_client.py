"""Reading a log over HTTP: asked again when it broke off, and nothing hostile costs more than its bound."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from api.peers import log_client
from api.peers.lender_client import Refusal, Unreachable
from api.peers.log_client import LogClient, TooLarge
from verifier.log.layout import Place

JSON = {"Content-Type": "application/json"}


@contextmanager
def serving(*answers):
    """A server that gives these answers, (status, headers, body), in turn, the last again and again; what it heard."""
    heard, left = [], list(answers)

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self):
            heard.append((self.path, self.headers.get("Authorization")))
            status, headers, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            for name, text in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def client(url, **more):
    slept = []
    return LogClient(url, pause=slept.append, **more), slept


def test_what_is_asked_for_and_with_which_key():
    with serving((200, {}, b"note\n")) as (url, heard), client(url + "/", key="zka_k")[0] as log:
        assert log.checkpoint() == "note\n"
        assert log.tile(Place(0, 1234, 3)) == b"note\n"
    with serving((200, JSON, b'{"entries":[]}')) as (url, more), client(url, key="zka_k")[0] as log:
        assert log.entries(256) == {"entries": []}
    assert heard == [("/log/checkpoint", None), ("/log/tile/0/x001/234.p/3", None)]
    assert more == [("/v1/entries?start=256&limit=256", "Bearer zka_k")]


def test_it_asks_again_and_waits_as_long_as_it_is_told():
    later = (429, {"Retry-After": "7"}, b"{}")
    with serving(later, (503, {}, b""), (200, {"Content-Length": "50"}, b"cut"), (200, {}, b"note")) as (url, heard):
        log, slept = client(url)
        assert log.checkpoint() == "note"
    assert len(heard) == 4
    assert slept == [7.0, *log_client.PAUSES[1:3]]


def test_it_gives_up():
    with serving((503, {"Retry-After": "99999999999"}, b'{"title":"Not now"}')) as (url, heard):
        log, slept = client(url)
        with pytest.raises(Refusal, match="Not now"):
            log.checkpoint()
    assert len(heard) == len(log_client.PAUSES) + 1
    assert slept == list(log_client.PAUSES)


def test_an_address_is_tried_again_only_if_somebody_ever_answered():
    with serving((200, {}, b"note")) as (url, _):
        log, slept = client(url)
        log.checkpoint()
    with pytest.raises(Unreachable, match="nobody answers"):
        log.checkpoint()
    assert slept == list(log_client.PAUSES)
    never, slept = client(url)
    with pytest.raises(Unreachable, match="nobody answers"):
        never.checkpoint()
    assert slept == []


def test_a_refusal_is_not_repeated():
    answer = (401, JSON, b'{"type":"https://zkattest.org/problems/unauthenticated"}')
    with serving(answer) as (url, heard), pytest.raises(Refusal) as refused:
        client(url)[0].entries(0)
    assert (refused.value.name, len(heard)) == ("unauthenticated", 1)


HOSTILE = {
    "a redirect": (302, {"Location": "http://127.0.0.1:1/"}, b""),
    "a tile that never ends": (200, {}, bytes(32 * 3 + 1)),
    "a compressed one": (200, {"Content-Encoding": "gzip"}, bytes(200)),
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
def test_hostile_tiles(answer):
    with serving((200, {}, bytes(32 * 3))) as (url, _):
        assert client(url)[0].tile(Place(0, 0, 3)) == bytes(32 * 3)
    with serving(answer) as (url, _), pytest.raises((Refusal, Unreachable)):
        client(url)[0].tile(Place(0, 0, 3))


@pytest.mark.parametrize("body", [b"", b"[", b'{"a":1,"a":2}', b'{"a":1.5}', b"[" * 100_000, b"\xff"])
def test_hostile_pages(body):
    with serving((200, JSON, body)) as (url, _), pytest.raises(Unreachable):
        client(url)[0].entries(0)


def test_a_page_is_bounded(monkeypatch):
    monkeypatch.setattr(log_client, "MOST_PAGE", 20)
    with serving((200, JSON, b"[]" + b" " * 18)) as (url, _):
        assert client(url)[0].entries(0) == []
    with serving((200, JSON, b"[]" + b" " * 19)) as (url, heard), pytest.raises(TooLarge):
        client(url)[0].entries(0)
    assert len(heard) == 1


@pytest.mark.parametrize("url", ["http://", "http://[", "http://a b/", "https://127.0.0.1:99999"])
def test_addresses_that_are_none(url):
    with pytest.raises(Unreachable):
        client(url)[0].checkpoint()
