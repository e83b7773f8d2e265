import os

import pytest

from api.database import migrate, open_engine
from circuits.jws import SigningKey
from prover.issuance import Issuer
from prover.keys import EnvironmentKeyProvider, encode_key
from prover.vault import Vault

SECRET = bytes(range(32))


@pytest.fixture
def keys():
    return EnvironmentKeyProvider(encode_key(SECRET))


@pytest.fixture
def engine(database):
    engine = open_engine(database)
    migrate(engine, "prover")
    yield engine
    engine.dispose()


@pytest.fixture
def vault(engine, keys):
    return Vault.unlock(engine, keys, entropy=os.urandom)


@pytest.fixture(scope="session")
def signing_key():
    return SigningKey.generate(entropy=bytes(range(32, 64)))


@pytest.fixture
def issuer(engine, vault, signing_key):
    return Issuer(engine, vault, key=signing_key, provider="bank")
