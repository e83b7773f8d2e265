"""The rules one by one: each refusal stands beside a question that is allowed, after the same past."""

from dataclasses import replace

import pytest
from world import SCHEMA, TODAY, Provider, question

from circuits import predicate as predicates
from circuits.attributes import Schema, default_schema
from circuits.errors import EncodingError
from circuits.leakage import Knowledge, Known, Question, Refusal, Rules, decide, disclosed, learn
from circuits.query import Reasons

KYC = default_schema()
W = {"name": "w", "type": "integer", "min": "0", "max": "40", "disclosure": {"residual": "3"}}


def told(*past, rules=None):
    """What is known after questions (text, answer) that were all allowed."""
    known = Known()
    for text, answer in past:
        asked = question(text)
        decision = decide(asked, known, rules or Rules())
        assert decision.refusal is None, text
        known = known if decision.free else learn(asked, decision.spent, answer=answer)
    return known


@pytest.mark.parametrize(
    ("past", "allowed", "refused", "why"),
    [
        ([], "x >= 5", "x >= 4", Refusal.RESIDUAL),  # 0..3 are fewer than five values
        ([], "x <= 35", "x <= 36", Refusal.RESIDUAL),
        ([], "x >= 5", "x == 20", Refusal.RESIDUAL),
        ([], "x >= 5", "x != 20", Refusal.RESIDUAL),
        ([], "x >= 5", "x in [3, 17]", Refusal.RESIDUAL),
        ([("x > 20", True)], "x > 25", "x > 24", Refusal.RESIDUAL),
        ([("x > 20", False)], "x > 15", "x > 16", Refusal.RESIDUAL),
        ([], "x > 20 || h", "x > 38 || h", Refusal.RESIDUAL),  # told or not, each clause counts
        ([("x > 20 || h", True)], "x > 25", "x > 23", Refusal.RESIDUAL),
        ([("x > 20 && h", True)], "x > 25", "!(x > 22)", Refusal.RESIDUAL),
        ([], "z > 5", "z > 6", Refusal.LADDER),
        ([], "z > 5", "x + z > 20", Refusal.LADDER),  # a form is a threshold wherever x puts it
        ([], "z > 5", "z >= 5", Refusal.LADDER),  # who may ask from both sides knows who has exactly 5
        ([], "z <= 10", "z < 10", Refusal.LADDER),
        ([], "z > 20 || z <= 5", "z == 20", Refusal.LADDER),
        ([], "at_least(1, z > 5, z > 10)", "z in [5, 10]", Refusal.LADDER),
        ([("z > 10 || h", True)], "z > 10", "z >= 10", Refusal.LADDER),
        ([], "x + y > 20", "x + t > 20", Refusal.FORM),
        ([], "x + y > 0", "x + y > 63", Refusal.RESIDUAL),  # a corner: x is 39 or 40
        ([("x > 20", False), ("y > 10", False)], "x + y > 0", "x + y > 26", Refusal.RESIDUAL),
    ],
)
def test_a_refusal_beside_what_is_allowed(past, allowed, refused, why):
    known = told(*past)
    assert decide(question(allowed), known, Rules()).refusal is None
    decision = decide(question(refused), known, Rules())
    assert decision.refusal is why
    assert decision.spent == known


@pytest.mark.parametrize(
    ("past", "free", "spends"),
    [
        ([("x > 20", True)], "x > 20", "x > 26"),
        ([("x > 20", True)], "x > 3", "x > 26"),  # 3 would not be allowed, but follows
        ([("x > 20", True)], "x == 7", "x > 26"),
        ([("x > 20", True), ("y > 5", True)], "x + y > 20", "x + y > 40"),
        ([("x > 20 && h", True)], "h", "t > 3"),
        ([("x > 20 || h", False)], "x > 20", "x > 10"),
        ([("x + y > 20", True)], "x + y > 10", "x > 20"),
    ],
)
def test_what_follows_is_free(past, free, spends):
    known = told(*past)
    decision = decide(question(free), known, Rules())
    assert (decision.free, decision.spent) == (True, known)
    assert not decide(question(spends), known, Rules()).free


def test_with_its_clauses_a_question_is_free_only_if_they_all_follow():
    known = told(("h", False))
    assert decide(question("h && x > 20"), known, Rules()).free
    assert not decide(question("h && x > 20", Reasons.FAILED_CLAUSES), known, Rules()).free


def test_all_clauses_told():
    asked = question("x > 20 && y > 3", Reasons.FAILED_CLAUSES)
    known = learn(asked, decide(asked, Known(), Rules()).spent, answer=False, clauses=[False, True])
    assert known.own.left(((1, "x"),), SCHEMA) == ((0, 20),)
    assert known.own.left(((1, "y"),), SCHEMA) == ((4, 25),)


def test_an_offered_form_may_be_asked():
    rules = Rules(offered={((1, "x"), (1, "z")): frozenset({21})})
    assert decide(question("x + z > 20"), Known(), rules).refusal is None
    assert decide(question("x + z > 22"), Known(), rules).refusal is Refusal.LADDER


def test_everyone_elses_knowledge_counts_only_for_a_common_budget():
    others = told(("x > 20", True), ("z > 10", False)).everyone
    known = Known(everyone=others)
    assert decide(question("x > 23"), known, Rules()).refusal is None
    assert decide(question("x > 23"), known, Rules(shared=True)).refusal is Refusal.SHARED
    assert decide(question("z > 10"), known, Rules(shared=True)).refusal is None


@pytest.mark.parametrize("value", [3, 25])
def test_what_others_were_told_of_a_ladder_decides_nothing(value):
    """Nobody learns from a refusal how z > 10 came out for somebody else."""
    provider = Provider({"x": 1, "y": 19, "z": value, "h": 0, "t": 0})
    for party, text in enumerate(("z > 10", "z > 5", "z > 20")):
        assert provider.ask(party, question(text))[0] is (value > int(text[4:]))
    assert provider.ask(3, question("z >= 5")) == (None, False)
    assert provider.ask(3, question("z >= 20")) == (None, False)


def test_what_is_known_of_an_old_value_makes_nothing_free_and_nothing_possible():
    known = told(("x > 20", True), ("x > 30", False))
    renewed = Known(known.own.without(["x"]), known.everyone.without(["x"]))
    assert decide(question("x > 20"), known, Rules()).free
    assert not decide(question("x > 20"), renewed, Rules()).free
    assert decide(question("x > 20"), renewed, Rules()).refusal is None
    assert decide(question("x > 23"), renewed, Rules()).refusal is Refusal.RESIDUAL  # the cuts stay


def test_forms_that_were_asked_of_other_values_are_mixed_and_stay_so():
    known = told(("x + y > 20", True), ("x - y > 3 && h", True)).own
    assert known.mixed == frozenset()
    renewed = known.without(["x"])
    assert renewed.mixed == set(known.cuts) - {((1, "x"),), ((1, "y"),)} != frozenset()
    assert renewed.without(["h"]) == replace(
        renewed, possible={k: v for k, v in renewed.possible.items() if "h" not in str(k)}
    )
    assert known.without(["z"]) == known
    assert Knowledge.from_bytes(renewed.to_bytes()) == renewed


def test_a_form_of_more_than_two_attributes_is_asked_of_one_value_only():
    schema = Schema.from_json(SCHEMA.to_json() | {"attributes": [*SCHEMA.to_json()["attributes"], W]})
    asked = question("x + y + w > 40", schema=schema)
    known = learn(asked, decide(asked, Known(), Rules()).spent, answer=True)
    assert decide(question("x + y + w > 60", schema=schema), known, Rules()).refusal is None
    renewed = Known(known.own.without(["x"]))
    assert decide(question("x + y + w > 40", schema=schema), renewed, Rules()).refusal is Refusal.RESIDUAL
    assert decide(question("x + w > 40", schema=schema), renewed, Rules()).refusal is Refusal.RESIDUAL
    assert decide(question("y > 3", schema=schema), renewed, Rules()).refusal is None
    assert decide(question("z > 5", schema=schema), renewed, Rules()).refusal is None


def test_an_answer_that_contradicts_what_was_known_starts_anew():
    known = told(("x > 20", True))
    again = learn(question("x > 20"), known, answer=False)
    assert again.own.left(((1, "x"),), SCHEMA) == ((0, 40),)


def test_the_same_age_on_another_day_is_another_threshold():
    days = {
        "schema": "born",
        "version": 1,
        "attributes": [{"name": "date_of_birth", "type": "date", "disclosure": {"residual": "30"}}],
    }
    schema = Schema.from_json(days)

    def adult(as_of):
        return Question(predicates.parse("age(date_of_birth) >= 21", schema), schema, as_of)

    first = adult(TODAY)
    no = learn(first, decide(first, Known(), Rules()).spent, answer=False)
    yes = learn(first, decide(first, Known(), Rules()).spent, answer=True)
    assert decide(adult(TODAY + 1), yes, Rules()).free
    assert decide(adult(TODAY + 1), no, Rules()).refusal is Refusal.RESIDUAL  # a yes tomorrow would be a birthday
    assert decide(adult(TODAY + 31), no, Rules()).refusal is None


def test_a_salary_cannot_be_pinned_by_bisection():
    low, high, salary = 0, 10_000_000_00, 123_456_78
    known, asked = Known(), 0
    while high > low:
        middle = (low + high) // 2
        text = f"debt > {middle // 100}.{middle % 100:02}"
        probe = Question(predicates.parse(text, KYC), KYC, TODAY)
        decision = decide(probe, known, Rules())
        if decision.refusal:
            break
        known = learn(probe, decision.spent, answer=salary > middle)
        low, high = (middle + 1, high) if salary > middle else (low, middle)
        asked += 1
    assert asked == 9
    assert high - low + 1 >= 10_000_00


@pytest.mark.parametrize(
    "text", ["x > 20", "2 * x - 3 * y > 4", "h", "x > 20 && !(y > 3) || t == 4", "x in [10, 20, 30]"]
)
def test_what_is_known_survives_its_bytes(text):
    asked = question(text)
    known = learn(asked, decide(asked, Known(), Rules()).spent, answer=True).own
    assert Knowledge.from_bytes(known.to_bytes()) == known


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b'{"cuts":[],"possible":[]}',
        b'{"cuts":[],"mixed":[["x"]],"possible":[]}',
        b'{"mixed":[],"possible":[],"cuts":[]}',
    ],
)
def test_other_bytes_are_refused(content):
    assert Knowledge.from_bytes(b'{"cuts":[],"mixed":[],"possible":[]}') == Knowledge()
    with pytest.raises(EncodingError):
        Knowledge.from_bytes(content)


def test_what_an_answer_disclosed():
    asked = question("x > 20 && t > 4")
    spent = decide(asked, Known(), Rules()).spent
    yes, no = (learn(asked, spent, answer=answer).own for answer in (True, False))
    x, t = disclosed(asked, Knowledge(), yes)
    assert (x.name, x.left, str(x.bits), x.narrowest) == ("x", ((21, 40),), "1.04", 20)
    assert (t.name, t.left, str(t.bits), t.narrowest) == ("t", ((5, 9),), "1.00", None)
    x, t = disclosed(asked, Knowledge(), no)
    assert (x.left, str(x.bits), x.narrowest) == (((0, 40),), "0", 20)  # one of the two, and not which
    assert (t.left, str(t.bits)) == (((0, 9),), "0")


def test_what_nobody_else_knows_is_worked_out_once():
    known, other = Knowledge({((1, "debt"),): (5,)}), Knowledge({((1, "debt"),): (7,)})
    for everyone, times in ((known, 1), (replace(known), 1), (other, 2), (Knowledge(), 2)):
        seen: list[Knowledge] = []

        def change(before, seen=seen):
            seen.append(before)
            return before.with_cuts({((1, "debt"),): (9,)})

        assert Known(known, everyone).each(change) == Known(change(known), change(everyone))
        assert len(seen) == times + 2
