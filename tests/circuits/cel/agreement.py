"""One schema, its questions, and whether CEL agrees: what the default run, the long run and the measuring share."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from random import Random

from cel_oracle import Cel, CelRefusedError, Money
from mutations import mistyped, mutated
from random_people import random_person
from random_questions import Question, equivalent, random_question
from random_schemas import WORDS, random_schema
from refusals import documented

from circuits.attributes import AttributeType, Schema
from circuits.errors import PredicateError
from circuits.predicate import Predicate, evaluate, parse
from circuits.predicate.tokens import tokenize
from circuits.values import text_scalar

PEOPLE = 3
_SCALARS = {text_scalar(word): word for word in WORDS}
_DOUBLE_PLAIN, _DOUBLE_COMPUTED = 10**15, 2**30


@dataclass(slots=True)
class World:
    """A schema, a day, the three readings of CEL, and the questions met so far.

    Attributes:
        worded: English words and canonical text, each with the meaning it stood for.
    """

    schema: Schema
    as_of: date
    readings: dict[Money, Cel]
    worded: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def random(cls, rng: Random) -> "World":
        schema, as_of = random_schema(rng), date.fromordinal(rng.randint(700_000, 760_000))
        if rng.random() < 0.2:
            as_of = date(rng.randrange(1996, 2100, 4), 2, rng.choice((28, 29)))
        return cls(schema, as_of, {money: Cel(schema, money, as_of) for money in Money})

    def parse(self, text: str) -> Predicate | PredicateError:
        """Parse, or return the refusal; whatever else is raised is a defect, and so is a place outside the text."""
        try:
            return parse(text, self.schema)
        except PredicateError as refusal:
            if not 0 <= refusal.position <= len(text):
                raise AssertionError(f"{refusal.position} is no place in {text!r}") from refusal
            return refusal


@dataclass(slots=True)
class Count:
    """What was compared."""

    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    refused_by_both: int = 0
    answers: Counter[bool] = field(default_factory=Counter)
    unasked: int = 0
    mistyped: "Count | None" = None

    @property
    def answered(self) -> int:
        """Questions whose answers were compared too."""
        return self.accepted - self.unasked

    def __str__(self) -> str:
        return (
            f"{self.accepted} accepted by both ({self.unasked} with no exact reading), "
            f"{sum(self.answers.values())} answers ({self.answers[True]} yes), {self.refused_by_both} refused by both, "
            f"refused here only: {dict(self.refused)}" + (f"\nmistyped: {self.mistyped}" if self.mistyped else "")
        )


def compare_question(rng: Random, world: World, question: Question, count: Count) -> Predicate | None:
    """Ask both about one question.

    Raises:
        AssertionError: they do not agree.
    """
    text = question.text(rng)
    predicate = world.parse(text)
    if isinstance(predicate, PredicateError):
        count_refusal(world, text, predicate, count)
        return None
    require_accepted(world, predicate, rng)
    count.accepted += 1
    require_words(world, predicate)
    other = world.parse(equivalent(rng, question))
    assert isinstance(other, Predicate) or documented(other) in ("depth", "tokens", "characters"), str(other)
    assert isinstance(other, PredicateError) or other.digest == predicate.digest, f"{text!r} and {other.text!r} differ"
    asked = 0
    for money, step in _exact_readings(world, question):
        ask = world.readings[money].compile(text)
        for _ in range(PEOPLE):
            values = random_person(rng, world.schema, predicate, world.as_of.toordinal(), step)
            try:
                expected = ask(_for_cel(world, world.readings[money], values))
            except CelRefusedError as refusal:
                raise AssertionError(f"CEL refuses {text!r}, accepted here: {refusal} ({money}, {values})") from refusal
            answer = evaluate(predicate, values, world.as_of.toordinal())
            assert answer is expected, f"{text!r} is {answer} here and {expected} in CEL ({money}) for {values}"
            assert evaluate(predicate.negated(), values, world.as_of.toordinal()) is not expected, text
            count.answers[expected] += 1
            asked += 1
    count.unasked += not asked
    return predicate


def count_refusal(world: World, text: str, refusal: PredicateError, count: Count) -> None:
    """Require that what only we refuse is refused for a documented reason."""
    try:
        world.readings[Money.EXACT].compile(text)
    except CelRefusedError:
        count.refused_by_both += 1
        return
    reason = documented(refusal)
    assert reason is not None, f"{text!r} is refused for no documented reason: {refusal}"
    count.refused[reason] += 1


def require_accepted(world: World, predicate: Predicate, rng: Random) -> None:
    """Require that CEL parses, checks and evaluates what we accept, within the bounds and at them.

    A text without decimals has to be accepted by CEL as it comes, whose integers overflow.
    """
    whole = not any(token.kind == "number" and "." in token.text for token in tokenize(predicate.text))
    for money in (Money.EXACT, Money.WHOLE) if whole else (Money.EXACT,):
        cel = world.readings[money]
        try:
            ask = cel.compile(predicate.text)
            for low, high in ((0, 0), (1, 1), (0, 1), (0, 1)):
                values = _within(world.schema, rng, low, high, whole=money is Money.WHOLE)
                ask(_for_cel(world, cel, values))
        except CelRefusedError as refusal:
            raise AssertionError(f"CEL refuses {predicate.text!r}, accepted here: {refusal} ({money})") from refusal


def require_words(world: World, predicate: Predicate) -> None:
    """Require that no two questions share their words, and that the canonical text means the same."""
    for words in (predicate.english(), predicate.canonical_text()):
        meaning = world.worded.setdefault(words, predicate.digest)
        assert meaning == predicate.digest, f"{predicate.text!r} has the words of another question: {words}"
    again = world.parse(predicate.canonical_text())
    if isinstance(again, PredicateError):
        # it is longer than the text it comes from, and may be too long; it is never refused for what it says
        assert documented(again) in ("characters", "tokens", "depth"), f"{predicate.text!r}: {again}"
    else:
        assert (again.ast, again.digest) == (predicate.ast, predicate.digest), predicate.text


def _within(schema: Schema, rng: Random, low: int, high: int, *, whole: bool) -> dict[str, int]:
    """Draw values at the lower bounds (0, 0), at the upper ones (1, 1), or at either and anywhere between (0, 1)."""
    values = {}
    for attribute in schema:
        step = 10**attribute.decimals if whole else 1
        first, last = -(-attribute.minimum // step), max(-(-attribute.minimum // step), attribute.maximum // step)
        ends = (first, last)[low], (first, last)[high]
        values[attribute.name] = rng.choice((*ends, rng.randint(*ends))) * step
        if attribute.type is AttributeType.TEXT:
            values[attribute.name] = text_scalar(rng.choice(WORDS))
    return values


def _for_cel(world: World, cel: Cel, values: Mapping[str, int]) -> dict[str, object]:
    return {a.name: cel.value(a, values[a.name], _SCALARS.get(values[a.name])) for a in world.schema}


def _exact_readings(world: World, question: Question) -> Iterator[tuple[Money, dict[str, int]]]:
    """Say which readings of money are exact about a question, and about multiples of which step."""
    ones = {a.name: 1 for a in world.schema}
    amounts = [a for a in world.schema if a.type is AttributeType.MONEY]
    used = [a for a in amounts if a.name in question.tokens]  # more than the question is about, if some cancel out
    largest = max((max(abs(a.minimum), abs(a.maximum)) for a in used), default=0)
    if question.style == "whole":
        step = ones | {a.name: 10**a.decimals for a in amounts}
        if all(a.minimum <= a.maximum // step[a.name] * step[a.name] for a in amounts):
            yield Money.WHOLE, step
    elif question.style == "plain" and largest < _DOUBLE_PLAIN:
        yield Money.DOUBLE, ones
    elif question.style == "binary" and largest < _DOUBLE_COMPUTED:
        quarters = {a.name: 10**a.decimals // 4 if a.decimals else 1 for a in amounts}
        if all(a.minimum <= a.maximum // quarters[a.name] * quarters[a.name] for a in amounts):
            yield Money.DOUBLE, ones | quarters
    listed = {name for name, word in zip(question.tokens, question.tokens[1:], strict=False) if word == "in"}
    if listed.isdisjoint(a.name for a in amounts):
        yield Money.EXACT, ones


def compare_text(rng: Random, world: World, text: str, count: Count) -> None:
    """Ask both whether they accept a text, whatever it is.

    Raises:
        AssertionError: we accept and CEL does not, or we refuse for no documented reason.
    """
    predicate = world.parse(text)
    if isinstance(predicate, PredicateError):
        count_refusal(world, text, predicate, count)
        return
    require_accepted(world, predicate, rng)
    require_words(world, predicate)
    count.accepted += 1


def compare_random(seed: int, answered: int) -> Count:
    """Compare random questions until so many were accepted and answered, 40 a schema; and each mistyped as well."""
    rng, count, mistakes = Random(seed), Count(), Count()  # noqa: S311  # reproducible, not secret
    for number in itertools.count():
        if count.answered == answered:
            break
        if number % 40 == 0:
            world = World.random(rng)
        question = random_question(rng, world.schema, world.as_of.toordinal())
        with _told(seed, number):
            compare_question(rng, world, question, count)
            compare_text(rng, world, mistyped(rng, world.schema, question).text(rng), mistakes)
    count.mistyped = mistakes
    return count


def compare_mutated(seed: int, texts: int) -> Count:
    """Compare so many mutated texts, 40 a schema."""
    rng, count = Random(seed), Count()  # noqa: S311  # reproducible, not secret
    for number in range(texts):
        if number % 40 == 0:
            world, last = World.random(rng), "true"
        text = random_question(rng, world.schema, world.as_of.toordinal()).text(rng)
        with _told(seed, number):
            compare_text(rng, world, mutated(rng, text, last), count)
        last = text
    return count


@contextmanager
def _told(seed: int, number: int) -> Iterator[None]:
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, number {number}: {error}") from error
