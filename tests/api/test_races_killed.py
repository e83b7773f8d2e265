"""A prover that is killed at any moment and asked the same again: nothing is lost, nothing is counted twice."""

import random
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from exactness import require_exact
from killable import Killable

from verifier.audit.export import export_lines
from verifier.audit.replay import replay

ASKING = 8
AWAY = 4.0
DEBT = {"name": "debt", "type": "integer", "min": "0", "max": "100000", "disclosure": {"residual": "1000"}}
SCHEMA = {"schema": "debts", "version": 1, "attributes": [DEBT]}


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(request, tmp_path, tables, world_over):
    ours, theirs = f"sqlite:///{tmp_path / 'log.sqlite'}", f"sqlite:///{tmp_path / 'vault.sqlite'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        names = [f"killed_{uuid.uuid4().hex}" for _ in range(2)]
        for name in names:
            server.execute(f"CREATE DATABASE {name}")
        ours, theirs = map(server.url, names)
    patient = {"database_url": theirs, "proving_timeout": 60}
    # The verifier does not wait for the next one: the query is lost, and made anew when the request is repeated.
    world = world_over(tmp_path, tables, database=ours, prover=patient, prover_timeout=AWAY / 2)
    world.serve_prover = lambda settings, listener: Killable(settings, listener, world.provider.bearer)
    with world.running():
        world.issue({"debtor": {"debt": "50500"}}, schema=SCHEMA)
        yield world


@pytest.mark.parametrize(("kills", "seed"), [(3, 1), pytest.param(60, 2, marks=pytest.mark.long)])
def test_a_killed_prover_has_charged_what_it_answers_later_and_once(stage, kills, seed):
    dice = random.Random(seed)  # noqa: S311 - when to kill
    # Exactly as often as there are questions: were one of them counted twice, the last would be declined.
    frequency = {"count": kills * ASKING, "seconds": 86_400}
    consent = stage.consent("debtor", frequency=frequency)
    told, seen = [], Counter()

    def ask(text, key):
        """Ask, and after every failure the same again with the same key."""
        deadline = time.monotonic() + 120
        while True:
            response = stage.ask(text, client=lender, key=key, consent=consent)
            seen[response.status_code] += 1
            if response.status_code != 503 or time.monotonic() > deadline:
                return response
            time.sleep(0.05)

    with stage.verifier_server.client(stage.verifier.lender) as lender, ThreadPoolExecutor(ASKING) as clients:
        lender.timeout = 120
        for turn in range(kills):
            asking = [clients.submit(ask, f"debt > {2_500 * n}", f"killed-{turn}-{n}") for n in range(1, ASKING + 1)]
            time.sleep(dice.uniform(0.01, 0.3))
            stage.prover_server.kill()
            time.sleep(AWAY)
            stage.prover_server.start()
            told += [each.result() for each in asking]
        assert set(seen) <= {201, 503}
        assert ask("debt > 2500", "one-more").status_code == 403
    assert require_exact(stage, "debtor", consent, told) == (kills * ASKING, 1)
    service = stage.verifier.service
    report = replay(export_lines(service.log), trust=service.trust)
    assert (report.failure, report.findings, report.answers) == (None, (), kills * ASKING)
