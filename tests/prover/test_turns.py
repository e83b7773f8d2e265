"""On PostgreSQL, where writers do not wait for each other as such: who writes about the same people at once."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from circuits.attributes import Schema
from prover.erasing import Eraser
from prover.models import CREDENTIALS, OUTBOX, SUBJECTS
from prover.records import Record
from prover.terms import Terms

NOW = 1_800_000_000
SCHEMA = Schema.from_json(
    {"schema": "one", "version": 1, "attributes": [{"name": "score", "type": "integer", "min": "0", "max": "9"}]}
)
TERMS = Terms("lender", "verifier.example/log", "credit-decision", NOW + 100)
pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def issue(issuer):
    def issue(*subjects, score="1"):
        records = [Record(name, {"score": score}) for name in subjects]
        outcomes = issuer.issue(records, schema=SCHEMA, now=NOW, entropy=os.urandom)
        return [each.credential for each in outcomes]

    return issue


def asleep(engine, count, *, unless=lambda: False):
    """Wait until so many wait for a lock."""
    deadline = time.monotonic() + 60
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while not unless():
        with engine.connect() as connection:
            if connection.scalar(waiting) >= count:
                return
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def at_once(engine):
    """One after the other begins while somebody holds what they need later on, so that each has what it needs first."""

    def at_once(held, *doing):
        with ThreadPoolExecutor(len(doing)) as pool:
            with engine.begin() as connection:
                connection.execute(held.with_for_update())
                begun = []
                for each in doing:
                    begun.append(pool.submit(each))
                    asleep(engine, len(begun))
            return [each.result() for each in begun]

    return at_once


def test_who_is_erased_while_more_is_imported_is_erased(issue, issuer, engine, vault):
    """What comes afterwards is about somebody new; nothing about who is gone is sealed, or registered."""
    (before,) = issue("alice")
    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as connection:
            vault.erase_in(connection, "alice", now=NOW)
            importing = pool.submit(issue, "alice", score="2")
            asleep(engine, 1, unless=importing.done)
        (after,) = importing.result()
    assert [each.id for each in issuer.pending(9)] == [after]
    with engine.connect() as connection:
        whose = {row.id: row.subject_id for row in connection.execute(select(CREDENTIALS))}
        gone = connection.scalars(select(SUBJECTS.c.id).where(SUBJECTS.c.lookup.is_(None))).all()
    assert gone == [whose[before]] != [whose[after]]


def test_many_consent_at_once_in_another_order(issue, consents, at_once, vault):
    issue("ada", "bob", "cyd")

    def grant(*names):
        return lambda: consents.grant_many(names, TERMS, now=NOW, entropy=os.urandom)

    middle = select(SUBJECTS.c.id).where(SUBJECTS.c.lookup == vault.lookup("bob"))
    one, other = at_once(middle, grant("ada", "bob", "cyd"), grant("cyd", "bob", "ada"))
    assert {name: each.id for name, each in one.items()} == {name: each.id for name, each in other.items()}
    assert len(consents.listing()) == 3


def test_who_is_erased_while_their_credentials_are_registered(issue, issuer, at_once, engine, vault, signing_key):  # noqa: PLR0917 - fixtures
    older, newer = *issue("alice"), *issue("alice", score="2")
    eraser = Eraser(engine, vault, key=signing_key, provider="bank")
    places = select(OUTBOX.c.sequence)
    erased, _ = at_once(
        places,
        lambda: eraser.erase("alice", now=NOW, entropy=os.urandom),
        lambda: issuer.mark_registered([older, newer], [1, 2]),
    )
    assert (erased.credentials, issuer.pending_count()) == (2, 0)


def test_who_is_imported_again_while_they_are_registered(issue, issuer, at_once):
    names = ("ada", "bob", "cyd")
    held = dict(zip(issue(*names), names, strict=True))
    ids = sorted(held)
    outcomes, _ = at_once(
        select(CREDENTIALS.c.id).where(CREDENTIALS.c.id == ids[1]),
        lambda: issue(*(held[each] for each in reversed(ids)), score="2"),
        lambda: issuer.mark_registered(ids, [1, 2, 3]),
    )
    assert sorted(each.id for each in issuer.pending(9)) == sorted(outcomes)
