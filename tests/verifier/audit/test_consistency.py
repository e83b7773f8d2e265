"""What answers say together: a value that differs from lender to lender is found, one that changed is not."""

import pytest

from circuits.attributes import Schema
from verifier.audit.consistency import MOST_FACTS, MOST_SOURCES
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.entries.kinds import RevocationEntry, SchemaEntry
from verifier.entries.revocation import revoke
from verifier.errors import Blame
from verifier.evidence.evidence import build, verify_evidence

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

TAX = Schema.from_json(
    {
        "schema": "tax",
        "version": 1,
        "attributes": [
            {"name": "salary", "type": "money", "currency": "USD", "period": "year", "max": "90000000"},
            {"name": "country", "type": "enum", "values": ["FR", "DE", "US"]},
            {"name": "date_of_birth", "type": "date", "min": "1900-01-01", "max": "2199-12-31"},
            {"name": "savings", "type": "money", "currency": "EUR", "max": "90000000"},
        ],
    }
)
VALUES = {"salary": "80000", "country": "DE", "date_of_birth": "1990-02-28", "savings": "7"}
OTHER = Schema.from_json(
    {
        "schema": "other",
        "version": 1,
        "attributes": [
            {"name": "salary", "type": "money", "currency": "USD", "max": "90000000"},
            {"name": "savings", "type": "money", "currency": "USD", "max": "90000000"},
        ],
    }
)


@pytest.fixture
def table(world, answers):
    world.publish(SchemaEntry(world.company.name, TAX))
    return answers


@pytest.fixture
def issue(world):
    def make(name="ada/tax", *, schema=TAX, **changes):
        values = VALUES if schema == TAX else {"salary": "1"}
        credential = world.company.issue(name, values, schema=schema, **changes)
        world.register(credential)
        return credential

    return make


@pytest.fixture
def tax(table, issue):  # noqa: ARG001 - the log has the schema
    return issue()


PAIRS = {
    "two countries": (
        ('country == "US"', "yes"),
        ('country == "DE"', "yes"),
        'entry 2 for second-bank says country is "DE"',
    ),
    "a country and not": (('country == "US"', "yes"), ('country in ["US", "FR"]', "no"), '"US"; entry 2'),
    "two salaries": (("salary > 100000", "yes"), ("salary > 90000", "no"), "at least 100,000.01 USD per year"),
    "two birthdays": (("age(date_of_birth) >= 40", "yes"), ("age(date_of_birth) >= 30", "no"), "(40 or older)"),
    "within an alternative": (
        ("salary > 100000 && age(date_of_birth) >= 18", "yes"),
        ('salary > 90000 || country == "FR"', "no"),
        "salary is",
    ),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_two_schemas_two_values_two_lenders(table, people, tax, pair):
    (first, one), (second, other), words = PAIRS[pair]
    assert table.says(people["ada"], first, one) == []
    (found,) = table.says(tax, second, other, schema=TAX, relying_party="second-bank")
    assert found.indices == (1, 2)
    assert "without a logged change" in found.reason
    assert words in found.reason
    assert "ada" not in found.reason
    assert table.says(tax, second, other, schema=TAX) == []  # told once


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("salary > 100000", "yes"), ("salary > 110000", "no")),
        (('country == "US"', "yes"), ('country == "DE"', "no")),
        (('country == "US"', "no"), ('country in ["US", "FR"]', "yes")),
        (('country in ["US", "CA"]', "yes"), ('country in ["US", "FR"]', "yes")),
        (('salary > 100000 || country == "US"', "yes"), ("salary > 90000", "no")),
    ],
)
def test_what_can_both_be(table, people, tax, first, second):
    assert table.says(people["ada"], *first) == []
    assert table.says(tax, *second, schema=TAX) == []


WORK = [
    Schema.from_json(
        {"schema": "work", "version": version, "attributes": [{"name": "work", "type": "enum", "values": values}]}
    )
    for version, values in ((1, ["employed", "other"]), (2, ["other", "freelancer", "employed"]))
]


@pytest.mark.parametrize("newer_first", [False, True])
@pytest.mark.parametrize(
    ("values", "contradictory"),
    [
        (("other", "freelancer"), False),  # which the older list has not
        (("other", "other"), False),
        (("employed", "employed"), False),
        (("employed", "other"), True),
        (("other", "employed"), True),
    ],
)
def test_a_list_with_more_words_is_no_other_value(table, world, newer_first, values, contradictory):
    said = []
    for schema, value in zip(WORK, values, strict=True):
        world.publish(SchemaEntry(world.company.name, schema))
        credential = world.company.issue(f"ada/{schema.version}", {"work": value}, schema=schema)
        world.register(credential)
        said.append((credential, f'work == "{value}"', schema))
    found = [
        each
        for credential, predicate, schema in (reversed(said) if newer_first else said)
        for each in table.says(credential, predicate, "yes", schema=schema)
    ]
    assert bool(found) is contradictory


def test_ages_are_compared_as_dates_of_birth(table, people, tax):
    assert table.says(people["ada"], "age(date_of_birth) >= 18", "no", as_of="2026-01-01") == []
    assert table.says(tax, "age(date_of_birth) >= 18", "yes", schema=TAX, as_of="2026-11-18") == []
    (found,) = table.says(tax, "age(date_of_birth) >= 19", "yes", schema=TAX, as_of="2026-11-18")
    assert found.indices == (1, 3)


def test_only_the_same_attribute_of_the_same_person(table, people, tax, issue, world):
    world.publish(SchemaEntry(world.company.name, OTHER))
    other = issue("ada/other", schema=OTHER)
    assert table.says(people["ada"], "salary > 100000", "yes") == []
    assert table.says(other, "salary > 90000", "no", schema=OTHER) == []  # not per year
    assert table.says(tax, "savings > 5", "yes", schema=TAX) == []
    assert table.says(other, "savings > 5", "no", schema=OTHER) == []  # another currency
    assert table.says(people["bob"], "salary > 90000", "no", subject="bob") == []
    assert len(table.says(tax, "salary > 90000", "no", schema=TAX)) == 1


def test_one_commitment(table, people):
    assert table.says(people["ada"], "salary > 100000", "yes") == []
    assert table.says(people["ada"], "salary > 110000", "no") == []
    (found,) = table.says(people["ada"], "salary > 100000", "no", relying_party="second-bank")
    assert found.indices == (1, 3)
    assert "one commitment" in found.reason


def test_more_than_two_answers_that_no_two_of_which_contradict(table, people):
    assert table.says(people["ada"], 'country in ["US", "DE"]', "yes") == []
    assert table.says(people["ada"], 'country in ["US", "FR"]', "yes") == []
    assert table.says(people["ada"], "salary > 5", "yes") == []
    (found,) = table.says(people["ada"], 'country in ["DE", "FR"]', "yes")
    assert found.indices == (1, 2, 4)


def test_failed_clauses_say_more(table, people, tax):
    assert table.says(people["ada"], 'salary > 100000 && country == "FR"', "no", clauses=(True, False)) == []
    found = table.says(tax, "salary > 90000", "no", schema=TAX)
    assert [each.attribute for each in found] == ["salary"]


def test_a_value_that_changed(table, people, issue, world):
    assert table.says(people["ada"], "salary > 100000", "yes") == []
    newer = world.company.issue("ada/2", {"salary": "5"}, supersedes=people["ada"].id)
    world.register(newer)
    assert table.says(newer, "salary > 90000", "no") == []
    tax = issue()
    assert table.says(tax, "salary > 90000", "no", schema=TAX) == []
    (found,) = table.says(tax, "salary > 90000", "yes", schema=TAX)  # itself: that it is not the other's is no news
    assert found.indices == (3, 4)


def test_a_value_that_changed_under_the_other_schema(table, people, tax, issue):
    assert table.says(people["ada"], "salary > 100000", "yes") == []
    newer = issue("ada/tax/2", supersedes=tax.id)
    assert table.says(newer, "salary > 90000", "no", schema=TAX) == []
    (found,) = table.says(people["ada"], "salary > 100000", "yes", relying_party="second-bank")
    assert found.indices == (2, 3)  # asked for again, it is what the provider says now


def test_what_was_revoked_between(table, people, tax, world):
    asked_at = world.log.size
    assert table.says(people["ada"], "salary > 100000", "yes") == []
    company, ada = world.company, people["ada"]
    word = revoke(provider=company.name, credential=ada.id, reason="erroneous", issued_at=world.now, key=company.key)
    world.publish(RevocationEntry(word.token))
    assert table.says(tax, "salary > 90000", "no", schema=TAX) == []
    (found,) = table.says(tax, "salary > 90000", "no", schema=TAX, asked_at=asked_at)  # put before, logged after
    assert found.indices == (1, 3)


def test_what_is_kept_is_bounded(table, people, world):
    for threshold in range(200):
        table.says(people["ada"], f"salary > {threshold}", "yes")
        table.says(people["ada"], f"salary > {500 - threshold}", "no")
    previous = people["ada"].id
    for number in range(MOST_SOURCES + 4):
        newer = world.company.issue(f"ada/{number}", {"salary": "5"}, supersedes=previous)
        world.register(newer)
        previous = newer.id
        for threshold in range(MOST_FACTS + 4):
            assert table.says(newer, f"salary > {100 - threshold}", "yes", asked_at=world.log.size + threshold) == []
    (sources,) = table.consistency._sources.values()
    assert len(sources) <= MOST_SOURCES
    assert max(len(source.facts) for source in sources) <= MOST_FACTS
    assert table.says(newer, "salary > 100", "no")  # what says most is still there


# -- in a log ----------------------------------------------------------------------------------------------------------


def test_a_replay_names_both_answers(world, company, people):  # noqa: ARG001 - the log has them
    world.publish(SchemaEntry(company.name, TAX))
    world.register(company.issue("ada/tax", VALUES, schema=TAX))
    first = world.ask('country == "US"', "ada").index
    world.ask('country == "US"', "bob")
    assert replay(export_lines(world.log), trust=world.trust).failure is None
    second = world.ask('country == "DE"', "ada", schemas=(TAX,), relying_party="second-bank").index
    report = replay(export_lines(world.log), trust=world.trust)
    (found,) = report.findings
    assert (found.index, found.blame, found.code) == (second, Blame.PROVIDER, "contradiction")
    assert found.evidence == (first, second)
    assert found.reason.endswith(
        f'entry {first} for first-bank says country is "US"; entry {second} for second-bank says country is "DE"'
    )
    assert report.answers == 3
    for index in found.evidence:  # each a file of its own
        evidence = build(index, log=world.log, registry=world.registry)
        assert verify_evidence(evidence, trust=world.trust).index == index
