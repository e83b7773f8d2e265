"""A migrated database on both engines, and a log in it."""

import os

import pytest

from api.database import migrate, open_engine
from verifier.log import Draft, Log
from verifier.note import NoteSigner

ORIGIN = "verifier.example/log"
SIGNER = NoteSigner(ORIGIN, bytes(range(32)))


@pytest.fixture
def signer():
    return SIGNER


@pytest.fixture
def engine(database):
    opened = open_engine(database)
    migrate(opened, "verifier")
    yield opened
    opened.dispose()


@pytest.fixture
def open_log(engine):
    logs = []

    def make(*, over=engine, signer=SIGNER, observer=None):
        logs.append(Log(over, signer, entropy=os.urandom, observer=observer))
        return logs[-1]

    yield make
    for log in logs:
        log.close()


@pytest.fixture
def log(open_log):
    return open_log()


@pytest.fixture
def draft():
    def make(body=b"{}", **more):
        return lambda _index: Draft("answer", body, 1_700_000_000, **more)

    return make
