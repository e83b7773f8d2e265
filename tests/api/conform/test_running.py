"""What an implementation does wrong has a name, whatever it does; it never becomes a failure of ours."""

import asyncio
import sys
from pathlib import Path

import pytest

from api.conform.dialogue import Dialogue, NotStarted, Reply
from api.conform.kit import default_folder, read_kit
from api.conform.running import FAILURES, MOST_SILENCES, first_difference, judge, run

CASES = {case.id: case for case in read_kit(default_folder())}
ACCEPTED = CASES["encoding/b64-1-back"]
REFUSED = CASES["encoding/b64-padding"]
PLACED = CASES["predicate/syntax-3"]
BROKEN = Path(__file__).with_name("broken.py")


def outcomes(cases, *command, timeout=20.0, strict=False):
    async def ask():
        dialogue = Dialogue(command, timeout=timeout)
        try:
            return await run(cases, dialogue, strict=strict)
        finally:
            await dialogue.close()

    return asyncio.run(ask())


def broken(mode, *cases, **settings):
    return outcomes(cases, sys.executable, str(BROKEN), mode, **settings)


def test_ours_passes():
    command = [sys.executable, "-m", "api.cli", "conform", "--serve"]
    assert [result.outcome for result in outcomes([ACCEPTED, REFUSED, PLACED], *command, strict=True)] == ["passed"] * 3


@pytest.mark.parametrize(
    ("mode", "case", "outcome", "detail"),
    [
        ("accepts", REFUSED, "accepted", "{}"),
        ("accepts", ACCEPTED, "differs", "bytes: missing"),
        ("wrong", ACCEPTED, "differs", "bytes: expected '66', got '00'"),
        ("refuses", ACCEPTED, "refused", "{}"),
        ("misplaces", PLACED, "refusal-differs", "position: expected 11, got 10000"),
        ("errs", ACCEPTED, "error", "what is that?"),
        ("behind", ACCEPTED, "out-of-order", "an answer to question 0, not to 1"),
        ("half", ACCEPTED, "garbage", "not a response"),
        ("garbage", ACCEPTED, "garbage", "I am ready!"),
        ("bytes", ACCEPTED, "garbage", "not UTF-8"),
        ("endless", ACCEPTED, "garbage", "16 MiB"),
        ("dies", ACCEPTED, "died", "exit code 7: cannot go on"),
        ("shrugs", ACCEPTED, "unsupported", ""),
    ],
)
def test_what_is_wrong_is_named(mode, case, outcome, detail):
    (result,) = broken(mode, case)
    assert result.outcome == outcome
    assert detail in result.detail
    assert result.failed == (outcome in FAILURES) == (mode != "shrugs")


def test_a_silence_ends_when_its_time_is_over():
    first, second, third = broken("sleeps", ACCEPTED, REFUSED, ACCEPTED, timeout=1)
    assert [first.outcome, second.outcome, third.outcome] == ["unsupported", "timeout", "unsupported"]
    assert second.detail == "no answer within 1 s"


def test_one_that_died_is_started_again():
    results = broken("dies-late", *[ACCEPTED] * 5)
    assert [result.outcome for result in results] == [
        "unsupported",
        "unsupported",
        "died",
        "unsupported",
        "unsupported",
    ]


def test_one_that_never_answers_is_given_up():
    results = broken("silent", *[ACCEPTED] * (MOST_SILENCES + 2), timeout=0.1)
    assert [result.outcome for result in results] == ["timeout"] * MOST_SILENCES + ["not-asked"] * 2


def test_one_that_does_not_read_is_no_reason_to_wait():
    """The request does not fit the pipe."""
    large = CASES["schema/kyc-person"]
    for _ in range(6):
        large = type(large)(
            **{name: getattr(large, name) for name in large.__slots__} | {"input": {"x": [large.input] * 3}}
        )
    (result,) = broken("silent", large, timeout=0.5)
    assert result.outcome == "timeout"


def test_no_such_program(tmp_path):
    with pytest.raises(NotStarted):
        outcomes([ACCEPTED], str(tmp_path / "nothing"))


def test_a_refusal_may_leave_out_where_unless_it_is_strict():
    bare, placed = Reply(refusal={}), Reply(refusal={"code": "predicate-syntax", "position": 11})
    assert judge(PLACED, placed, strict=True).outcome == judge(PLACED, bare, strict=False).outcome == "passed"
    assert judge(PLACED, bare, strict=True).outcome == "refusal-differs"
    assert judge(PLACED, Reply(refusal=placed.refusal | {"position": 12}), strict=False).outcome == "refusal-differs"


@pytest.mark.parametrize(
    ("expected", "found", "told"),
    [
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}, ""),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "a[1].b: expected 2, got 3"),
        ({"a": 1}, {"a": 1, "c": 2}, "c: not asked for"),
        ({"a": 1, "c": 2}, {"a": 1}, "c: missing"),
        ({"a": 1}, {"a": True}, "a: expected 1, got True"),
        ({"a": 1}, {"a": "1"}, "a: expected 1, got '1'"),
        ({"a": [1]}, {"a": [1, 2]}, "a: expected [1], got [1, 2]"),
        ({"a": None}, {"a": False}, "a: expected None, got False"),
        ({}, [], "output: expected {}, got []"),
    ],
)
def test_the_first_difference_is_shown(expected, found, told):
    assert first_difference(expected, found) == told
