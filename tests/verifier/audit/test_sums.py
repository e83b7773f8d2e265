"""Sums of several attributes: what cannot be together is found across lenders and schemas, what can be never is."""

import random
from itertools import product

import pytest

from circuits.attributes import Schema
from circuits.predicate import evaluate, parse
from circuits.predicate.clauses import clauses as clauses_of
from circuits.vocabulary import Vocabulary
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.audit.sums import MOST_SUMS, MOST_VARIABLES
from verifier.entries.kinds import RevocationEntry, SchemaEntry
from verifier.entries.revocation import revoke
from verifier.errors import Blame

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
MOST = 9
NAMES = ("pay", "debt", "rent")


def schema_of(name, *names):
    attributes = [{"name": each, "type": "integer", "min": "0", "max": str(MOST)} for each in names]
    return Schema.from_json({"schema": name, "version": 1, "attributes": attributes})


BANK = schema_of("bank", *NAMES)
TAX = schema_of("tax", *reversed(NAMES))


@pytest.fixture
def bank(world):
    world.publish(SchemaEntry(world.company.name, BANK))
    credential = world.company.issue("ada/bank", dict.fromkeys(NAMES, "1"), schema=BANK)
    world.register(credential)
    return credential


@pytest.fixture
def tax(world, bank):  # noqa: ARG001 - logged before
    world.publish(SchemaEntry(world.company.name, TAX))
    credential = world.company.issue("ada/tax", dict.fromkeys(NAMES, "1"), schema=TAX)
    world.register(credential)
    return credential


FOUND = {
    "a sum and its parts": ([("pay > 5", "yes"), ("debt < 3", "yes"), ("pay - debt < 3", "yes")], (1, 2, 3)),
    "the sum first": ([("pay - debt < 3", "yes"), ("debt < 3", "yes"), ("pay > 5", "yes")], (1, 2, 3)),
    "a no": ([("pay > 5", "yes"), ("debt < 3", "yes"), ("pay - debt >= 3", "no")], (1, 2, 3)),
    "two sums": ([("pay + debt > 12", "yes"), ("pay + debt < 10", "yes")], (1, 2)),
    "coefficients": ([("pay > 4", "yes"), ("2 * pay < debt", "yes")], (1, 2)),
    "an equality": ([("pay == 3 * debt", "yes"), ("pay > 6", "yes"), ("debt < 3", "yes")], (1, 2, 3)),
    "an inequality": ([("pay == debt", "no"), ("pay == 4", "yes"), ("debt == 4", "yes")], (1, 2, 3)),
    "around a circle": ([("pay > debt", "yes"), ("debt > rent", "yes"), ("rent > pay", "yes")], (1, 2, 3)),
    "an alternative": (
        [("pay < 2 || debt < 2", "no"), ("pay + debt < 4", "yes")],
        (1, 2),
    ),
    "what is left out": (
        [("rent > 3", "yes"), ("pay > 5", "yes"), ("pay > 1", "yes"), ("debt < 3", "yes"), ("pay - debt < 3", "yes")],
        (2, 4, 5),
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_cannot_all_be_true(answers, bank, tax, name):
    asked, indices = FOUND[name]
    found = []
    for place, (predicate, answer) in enumerate(asked):
        credential, schema = ((bank, BANK), (tax, TAX))[place % 2]
        assert found == []
        found = answers.says(credential, predicate, answer, schema=schema, relying_party=f"bank-{place}")
    (one,) = found
    assert one.indices == indices
    assert "without a logged change" in one.reason
    assert "ada" not in one.reason
    assert all(f"entry {index} for bank-{index - 1} says" in one.reason for index in indices)
    assert answers.says(tax, asked[-1][0], asked[-1][1], schema=TAX) == []  # told once


CAN_BE = {
    "just so": [("pay > 5", "yes"), ("debt < 3", "yes"), ("pay - debt < 5", "yes")],
    "another attribute": [("pay > 5", "yes"), ("rent < 3", "yes"), ("pay - debt < 3", "yes")],
    "an alternative": [("pay < 2 || debt < 2", "yes"), ("pay + debt > 9", "yes")],
    "a clause that fails": [("pay - debt > 3 && rent > 3", "no"), ("pay - debt > 3", "yes")],
    "an inequality": [("pay == debt", "no"), ("pay == 4", "yes"), ("debt == 5", "yes")],
}


@pytest.mark.parametrize("name", CAN_BE)
def test_what_can_be_is_no_contradiction(answers, bank, tax, name):
    for place, (predicate, answer) in enumerate(CAN_BE[name]):
        credential, schema = ((bank, BANK), (tax, TAX))[place % 2]
        assert answers.says(credential, predicate, answer, schema=schema) == []


MANY = [f"a{number}" for number in range(MOST_VARIABLES + 2)]
WIDE = schema_of("wide", *MANY)
DECOYS = {
    "one sum of too many": [(" + ".join(MANY) + " < 80", "yes")],
    "sums of others": [(f"{one} + {other} < 19", "yes") for one, other in zip(MANY[2::2], MANY[3::2], strict=False)],
    "many sums of too many": [(" + ".join(MANY) + f" < {80 - place}", "yes") for place in range(MOST_SUMS)],
}


@pytest.mark.parametrize("decoys", DECOYS)
def test_questions_about_much_else_hide_nothing(answers, world, decoys):
    world.publish(SchemaEntry(world.company.name, WIDE))
    wide = world.company.issue("ada/wide", dict.fromkeys(MANY, "1"), schema=WIDE)
    world.register(wide)
    assert answers.says(wide, "a0 + a1 > 12", "yes", schema=WIDE) == []
    for predicate, answer in DECOYS[decoys]:
        assert answers.says(wide, predicate, answer, schema=WIDE) == []
    (found,) = answers.says(wide, "a0 + a1 < 10", "yes", schema=WIDE)
    assert found.indices == (1, len(DECOYS[decoys]) + 2)


def test_failed_clauses_say_more(answers, bank, tax):
    told = answers.says(bank, "pay - debt > 3 && rent > 3", "no", schema=BANK, clauses=(True, False))
    assert told == []
    (found,) = answers.says(tax, "pay - debt > 3", "no", schema=TAX)
    assert found.indices == (1, 2)


def test_other_people_are_other_people(answers, bank, tax):
    assert answers.says(bank, "pay + debt > 12", "yes", schema=BANK) == []
    assert answers.says(tax, "pay + debt < 10", "yes", schema=TAX, subject="bob") == []


def test_what_was_revoked_between_may_have_changed(answers, bank, tax, world):
    asked_at = world.log.size
    assert answers.says(bank, "pay + debt > 12", "yes", schema=BANK) == []
    signed_by = {"issued_at": world.now, "key": world.company.key}
    signed = revoke(provider=world.company.name, credential=bank.id, reason="erroneous", **signed_by)
    world.publish(RevocationEntry(signed.token))
    assert answers.says(tax, "pay + debt < 10", "yes", schema=TAX) == []
    (found,) = answers.says(tax, "pay + debt < 10", "yes", schema=TAX, asked_at=asked_at)  # put before, logged after
    assert found.indices == (1, 3)


def test_what_is_kept_is_bounded(answers, bank):
    for total in range(3 * MOST_SUMS):
        assert answers.says(bank, f"pay + {total + 2} * debt >= 0 || rent > 3", "yes", schema=BANK) == []
        assert answers.says(bank, f"pay + {total + 2} * debt <= {9 * total + 26}", "yes", schema=BANK) == []
    (kept,) = answers.consistency._sums.values()
    assert 1 < len(kept) <= MOST_SUMS


# -- people made up by chance ------------------------------------------------------------------------------------------


def comparison(chance):
    """One comparison of a sum, or of a single attribute."""
    operator = chance.choice(("<", "<=", ">", ">=", "==", "!="))
    if chance.random() < 0.4:
        return f"{chance.choice(NAMES)} {operator} {chance.randrange(MOST + 1)}"
    one, other = chance.sample(NAMES, 2)
    factor = chance.choice((1, 1, 2, 3))
    sign = chance.choice("+-")
    return f"{one} {sign} {factor} * {other} {operator} {chance.randrange(-5, 15)}"


def question(chance):
    if chance.random() < 0.6:
        return comparison(chance)
    return chance.choice((" || ", " && ")).join(comparison(chance) for _ in range(2))


def asked(chance, count):
    """Questions that the language accepts: some are always true."""
    found = []
    while len(found) < count:
        text = question(chance)
        try:
            parse(text, Vocabulary((BANK,)))
        except ValueError:
            continue
        found.append(text)
    return found


ROUNDS = [pytest.param(40, id="few"), pytest.param(600, id="many", marks=pytest.mark.long)]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_true_answers_never_contradict_each_other(answers, bank, tax, rounds):
    for seed in range(rounds):
        chance = random.Random(seed)  # noqa: S311 - to be repeated
        values = {name: chance.randrange(MOST + 1) for name in NAMES}
        for place, text in enumerate(asked(chance, 8)):
            credential, schema = ((bank, BANK), (tax, TAX))[place % 2]
            predicate = parse(text, Vocabulary((schema,)))
            told = evaluate(predicate, values, 0)
            clauses = None if told else tuple(evaluate(each, values, 0) for each in clauses_of(predicate))
            answer = "yes" if told else "no"
            settings = {"schema": schema, "clauses": clauses, "subject": f"person-{seed}"}
            assert answers.says(credential, text, answer, **settings) == [], (seed, values, text)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_what_is_found_nobody_can_be(answers, bank, tax, rounds):
    """Two lenders are answered from two people; every possible person is tried. Most of what could be found is."""
    possible = found = 0
    for seed in range(rounds):
        chance = random.Random(seed)  # noqa: S311 - to be repeated
        two = [{name: chance.randrange(MOST + 1) for name in NAMES} for _ in range(2)]
        contradictions, listed = [], []
        for place, text in enumerate(asked(chance, 16)):
            (credential, schema), values = ((bank, BANK), (tax, TAX))[place % 2], two[place % 2]
            predicate = parse(text, Vocabulary((schema,)))
            told = evaluate(predicate, values, 0)
            listed.append((predicate, told))
            settings = {"schema": schema, "subject": f"person-{seed}"}
            contradictions += answers.says(credential, text, "yes" if told else "no", **settings)
        first = answers.count - len(listed) + 1
        people = [dict(zip(NAMES, values, strict=True)) for values in product(range(MOST + 1), repeat=len(NAMES))]
        for one in contradictions:
            named = [listed[index - first] for index in one.indices]
            assert not any(all(evaluate(each, person, 0) == told for each, told in named) for person in people)
        nobody = not any(all(evaluate(each, person, 0) == told for each, told in listed) for person in people)
        possible += nobody
        found += bool(contradictions)
    assert possible > rounds / 4
    assert found > 0.8 * possible


# -- in a log ----------------------------------------------------------------------------------------------------------


def test_a_replay_names_the_answers(world, company, bank, tax):
    del bank, tax
    low = company.issue("ada/low", {"pay": "2", "debt": "2", "rent": "1"}, schema=schema_of("low", *NAMES))
    world.publish(SchemaEntry(company.name, schema_of("low", *NAMES)))
    world.register(low)
    first = world.ask("pay + debt < 5", "ada", schemas=(schema_of("low", *NAMES),)).index
    assert replay(export_lines(world.log), trust=world.trust).failure is None
    high = company.issue("ada/high", {"pay": "6", "debt": "6", "rent": "1"}, schema=schema_of("high", *NAMES))
    world.publish(SchemaEntry(company.name, schema_of("high", *NAMES)))
    world.register(high)
    second = world.ask("pay + debt > 9", "ada", schemas=(schema_of("high", *NAMES),), relying_party="second-bank").index
    (found,) = replay(export_lines(world.log), trust=world.trust).findings
    assert (found.index, found.blame, found.code, found.evidence) == (
        second,
        Blame.PROVIDER,
        "contradiction",
        (first, second),
    )
