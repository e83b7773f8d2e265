import socket
import threading
import time

import pytest
import uvicorn

from api.web.protocol import MOST_HEAD, BoundedHttp


async def app(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@pytest.fixture(scope="module")
def address():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, http=BoundedHttp, ws="none", log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()
        server.should_exit = True
        thread.join()


def exchange(connection, sent):
    try:
        connection.sendall(sent)
        return connection.recv(4096)
    except (BrokenPipeError, ConnectionResetError):
        return b""


def test_heads_up_to_the_bound_are_read_one_after_another(address):
    with socket.create_connection(address, timeout=5) as connection:
        for size in (10, MOST_HEAD - 100, 10):
            told = exchange(connection, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * size + b"\r\n\r\n")
            assert told.startswith(b"HTTP/1.1 204 "), told


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 600_000,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000,
        b"GET / HTTP/1.1\r\nX: " + b"a" * 600_000,
    ],
)
def test_a_head_without_end_is_cut_off(address, head):
    with socket.create_connection(address, timeout=5) as connection:
        told = exchange(connection, head)
        assert told == b"" or told.startswith(b"HTTP/1.1 400 ")
        assert exchange(connection, b"x") == b""
