"""Running one service in this process: on its own address, or on a socket a parent has bound."""

import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

from api.home.directory import Address
from api.home.services import listen

if TYPE_CHECKING:
    from fastapi import FastAPI

GRACE_SECONDS = 5
# Longer than clients keep a connection that is idle, which is five seconds with most: whoever sends just when it is
# closed does not know whether anything was done.
IDLE_SECONDS = 60


def leave_with_parent() -> None:
    """Ends this process in order once standard input closes, which it does when the parent is gone."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        signal.raise_signal(signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def run(app: "FastAPI", *, address: Address, descriptor: int | None) -> None:
    """Serves until SIGTERM or SIGINT, then lets requests in flight finish.

    Raises:
        ServiceError: the address is taken.
    """
    import uvicorn

    from api.web.protocol import BoundedHttp

    if descriptor is None:
        listener = listen(address)
    else:
        listener = socket.socket(fileno=descriptor)
        # The workers this process starts must not keep the port open after it.
        listener.set_inheritable(False)
    config = uvicorn.Config(
        app,
        http=BoundedHttp,
        loop="uvloop",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=IDLE_SECONDS,
    )
    server = uvicorn.Server(config)
    # Once all is closed uvicorn raises the signal again; an exit instead of a death lets temporary directories go.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda _number, _frame: sys.exit(0))
    with listener:
        server.run(sockets=[listener])
    if not server.started:
        sys.exit(3)
