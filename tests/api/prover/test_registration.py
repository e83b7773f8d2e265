import io
import time

import pytest
from sqlalchemy import update

from api.database import open_engine
from api.peers.outbound import PeerBroken, PeerUnreachable
from api.peers.verifier_client import RegistrationRefused, VerifierClient
from api.prover.registration import Registrar
from api.web.logs import open_logger
from prover.models import CREDENTIALS


@pytest.fixture
def client(world):
    with VerifierClient(world.verifier_server.url, key=world.verifier.issuer.text, timeout=5) as client:
        yield client


def test_a_consent_that_is_taken_back_is_logged_as_such(world):
    assert world.ask(subject="ben").json()["answer"] == "no"
    logged = world.verifier.service.log.size
    with world.prover_server.client(world.provider.operator) as operator:
        (given,) = operator.get("/v1/consents?subject=ben").json()["consents"]
        assert operator.post(f"/v1/consents/{given['id']}/revoke").status_code == 200
        assert world.ask(subject="ben").status_code == 403
        deadline = time.monotonic() + 10
        while operator.get("/readyz").json()["pending_withdrawals"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert world.verifier.service.log.size > logged


def test_registering_again_gives_the_same_places(world, client):
    logged = world.verifier.service.log.size
    index = client.register_schema(world.provider.schema)
    assert client.register_schema(world.provider.schema) == index
    assert world.verifier.service.log.size == logged


def test_a_wrong_key_is_refused_by_name(world):
    with (
        VerifierClient(world.verifier_server.url, key=world.verifier.lender.text, timeout=5) as client,
        pytest.raises(RegistrationRefused, match="403 insufficient-scope"),
    ):
        client.register_schema(world.provider.schema)


def test_a_token_that_is_none_is_refused(client):
    with pytest.raises(RegistrationRefused, match="422"):
        client.register_credentials(["a.b.c"])


def test_nobody_there_is_unreachable():
    with VerifierClient("http://127.0.0.1:9", key="zka", timeout=1) as client, pytest.raises(PeerUnreachable):
        client.register_schema({})


class Interrupted(VerifierClient):
    """Before the verifier answers for the first time, a batch is issued at the prover."""

    def __init__(self, *args, issue, **more):
        super().__init__(*args, **more)
        self.issue = issue

    def register_schema(self, schema):
        index = super().register_schema(schema)
        self.issue()
        return index


def test_a_schema_that_comes_between_is_registered_before_its_credentials(world):
    service = world.prover_server.app.state.service
    service.registrar.close()
    first, second = ({**world.provider.schema, "schema": name} for name in ("kyc-first", "kyc-second"))
    people = {"una": {"salary": "50000"}}
    issue(world, people, schema=first)
    with Interrupted(
        world.verifier_server.url,
        key=world.verifier.issuer.text,
        timeout=5,
        issue=lambda: issue(world, people, schema=second),
    ) as client:
        registrar = Registrar(service.issuer, client, pause=1, logger=open_logger("prover", stream=io.StringIO()))
        assert [registrar.flush() for _ in range(3)] == [1, 1, 0]
    assert (registrar.refused_count(), service.issuer.pending_count()) == (0, 0)


class Flaky:
    """A verifier that is away for the first calls."""

    def __init__(self, client, failures):
        self.client = client
        self.failures = failures
        self.calls = 0

    def register_schema(self, schema):
        return self.client.register_schema(schema)

    def register_credentials(self, tokens):
        self.calls += 1
        if self.calls <= self.failures:
            raise PeerUnreachable("HTTP 503")
        return self.client.register_credentials(tokens)


def issue(world, people, schema=None):
    """Records into the outbox, past the running registrar: it is asked to wait meanwhile."""
    lines = [{"subject": name, "values": values, "line": n} for n, (name, values) in enumerate(people.items(), 2)]
    with world.prover_server.client(world.provider.operator) as operator:
        body = {"schema": schema or world.provider.schema, "records": lines}
        assert operator.post("/v1/records", json=body).status_code == 200


def test_the_outbox_is_emptied_once_the_verifier_is_back(world, client):
    service = world.prover_server.app.state.service
    service.registrar.close()
    stream = io.StringIO()
    issue(world, {f"new-{n}": {"salary": "50000"} for n in range(3)})
    assert service.issuer.pending_count() == 3
    flaky = Flaky(client, failures=2)
    logger = open_logger("prover", stream=stream)
    registrar = Registrar(service.issuer, flaky, pause=0.05, logger=logger, jitter=lambda: -0.45)
    registrar.start()
    deadline = time.monotonic() + 60
    while service.issuer.pending_count():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    registrar.close()
    assert flaky.calls == 3
    assert '"event": "registered"' in stream.getvalue()
    assert "registration-failed" in stream.getvalue()
    assert world.ask("salary > 100000", "new-0").json()["answer"] == "no"


def test_receipts_for_others_are_not_believed(world, client):
    service = world.prover_server.app.state.service
    issue(world, {"newest": {"salary": "50000"}})

    class Confused(Flaky):
        def register_credentials(self, tokens):
            self.client.register_credentials(tokens)
            return {"A" * 22: 7}

    registrar = Registrar(service.issuer, Confused(client, 0), pause=1, logger=open_logger("prover"))
    with pytest.raises(PeerBroken):
        registrar.flush()
    assert service.issuer.pending_count() == 1
    assert Registrar(service.issuer, client, pause=1, logger=open_logger("prover")).flush() == 1
    assert service.issuer.pending_count() == 0


def test_one_that_is_refused_holds_nobody_up_and_stays_in_sight(world, client):
    service = world.prover_server.app.state.service
    service.registrar.close()
    issue(world, {f"later-{n}": {"salary": "50000"} for n in range(3)})
    good = service.issuer.pending(10)[1]
    forged = good.token[:-4] + ("AAAA" if good.token[-4:] != "AAAA" else "BBBA")

    def store(token):
        engine = open_engine(service.settings.database_url.get_secret_value())
        with engine.begin() as connection:
            connection.execute(update(CREDENTIALS).where(CREDENTIALS.c.id == good.id).values(token=token))
        engine.dispose()

    store(forged)
    stream = io.StringIO()
    registrar = Registrar(service.issuer, client, pause=1, logger=open_logger("prover", stream=stream))
    assert registrar.flush() == 3
    assert registrar.flush() == 0
    assert (registrar.refused_count(), service.issuer.pending_count()) == (1, 1)
    assert '"count": 1, "event": "credentials-refused"' in stream.getvalue()
    issue(world, {"last": {"salary": "50000"}})
    assert registrar.flush() == 1
    for name in ("later-0", "later-2", "last"):
        assert world.ask("salary > 100000", name).json()["answer"] == "no"
    store(good.token)
    assert Registrar(service.issuer, client, pause=1, logger=open_logger("prover")).flush() == 1
    assert (registrar.refused_count(), service.issuer.pending_count()) == (0, 0)
    assert world.ask("salary > 100000", "later-1").json()["answer"] == "no"
