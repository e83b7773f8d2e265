"""Whether a question may be asked at all, of somebody about whom nothing is known yet; what `attest explain` tells.

Decided by the rules themselves (circuits.leakage.decide), under what the schema promises. A consent may allow less; and
it may offer a question as such, which the second decision is about.

| member | what |
|---|---|
| allowed, refusal | whether, and else why not, in the rules' word: ladder, form, residual, work |
| words | the same for people |
| nearest | of attributes with a ladder, the rungs on either side of each threshold that is not offered |
| if_offered | allowed, refusal and words for a consent that has this very question; null if it needs none |
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from api.disclosures import in_words
from circuits.attributes import Attribute
from circuits.leakage import Decision, Known, Question, Refusal, Rules, decide, disclosed, learn
from circuits.leakage.cuts import cuts_of
from circuits.leakage.words import width_in_words
from circuits.telling.words import amount

_WORDS = {
    Refusal.FORM: "it compares an attribute with a promise to one without, which would be a way around the promise",
    Refusal.WORK: "it takes too much work to say what an answer would add",
}


@dataclass(frozen=True, slots=True)
class _Gap:
    """A threshold between two rungs of an attribute's ladder; None: there is none on that side."""

    attribute: Attribute
    threshold: int
    below: int | None
    above: int | None

    @property
    def rungs(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(rung for rung in (self.below, self.above) if rung is not None))

    def words(self) -> str:
        threshold = amount(self.attribute, self.threshold)
        if self.threshold in self.rungs:
            return f"{self.attribute.name}: {threshold} is on offer as > or <=, not as >= or <"
        nearest = f"the nearest {'is' if len(self.rungs) == 1 else 'are'} {_listed(self.attribute, self.rungs)}"
        return f"{self.attribute.name}: {threshold} is not on offer; {nearest}"


class Allowance:
    """A question under the rules, with nothing known: by itself, and as a consent may offer it."""

    def __init__(self, question: Question) -> None:
        """Decide twice."""
        self._question = question
        self._cuts = cuts_of(question.predicate, question.schema, question.as_of)
        offered = {form: frozenset(cuts) for form, cuts in self._cuts.items()}
        self._plain = decide(question, Known(), Rules())
        self._offered = decide(question, Known(), Rules(offered))

    def facts(self) -> dict[str, Any]:
        """Say so, as JSON."""
        gaps = list(self._gaps()) if self._plain.refusal is Refusal.LADDER else []
        nearest: dict[str, list[str]] = {}
        for gap in gaps:
            rungs = [gap.attribute.decode(rung) for rung in gap.rungs]
            nearest[gap.attribute.name] = [*dict.fromkeys([*nearest.get(gap.attribute.name, ()), *rungs])]
        offered = None if self._plain.refusal is None else self._decided(self._offered, ())
        return {**self._decided(self._plain, gaps), "nearest": nearest, "if_offered": offered}

    def disclosed(self, *, answer: bool) -> list[dict[str, Any]] | None:
        """What an answer would disclose, as the answer would say it; None if it is refused, offered or not."""
        decision = self._plain if self._plain.refusal is None else self._offered
        if decision.refusal is not None:
            return None
        question = self._question
        after = learn(question, decision.spent, answer=answer)
        told = disclosed(question, Known().own, after.own)
        return in_words(told, question.schema, as_of=question.as_of, question=question.predicate)

    def _decided(self, decision: Decision, gaps: Sequence[_Gap]) -> dict[str, Any]:
        refusal = decision.refusal
        if refusal is None:
            room = " and earlier answers leave room" if self._narrowing() else ""
            words = "yes, and its answer tells nothing" if decision.free else f"yes, if the person consents{room}"
        else:
            words = f"no: {'; '.join(self._why(refusal, gaps))}"
        return {"allowed": refusal is None, "refusal": refusal and refusal.value, "words": words}

    def _why(self, refusal: Refusal, gaps: Sequence[_Gap]) -> Iterator[str]:
        if refusal is Refusal.LADDER:
            yield from (gap.words() for gap in gaps)
            if names := dict.fromkeys(name for form in self._cuts if len(form) > 1 for _, name in form):
                yield f"{' and '.join(names)} are compared only as a consent offers it"
        elif refusal is Refusal.RESIDUAL:
            yield f"an answer could leave less possible than {' and '.join(self._promised())}"
        else:
            yield _WORDS[refusal]

    def _narrowing(self) -> bool:
        """Whether what was asked before can be a reason to decline."""
        schema = self._question.schema
        promises = (schema.attribute(name).disclosure for form in self._cuts for _, name in form)
        return any(promise is not None and promise.residual for promise in promises)

    def _promised(self) -> Iterator[str]:
        for name in self._question.predicate.attributes:
            attribute = self._question.schema.attribute(name)
            if attribute.disclosure and attribute.disclosure.residual:
                yield f"{width_in_words(attribute, attribute.disclosure.residual)} of {name}"

    def _gaps(self) -> Iterator[_Gap]:
        for form, cuts in self._cuts.items():
            attribute = self._question.schema.attribute(form[0][1])
            rungs = attribute.disclosure.ladder if attribute.disclosure and len(form) == 1 else ()
            for cut in cuts:
                if rungs and cut - 1 not in rungs:
                    below = max((rung for rung in rungs if rung <= cut), default=None)
                    above = min((rung for rung in rungs if rung >= cut), default=None)
                    yield _Gap(attribute, min(cut, cut - 1, key=_digits), below, above)


def promise(attribute: Attribute) -> dict[str, Any]:
    """What the schema promises about an attribute: `residual` and `ladder` as in the schema, and both in words."""
    told = attribute.disclosure
    words: list[str] = []
    if told and told.ladder:
        words.append(f"thresholds on offer: {_listed(attribute, told.ladder)}")
    if told and told.residual:
        words.append(f"{width_in_words(attribute, told.residual)} always stay possible")
    written = {"residual": None, "ladder": []} | attribute.to_json().get("disclosure", {})
    return {**written, "words": "; ".join(words) or "nothing is promised: one answer may tell all"}


def _listed(attribute: Attribute, rungs: Sequence[int]) -> str:
    """Write thresholds, of which only the last needs its unit, and none its decimals if they are all zero."""
    written = [amount(attribute, each).partition(" ") for each in rungs]
    numbers = [number.partition(".") for number, _, _ in written]
    if not any(decimals.strip("0") for _, _, decimals in numbers):
        numbers = [(whole, "", "") for whole, _, _ in numbers]
    *most, last = ("".join(number) for number in numbers)
    unit = "".join(written[-1][1:])
    return f"{', '.join(most)}{' and ' if most else ''}{last}{unit}"


def _digits(threshold: int) -> int:
    """How many digits it takes to write a threshold that somebody chose: `> 90,000.00` cuts at 90,000.01."""
    return len(str(threshold).rstrip("0"))
