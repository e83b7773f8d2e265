"""What is declined waits for the slowest decision of late, in steps; the clock is the test's."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from api.prover.pace import MOST, WINDOW, Pace

STEP = 0.25


@pytest.fixture
def pace():
    return Pace(STEP)


@pytest.fixture
def decide(pace):
    """A decision from one time to another."""

    def decide(began, ended):
        deciding = pace.begin(began)
        pace.end(deciding, ended)
        return deciding

    return decide


def steps(pace, deciding, now):
    return (pace.due(deciding, now) - deciding.began) / STEP


@pytest.mark.parametrize(("took", "due"), [(0.0, 1), (0.01, 1), (0.249, 1), (0.25, 2), (0.6, 3), (30.0, 121)])
def test_alone_a_refusal_is_told_at_the_next_step(pace, decide, took, due):
    deciding = decide(100.0, 100.0 + took)
    assert steps(pace, deciding, 100.0 + took) == due
    assert pace.due(deciding, 100.0 + due * STEP) == 100.0 + due * STEP  # and then it is time


def test_quick_refusals_wait_as_long_as_the_slow_ones(pace, decide):
    slow, quick = decide(100.0, 100.6), decide(100.5, 100.51)
    assert steps(pace, slow, 100.6) == steps(pace, quick, 100.6) == 3
    assert steps(pace, decide(100.6, 102.0), 102.0) == 6  # whoever is slower waits for nobody


def test_and_for_those_that_are_not_decided_yet(pace, decide):
    slow, quick = pace.begin(100.0), decide(100.0, 100.01)
    assert [steps(pace, quick, 100.0 + STEP * n) for n in (0, 1, 2)] == [1, 2, 3]
    pace.end(slow, 100.6)
    assert steps(pace, quick, 100.75) == steps(pace, slow, 100.75) == 3
    pace.end(slow, 109.0)  # it has ended, and does not end again
    assert steps(pace, quick, 100.75) == 3


def test_after_a_while_a_slow_decision_is_forgotten_and_the_next_slowest_counts(pace, decide):
    quick, *_ = decide(100.0, 100.1), decide(100.0, 101.0), decide(103.0, 103.3)
    assert [steps(pace, quick, at + WINDOW) for at in (101.0, 101.1, 103.4)] == [5, 2, 1]


def test_one_that_hung_does_not_hold_up_all_others(pace, decide):
    hung, quick = pace.begin(100.0), decide(159.9, 160.0)
    assert steps(pace, quick, 160.0) == MOST
    pace.end(hung, 160.0)
    assert steps(pace, quick, 160.0) == MOST


def test_what_many_note_at_once_is_all_counted(pace, decide):
    with ThreadPoolExecutor(8) as threads:
        for each in range(400):
            threads.submit(decide, 100.0, 100.0 + each % 8 * STEP / 2)
    assert steps(pace, decide(100.0, 100.1), 101.0) == 4
