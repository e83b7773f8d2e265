import os
from dataclasses import replace

import pytest

from api.database import migrate, open_engine
from circuits.encoding import b64u
from circuits.jws import SigningKey
from circuits.query import Reasons
from prover.consent import Consents
from prover.errors import SubjectUnknown
from prover.issuance import Issuer
from prover.keys import EnvironmentKeyProvider, encode_key
from prover.terms import Terms
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


@pytest.fixture
def consents(engine, vault, signing_key):
    return Consents(engine, vault, key=signing_key, provider="bank")


@pytest.fixture
def under(consents):
    """Put a query that names a person, and asks anything, under a consent of theirs; under nobody's if unknown."""
    granted = {}

    def under(query, **terms):
        key = (query.subject, query.relying_party, repr(terms))
        if key not in granted:
            fair = {"purpose": "sandbox", "reasons": Reasons.FAILED_CLAUSES, "expires_at": query.expires_at + 10**8}
            agreed = Terms(query.relying_party, query.audience, **(fair | terms))
            try:
                given = consents.grant(query.subject, agreed, now=query.issued_at - 1000, entropy=os.urandom)
                granted[key] = given.handle, b64u(given.digest), given.purpose
            except SubjectUnknown:
                return replace(query, subject=b64u(os.urandom(16)), consent=b64u(os.urandom(32)), purpose="sandbox")
        handle, digest, purpose = granted[key]
        return replace(query, subject=handle, consent=digest, purpose=purpose)

    return under
