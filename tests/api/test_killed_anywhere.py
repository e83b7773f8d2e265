"""A prover that is killed while all is done with it at once: what it said is done stays so, and the verifier hears it.

Whoever had no answer does not know whether it was done; either is right, but not something in between.
"""

import json
import random
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from killable import Killable
from sqlalchemy import func, select

from api.audit.fsck import check
from api.database import open_engine
from circuits.attributes import Schema
from circuits.jws import peek
from prover.consent import Consents
from prover.issuance import Issuer
from prover.keys import FileKeyProvider
from prover.models import CONSENTS, CREDENTIALS, ERASURES, INQUIRIES, KNOWLEDGE, OUTBOX, SUBJECTS, TOKENS
from prover.subjects import Subjects
from prover.vault import SealedSubject, Vault
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.log.leaves import LoggedEntry

DEBT = {"name": "debt", "type": "integer", "min": "0", "max": "100000", "disclosure": {"residual": "1000"}}
SCHEMA = {"schema": "debts", "version": 1, "attributes": [DEBT]}
AWAY = 0.5


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(request, tmp_path, tables, world_over):
    ours, theirs = f"sqlite:///{tmp_path / 'log.sqlite'}", f"sqlite:///{tmp_path / 'vault.sqlite'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        names = [f"anywhere_{uuid.uuid4().hex}" for _ in range(2)]
        for name in names:
            server.execute(f"CREATE DATABASE {name}")
        ours, theirs = map(server.url, names)
    patient = {"database_url": theirs, "proving_timeout": 60, "rate_limit": "9000/second"}
    world = world_over(tmp_path, tables, database=ours, prover=patient, prover_timeout=10)
    world.serve_prover = lambda settings, listener: Killable(settings, listener, world.provider.bearer)
    with world.running():
        world.vault_url = theirs
        yield world


class Life:
    """What is done with one person after another, and what of it the prover said is done."""

    def __init__(self, world, number, until):
        self.world = world
        self.number = number
        self.until = until
        self.said = []  # (what, of whom or what)
        self.told = {}  # by idempotency key
        self.seen = Counter()

    def tried(self, what, of, method, path, **more):
        """Once: its response, or None if there was none."""
        try:
            response = self.client.request(method, path, **more)
        except httpx2.TransportError:
            self.seen["cut"] += 1
            return None
        self.seen[what, response.status_code] += 1
        if response.status_code not in {200, 201}:
            assert response.status_code in {401, 403, 404, 503}, (what, response.status_code, response.text)
            return None
        self.said.append((what, of))
        return response.json()

    def live(self):
        world, dice = self.world, random.Random(self.number)  # noqa: S311 - what to do
        as_operator = world.provider.bearer(world.provider.operator)
        with world.prover_server.client() as self.client, world.verifier_server.client(world.verifier.lender) as lender:
            lender.timeout = 120
            turn = 0
            while not self.until.is_set():
                turn += 1
                name = f"person-{self.number}-{turn}"
                for debt in ("50500", "50600"):
                    lines = [{"subject": name, "values": {"debt": debt}, "line": 2}]
                    body = {"schema": SCHEMA, "records": lines}
                    self.tried("records", (name, debt), "POST", "/v1/records", json=body, headers=as_operator)
                body = {"subject": name, "relying_party": "acme-bank", "via": world.provider.origin}
                body |= {"purpose": "sandbox", "expires_at": "2099-01-01T00:00:00Z"}
                given = self.tried("grant", name, "POST", "/v1/consents", json=body, headers=as_operator)
                made = self.tried(
                    "token", name, "POST", "/v1/subject-tokens", json={"subject": name}, headers=as_operator
                )
                if given is None or made is None:
                    continue
                time.sleep(dice.uniform(0, 0.5))  # sometimes they are registered by then
                for number in range(dice.randrange(3)):
                    key = f"{name}-{number}"
                    asked = {"predicate": f"debt > {10_000 + 10_000 * number}", "consent": given["consent"]}
                    response = lender.post("/v1/queries", json=asked, headers={"Idempotency-Key": key})
                    self.seen["ask", response.status_code] += 1
                    assert response.status_code in {200, 201, 403, 503}, response.text
                    self.told[key] = (asked, response.status_code, response.content)
                me = {"Authorization": f"Bearer {made['token']}"}
                match dice.randrange(4):
                    case 0:
                        self.tried("dispute", name, "POST", "/v1/subjects/me/dispute", headers=me)
                    case 1:
                        path = f"/v1/consents/{given['id']}/revoke"
                        self.tried("revoke", given["id"], "POST", path, headers=as_operator)
                    case 2:
                        self.tried("erase", name, "DELETE", "/v1/subjects/me", headers=me)
                    case _:
                        pass


@pytest.mark.long
@pytest.mark.parametrize(("kills", "seed"), [(30, 1)])
def test_nothing_that_was_done_is_lost_or_done_twice(stage, kills, seed):
    dice = random.Random(seed)  # noqa: S311 - when to kill
    until = threading.Event()
    lives = [Life(stage, number, until) for number in range(4)]
    with ThreadPoolExecutor(len(lives)) as pool:
        living = [pool.submit(each.live) for each in lives]
        try:
            for _ in range(kills):
                time.sleep(dice.uniform(0.5, 4))
                stage.prover_server.kill()
                time.sleep(AWAY)
                stage.prover_server.start()
        finally:
            until.set()
        for each in living:
            each.result()
    with stage.prover_server.client() as client:
        deadline = time.monotonic() + 120
        waiting = ("pending_credentials", "pending_erasures", "pending_withdrawals")
        while any(client.get("/readyz").json()[each] for each in waiting):
            assert time.monotonic() < deadline, client.get("/readyz").json()
            time.sleep(0.1)
    seen = sum((each.seen for each in lives), Counter())
    said = Counter(each for life in lives for each in life.said)
    assert {what for what, _ in said} == {"records", "grant", "token", "dispute", "revoke", "erase"}
    assert min(seen["cut"], seen["ask", 201]) >= 1
    vault_agrees(stage, said)
    log_agrees(stage, said)
    for life in lives:
        told_again(stage, life)


def vault_agrees(world, said):
    """All can be opened, and is as was said."""
    engine = open_engine(world.vault_url)
    vault = Vault.unlock(engine, FileKeyProvider(world.provider.folder / "kek"), entropy=bytes)
    subjects = Subjects(engine, vault)
    consents = Consents(engine, vault, key=world.provider.signing_key, provider="acme-kyc")
    granted = {each.consent.id: each for each in consents.listing()}
    schema = Schema.from_json(SCHEMA)
    with engine.connect() as connection:
        people = {bytes(row.id): row for row in connection.execute(select(SUBJECTS))}
        rows = connection.execute(select(CREDENTIALS)).all()
        for table in (CONSENTS, KNOWLEDGE, INQUIRIES, TOKENS):
            left = select(func.count()).join_from(table, SUBJECTS, table.c.subject_id == SUBJECTS.c.id)
            assert connection.scalar(left.where(SUBJECTS.c.lookup.is_(None))) == 0
        assert connection.scalar(select(func.count()).select_from(OUTBOX)) == 0
    current = {}
    for row in rows:
        person = people[bytes(row.subject_id)]
        if person.lookup is None:
            assert row.sealed is None
            continue
        whose = SealedSubject(*map(bytes, (person.id, person.lookup, person.sealed_reference, person.wrapped_key)))
        under = schema if row.schema_digest == schema.digest else Schema.from_json(world.provider.schema)
        openings = vault.open(whose, bytes(row.sealed), credential_id=row.id, schema=under)
        if row.superseded_at is None and under == schema:
            assert current.setdefault(vault.reference(whose), openings["debt"].value) == openings["debt"].value
    names = set(current) | {"ann", "ben", "eve"}
    for name in current:
        subjects.insights_about(name)
        page = subjects.inquiries_about(name, limit=200)
        assert len({each.id for each in page.inquiries}) == len(page.inquiries)
    erased = {name for what, name in said if what == "erase"}
    assert not erased & names
    assert {name for name, _ in subjects.disputes()} >= {name for what, name in said if what == "dispute"} - erased
    assert {each.subject for each in granted.values()} >= {name for what, name in said if what == "grant"} & names
    for what, of in said:
        if what == "revoke":
            assert granted[of].revoked_at is not None
        if what == "records" and of[0] in names:
            assert str(current[of[0]]) >= of[1]
    assert Issuer(engine, vault, key=world.provider.signing_key, provider="acme-kyc").pending_schemas() == []
    engine.dispose()


def log_agrees(world, said):
    """Every erasure and withdrawal is in it once, and it holds."""
    service, kinds = world.verifier.service, Counter()
    service.log.caught_up()
    withdrawn = set()
    for entry in service.log.read(0):
        if isinstance(entry, LoggedEntry):
            kinds[entry.kind] += 1
            if entry.kind == "withdrawal":
                withdrawn.add(peek(json.loads(entry.body)["token"])["consent"])
    engine = open_engine(world.vault_url)
    with engine.connect() as connection:
        people = connection.scalar(select(func.count()).select_from(SUBJECTS).where(SUBJECTS.c.lookup.is_(None)))
        erasures = connection.execute(select(ERASURES)).all()
        revoked = connection.scalar(
            select(func.count()).select_from(CONSENTS).where(CONSENTS.c.revoked_at.is_not(None))
        )
    engine.dispose()
    assert len(erasures) == people >= sum(what == "erase" for what, _ in said)
    assert all(each.sealed is None and each.entry_index is not None for each in erasures)
    assert len({each.entry_index for each in erasures}) == kinds["erasure"] == people
    assert len(withdrawn) == kinds["withdrawal"] == revoked
    report = replay(export_lines(service.log), trust=service.trust)
    assert (report.failure, report.findings) == (None, ())
    found = check(world.verifier.database, trust=service.trust, sealer=service.sealer)
    assert [str(fault) for fault in found.faults] == []


def told_again(world, life):
    """Who asks the same again is told the same, if they were told anything."""
    with world.verifier_server.client(world.verifier.lender) as lender:
        lender.timeout = 120
        erased = {name for what, name in life.said if what == "erase"}
        for key, (asked, status, content) in life.told.items():
            response = lender.post("/v1/queries", json=asked, headers={"Idempotency-Key": key})
            assert response.status_code != 503
            if status in {200, 201} and key.rpartition("-")[0] not in erased:
                assert response.content == content
