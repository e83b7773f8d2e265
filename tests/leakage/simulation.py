"""Attackers against the rules and against a prover, over many people; what the strongest reader is left with."""

from contextlib import nullcontext
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from attackers import (
    Attacker,
    at_random,
    birthdays,
    bisection,
    clauses,
    crowd,
    forms,
    halves,
    masked,
    moving,
    rungs,
)
from people import DEBT, LADDER, SCHEMA, TODAY, luck, person
from providers import VOCABULARIES, Proving, Ruled, house, parsed
from reader import Reader

from circuits import predicate as predicates

BESIDE = "halves, and asks right beside every answer"
ASTRAY = bisection("debt", *DEBT, wrong=0.5)
VERSIONS = "two versions of a schema, and both at once"
ATTACKERS = [
    Attacker("bisection", "halves what is left of a debt", "debt", bisection("debt", *DEBT)),
    Attacker("random", "any threshold, operator or list", "debt", at_random("debt", *DEBT)),
    Attacker("masks", "hides a threshold among clauses", "debt", bisection("debt", *DEBT, wrong=0.3, mask=masked)),
    Attacker("two at once", "two thresholds a question, told apart by a fact", "debt", halves("debt", *DEBT)),
    Attacker("clauses", "many thresholds a question, and why it is a no", "debt", clauses("debt", *DEBT)),
    Attacker("implied", BESIDE, "debt", bisection("debt", *DEBT, beside=4)),
    Attacker("forms", "lines through debt and net worth", "debt", forms),
    Attacker("forms", "lines through debt and net worth", "net_worth", forms),
    Attacker("moving", "their sum, while debt changes", "net_worth", moving, renewed=15, changes="debt"),
    Attacker("new commitments", "halves; committed anew all the time", "debt", bisection("debt", *DEBT), renewed=4),
    Attacker("birthdays", "the same age, every day", "date_of_birth", birthdays, daily=True),
    *(Attacker("ladder", "every rung from both sides", "salary", rungs(LADDER), lenders=n) for n in (1, 2, 4, 8, 16)),
    *(Attacker("one budget", "halves, taking turns", "debt", ASTRAY, lenders=n, shared=True) for n in (2, 4, 8, 16)),
    *(
        Attacker("own budgets", "any threshold, together", "debt", at_random("debt", *DEBT), lenders=n, promised=False)
        for n in (2, 4, 8, 16)
    ),
    Attacker("bisection", "halves, and tries elsewhere", "debt", ASTRAY, prover=True),
    Attacker("races", "many at once, each sent three times", "debt", crowd("debt", *DEBT), prover=True),
    Attacker(
        "races", "many at once, one budget for all", "debt", crowd("debt", *DEBT), lenders=4, shared=True, prover=True
    ),
    Attacker(
        "new commitments",
        "halves; net worth changes all the time",
        "debt",
        ASTRAY,
        renewed=4,
        changes="net_worth",
        prover=True,
    ),
    Attacker("new consents", "a new one for every question", "debt", ASTRAY, consents=True, prover=True),
    Attacker(
        "versions", VERSIONS, "debt", bisection("debt", *DEBT, wrong=0.5, versions=len(VOCABULARIES)), prover=True
    ),
    Attacker("ladder", "every rung from both sides", "salary", rungs(LADDER), lenders=4, prover=True),
]


@dataclass
class Outcome:
    """What became of one attack on one person."""

    width: int = 0
    asked: int = 0
    answered: int = 0
    paid: int = 0


def attack(attacker, seed, *, home=None):
    """One person, attacked: at home, or by the rules alone."""
    dice = luck(attacker.name, attacker.how, attacker.lenders, seed)
    values = person(dice)
    provider = Proving(attacker, values, home, str(seed)) if home else Ruled(attacker, values)
    reader, outcome = Reader(), Outcome()
    asking = attacker.questions(dice, attacker.lenders)
    batch = next(asking, None)
    day = TODAY
    while batch is not None:
        heard = provider.ask(batch, day)
        _read(reader, outcome, provider.values, day, dict(zip(batch, heard, strict=True)))
        if len(dict.fromkeys(zip(batch, heard, strict=True))) > len(set(batch)):
            raise RuntimeError("one query was answered in two ways")
        day += attacker.daily
        if attacker.renewed and outcome.asked % attacker.renewed == 0:
            if attacker.changes:
                values = values | {attacker.changes: person(dice)[attacker.changes]}
                reader.renew(attacker.changes)
            provider.renew(values)
        try:
            batch = asking.send(heard)
        except StopIteration:
            batch = None
    low, high = reader.left(attacker.target)
    outcome.width = high - low + 1
    return outcome


def _read(reader, outcome, values, day, heard):
    """What was paid for is heard before what follows: what is asked at the same time is answered in any order."""
    for ask, each in sorted(heard.items(), key=lambda item: item[1] is None or not item[1].paid):
        outcome.asked += 1
        if each is None:
            continue
        outcome.answered += 1
        outcome.paid += each.paid
        predicate = parsed(ask.text, VOCABULARIES[ask.under])
        if predicates.evaluate(predicate, values, day) != each.answer:
            raise RuntimeError("an answer is wrong")
        if each.paid:
            reader.hear(predicate, values, day)
        elif not reader.knew(predicate, values, day, each.answer):
            raise RuntimeError("what was free was not known")


def promised(attacker):
    """The width below which nobody may come, in the attribute's own units.

    Several lenders with budgets of their own are promised a band of the ladder.
    """
    disclosure = SCHEMA.attribute(attacker.target).disclosure
    if attacker.lenders > 1 and disclosure.ladder and not attacker.shared:
        return min(b - a for a, b in pairwise(disclosure.ladder))
    return disclosure.residual


@dataclass(frozen=True)
class Summary:
    """An attacker, over many people.

    Attributes:
        attacker: which.
        asked, answered, paid: questions, in the mean.
        widths: what it was left with, ascending.
    """

    attacker: Attacker
    asked: float
    answered: float
    paid: float
    widths: tuple[int, ...]

    @property
    def people(self):
        return len(self.widths)

    @property
    def least(self):
        return self.widths[0]

    @property
    def middle(self):
        return median(self.widths)

    @property
    def kept(self):
        return self.least >= promised(self.attacker)


def attacks(attacker, seeds):
    """Attack some people; those who are held by a prover, at one of their own."""
    with house() if attacker.prover else nullcontext() as home:
        if home is not None:
            home.admit({str(seed): person(luck(attacker.name, attacker.how, attacker.lenders, seed)) for seed in seeds})
        return [attack(attacker, seed, home=home) for seed in seeds]


def summed(attacker, outcomes):
    """Put attacks by one attacker together."""
    mean = (sum(getattr(each, name) for each in outcomes) / len(outcomes) for name in ("asked", "answered", "paid"))
    return Summary(attacker, *mean, tuple(sorted(each.width for each in outcomes)))


def simulate(attacker, people):
    """Attack so many people."""
    return summed(attacker, attacks(attacker, range(people)))
