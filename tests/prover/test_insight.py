"""What a person is shown: who asked what, a page at a time, and what each who asked knows by now."""

import os

import pytest

from circuits import predicate as predicates
from circuits.attributes import Schema
from circuits.encoding import b64u
from circuits.query import Query
from circuits.vocabulary import Vocabulary
from prover.catalogue import Catalogue
from prover.disclosure import Ledger
from prover.errors import CursorRefused, Declined, SubjectUnknown
from prover.records import Record
from prover.subjects import Subjects

NOW = 1_800_000_000  # 2027-01-15


def schema(name):
    attributes = [
        {"name": "debt", "type": "integer", "min": "0", "max": "100000", "disclosure": {"residual": "1000"}},
        {"name": "savings", "type": "integer", "min": "0", "max": "100000", "disclosure": {"residual": "1000"}},
        {"name": "home", "type": "bool"},
    ]
    return Schema.from_json({"schema": name, "version": 1, "attributes": attributes})


ONE, OTHER = schema("one"), schema("other")


@pytest.fixture
def subjects(engine, vault):
    return Subjects(engine, vault)


@pytest.fixture
def issue(issuer):
    def issue(name, under=ONE, **values):
        record = Record(name, {key: str(value) for key, value in values.items()})
        issuer.issue([record], schema=under, now=NOW, entropy=os.urandom)
        waiting = issuer.pending(9)
        issuer.mark_registered([each.id for each in waiting], range(len(waiting)))

    return issue


@pytest.fixture
def ask(engine, vault, signing_key, under):
    ledger = Ledger(engine, vault, key=signing_key.public, schemas=Catalogue(engine))

    def ask(text, name="alice", lender="lender", schema=ONE, **terms):
        vocabulary = Vocabulary((schema,))
        predicate = predicates.parse(text, vocabulary)
        query = Query(
            id=b64u(os.urandom(16)),
            nonce=os.urandom(32),
            audience="verifier.example/log",
            relying_party=lender,
            provider="bank",
            subject=name,
            purpose="sandbox",
            predicate_text=text,
            predicate_digest=predicate.digest,
            schema_digests=(schema.digest,),
            as_of="2027-01-15",
            max_age=None,
            issued_at=NOW,
            expires_at=NOW + 300,
        )
        try:
            asked = under(query, **terms)
            return ledger.spend(asked, predicate, vocabulary, now=NOW, entropy=os.urandom).told.answer
        except Declined:
            return None

    return ask


def facts(insight):
    return {tuple(name for _, name in fact.form): (fact.left, fact.narrowest) for fact in insight.facts}


def test_pages_hold_everything_once_the_newest_first(subjects, issue, ask):
    issue("alice", debt=50_500, home="yes")
    issue("bob", home="no")
    asked = [f"debt > {threshold}" for threshold in (10_000, 20_000, 30_000, 40_000, 50_000)]
    for text in asked:
        assert ask(text) is True
        assert ask("home", "bob") is False
    token = subjects.issue_token("alice", now=NOW, entropy=os.urandom)
    seen, after = [], None
    while True:
        page = subjects.inquiries(token, limit=2, after=after)
        assert page == subjects.inquiries_about("alice", limit=2, after=after)
        seen += [each.question for each in page.inquiries]
        after = page.next
        if after is None:
            break
        assert len(page.inquiries) == 2
    assert seen == asked[::-1]
    assert subjects.inquiries(token, limit=5).next is None
    assert page.inquiries[0].schemas == (ONE.digest,)


@pytest.mark.parametrize("wrong", ["", "x", "!", b64u(bytes(32)), "bob"])
def test_another_cursor_leads_nowhere(subjects, issue, ask, wrong):
    for name in ("alice", "bob"):
        issue(name, home="yes")
        assert [ask("home", name), ask("!home", name)] == [True, False]
    own, other = (subjects.inquiries_about(name, limit=1).next for name in ("alice", "bob"))
    assert [each.question for each in subjects.inquiries_about("alice", limit=1, after=own).inquiries] == ["home"]
    with pytest.raises(CursorRefused):
        subjects.inquiries_about("alice", limit=1, after=other if wrong == "bob" else wrong)


def test_each_relying_party_and_all_together(subjects, issue, ask):
    issue("alice", debt=50_500, savings=7, home="yes")
    assert subjects.insights_about("alice") == []
    assert ask("debt > 50000", lender="first") is True
    (only,) = subjects.insights_about("alice")
    assert (only.relying_party, facts(only)) == ("first", {("debt",): (((50_001, 100_000),), 50_000)})
    assert ask("debt > 60000", lender="second") is False
    assert ask("home", lender="second") is True
    first, second, together = subjects.insights_about("alice")
    assert first == only
    assert [each.relying_party for each in (first, second, together)] == ["first", "second", None]
    assert facts(second) == {("debt",): (((0, 60_000),), 60_001), ("home",): (((1, 1),), None)}
    assert facts(together)["debt",] == (((50_001, 60_000),), 10_000)
    token = subjects.issue_token("alice", now=NOW, entropy=os.urandom)
    assert subjects.insights(token) == [first, second, together]
    assert "first" not in repr(first)


def test_a_new_value_is_one_of_which_nothing_follows_yet(subjects, issue, ask):
    issue("alice", debt=50_500, home="yes")
    assert ask("debt > 50000") is True
    issue("alice", debt=3, home="yes")
    (known,) = subjects.insights_about("alice")
    assert facts(known) == {("debt",): (((0, 100_000),), 49_999 + 1)}, "what was separated stays so"


def test_a_form_is_there_beside_its_attributes(subjects, issue, ask):
    issue("alice", debt=50_500, savings=7)
    assert ask("debt > savings") is True
    (known,) = subjects.insights_about("alice")
    assert list(facts(known)) == [("debt",), ("savings",), ("debt", "savings")]
    assert facts(known)["debt", "savings"] == (((1, 100_000),), None)


def test_one_name_in_two_schemas_is_told_apart(subjects, issue, ask):
    for under in (ONE, OTHER):
        issue("alice", under, debt=50_500)
        assert ask("debt > 50000", schema=under) is True
    (known,) = subjects.insights_about("alice")
    assert sorted(facts(known)) == [("one/debt",), ("other/debt",)]


def test_declined_questions_tell_nobody_anything(subjects, issue, ask):
    issue("alice", debt=50_500)
    assert ask("debt > 99999") is None
    assert subjects.insights_about("alice") == []
    assert [each.told.reason for each in subjects.inquiries_about("alice", limit=9).inquiries] == ["residual"]


def test_nobody_knows_anything_of_nobody(subjects, issue):
    issue("alice", home="yes")
    assert subjects.insights_about("alice") == []
    for use in (subjects.insights_about, subjects.insights):
        with pytest.raises(SubjectUnknown):
            use("carol")
