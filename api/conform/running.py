"""Running the kit: every case put to an implementation, and what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.conform.dialogue import Dialogue, Reply, Silence
from api.conform.kit import Case

PASSED: Final = "passed"
UNSUPPORTED: Final = "unsupported"
FAILURES: Final = {
    "accepted": "what must be refused was accepted",
    "refused": "what must be accepted was refused",
    "differs": "accepted, with another output",
    "refusal-differs": "refused, with another code, position or blame",
    "error": "the request was not understood",
    "timeout": "no answer in time",
    "died": "the program ended",
    "garbage": "something that is no response",
    "out-of-order": "a response to another question",
    "not-asked": "given up: the program had not answered several questions in a row",
}
MOST_SILENCES = 5
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case: `passed`, `unsupported`, or one of FAILURES, with what was seen."""

    case: Case
    outcome: str
    detail: str = ""

    @property
    def failed(self) -> bool:
        """Whether it counts against the implementation."""
        return self.outcome in FAILURES


async def run(
    cases: Sequence[Case], dialogue: Dialogue, *, strict: bool = False, seen: Callable[[Result], None] | None = None
) -> list[Result]:
    """Put every case to an implementation, one after the other.

    Args:
        cases: what to ask.
        dialogue: whom to ask.
        strict: a refusal must also tell the code, position and blame that a case states; else they may be left out.
        seen: called with each result.

    Raises:
        NotStarted: there is no such program.
    """
    results: list[Result] = []
    silences = 0
    for case in cases:
        if silences >= MOST_SILENCES:
            result = Result(case, "not-asked")
        else:
            try:
                result = judge(case, await dialogue.ask(case.operation, case.input), strict=strict)
                silences = 0
            except Silence as silence:
                result = Result(case, silence.trouble.value, silence.detail)
                silences += 1
        results.append(result)
        if seen is not None:
            seen(result)
    return results


def judge(case: Case, reply: Reply, *, strict: bool) -> Result:
    """Compare a reply with what the case demands."""
    if reply.unsupported:
        return Result(case, UNSUPPORTED)
    if reply.error is not None:
        return Result(case, "error", reply.error)
    if reply.refusal is not None:
        if case.accepted:
            return Result(case, "refused", _shown(reply.refusal))
        found = {name: reply.refusal[name] for name in case.told if name in reply.refusal}
        wanted = {name: case.told[name] for name in case.told if strict or name in found}
        difference = first_difference(wanted, found)
        return Result(case, "refusal-differs", difference) if difference else Result(case, PASSED)
    if not case.accepted:
        return Result(case, "accepted", _shown(reply.output))
    difference = first_difference(case.told, reply.output)
    return Result(case, "differs", difference) if difference else Result(case, PASSED)


def first_difference(expected: Any, found: Any, place: str = "") -> str:  # noqa: ANN401 - parsed JSON
    """Say where two JSON values first differ, and how; empty if they do not."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for name in sorted(expected.keys() ^ found.keys()):
            return f"{place}{'.' if place else ''}{name}: {'missing' if name in expected else 'not asked for'}"
        inner = [(f"{place}{'.' if place else ''}{name}", expected[name], found[name]) for name in sorted(expected)]
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = zip(expected, found, strict=True)
        inner = [(f"{place}[{number}]", one, other) for number, (one, other) in enumerate(pairs)]
    elif type(expected) is type(found) and expected == found:
        return ""
    else:
        return f"{place or 'output'}: expected {_shown(expected)}, got {_shown(found)}"
    return next(filter(None, (first_difference(one, other, name) for name, one, other in inner)), "")


def _shown(value: Any) -> str:  # noqa: ANN401 - parsed JSON
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
