"""The main job over both databases: ask, tell again, list, and start again on what is there."""

import io
import json
import os
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from itertools import count

import pytest

from api.audit.fsck import check
from api.verifier.app import create_app
from circuits.consent import Consent
from verifier.log.leaves import LoggedEntry


@pytest.fixture
def stage(world_over, database, tmp_path, tables):
    return world_over(tmp_path, tables, database=database)


def test_answers_survive_a_restart_on_either_database(stage):
    with stage.running() as world:
        first = world.ask(key="k-1")
        assert first.status_code == 201
        undetermined = world.ask(subject="eve")
        assert undetermined.status_code == 200
        assert world.ask(subject="nobody").status_code == 403
        size = world.verifier.service.log.size
    with stage.running() as world:
        assert world.ask(key="k-1").content == first.content
        listed = world.lender.get("/v1/queries").json()["queries"]
        assert [each["state"] for each in listed] == ["declined", "undetermined", "answered"]
        assert world.lender.get(first.json()["links"]["evidence"]).status_code == 200
        # The provider's new address is the only thing that was added to the log meanwhile.
        assert world.verifier.service.log.size == size + 1
        assert world.ask("salary > 1", "ben").json()["answer"] == "yes"


def test_a_second_verifier_on_the_same_database_knows_what_the_first_has_logged(stage, served):
    with stage.running() as world:
        with redirect_stdout(io.StringIO()):
            second = create_app(world.verifier.settings())
        with served(second) as beside, beside.client(world.verifier.lender) as lender:
            assert world.ask("salary > 1", client=lender).status_code == 201
            later = {**world.provider.schema, "schema": "kyc-later"}
            later["attributes"] = [{"name": "tenure", "type": "integer", "min": "0", "max": "100"}]
            world.issue({"ann": {"tenure": "7"}}, schema=later)
            assert world.ask("tenure > 7", client=lender).json()["answer"] == "no"
            assert world.ask("tenure_ > 7", client=lender).json()["type"].endswith("/predicate-type")
            # The first to be asked about a provider that only the other one has registered.
            world.verifier.enter("http://127.0.0.1:9", name="new-kyc")
            theirs = world.nobodys(provider="new-kyc")
            problem = world.ask("tenure > 7", client=lender, consent=theirs).json()
            assert problem["detail"] == "new-kyc has registered no schema yet"


def test_a_person_is_erased_while_eight_clients_ask(stage):
    told, erased = Counter(), threading.Event()

    def ask(world, number):
        with world.verifier_server.client(world.verifier.lender) as client:
            for threshold in count(number * 1_000):
                over = erased.is_set()
                response = world.ask(f"salary > {threshold}", ("ann", "ben")[threshold % 2], client=client)
                told[threshold % 2, response.status_code] += 1
                if over:
                    return

    with stage.running() as world, ThreadPoolExecutor(8) as clients:
        asking = [clients.submit(ask, world, number) for number in range(8)]
        try:
            while told[1, 201] < 4:
                assert not any(each.done() for each in asking)
                time.sleep(0.01)
            eraser = world.prover_server.app.state.service.eraser
            eraser.erase("ben", now=int(time.time()), entropy=os.urandom)
            deadline = time.monotonic() + 60
            while eraser.pending_count():
                assert time.monotonic() < deadline
                time.sleep(0.01)
        finally:
            erased.set()
        for each in asking:
            each.result()
        # Whoever is still there is answered all the time; whoever is not is declined, or was erased meanwhile.
        assert {status for (person, status) in told if person == 0} == {201}
        assert {status for (person, status) in told if person == 1} <= {201, 403, 503}
        assert world.ask("salary > 1", "ben").status_code == 403
        service = world.verifier.service
        bodies = [entry.body for entry in service.log.read(0) if isinstance(entry, LoggedEntry)]
        answers = [body for body in map(json.loads, bodies) if "proof" in body]
        assert {body["query"]["subject"] for body in answers} == {Consent.peek(world.consent("ann")).handle}
        found = check(world.verifier.database, trust=service.trust, sealer=service.sealer)
        assert [str(fault) for fault in found.faults] == []
