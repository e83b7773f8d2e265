"""The promise: whoever is told everything that was paid for still cannot tell the person from `residual` other values.

Everybody in a small world is listed, so nothing here relies on what the rules compute with.
"""

from dataclasses import replace

import pytest
from world import SCHEMA, Provider, Reader, person, question, questions, random_dice

from circuits.leakage import Refusal, decide

PROMISED = (5, 4, 3)
SEEDS = [*range(12), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(12, 1500))]


def audience(seed, *, parties=1, shared=False, rules=decide, reissues=0):
    """Ask at random until the questions run out; what the strongest reader of each party, and of all, is left with."""
    dice = random_dice(seed)
    provider = Provider(person(dice), shared=shared, rules=rules)
    readers = {party: Reader() for party in range(parties)}
    together = Reader()
    for number, asked in enumerate(questions(dice, 25)):
        party = dice.randrange(parties)
        answer, free = provider.ask(party, asked)
        if answer is not None and not free:
            readers[party].hear(asked, provider.values)
            together.hear(asked, provider.values)
        if reissues and number % (25 // (reissues + 1)) == 7:
            provider.reissue(provider.values)
    return provider, readers, together


@pytest.mark.parametrize("seed", SEEDS)
def test_one_relying_party(seed):
    provider, readers, _ = audience(seed)
    assert all(width >= least for width, least in zip(readers[0].widths, PROMISED, strict=True))
    for name, value in provider.values.items():
        left = provider.known[0].own.left(((1, name),), SCHEMA) if provider.known else ((value, value),)
        assert any(low <= value <= high for low, high in left)


@pytest.mark.parametrize("seed", SEEDS)
def test_new_commitments_to_the_same_values_reset_nothing(seed):
    _, readers, _ = audience(seed, reissues=4)
    assert all(width >= least for width, least in zip(readers[0].widths, PROMISED, strict=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_new_value_is_protected_like_the_first(seed):
    dice = random_dice(seed)
    provider, _, _ = audience(seed)
    provider.reissue(person(dice))
    reader = Reader()
    for asked in questions(dice, 25):
        answer, free = provider.ask(0, asked)
        if answer is not None and not free:
            reader.hear(asked, provider.values)
    assert all(width >= least for width, least in zip(reader.widths, PROMISED, strict=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_many_relying_parties_each_and_on_a_ladder_all_together(seed):
    _, readers, together = audience(seed, parties=4)
    for reader in readers.values():
        assert all(width >= least for width, least in zip(reader.widths, PROMISED, strict=True))
    assert together.widths[2] >= PROMISED[2]


@pytest.mark.parametrize("seed", SEEDS)
def test_one_budget_for_all_of_them_together(seed):
    _, _, together = audience(seed, parties=4, shared=True)
    assert all(width >= least for width, least in zip(together.widths, PROMISED, strict=True))


def lenient(kind):
    """The rules without one of them."""

    def rules(asked, known, given):
        decision = decide(asked, known, given)
        return replace(decision, refusal=None) if decision.refusal is kind else decision

    return rules


@pytest.mark.parametrize("kind", [Refusal.RESIDUAL, Refusal.LADDER])
def test_without_a_rule_the_promise_breaks(kind):
    broken = 0
    for seed in range(40):
        _, readers, _ = audience(seed, rules=lenient(kind))
        broken += any(width < least for width, least in zip(readers[0].widths, PROMISED, strict=True))
    assert broken


def test_colluding_parties_without_a_common_budget_can_go_below_the_residual():
    """Why there is a ladder, and a setting: each of four is kept at the residual, all four together are not."""
    assert any(audience(seed, parties=4)[2].widths[0] < PROMISED[0] for seed in range(40))


def test_some_of_everything_happens():
    counts = [audience(seed)[0].counts for seed in range(40)]
    for kind in ("free", "spent", "refused"):
        assert sum(count[kind] for count in counts) > 200


def test_the_whole_question_is_told_what_it_costs():
    asked = question("x > 20 || y > 3")
    provider = Provider(person(random_dice(1)))
    provider.ask(0, asked)
    assert provider.known[0].own.cuts == {((1, "x"),): (21,), ((1, "y"),): (4,)}
