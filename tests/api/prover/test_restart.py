"""A prover, or a command, that is killed when it has erased someone and has not emptied the write-ahead log yet."""

import os
import subprocess
import sys

from fastapi.testclient import TestClient

from api.prover.app import create_app

ERASED_AND_KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import select
from api.database import migrate, open_engine
from circuits.attributes import Schema
from circuits.jws import SigningKey
from prover.issuance import Issuer
from prover.keys import FileKeyProvider
from prover.models import SUBJECTS
from prover.records import Record
from prover.vault import Vault

folder = Path(sys.argv[1])
engine = open_engine(f"sqlite:///{folder / 'vault.sqlite'}")
migrate(engine, "prover")
vault = Vault.unlock(engine, FileKeyProvider(folder / "kek"), entropy=os.urandom)
issuer = Issuer(engine, vault, key=SigningKey.generate(entropy=os.urandom(32)), provider="acme-kyc")
schema = Schema.from_json({"schema": "s", "version": 1, "attributes": [{"name": "home", "type": "bool"}]})
issuer.issue([Record("ada", {"home": "yes"})], schema=schema, now=1, entropy=os.urandom)
with engine.begin() as connection:
    sys.stdout.buffer.write(connection.scalar(select(SUBJECTS.c.wrapped_key)))
    sys.stdout.flush()
    vault.erase_in(connection, "ada", now=2)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_start_lets_go_of_whoever_was_erased_last(provider):
    command = [sys.executable, "-c", ERASED_AND_KILLED, str(provider.folder)]
    key = subprocess.run(command, stdout=subprocess.PIPE, env=os.environ, check=False, timeout=120).stdout  # noqa: S603 - this interpreter, and the program above
    assert len(key) > 32

    def left():
        return [path.name for path in provider.folder.iterdir() if key in path.read_bytes()]

    assert left() == ["vault.sqlite-wal"]
    with TestClient(create_app(provider.settings())):
        assert left() == []
