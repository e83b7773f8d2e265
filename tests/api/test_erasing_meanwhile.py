"""A person is erased while lenders ask about them: what is under way is told nothing wrong, and nothing of it stays."""

import json
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from api.audit.fsck import check
from api.database import open_engine
from circuits.consent import Consent
from prover.models import CONSENTS, INQUIRIES, KNOWLEDGE, SUBJECTS, TOKENS
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.log.leaves import LoggedEntry

LENDERS = 8
ONE = {"name": "score", "type": "integer", "min": "0", "max": "1000"}
SCHEMA = {"schema": "scores", "version": 1, "attributes": [ONE]}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stage(request, tmp_path_factory, tables, world_over):
    folder = tmp_path_factory.mktemp("meanwhile")
    ours, theirs = f"sqlite:///{folder / 'log.sqlite'}", f"sqlite:///{folder / 'vault.sqlite'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        names = [f"meanwhile_{uuid.uuid4().hex}" for _ in range(2)]
        for name in names:
            server.execute(f"CREATE DATABASE {name}")
        ours, theirs = map(server.url, names)
    patient = {"database_url": theirs, "proving_timeout": 60}
    with world_over(folder, tables, database=ours, prover=patient, prover_timeout=60).running() as world:
        world.lender.timeout = 120
        world.vault = open_engine(theirs)
        yield world
        world.vault.dispose()


def token_of(world, subject):
    with world.prover_server.client(world.provider.operator) as operator:
        made = operator.post("/v1/subject-tokens", json={"subject": subject}).json()["token"]
    return {"Authorization": f"Bearer {made}"}


def told(world):
    with world.prover_server.client() as client:
        deadline = time.monotonic() + 60
        while client.get("/readyz").json()["pending_erasures"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_questions_on_their_way_are_answered_declined_or_put_off(stage):
    world, until = stage, threading.Event()
    world.issue({"ada": {"score": "500"}, "bob": {"score": "500"}}, schema=SCHEMA)
    consents = {name: world.consent(name) for name in ("ada", "bob")}
    me = token_of(world, "ada")

    def ask(number):
        """Until the person is gone, and once more; every other one about somebody else."""
        seen, whom = [], ("ada", "bob")[number % 2]
        while True:
            last = until.is_set()
            response = world.ask(f"score > {100 + number}", consent=consents[whom])
            seen.append((whom, response.status_code))
            if last:
                return seen

    with ThreadPoolExecutor(LENDERS) as clients, world.prover_server.client() as person:
        asking = [clients.submit(ask, number) for number in range(LENDERS)]
        while len(person.get("/v1/subjects/me/inquiries", headers=me).json()["inquiries"]) < LENDERS:
            time.sleep(0.02)
        erased = person.delete("/v1/subjects/me", headers=me)
        again = person.delete("/v1/subjects/me", headers=me)
        until.set()
        seen = Counter(each for asked in asking for each in asked.result())
    assert (erased.status_code, again.status_code) == (200, 401)
    told(world)
    assert {code for whom, code in seen if whom == "bob"} == {201}
    assert {code for whom, code in seen if whom == "ada"} <= {201, 403, 503}
    assert min(seen["ada", 201], seen["ada", 403]) >= 1
    assert world.ask("score > 1", consent=consents["ada"]).status_code == 403

    service = world.verifier.service
    handle, kinds = Consent.peek(consents["ada"]).handle, Counter()
    service.log.caught_up()
    for entry in service.log.read(0):
        if isinstance(entry, LoggedEntry) and handle in entry.body.decode():
            kinds[entry.kind] += json.loads(entry.body)["query"]["subject"] == handle
    assert set(kinds) <= {"declined"}, "what was asked when they were gone already"
    with world.vault.connect() as connection:
        gone = SUBJECTS.c.lookup.is_(None)
        for table in (CONSENTS, KNOWLEDGE, INQUIRIES, TOKENS):
            left = select(func.count()).join_from(table, SUBJECTS, table.c.subject_id == SUBJECTS.c.id).where(gone)
            assert connection.scalar(left) == 0, table.name
        assert connection.scalar(select(func.count()).select_from(SUBJECTS).where(gone)) == 1
    report = replay(export_lines(service.log), trust=service.trust)
    assert (report.failure, report.answers) == (None, seen["bob", 201])
    found = check(world.verifier.database, trust=service.trust, sealer=service.sealer)
    assert [str(fault) for fault in found.faults] == []


def test_two_who_erase_the_same_person_at_once(stage):
    """One of them does; the other is told that there is nobody, and nothing is told the verifier twice."""
    world, together = stage, threading.Barrier(4)
    world.issue({"cyd": {"score": "7"}}, schema=SCHEMA)
    assert world.ask("score > 5", "cyd").status_code == 201
    me, size = token_of(world, "cyd"), world.verifier.service.log.size

    def erase(_number):
        with world.prover_server.client() as person:
            together.wait()
            return person.delete("/v1/subjects/me", headers=me).status_code

    with ThreadPoolExecutor(4) as clients:
        assert sorted(clients.map(erase, range(4))) == [200, 401, 401, 401]
    told(world)
    log = world.verifier.service.log
    log.caught_up()
    assert [entry.kind for entry in log.read(size)] == ["erasure"]
