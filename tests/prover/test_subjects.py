import os

import pytest
from sqlalchemy import select

from circuits.attributes import Schema
from prover.errors import SubjectUnknown
from prover.models import SUBJECTS, TOKENS
from prover.records import Record
from prover.subjects import Subjects

NOW = 1_800_000_000
SCHEMA = Schema.from_json(
    {"schema": "one", "version": 1, "attributes": [{"name": "score", "type": "integer", "min": "0", "max": "9"}]}
)


@pytest.fixture
def subjects(engine, vault, issuer):
    issuer.issue(
        [Record(name, {"score": "1"}) for name in ("alice", "bob")], schema=SCHEMA, now=NOW, entropy=os.urandom
    )
    return Subjects(engine, vault)


def test_a_token_opens_what_is_its_holders_and_nothing_else(engine, subjects):
    tokens = {name: subjects.issue_token(name, now=NOW, entropy=os.urandom) for name in ("alice", "bob")}
    assert {name: subjects.holder(token) for name, token in tokens.items()} == {"alice": "alice", "bob": "bob"}
    assert subjects.inquiries(tokens["alice"], limit=9).inquiries == ()
    subjects.dispute(tokens["bob"], since=NOW + 5)
    with engine.connect() as connection:
        assert sorted(connection.scalars(select(SUBJECTS.c.disputed_at)), key=str) == [NOW + 5, None]
        stored = b"".join(map(bytes, connection.scalars(select(TOKENS.c.digest))))
    assert not any(token.encode() in stored for token in tokens.values())


def test_disputes_wait_for_the_operator_the_longest_first(engine, vault, subjects):
    tokens = {name: subjects.issue_token(name, now=NOW, entropy=os.urandom) for name in ("alice", "bob")}
    assert subjects.disputes() == []
    for name, since in (("bob", NOW), ("alice", NOW + 1)):
        for again in (since, since + 9):  # whoever says so again has waited since the first time
            subjects.dispute(tokens[name], since=again)
            assert subjects.disputed_at(tokens[name]) == since
    assert subjects.disputes() == [("bob", NOW), ("alice", NOW + 1)]
    subjects.settle("bob")
    assert (subjects.disputes(), subjects.disputed_at(tokens["bob"])) == ([("alice", NOW + 1)], None)
    vault.erase(engine, "alice", now=NOW)
    assert subjects.disputes() == []


@pytest.mark.parametrize("token", ["", "zks_", "zks_" + "A" * 43, "zka_" + "A" * 43, "zks_" + "é" * 43])
def test_another_token_opens_nothing(subjects, token):
    fair = subjects.issue_token("alice", now=NOW, entropy=os.urandom)
    assert subjects.holder(fair) == "alice"
    for use in (subjects.holder, subjects.insights, lambda each: subjects.inquiries(each, limit=1)):
        with pytest.raises(SubjectUnknown):
            use(token)


def test_tokens_end_when_they_are_taken_back_or_their_holder_erased(engine, vault, subjects):
    alice, again, bob = (subjects.issue_token(name, now=NOW, entropy=os.urandom) for name in ("alice", "alice", "bob"))
    assert subjects.revoke_tokens("alice", now=NOW) == 2
    assert subjects.revoke_tokens("alice", now=NOW) == 0
    assert subjects.holder(bob) == "bob"
    vault.erase(engine, "bob", now=NOW)
    for token in (alice, again, bob):
        with pytest.raises(SubjectUnknown):
            subjects.holder(token)


def test_nobody_gets_no_token(subjects):
    for use in (
        lambda: subjects.issue_token("carol", now=NOW, entropy=os.urandom),
        lambda: subjects.revoke_tokens("carol", now=NOW),
        lambda: subjects.settle("carol"),
        lambda: subjects.inquiries_about("carol", limit=1),
    ):
        with pytest.raises(SubjectUnknown):
            use()
