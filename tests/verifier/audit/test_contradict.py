"""Evidence files held against each other: two values of one person, two entries of one number, and what is neither."""

import os

import pytest

from api.database import migrate, open_engine
from circuits.attributes import Schema
from verifier.audit.contradict import compare
from verifier.entries.kinds import SchemaEntry, decode_logged
from verifier.evidence.evidence import build, verify_evidence
from verifier.fold.registry import Registry
from verifier.log.writer import Log
from verifier.publishing import publish

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TAX = Schema.from_json(
    {
        "schema": "tax",
        "version": 1,
        "attributes": [
            {"name": "salary", "type": "money", "currency": "USD", "period": "year", "max": "90000000"},
            {"name": "country", "type": "enum", "values": ["FR", "DE", "US"]},
        ],
    }
)


@pytest.fixture
def verdict(world):
    def verified(index):
        content = build(index, log=world.log, registry=world.registry)
        return verify_evidence(content, trust=world.trust, engine="reference")

    return verified


@pytest.fixture
def tax(world):
    world.publish(SchemaEntry(world.company.name, TAX))
    credential = world.company.issue("ada/tax", {"salary": "80000", "country": "DE"}, schema=TAX)
    world.register(credential)
    return credential


def test_two_values_of_one_person(world, verdict, tax):
    first = verdict(world.ask("salary > 100000", "ada").index)
    second = verdict(world.ask("salary > 90000", "ada", schemas=(TAX,), relying_party="second-bank").index)
    (found,) = compare([second, first]).contradictions
    assert found.indices == (first.index, second.index)
    assert "entry" in found.reason
    (gap,) = compare([first, second]).untold
    asked = [each.attestation.checked.claim.asked_at for each in (first, second)]
    assert gap == (world.company.held["ada", world.company.schema].id, *asked)
    assert tax.id != gap[0]


def test_what_can_both_be(world, verdict, tax):
    del tax
    first = verdict(world.ask("salary > 100000", "ada").index)
    again = verdict(world.ask("salary > 120000", "ada", relying_party="second-bank").index)
    another = verdict(world.ask("salary > 90000", "bob").index)
    told = compare([first, again, another, first])
    assert (told.contradictions, told.forked, told.untold) == ((), (), ())


def test_a_successor_in_the_files_ends_what_it_succeeds(world, verdict):
    first = verdict(world.ask("salary > 100000", "ada").index)
    world.register(world.company.issue("ada/2", {"salary": "5"}, supersedes=world.company.subjects["ada"].id))
    second = verdict(world.ask("salary > 90000", "ada").index)
    assert (first.answer, second.answer) == (True, False)
    assert compare([first, second]).contradictions == ()


def test_two_entries_of_one_number(world, verdict, tmp_path, signer):
    """The operator forked its log: each file holds, and both are signed for."""
    first = verdict(world.ask("salary > 100000", "ada").index)
    engine = open_engine(f"sqlite:///{tmp_path / 'fork'}")
    migrate(engine, "verifier")
    with Log(engine, signer, entropy=os.urandom) as log:
        registry = Registry()
        for logged in list(world.log.read(0, first.index)):
            publish(decode_logged(logged), log=log, registry=registry, now=logged.appended_at)
        honest, world.log, world.registry = (world.log, world.registry), log, registry
        second = verdict(world.ask("salary > 100000", "bob").index)
        world.log, world.registry = honest
    engine.dispose()
    assert first.index == second.index
    assert compare([first, second]).forked == (first.index,)
