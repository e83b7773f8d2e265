"""The parts of running two services that need none: ports, and what a service that ended had to say."""

import subprocess
import sys

import pytest

from api.home.directory import Address
from api.home.services import Child, ServiceError, free_port, last_words, listen

TRACEBACK = 'Traceback (most recent call last):\n  File "x.py", line 1, in f\n    raise KeyRefused("...")\n'
UVICORN = "\nApplication startup failed. Exiting.\n"


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("", ""),
        ('{"event": "started"}\nstopped\n', "stopped"),
        (f"{TRACEBACK}prover.errors.KeyRefused: the key is not one{UVICORN}", "the key is not one"),
        (
            (
                f"{TRACEBACK}sqlalchemy.exc.DatabaseError: (sqlite3.DatabaseError) file is not a database\n"
                f"[SQL: PRAGMA journal_mode]\n(Background on this error at: https://sqlalche.me/e/20/4xp6){UVICORN}"
            ),
            "file is not a database",
        ),
    ],
)
def test_why_a_service_ended_is_what_its_last_exception_said(log, said):
    assert last_words(log) == said


def test_a_port_that_is_taken_is_refused_with_its_address():
    address = Address(host="127.0.0.1", port=free_port("127.0.0.1"))
    with listen(address), pytest.raises(ServiceError, match="cannot listen") as refused:
        listen(address)
    assert refused.value.where == f"127.0.0.1:{address.port}"


def test_a_service_that_was_killed_is_said_to_have_been(tmp_path):
    (tmp_path / "prover.log").write_text("ValueError: earlier\n")
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    address = Address(host="127.0.0.1", port=1)
    child = Child(name="prover", address=address, log=tmp_path / "prover.log", process=process)
    child.require_alive()
    process.kill()
    process.wait(10)
    with pytest.raises(ServiceError, match="the prover service was killed by SIGKILL"):
        child.require_alive()
