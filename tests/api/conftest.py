"""Both applications as they run, over databases and keys of their own."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.auth import Scope, make_key
from api.keyring import write_callers
from api.prover_app import create_app as create_prover
from api.settings import ProverSettings
from circuits import predicate
from circuits.attributes import Schema
from circuits.encoding import b64u
from circuits.group import use_tables
from circuits.jws import SigningKey
from circuits.query import Query
from prover.keys import FileKeyProvider

ORIGIN = "verifier.example/log"
PROVIDER = "acme-kyc"
SCHEMA = {
    "schema": "kyc-test",
    "version": 1,
    "attributes": [
        {"name": "salary", "type": "money", "currency": "USD", "period": "year", "max": "10000000.00"},
        {"name": "date_of_birth", "type": "date"},
        {"name": "country", "type": "enum", "values": ["CA", "DE", "US"]},
        {"name": "sanctioned", "type": "bool"},
    ],
}
PEOPLE = {
    "ann": {"salary": "129000.00", "date_of_birth": "1984-02-29", "country": "US", "sanctioned": "no"},
    "ben": {"salary": "61000", "date_of_birth": "2001-07-01", "country": "CA", "sanctioned": "no"},
    "eve": {"date_of_birth": "1990-01-01", "country": "DE"},
}


def bearer(key):
    return {"Authorization": f"Bearer {key.text}"}


def query(text="salary > 100000", *, subject="ann", now, schema=SCHEMA, **more):
    under = Schema.from_json(schema)
    return Query(
        **{
            "id": b64u(os.urandom(16)),
            "nonce": os.urandom(32),
            "audience": ORIGIN,
            "relying_party": "acme-bank",
            "provider": PROVIDER,
            "subject": subject,
            "purpose": "credit",
            "predicate_text": text,
            "predicate_digest": predicate.parse(text, under).digest,
            "schema_digest": under.digest,
            "as_of": "2026-11-22",
            "max_age": None,
            "issued_at": now,
            "expires_at": now + 60,
        }
        | more
    )


@dataclass
class Provider:
    """A provider's files, and the keys of those who may call its prover."""

    origin = ORIGIN
    schema = SCHEMA
    people = PEOPLE
    bearer = staticmethod(bearer)
    query = staticmethod(query)

    folder: Path
    tables: Path
    signing_key: SigningKey = field(default_factory=lambda: SigningKey.generate(entropy=os.urandom(32)))
    verifier: object = field(default_factory=lambda: make_key(owner=ORIGIN, scopes=frozenset({Scope.PROVE})))
    operator: object = field(default_factory=lambda: make_key(owner="operator", scopes=frozenset({Scope.ADMIN})))
    stranger: object = field(default_factory=lambda: make_key(owner="other.example", scopes=frozenset({Scope.PROVE})))

    def __post_init__(self):
        self.folder.mkdir(exist_ok=True)
        FileKeyProvider.create(self.folder / "kek", secret=os.urandom(32))
        (self.folder / "signing.pem").write_bytes(self.signing_key.to_pem())
        self.allow(self.verifier, self.operator, self.stranger)

    def allow(self, *keys):
        write_callers(self.folder / "callers.json", [key.record for key in keys])

    def settings(self, **more):
        return ProverSettings(
            **{
                "database_url": f"sqlite:///{self.folder / 'vault.sqlite'}",
                "provider": PROVIDER,
                "kek_file": self.folder / "kek",
                "signing_key_file": self.folder / "signing.pem",
                "callers_file": self.folder / "callers.json",
                "audiences": (ORIGIN,),
                "workers": 1,
                "tables": self.tables,
                "registration_pause": 0.05,
            }
            | more
        )


@pytest.fixture(scope="session")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    use_tables(folder).prepare(24)
    return folder


@pytest.fixture(scope="module")
def provider(tmp_path_factory, tables):
    return Provider(tmp_path_factory.mktemp("provider"), tables)


@pytest.fixture(scope="module")
def prover(provider):
    with TestClient(create_prover(provider.settings())) as client:
        yield client
