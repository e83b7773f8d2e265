"""Both applications as they run, over databases and keys of their own."""

import io
import os
import socket
import sys
import threading
import time
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
import uvicorn
from fastapi.testclient import TestClient

from api.cli.serving import IDLE_SECONDS
from api.database import migrate, open_engine
from api.prover.app import create_app as create_prover
from api.settings import ProverSettings, VerifierSettings
from api.verifier.app import create_app as create_verifier
from api.web.auth import Scope, make_key
from api.web.keyring import TableKeys, write_callers
from circuits import predicate
from circuits.attributes import Schema
from circuits.consent import Allowed, issue
from circuits.encoding import b64u
from circuits.group import use_tables
from circuits.jws import SigningKey
from circuits.query import Query, Reasons
from prover.keys import FileKeyProvider
from verifier.entries.kinds import REGISTRY_KINDS, ProviderEntry, decode_logged
from verifier.fold.registry import Registry
from verifier.log.note import NoteSigner
from verifier.log.writer import Log
from verifier.models import API_KEYS
from verifier.publishing import publish
from verifier.soundness.seals import Sealer

sys.path.insert(0, str(Path(__file__).parent))  # the tests are no package: what some of them share is found here

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
        {"name": "net_worth", "type": "money", "currency": "USD", "min": "-1000000.00", "max": "1000000.00"},
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
            "schema_digests": (under.digest,),
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


def listen(port=0):
    # Made with its protocol named: only then does asyncio switch off Nagle's delays on what it accepts.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


class Server:
    """An application behind a real socket, in a thread."""

    def __init__(self, app, port=0, listener=None):
        self.app = app
        self.listener = listener or listen(port)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        served = {"log_config": None, "access_log": False, "lifespan": "on", "timeout_graceful_shutdown": 2}
        config = uvicorn.Config(app, **served, timeout_keep_alive=IDLE_SECONDS)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.listener]}, daemon=True)

    def __enter__(self):
        self.thread.start()
        deadline = time.monotonic() + 90
        while not self.server.started:
            assert self.thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.server.should_exit = True
        self.thread.join(20)
        self.listener.close()
        assert not self.thread.is_alive()

    def client(self, key=None):
        headers = bearer(key) if key else {}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=20, trust_env=False)


class Verifier:
    """A verifier's files and the keys of its callers."""

    def __init__(self, folder, tables, provider, *, database=None):
        self.folder = folder
        self.tables = tables
        self.database = database or f"sqlite:///{folder / 'log.sqlite'}"
        self.provider = provider
        self.signer = NoteSigner(ORIGIN, os.urandom(32))
        self.signing_key = SigningKey.generate(entropy=os.urandom(32))
        (folder / "log.key").write_text(self.signer.skey)
        (folder / "attestation.pem").write_bytes(self.signing_key.to_pem())
        self.engine = open_engine(self.database)
        migrate(self.engine, "verifier")
        self.keys = TableKeys(self.engine, API_KEYS, Sealer.of(self.signer))
        self.lender = self.make_key("acme-bank", Scope.QUERY)
        self.other = self.make_key("other-bank", Scope.QUERY)
        self.issuer = self.make_key(PROVIDER, Scope.ISSUE)
        self.auditor = self.make_key("auditor", Scope.AUDIT)

    def make_key(self, owner, *scopes):
        key = make_key(owner=owner, scopes=frozenset(scopes))
        self.keys.add(key.record, now=1)
        return key

    def enter(self, prover_url, *, key=None, name=PROVIDER):
        """Log a provider, as its operator would before the service starts."""
        at = int(time.time())
        entry = ProviderEntry(name, name.title(), (key or self.provider.signing_key).public, prover_url, at)
        with Log(self.engine, self.signer, entropy=os.urandom) as log:
            registry = Registry()
            for logged in log.read(0, kinds=REGISTRY_KINDS):
                registry.apply(logged.index, decode_logged(logged), logged.appended_at)
            publish(entry, log=log, registry=registry, now=at)

    def settings(self, **more):
        return VerifierSettings(
            **{
                "database_url": self.database,
                "origin": ORIGIN,
                "log_key_file": self.folder / "log.key",
                "attestation_key_file": self.folder / "attestation.pem",
                "prover_keys": {PROVIDER: self.provider.verifier.text},
                "prover_timeout": 5,
                "tables": self.tables,
            }
            | more
        )


class World:
    """A provider and a verifier, both running, and everybody in PEOPLE issued and registered."""

    def serve_prover(self, settings, listener):
        return Server(create_prover(settings), listener=listener)

    def __init__(self, folder, tables, *, database=None, prover=None, **more):
        self.provider = Provider(folder / "provider", tables)
        self.prover_settings = {"proving_timeout": 5} | (prover or {})
        (folder / "verifier").mkdir()
        self.verifier = Verifier(folder / "verifier", tables, self.provider, database=database)
        self.more = more
        self.consents = {}
        self.log = io.StringIO()

    def take_log(self):
        """What the verifier has logged since the last time."""
        logged = self.log.getvalue()
        self.log.seek(0)
        self.log.truncate()
        return logged

    @contextmanager
    def running(self):
        with redirect_stdout(self.log):
            application = create_verifier(self.verifier.settings(**self.more))
        # The prover's port is taken from now on: a free one that is let go of may be another's a moment later.
        with listen() as reserved:
            self.verifier.enter(f"http://127.0.0.1:{reserved.getsockname()[1]}")
            with self._running(application, reserved):
                yield self
        self.verifier.engine.dispose()

    @contextmanager
    def _running(self, application, reserved):
        with Server(application) as served:
            self.verifier_server = served
            self.verifier.service = served.app.state.service
            settings = self.provider.settings(
                verifier_url=served.url, verifier_key=self.verifier.issuer.text, **self.prover_settings
            )
            with self.serve_prover(settings, reserved) as answering:
                self.prover_server = answering
                self.issue(PEOPLE)
                with served.client(self.verifier.lender) as client:
                    self.lender = client
                    yield

    def issue(self, people, schema=SCHEMA):
        lines = [{"subject": name, "values": values, "line": n} for n, (name, values) in enumerate(people.items(), 2)]
        with self.prover_server.client(self.provider.operator) as client:
            response = client.post("/v1/records", json={"schema": schema, "records": lines})
            assert response.status_code == 200, response.text
            deadline = time.monotonic() + 60
            while client.get("/readyz").json()["pending_credentials"]:
                assert time.monotonic() < deadline, (client.get("/readyz").json(), self.log.getvalue()[-2000:])
                time.sleep(0.02)

    def consent(self, subject, party="acme-bank", **terms):
        """The token of someone's consent to anything, granted when it is first needed; nobody's for nobody."""
        named = (subject, party, repr(terms))
        if named not in self.consents:
            body = {"subject": subject, "relying_party": party, "via": ORIGIN, "purpose": "sandbox"}
            body |= {"reasons": "failed-clauses", "expires_at": "2099-01-01T00:00:00Z"} | terms
            with self.prover_server.client(self.provider.operator) as operator:
                response = operator.post("/v1/consents", json=body)
            if response.status_code == 404:
                return self.nobodys(party)
            self.consents[named] = response.json()["consent"]
        return self.consents[named]

    def nobodys(self, party="acme-bank", **changes):
        """A consent as the provider would have signed it, of nobody."""
        terms = {
            "id": os.urandom(16),
            "handle": os.urandom(16),
            "provider": PROVIDER,
            "relying_party": party,
            "via": ORIGIN,
            "purpose": "sandbox",
            "allowed": Allowed(),
            "reasons": Reasons.FAILED_CLAUSES,
            "frequency": None,
            "issued_at": int(time.time()),
            "expires_at": 4_000_000_000,
            "key": self.provider.signing_key,
        }
        return issue(**terms | changes).token

    def ask(self, predicate="salary > 100000", subject="ann", *, client=None, key=None, **more):
        headers = {"Idempotency-Key": key} if key else {}
        body = {"predicate": predicate} | more
        if "consent" not in body:
            body["consent"] = self.consent(subject)
        return (client or self.lender).post("/v1/queries", json=body, headers=headers)


@pytest.fixture(scope="module")
def world(tmp_path_factory, tables):
    with World(tmp_path_factory.mktemp("world"), tables).running() as world:
        yield world


@pytest.fixture(scope="session")
def served():
    """Puts an application behind a real socket."""
    return Server


@pytest.fixture(scope="session")
def world_over():
    """For tests that need a world of their own."""
    return World


@pytest.fixture(scope="session")
def strict_refusals():
    """Sends every endpoint that takes a body what is not JSON, or means two things; each has to refuse it so."""
    wrong = [
        (b"{}", "text/plain", "unsupported-media-type"),
        (b"a=b", "application/x-www-form-urlencoded", "unsupported-media-type"),
        (b'{"a": 1, "a": 2}', "application/json", "bad-request"),
        (b'{"a": NaN}', "application/json", "bad-request"),
        (b'{"a":', "application/json", "bad-request"),
        (b"\xff\xfe", "application/json", "bad-request"),
    ]

    def refuse(app, client):
        paths = [
            path for path, operations in app.openapi()["paths"].items() if "requestBody" in operations.get("post", {})
        ]
        assert paths
        for path in paths:
            for content, media_type, name in wrong:
                response = client.post(path, content=content, headers={"Content-Type": media_type})
                assert response.json()["type"].endswith(f"/{name}"), (path, content, response.text)

    return refuse
