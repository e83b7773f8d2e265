"""A query that is put again because its answer was lost: the same answer, noted once and counted once."""

import os
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from circuits import predicate as predicates
from circuits.attributes import Schema
from circuits.consent import Frequency
from circuits.encoding import b64u
from circuits.query import Query
from circuits.vocabulary import Vocabulary
from prover.catalogue import Catalogue
from prover.disclosure import Ledger
from prover.errors import Declined
from prover.inquiries import Outcome, page
from prover.models import INQUIRIES, SUBJECTS
from prover.records import Record
from prover.vault import SealedSubject

NOW = 1_800_000_000  # 2027-01-15
DEBT = {"name": "debt", "type": "integer", "min": "0", "max": "100000", "disclosure": {"residual": "1000"}}
SCHEMA = Schema.from_json({"schema": "person", "version": 1, "attributes": [DEBT, {"name": "home", "type": "bool"}]})
OFTEN = {"frequency": Frequency(2, 60)}


@pytest.fixture
def issue(issuer):
    def issue(**values):
        record = Record("alice", {name: str(value) for name, value in values.items()})
        issuer.issue([record], schema=SCHEMA, now=NOW, entropy=os.urandom)
        waiting = issuer.pending(10)
        issuer.mark_registered([one.id for one in waiting], range(len(waiting)))

    return issue


@pytest.fixture
def ask(under):
    def ask(text="debt > 50000", **changes):
        query = Query(
            id=b64u(os.urandom(16)),
            nonce=os.urandom(32),
            audience="verifier.example/log",
            relying_party="lender",
            provider="bank",
            subject="alice",
            purpose="sandbox",
            predicate_text=text,
            predicate_digest=predicates.parse(text, SCHEMA).digest,
            schema_digests=(SCHEMA.digest,),
            as_of="2027-01-15",
            max_age=None,
            issued_at=NOW,
            expires_at=NOW + 60,
        )
        return replace(under(query, **OFTEN), **changes)

    return ask


@pytest.fixture
def spend(engine, vault, signing_key):
    ledger = Ledger(engine, vault, key=signing_key.public, schemas=Catalogue(engine))

    def spend(query, now=None):
        """What was told; "declined"."""
        vocabulary, now = Vocabulary((SCHEMA,)), query.issued_at if now is None else now
        predicate = predicates.parse(query.predicate_text, vocabulary)
        try:
            return ledger.spend(query, predicate, vocabulary, now=now, entropy=os.urandom).told
        except Declined:
            return "declined"

    return spend


@pytest.fixture
def noted(engine, vault):
    def noted():
        columns = (SUBJECTS.c.id, SUBJECTS.c.lookup, SUBJECTS.c.sealed_reference, SUBJECTS.c.wrapped_key)
        with engine.connect() as connection:
            subject = SealedSubject(*map(bytes, connection.execute(select(*columns)).one()))
            counted = connection.scalar(select(func.count()).where(INQUIRIES.c.counted))
        return [each.told.outcome for each in page(engine, vault, subject, limit=100).inquiries], counted

    return noted


def again(query, later=5):
    """The query that a verifier makes of the same request some seconds later."""
    at = query.issued_at + later
    return replace(query, nonce=os.urandom(32), issued_at=at, expires_at=at + 60)


@pytest.mark.parametrize("text", ["debt > 50000", "home", "debt > 60000 && home || debt > 10000"])
def test_put_again_it_is_answered_again_and_counts_once(issue, ask, spend, noted, text):
    issue(debt=50_500, **({} if text == "home" else {"home": "yes"}))
    query = ask(text)
    told = spend(query)
    for turn in range(1, 4):
        assert spend(again(query, turn)) == told
    assert len(noted()[0]) == noted()[1] == 1
    assert spend(ask("debt > 50000")) != "declined"
    assert spend(ask("debt > 50000")) == "declined"
    assert spend(again(query, 4)) == told, "it was one of the two"
    assert noted() == ([Outcome.DECLINED, Outcome.ANSWERED, told.outcome], 2)


def test_put_again_it_counts_from_then_on(issue, ask, spend):
    """The verifier logs it at the later time, and counts it by that."""
    issue(debt=50_500)
    query = ask()
    assert spend(query) != "declined"
    assert spend(again(query, 50)) != "declined"
    assert spend(ask(issued_at=NOW + 100, expires_at=NOW + 160)) != "declined"
    assert spend(ask(issued_at=NOW + 110, expires_at=NOW + 170)) == "declined"
    assert spend(ask(issued_at=NOW + 111, expires_at=NOW + 171)) != "declined"


def test_put_again_too_late_it_is_one_more(issue, ask, spend):
    issue(debt=50_500)
    query = ask()
    assert spend(query) != "declined"
    others = [ask(issued_at=NOW + 61, expires_at=NOW + 121) for _ in range(2)]
    assert [spend(each) == "declined" for each in others] == [False, False]
    assert spend(again(query, 62)) == "declined"
    assert spend(again(query, 122)) != "declined"


def test_of_another_value_it_is_another_answer(issue, ask, spend, noted):
    issue(debt=50_500)
    query = ask()
    first = spend(query)
    issue(debt=49_000)
    second = spend(again(query))
    assert (first.answer, second.answer) == (True, False)
    assert first.credentials != second.credentials
    assert spend(again(query, 6)) == second
    assert spend(query) == first, "the very same query has what it had"
    assert noted() == ([Outcome.ANSWERED] * 2, 2)
    issue(debt=51_000)
    assert spend(again(query, 7)) == "declined"


CHANGES = {
    "another id": {"id": b64u(bytes(16))},
    "another day": {"as_of": "2027-01-16"},
    "with another age": {"max_age": 30},
    "another verifier": {"audience": "other.example/log"},
    "another question": {"predicate_text": "debt > 50001"},
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_asks_something_else_is_another_query(issue, ask, spend, noted, name):
    issue(debt=50_500)
    query = ask()
    spend(query)
    spend(again(query))
    assert len(noted()[0]) == 1
    changed = replace(again(query), **CHANGES[name])
    spend(replace(changed, predicate_digest=predicates.parse(changed.predicate_text, SCHEMA).digest))
    assert len(noted()[0]) == 2


def test_taken_back_meanwhile_it_is_declined(issue, ask, spend, noted, consents):
    issue(debt=50_500)
    query = ask()
    assert spend(query) != "declined"
    consents.revoke(consents.listing()[0].consent.id, now=NOW)
    assert spend(again(query)) == "declined"
    assert noted() == ([Outcome.DECLINED, Outcome.ANSWERED], 1)


def test_declined_again_for_the_same_reason_is_noted_once(issue, ask, spend, noted, consents):
    issue(debt=50_500)
    query = ask("debt > 50000 && debt <= 50001")
    assert [spend(each) for each in (query, again(query), again(query, 6))] == ["declined"] * 3
    assert noted() == ([Outcome.DECLINED], 0)
    consents.revoke(consents.listing()[0].consent.id, now=NOW)
    assert spend(again(query, 7)) == "declined"
    assert noted() == ([Outcome.DECLINED] * 2, 0)
