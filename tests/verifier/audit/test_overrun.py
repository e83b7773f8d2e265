"""What one relying party was told in all is held against what the schema promises."""

import pytest

from circuits.attributes import Schema
from verifier.audit.export import export_lines
from verifier.audit.overrun import MOST_ENTRIES, Overruns
from verifier.audit.replay import replay
from verifier.entries.kinds import SchemaEntry
from verifier.errors import Blame

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def told(world):
    report = replay(export_lines(world.log), trust=world.trust)
    return [(each.index, each.blame, each.code, each.evidence) for each in report.findings]


def test_answers_that_pin_a_value_are_found_with_all_of_them(world):
    first = world.ask("salary > 100000", "ada").index
    world.ask("salary > 129500", "bob")
    second = world.ask("salary > 140000", "ada").index
    assert told(world) == []
    third = world.ask("salary > 130000", "ada").index
    fourth = world.ask("salary > 125000", "ada").index
    assert told(world) == [(fourth, Blame.PROVIDER, "overrun", (first, second, third, fourth))]
    world.ask("salary > 128000", "ada")
    assert len(told(world)) == 1  # told once


def test_several_relying_parties_do_not_overrun_together(world):
    world.ask("salary > 125000", "ada")
    world.ask("salary > 130000", "ada", relying_party="second-bank")
    assert told(world) == []


def test_a_new_value_may_be_asked_about_anew(world, people):
    world.ask("salary > 125000", "ada")
    world.register(world.company.issue("ada/2", {"salary": "60000"}, supersedes=people["ada"].id))
    world.ask("salary > 130000", "ada")
    assert told(world) == []


def test_asking_about_another_schema_between_makes_nobody_forget(world):
    told_less = Schema.from_json(
        {
            "schema": "tax",
            "version": 1,
            "attributes": [
                {
                    "name": "salary",
                    "type": "money",
                    "currency": "USD",
                    "period": "year",
                    "max": "10000000",
                    "disclosure": {"residual": "10000"},
                }
            ],
        }
    )
    world.publish(SchemaEntry(world.company.name, told_less))
    world.register(world.company.issue("ada/tax", {"salary": "500000"}, schema=told_less))
    world.ask("salary > 125000", "ada")
    world.ask("salary > 1000", "ada", schemas=(told_less,))
    world.ask("salary > 130000", "ada")
    assert [code for _index, _blame, code, _evidence in told(world)] == ["overrun"]


def test_a_mask_that_is_known_hides_nothing(world):
    world.ask('country == "US"', "ada")
    world.ask('salary > 130000 && country == "US"', "ada")
    world.ask('salary > 125000 || country != "US"', "ada")
    assert [code for _index, _blame, code, _evidence in told(world)] == ["overrun"]


def test_what_is_kept_is_bounded(world, monkeypatch):
    monkeypatch.setattr("verifier.audit.overrun.MOST_PAIRS", 2)
    overruns = Overruns()
    for party in ("a", "b", "c"):
        logged = world.ask("salary > 1000", "ada", relying_party=party)
        for _ in range(MOST_ENTRIES + 5):
            overruns.add(logged.index, logged.checked.claim)
    assert [len(reader.indices) for reader in overruns._readers.values()] == [MOST_ENTRIES] * 2
