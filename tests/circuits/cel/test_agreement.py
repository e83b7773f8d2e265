"""Random questions and random wreckage: what we accept, CEL accepts, and it means the same in both.

The same seed gives the same run. A fresh one is drawn as well; a failure tells which, and at which number.
"""

import secrets

import pytest
from agreement import compare_mutated, compare_random

SEEDS = range(5)
LONG_SEEDS = range(100, 120)
FRESH = 1 << 30


@pytest.mark.parametrize("seed", SEEDS)
def test_questions_mean_the_same_in_cel(seed):
    count = compare_random(seed, 500)
    assert count.answered == 500
    assert count.answers[True] > 500
    assert count.answers[False] > 500
    assert count.unasked < 50


@pytest.mark.parametrize("seed", SEEDS)
def test_mutated_texts_are_refused_or_accepted_by_both(seed):
    count = compare_mutated(seed, 1000)
    assert count.accepted > 20
    assert count.refused_by_both > 500


def test_fresh_questions_and_texts():
    seed = secrets.randbelow(FRESH)
    assert compare_random(seed, 300).answered == 300
    assert compare_mutated(seed, 700).refused_by_both


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG_SEEDS)
def test_questions_mean_the_same_in_cel_20_000_times(seed):
    assert compare_random(seed, 1000).answered == 1000


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG_SEEDS)
def test_mutated_texts_are_refused_or_accepted_by_both_60_000_times(seed):
    assert compare_mutated(seed, 3000).refused_by_both
