"""People are found by what names them, and nobody else is."""

import os

import pytest

from circuits.attributes import Schema
from prover import people
from prover.errors import SubjectUnknown
from prover.models import SUBJECTS
from prover.records import Record

NOW = 1_800_000_000
SCHEMA = Schema.from_json(
    {"schema": "one", "version": 1, "attributes": [{"name": "score", "type": "integer", "min": "0", "max": "9"}]}
)


@pytest.fixture
def named(issuer):
    records = [Record(name, {"score": "1"}) for name in ("ann", "bob")]
    issuer.issue(records, schema=SCHEMA, now=NOW, entropy=os.urandom)
    return ("ann", "bob")


@pytest.mark.parametrize("found", [people.find, people.hold])
def test_a_person_is_found_by_reference(engine, vault, named, found):
    with engine.begin() as connection:
        assert [vault.reference(found(connection, vault, name)) for name in named] == list(named)
        with pytest.raises(SubjectUnknown):
            found(connection, vault, "carl")


def test_a_person_is_found_by_what_holds_of_them_alone(engine, vault, named):
    with engine.begin() as connection:
        ann = people.find(connection, vault, named[0])
        assert people.find_where(connection, SUBJECTS.c.id == ann.id) == ann
        with pytest.raises(SubjectUnknown):
            people.find_where(connection, SUBJECTS.c.id == bytes(16))


def test_who_is_erased_is_nobody(engine, vault, named):
    with engine.begin() as connection:
        ann = people.find(connection, vault, named[0])
    vault.erase(engine, named[0], now=NOW)
    with engine.begin() as connection:
        for found in (people.find, people.hold):
            with pytest.raises(SubjectUnknown):
                found(connection, vault, named[0])
        with pytest.raises(SubjectUnknown):
            people.find_where(connection, SUBJECTS.c.id == ann.id)
        assert vault.reference(people.hold(connection, vault, named[1])) == named[1]


def test_holding_several_looks_for_nobody(engine, vault, named):
    lookups = [vault.lookup(name) for name in (*named, "carl", *named)]
    with engine.begin() as connection:
        people.hold_all(connection, lookups)
        people.hold_all(connection, [])
