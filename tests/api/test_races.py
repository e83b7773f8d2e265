"""Questions that race for one person, through two verifiers and a prover: their ledger is what was told, exactly."""

import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from exactness import mine, require_exact

from api.verifier.app import create_app
from verifier.audit.export import export_lines
from verifier.audit.replay import replay

CLIENTS = 64
DEBT = {"name": "debt", "type": "integer", "min": "0", "max": "100000", "disclosure": {"residual": "1000"}}
SCHEMA = {"schema": "debts", "version": 1, "attributes": [DEBT]}
SAME = ["debt > 50000"] * CLIENTS
CLOSER = [f"debt > {threshold}" for threshold in range(40_000, 40_000 + CLIENTS * 300, 300)]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stage(request, tmp_path_factory, tables, world_over, served):
    """Two verifiers on one database, and a prover on one of its own."""
    folder = tmp_path_factory.mktemp("races")
    ours, theirs = f"sqlite:///{folder / 'log.sqlite'}", f"sqlite:///{folder / 'vault.sqlite'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        names = [f"races_{uuid.uuid4().hex}" for _ in range(2)]
        for name in names:
            server.execute(f"CREATE DATABASE {name}")
        ours, theirs = map(server.url, names)
    patient = {"database_url": theirs, "proving_timeout": 60}
    world = world_over(folder, tables, database=ours, prover=patient, prover_timeout=60)
    with world.running():
        people = ("same", "closer", "keys", "often", "mixed")
        world.issue({name: {"debt": "50500"} for name in people}, schema=SCHEMA)
        second = create_app(world.verifier.settings(**world.more))
        lender = world.verifier.lender
        with served(second) as beside, world.verifier_server.client(lender) as one, beside.client(lender) as other:
            world.doors = (one, other)
            one.timeout = other.timeout = 120
            yield world


def race(world, consent, asked):
    """Ask all of it at once, at either verifier in turn: (question, key) each, until it has an outcome."""
    together = threading.Barrier(len(asked))

    def ask(number):
        text, key = asked[number]
        together.wait()
        while True:
            response = world.ask(text, client=world.doors[number % 2], key=key, consent=consent)
            if response.status_code != 409:
                return response
            assert response.json()["type"].endswith("/request-in-flight"), response.text
            time.sleep(0.05)

    with ThreadPoolExecutor(len(asked)) as clients:
        responses = list(clients.map(ask, range(len(asked))))
    assert {each.status_code for each in responses} <= {201, 403}, Counter(each.text for each in responses)
    return responses


def test_the_same_question_64_times(stage):
    consent = stage.consent("same")
    responses = race(stage, consent, [(text, None) for text in SAME])
    assert require_exact(stage, "same", consent, responses) == (64, 0)
    paid = [each for each in mine(stage, "same", "inquiries") if float(each["disclosed"][0]["bits"])]
    assert len(paid) == 1


def test_64_questions_of_which_a_part_may_be_answered(stage):
    consent = stage.consent("closer")
    responses = race(stage, consent, [(text, None) for text in CLOSER])
    answered, declined = require_exact(stage, "closer", consent, responses)
    assert answered + declined == 64
    assert declined > 0


def test_eight_keys_eight_times_each(stage):
    consent = stage.consent("keys")
    asked = [(f"debt > {40_000 + 100 * (n // 8)}", f"key-{n // 8}") for n in range(64)]
    responses = race(stage, consent, asked)
    for key in range(8):
        assert len({each.content for each in responses[8 * key : 8 * key + 8]}) == 1
    answered, declined = require_exact(stage, "keys", consent, responses)
    assert answered + declined == 8


def test_as_often_as_the_consent_says_and_not_once_more(stage):
    consent = stage.consent("often", frequency={"count": 12, "seconds": 86_400})
    responses = race(stage, consent, [("debt > 50000", f"often-{n // 2}") for n in range(64)])
    assert require_exact(stage, "often", consent, responses) == (12, 20)


def test_with_and_without_keys_the_same_and_others(stage):
    consent = stage.consent("mixed", frequency={"count": 40, "seconds": 86_400})
    asked = [(text, f"mixed-{n % 16}") for n, text in enumerate(CLOSER[:16] * 2)]
    responses = race(stage, consent, asked + [(text, None) for text in CLOSER[:16] + SAME[:16]])
    answered, declined = require_exact(stage, "mixed", consent, responses)
    assert answered + declined == 48
    again = race(stage, consent, asked)
    assert [each.content for each in again] == [each.content for each in responses[:32]]
    assert require_exact(stage, "mixed", consent, responses + again) == (answered, declined)


def test_the_log_holds(stage):
    service = stage.verifier.service
    report = replay(export_lines(service.log), trust=service.trust)
    assert (report.failure, report.findings) == (None, ())
