"""A prover that can be killed as one is by a power cut, and started again."""

import json
import os
import subprocess
import sys

import httpx2

SERVE = """
import socket, sys, uvicorn
from api.cli.serving import IDLE_SECONDS
from api.prover.app import create_app
from api.settings import ProverSettings

app = create_app(ProverSettings())
config = uvicorn.Config(app, log_config=None, access_log=False, timeout_keep_alive=IDLE_SECONDS)
uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
"""


class Killable:
    """A prover as a process of its own, on a socket that outlives it: who connects meanwhile is served by the next."""

    def __init__(self, settings, listener, bearer):
        self.listener = listener
        self.bearer = bearer
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        told = {name: getattr(settings, name) for name in settings.model_fields_set}
        self.environment = os.environ | {f"ZKATTEST_PROVER_{name.upper()}": _text(each) for name, each in told.items()}
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        number = self.listener.fileno()
        self.process = subprocess.Popen(  # noqa: S603 - this interpreter, and the program above
            [sys.executable, "-c", SERVE, str(number)],
            pass_fds=[number],
            env=self.environment,
            stdout=subprocess.DEVNULL,
        )

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def client(self, key=None):
        headers = self.bearer(key) if key else {}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=120, trust_env=False)


def _text(value):
    if isinstance(value, tuple):
        return json.dumps(value)
    return value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
