"""From a query to a logged attestation; what happens when any station fails."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import insert, select

from circuits.jws import open_signed
from verifier.answered import Declined, Undetermined
from verifier.answering import LoggedAttestation, LoggedDeclined, LoggedUndetermined
from verifier.attestation import TYP
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.entries.kinds import AnswerEntry, DeclinedEntry, UndeterminedEntry, decode_logged
from verifier.errors import CredentialSuperseded, LogRefused, LogUnavailable, ProofRefused
from verifier.fold.registry import Registry
from verifier.models import QUERIES


class Says:
    """A prover that always says the same."""

    def __init__(self, response):
        self.response = response

    def fetch(self, _query):
        return self.response


@pytest.mark.parametrize(
    ("predicate", "subject", "answer"),
    [
        ("salary > 100000", "ada", True),
        ("salary > 100000", "bob", False),
        ("salary > 100000", "eve", False),
        ("salary >= 100000", "eve", True),
        ("salary == 58000.50", "bob", True),
        ("salary != 100000", "eve", False),
        ("age(date_of_birth) >= 21", "ada", True),
        ('country == "CA"', "ada", False),
    ],
)
def test_yes_and_no_are_proven_attested_and_logged(world, predicate, subject, answer):
    before = world.log.size
    logged = world.ask(predicate, subject)
    assert isinstance(logged, LoggedAttestation)
    assert logged.checked.answer is answer
    assert logged.index == before
    assert world.log.size == before + 1
    payload = open_signed(logged.attestation.token, typ=TYP, key=world.key.public)
    assert payload["answer"] == ("yes" if answer else "no")
    assert payload["log"] == {"origin": "verifier.example/log", "index": logged.index}
    assert payload["predicate"] == predicate
    assert payload["sources"][0] == {
        "attribute": logged.checked.claim.predicate.attributes[0],
        "source": "payroll",
        "verified_at": "2026-10-31",
    }
    entry = decode_logged(world.log.entry(logged.index))
    assert isinstance(entry, AnswerEntry)
    assert (entry.answer, entry.attestation) == (answer, logged.attestation.token)
    assert entry.asked_at == before


@pytest.mark.parametrize("reason", ["absent", "stale", "disputed"])
def test_undetermined_is_logged(world, reason):
    logged = world.ask(source=Says(Undetermined(reason, None)))
    assert isinstance(logged, LoggedUndetermined)
    entry = decode_logged(world.log.entry(logged.index))
    assert isinstance(entry, UndeterminedEntry)
    assert (entry.reason, logged.reason) == (reason, reason)


def test_declined_is_logged(world):
    logged = world.ask(source=Says(Declined()))
    assert isinstance(logged, LoggedDeclined)
    assert isinstance(decode_logged(world.log.entry(logged.index)), DeclinedEntry)


def test_a_wrong_answer_is_neither_attested_nor_logged(world, people):
    before = world.log.size
    query = world.query()
    good = world.company.prove(query, people["ada"])
    with pytest.raises(ProofRefused):
        world.ask(source=Says(replace(good, answer=not good.answer)))
    assert world.log.size == before


def record_of(query_id):
    def record(logged):
        return [
            (
                insert(QUERIES),
                {
                    "id": query_id,
                    "relying_party": "first-bank",
                    "request_digest": b"",
                    "state": "answered",
                    "created_at": 1,
                    "entry_index": logged.index,
                },
            )
        ]

    return record


def test_the_record_commits_with_the_entry(world, engine):
    logged = world.ask(record=record_of("one"))
    with engine.connect() as connection:
        assert connection.scalar(select(QUERIES.c.entry_index)) == logged.index
    before = world.log.size
    with pytest.raises(LogRefused):
        world.ask(record=record_of("one"))
    assert world.log.size == before
    world.ask(record=record_of("two"))


def test_a_closed_log_gives_no_answer(world):
    world.ask()
    world.log.close()
    with pytest.raises(LogUnavailable):
        world.ask()


def test_a_prover_that_fails_leaves_no_trace(world):
    class Broken:
        def fetch(self, _query):
            raise ConnectionError

    before = world.log.size
    with pytest.raises(ConnectionError):
        world.ask(source=Broken())
    assert world.log.size == before


def test_many_at_once_keep_their_own_answers(world):
    subjects = ["ada", "bob", "eve"] * 8
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda subject: world.ask("salary > 60000", subject), subjects))
    assert [outcome.checked.answer for outcome in outcomes] == [subject != "bob" for subject in subjects]
    assert len({outcome.index for outcome in outcomes}) == len(subjects)
    for outcome in outcomes:
        entry = decode_logged(world.log.entry(outcome.index))
        assert entry.query == outcome.checked.query


def test_an_answer_relies_on_what_another_process_logged_before_the_question(world, people, open_log, engine):
    """Its own last turn may be long ago: a credential that was superseded since would still pass."""
    registry = Registry()
    idle = replace(world, log=open_log(over=engine, observer=registry.recall), registry=registry)
    for logged in idle.log.read(0):
        registry.recall(logged)
    old = world.company.prove(world.query(), people["ada"])
    assert old.answer
    assert idle.ask().checked.answer
    world.register(world.company.issue("ada/2", {"salary": "1"}, supersedes=people["ada"].id))
    world.now = idle.now = world.now + 86_400

    class Outdated:
        def fetch(self, query):
            return world.company.prove(query, people["ada"])

    with pytest.raises(CredentialSuperseded):
        idle.ask(source=Outdated())
    assert not idle.ask().checked.answer  # from the new one, which it knows by now
    assert replay(export_lines(idle.log), trust=world.trust).failure is None
