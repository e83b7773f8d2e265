"""The rules: which questions may be answered, given what was asked and answered before. Never given the value.

A decision is a function of past questions, their public answers, and the new question:

*Free*: the answer follows from what the relying party knows. It is proven like any other, and tells nothing.

*Spend*: the cuts of all the question's comparisons are added, as if each of them were told on its own, and then every
set of people that all the cuts together tell apart, and that the answers leave possible, must still have as many values
of each attribute as its `residual` says. This holds for whichever of these sets the person is in: the promise is kept
whatever the value is, which is why nobody need look at it.

*Ladder*: an attribute with a ladder is cut at its rungs only, right above each: `> t` and `<= t` are offered, `>= t`
and `< t` are not, for the two cuts together would single out who has exactly t. Which of them is offered is the same
for everybody at all times: if it were up to who asks first, a refusal would tell of other relying parties' answers.

*Forms* of several attributes are thresholds wherever the others' values put them. They are refused where one of their
attributes has a ladder, unless the very cut is offered, and where some have a promise and others have none.

*Mixed*: if the value of one attribute of a form may have changed since the form was asked, and that of another not,
what is told now of both narrows both, and the old value too. So such a form, and what would meet it in a group, is
refused, unless it is one line between two attributes, with no other cut of a form in their group: then any two of the
sets must have as many values in common as the `residual` says, or none.

*Shared*: where a provider keeps one budget for all relying parties together, the residual must also be left over for
what all of them know. Then a refusal is a function of what others asked and were told as well, and tells whoever gets
it something of that, never more than all of them together may know: so that is a setting. Without it nothing depends
on what others asked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from circuits.attributes import Attributes
from circuits.leakage.arrangement import boxes, groups, narrowest
from circuits.leakage.cuts import Cuts, cuts_of
from circuits.leakage.inference import Reading, read
from circuits.leakage.knowledge import Knowledge
from circuits.predicate.nodes import Form
from circuits.predicate.question import Predicate
from circuits.query import Reasons
from circuits.telling.shadows import Budget, TooMuchWorkError

PLANE = 2
"""Attributes that may meet in a form while their values change."""


class Refusal(StrEnum):
    """Why a question may not be answered; for the provider's operator, never for who asked."""

    LADDER = "ladder"
    """A threshold that is not offered."""
    FORM = "form"
    """A form of attributes with a promise and of others without."""
    RESIDUAL = "residual"
    """An answer could leave fewer values possible than promised."""
    SHARED = "shared"
    """All relying parties together could be left with fewer values than promised."""
    WORK = "work"
    """Too much is known to say what an answer would add."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the rules see it.

    Attributes:
        predicate: what is asked.
        schema: what it was typed under.
        as_of: day number at which ages are counted.
        reasons: whether a no comes with its clauses.
    """

    predicate: Predicate
    schema: Attributes
    as_of: int
    reasons: Reasons = Reasons.OUTCOME_ONLY

    def read_by(self, known: Knowledge) -> Reading:
        """Read it knowing something."""
        return read(self.predicate, self.schema, self.as_of, known)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one person.

    Attributes:
        own: to the relying party that asks.
        everyone: to all relying parties together.
    """

    own: Knowledge = field(default_factory=Knowledge)
    everyone: Knowledge = field(default_factory=Knowledge)

    def each(self, change: Callable[[Knowledge], Knowledge]) -> "Known":
        """Change both alike; once, where nobody else knows more than who asks, or less."""
        own = change(self.own)
        return Known(own, own if self.everyone == self.own else change(self.everyone))


@dataclass(frozen=True, slots=True)
class Rules:
    """What a provider, or a consent, adds to what the schema promises.

    Attributes:
        offered: cuts that are offered beside the ladders, by form.
        shared: whether the residual must be left over for all relying parties together.
    """

    offered: Mapping[Form, frozenset[int]] = field(default_factory=dict)
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules say of a question.

    Attributes:
        free: the answer follows from what is known; nothing is spent.
        refusal: why it may not be answered, or None if it may.
        spent: what is known once the question is answered, before the answer is: more cuts.
    """

    free: bool
    refusal: Refusal | None
    spent: Known


def decide(question: Question, known: Known, rules: Rules) -> Decision:
    """Decide whether a question may be answered."""
    reading = question.read_by(known.own)
    if reading.answer is not None and (question.reasons is Reasons.OUTCOME_ONLY or None not in reading.clauses):
        return Decision(free=True, refusal=None, spent=known)
    asked = {
        form: cuts
        for form, cuts in cuts_of(question.predicate, question.schema, question.as_of).items()
        if any(question.schema.attribute(name).disclosure for _, name in form)
    }
    spent = known.each(lambda before: _added(before, asked, question.schema))
    refusal = (
        _not_offered(asked, question.schema, rules)
        or _too_narrow(spent.own, asked, question.schema, Refusal.RESIDUAL)
        or (_too_narrow(spent.everyone, asked, question.schema, Refusal.SHARED) if rules.shared else None)
    )
    return Decision(free=False, refusal=refusal, spent=known if refusal else spent)


def learn(question: Question, spent: Known, *, answer: bool, clauses: Sequence[bool] | None = None) -> Known:
    """What is known once the answer is public.

    Args:
        question: what was asked.
        spent: of the decision that let it be answered.
        answer: True for YES.
        clauses: for each clause whether it holds, where that was told as well.
    """
    return spent.each(lambda before: question.read_by(before).after(answer=answer, clauses=clauses))


def _added(known: Knowledge, asked: Mapping[Form, Cuts], schema: Attributes) -> Knowledge:
    """Add the cuts that separate what stays possible. Others separate nothing now, and will be new if they ever do."""
    inside = {
        form: tuple(c for c in cuts if any(low < c <= high for low, high in known.left(form, schema)))
        for form, cuts in asked.items()
    }
    return known.with_cuts({form: cuts for form, cuts in inside.items() if cuts})


def _not_offered(asked: Mapping[Form, Cuts], schema: Attributes, rules: Rules) -> Refusal | None:
    for form, cuts in asked.items():
        promises = [schema.attribute(name).disclosure for _, name in form]
        if any(promise is None for promise in promises):
            return Refusal.FORM
        ladders = [promise.ladder for promise in promises if promise]
        if any(ladders):
            rungs = {rung + 1 for rung in ladders[0]} if len(form) == 1 else set()
            if not set(cuts) <= rungs | rules.offered.get(form, frozenset()):
                return Refusal.LADDER
    return None


def _too_narrow(told: Knowledge, asked: Mapping[Form, Cuts], schema: Attributes, refusal: Refusal) -> Refusal | None:
    """Look at every set of people that can be told apart in the groups that the question touches."""
    names = {name for form in asked for _, name in form}
    budget = Budget()
    try:
        for group in groups(dict.fromkeys(told.cuts)):
            if not names & set(group.names):
                continue
            mixed = not told.mixed.isdisjoint(group.forms)
            line = mixed and len(group.names) == PLANE and sum(len(told.cuts[form]) for form in group.forms) == 1
            if mixed and not line and not asked.keys().isdisjoint(group.forms):
                return refusal
            # What is possible is so of the values of now, and they may have been others when the forms were asked.
            found = [*boxes(group, Knowledge(told.cuts) if mixed else told, schema, budget)]
            for place, name in enumerate(group.names):
                if narrowest(found, place, paired=line) < _least(name, schema):
                    return refusal
    except TooMuchWorkError:
        return Refusal.WORK
    return None


def _least(name: str, schema: Attributes) -> int:
    promise = schema.attribute(name).disclosure
    return (promise.residual if promise else None) or 1
