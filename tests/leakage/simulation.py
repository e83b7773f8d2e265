"""Attackers against the rules, over many people; what the strongest reader is left with, found without the rules.

The strongest reader is told how every comparison of every answered question comes out. What that leaves is an interval
of an attribute alone, or a polygon in the plane of debt and net worth, cut with exact fractions.
"""

import random
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from statistics import median

from attackers import CENT, Attacker, at_random, birthdays, bisection, forms, halves, masked, rungs

from circuits import calendar
from circuits import predicate as predicates
from circuits.attributes import Schema, default_schema
from circuits.errors import CircuitsError
from circuits.leakage import Known, Question, Rules, decide, learn
from circuits.predicate import Predicate, nodes

TODAY = calendar.day_number("2026-11-22")


def _schema():
    described = default_schema().to_json()
    for attribute in described["attributes"]:
        if attribute["name"] == "date_of_birth":
            attribute["disclosure"] = {"residual": "30"}
    return Schema.from_json(described | {"schema": "kyc-person-with-birthdays"})


SCHEMA = _schema()
PLANE = ("debt", "net_worth")
LADDER = SCHEMA.attribute("salary").disclosure.ladder
DEBT = (0, 500_000_00)

ATTACKERS = [
    Attacker("bisection", "halves what is left of a debt", "debt", bisection("debt", *DEBT)),
    Attacker("random", "any threshold, operator or list", "debt", at_random("debt", *DEBT)),
    Attacker("masks", "hides a threshold among clauses", "debt", bisection("debt", *DEBT, wrong=0.3, mask=masked)),
    Attacker("two at once", "two thresholds a question, told apart by a fact", "debt", halves("debt", *DEBT)),
    Attacker("forms", "lines through debt and net worth", "debt", forms),
    Attacker("forms", "lines through debt and net worth", "net_worth", forms),
    Attacker("new commitments", "halves; the provider commits anew", "debt", bisection("debt", *DEBT), reissues=True),
    Attacker("birthdays", "the same age, every day", "date_of_birth", birthdays),
    *(Attacker("ladder", "every rung from both sides", "salary", rungs(LADDER), lenders=n) for n in (1, 2, 4, 8, 16)),
    *(
        Attacker(
            "one budget", "halves, taking turns", "debt", bisection("debt", *DEBT, wrong=0.5), lenders=n, shared=True
        )
        for n in (2, 4, 8, 16)
    ),
    *(
        Attacker("own budgets", "any threshold, together", "debt", at_random("debt", *DEBT), lenders=n, promised=False)
        for n in (2, 16)
    ),
]


@dataclass
class Reader:
    """What everything that was answered leaves, for someone who is told each comparison of it."""

    intervals: dict = field(default_factory=dict)
    polygon: list = field(default_factory=list)

    def __post_init__(self):
        for name in ("debt", "net_worth", "salary", "date_of_birth"):
            attribute = SCHEMA.attribute(name)
            self.intervals[name] = [attribute.minimum, attribute.maximum]
        (x0, x1), (y0, y1) = (self.intervals[name] for name in PLANE)
        self.polygon = [(Fraction(x), Fraction(y)) for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]

    def hear(self, question, values):
        for atom in set(nodes.atoms(question.predicate.ast)):
            alone = Predicate("a comparison", atom, SCHEMA.digest)
            holds = predicates.evaluate(alone, values, question.as_of)
            if isinstance(atom, nodes.Age):
                latest = calendar.latest_birth(question.as_of, atom.years)
                self._narrow("date_of_birth", *((None, latest) if holds else (latest + 1, None)))
            elif isinstance(atom, nodes.Member):
                if holds:
                    self._narrow(atom.attribute, values[atom.attribute], values[atom.attribute])
            elif isinstance(atom, nodes.Compare):
                self._compare(atom, values)

    def _compare(self, atom, values):
        """Which side of the comparison's constant, or on it."""
        total = sum(a * values[name] for a, name in atom.form)
        symbol = atom.operator.symbol
        if symbol in ("==", "!="):
            if total == atom.constant:
                self._between(atom.form, atom.constant, atom.constant)
            return
        low = symbol in ("<=", ">")  # whether the constant itself lies on the low side
        edge = atom.constant if low else atom.constant - 1
        self._between(atom.form, *((None, edge) if total <= edge else (edge + 1, None)))

    def _between(self, form, low, high):
        if len(form) == 1:
            ((a, name),) = form
            self._narrow(name, None if low is None else -(-low // a), None if high is None else high // a)
        coefficients = {name: a for a, name in form}
        if set(coefficients) <= set(PLANE):
            line = tuple(Fraction(coefficients.get(name, 0)) for name in PLANE)
            if low is not None:
                self.polygon = clip(self.polygon, line, Fraction(low))
            if high is not None:
                self.polygon = clip(self.polygon, tuple(-c for c in line), Fraction(-high))

    def _narrow(self, name, low, high):
        left = self.intervals[name]
        if low is not None:
            left[0] = max(left[0], low)
        if high is not None:
            left[1] = min(left[1], high)

    def width(self, name):
        low, high = self.intervals[name]
        if name in PLANE:
            across = [point[PLANE.index(name)] for point in self.polygon]
            low, high = max(low, -(-min(across) // 1)), min(high, max(across) // 1)
        return int(high - low + 1)


def clip(polygon, line, least):
    """The part of a convex polygon in which a x + b y >= least."""
    a, b = line
    kept = []
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        here, there = a * x0 + b * y0 - least, a * x1 + b * y1 - least
        if here >= 0:
            kept.append((x0, y0))
        if here * there < 0:
            t = here / (here - there)
            kept.append((x0 + t * (x1 - x0), y0 + t * (y1 - y0)))
    return kept


def person(dice):
    """Somebody, with round figures as often as people have them."""
    salary = dice.choice(LADDER) if dice.random() < 0.3 else int(min(dice.lognormvariate(11, 0.6), 9e6)) * CENT
    return {
        "salary": salary,
        "debt": min(int(dice.lognormvariate(10, 1.2)) * CENT, DEBT[1]),
        "net_worth": int(dice.gauss(80_000, 120_000)) * CENT,
        "date_of_birth": TODAY - dice.randrange(18 * 365, 80 * 365),
        "owns_home": dice.randrange(2),
        "sanctioned": 0,
    }


@dataclass
class Outcome:
    """What became of one attack on one person."""

    width: int
    asked: int = 0
    paid: int = 0
    refused: int = 0


def attack(attacker, seed):
    """One person, attacked."""
    dice = random.Random(f"{attacker.name} {attacker.lenders} {seed}")  # noqa: S311 - an attacker's luck is no secret
    values = person(dice)
    known = {lender: Known() for lender in range(attacker.lenders)}
    everyone = Known().everyone
    rules = Rules(shared=attacker.shared)
    reader, outcome = Reader(), Outcome(0)
    asking = attacker.questions(dice, attacker.lenders)
    answer = None
    while True:
        try:
            lender, text = next(asking) if not outcome.asked else asking.send(answer)
        except StopIteration:
            break
        outcome.asked += 1
        day = TODAY + outcome.asked if attacker.target == "date_of_birth" else TODAY
        try:
            question = Question(predicates.parse(text, SCHEMA), SCHEMA, day)
        except CircuitsError:
            answer = None
            continue
        own = Known(known[lender].own, everyone)
        decision = decide(question, own, rules)
        if decision.refusal:
            outcome.refused += 1
            answer = None
            continue
        answer = predicates.evaluate(question.predicate, values, day)
        if not decision.free:
            outcome.paid += 1
            reader.hear(question, values)
            known[lender] = learn(question, decision.spent, answer=answer)
            everyone = known[lender].everyone
        if attacker.reissues and outcome.asked % 4 == 0:
            known = {lender: Known(each.own.without(values)) for lender, each in known.items()}
            everyone = everyone.without(values)
    outcome.width = reader.width(attacker.target)
    return outcome


def promised(attacker):
    """The width below which nobody may come, in the attribute's own units.

    Several lenders with budgets of their own are promised a band of the ladder: from above one rung to below the next.
    """
    disclosure = SCHEMA.attribute(attacker.target).disclosure
    if attacker.lenders > 1 and disclosure.ladder and not attacker.shared:
        return min(b - a for a, b in pairwise(disclosure.ladder)) - 1
    return disclosure.residual


@dataclass(frozen=True)
class Summary:
    """An attacker, over many people."""

    attacker: Attacker
    people: int
    asked: float
    paid: float
    refused: float
    widths: tuple

    @property
    def least(self):
        return self.widths[0]

    @property
    def middle(self):
        return median(self.widths)

    @property
    def kept(self):
        return self.least >= promised(self.attacker)


def simulate(attacker, people, *, first=0):
    """Attack many people."""
    outcomes = [attack(attacker, seed) for seed in range(first, first + people)]
    mean = [sum(getattr(each, name) for each in outcomes) / people for name in ("asked", "paid", "refused")]
    return Summary(attacker, people, *mean, tuple(sorted(each.width for each in outcomes)))
