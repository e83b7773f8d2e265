"""Relying parties that want to know more than they should: each a way to choose the next questions.

An attacker knows the rules, the schemas and every answer it was given. It sees a refusal, and what it is told when it
asks the other way round. It yields lists of questions that are asked at the same time, and is sent the answers.
"""

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass

Dice = random.Random
CENT = 100
SPAN = 60
"""Questions that an attacker has time for."""
PATIENCE = 12
"""Refusals in a row after which one that knows what it looks for gives up."""


@dataclass(frozen=True)
class Ask:
    """One question.

    Attributes:
        text: as written.
        lender: who asks, by number.
        reasons: whether a no is to come with its clauses.
        under: by number, the list of schemas it is put under.
    """

    text: str
    lender: int = 0
    reasons: bool = False
    under: int = 0


@dataclass(frozen=True)
class Heard:
    """An answer: yes or no, for a no perhaps the clauses; None instead is a refusal."""

    answer: bool
    clauses: tuple[bool, ...] | None = None
    paid: bool = True


Questions = Generator[list[Ask], list[Heard | None], None]


@dataclass(frozen=True)
class Attacker:
    """A way to attack.

    Attributes:
        name: for the table.
        how: in one line.
        target: the attribute it is after.
        questions: how it asks.
        lenders: how many collude.
        shared: whether the provider keeps one budget for all of them together.
        renewed: after how many questions the provider commits anew, again and again; 0: never.
        changes: the attribute that has another value then.
        daily: whether every question is asked on another day.
        promised: whether the width is promised against it at all.
        prover: whether it attacks a prover with its database, not the rules alone.
        consents: whether it has a new consent, to one question, for every question.
    """

    name: str
    how: str
    target: str
    questions: Callable[[Dice, int], Questions]
    lenders: int = 1
    shared: bool = False
    renewed: int = 0
    changes: str = ""
    daily: bool = False
    promised: bool = True
    prover: bool = False
    consents: bool = False


def amount(cents):
    """An amount as the language writes it."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // CENT}.{abs(cents) % CENT:02}"


def bisection(name, low, high, *, wrong=0.0, mask=str, beside=0, versions=1):
    """Halve what is left; where that is refused, try beside it, then nearer and nearer the ends.

    Args:
        name, low, high: what is looked for, and where.
        wrong: how often to ask elsewhere than in the middle.
        mask: what to make of a comparison.
        beside: how many questions to ask right beside each answer that was given, on either side.
        versions: by how many lists of schemas, in turn.
    """

    def questions(dice, lenders):
        ends = [low, high]
        refused = 0
        for turn in range(SPAN):
            span = ends[1] - ends[0]
            if span < 1 or refused > PATIENCE:
                return
            place = dice.uniform(0.02, 0.98) if refused or dice.random() < wrong else 0.5
            middle = ends[0] + int(span * place)
            who = {"lender": turn % lenders, "under": turn % versions}
            (heard,) = yield [Ask(mask(f"{name} > {amount(middle)}"), **who)]
            if heard is None:
                refused += 1
                continue
            refused = 0
            ends[0 if heard.answer else 1] = middle + (1 if heard.answer else 0)
            for _ in range(beside):
                near = middle + dice.randrange(-span // 8 - 1, span // 8 + 2)
                (heard,) = yield [Ask(f"{name} > {amount(near)}", **who)]
                if heard is not None and low < near < high:
                    ends = [max(ends[0], near + 1), ends[1]] if heard.answer else [ends[0], min(ends[1], near)]

    return questions


def at_random(name, low, high):
    """Any threshold, any operator, lists, equalities."""

    def questions(dice, lenders):
        for turn in range(SPAN):
            operator = dice.choice(["<", "<=", ">", ">=", "==", "!="])
            text = f"{name} {operator} {amount(dice.randrange(low, high))}"
            if dice.random() < 0.1:
                text = f"{name} in [{', '.join(amount(dice.randrange(low, high)) for _ in range(8))}]"
            yield [Ask(text, turn % lenders)]

    return questions


def masked(text):
    """One clause behind others that come out as the attacker already knows."""
    return f"({text} && (owns_home || !owns_home)) || (sanctioned && !sanctioned)"


def halves(name, low, high):
    """Two thresholds a question, told apart by what else is known: as many bits as a question can carry."""

    def questions(dice, lenders):
        ends = [low, high]
        refused = 0
        for turn in range(SPAN):
            span = ends[1] - ends[0]
            if span < 4 or refused > PATIENCE:
                return
            a, b = sorted(ends[0] + int(span * dice.random()) for _ in range(2))
            home = dice.choice(["owns_home", "!owns_home"])
            asked = f"({name} > {amount(a)} && {home}) || ({name} > {amount(b)} && !({home}))"
            (heard,) = yield [Ask(asked, turn % lenders)]
            refused = refused + 1 if heard is None else 0
            if heard is not None:
                ends = [max(ends[0], a + 1), ends[1]] if heard.answer else [ends[0], max(ends[0], b)]

    return questions


def clauses(name, low, high):
    """Many thresholds in one question, and a clause that always fails: a no tells of every one of them."""

    def questions(dice, lenders):
        ends = [low, high]
        refused = 0
        for turn in range(SPAN):
            if refused > PATIENCE:
                return
            span = ends[1] - ends[0]
            places = sorted({ends[0] + int(span * dice.random()) for _ in range(dice.choice([1, 2, 3, 6]))})
            parts = [f"{name} > {amount(place)}" for place in places]
            (heard,) = yield [Ask(" && ".join([*parts, "sanctioned"]), turn % lenders, reasons=True)]
            refused = refused + 1 if heard is None else 0
            if heard is not None and heard.clauses is not None:
                reached = sum(heard.clauses[:-1])
                ends[0] = max(ends[0], places[reached - 1] + 1) if reached else ends[0]
                ends[1] = min(ends[1], places[reached]) if reached < len(places) else ends[1]

    return questions


def forms(dice, lenders):
    """Lines through the plane of debt and net worth, from all sides, and then straight cuts."""
    for turn in range(SPAN):
        a, b = dice.choice([(1, 1), (1, -1), (2, 1), (1, 2), (3, -2), (1000, 1), (1000, -1), (1, 0), (0, 1)])
        where = dice.randrange(-50_000_00, 400_000_00) if max(a, abs(b)) < 1000 else dice.randrange(0, 10**11)
        left = [f"{a} * debt"] * bool(a) + [f"{b} * net_worth"] * bool(b)
        yield [Ask(f"{' + '.join(left)} {dice.choice('<>')} {amount(where)}", turn % lenders)]


def moving(dice, lenders):
    """Bisect a debt, and the sum of it and a net worth; begin again whenever the debt may be another one."""
    for _ in range(SPAN // 20):
        for form, ends, turns in (
            ("debt", [0, 500_000_00], 6),
            ("debt + net_worth", [-400_000_00, 900_000_00], 9),
        ):
            for turn in range(turns):
                middle = ends[0] + int((ends[1] - ends[0]) * dice.uniform(0.3, 0.7))
                (heard,) = yield [Ask(f"{form} > {amount(middle)}", turn % lenders)]
                if heard is not None:
                    ends[0 if heard.answer else 1] = middle + (1 if heard.answer else 0)


def rungs(ladder):
    """Each rung from both sides, by one lender after the other."""

    def questions(dice, lenders):
        asked = [(rung, operator) for rung in ladder for operator in (">", ">=", "==", "<=")]
        dice.shuffle(asked)
        for turn, (rung, operator) in enumerate(asked):
            yield [Ask(f"salary {operator} {amount(rung)}", turn % lenders)]

    return questions


def birthdays(_dice, lenders):
    """The age, found by halving, then the next age every day until the answer changes: the turn is the day."""
    ends = [18, 80]
    for turn in range(2 * SPAN):
        age = (ends[0] + ends[1] + 1) // 2
        (heard,) = yield [Ask(f"age(date_of_birth) >= {age}", turn % lenders)]
        if heard is not None:
            ends = [age, max(ends[1], age + 1)] if heard.answer else [ends[0], age]
            if ends[1] - ends[0] == 1 and heard.answer:
                ends[1] = ends[0] + 1


def crowd(name, low, high, *, at_once=6):
    """Several thresholds at the same time, each of them three times over."""

    def questions(dice, lenders):
        ends = [low, high]
        for turn in range(SPAN // 6):
            span = ends[1] - ends[0]
            places = [ends[0] + int(span * dice.random()) for _ in range(at_once)]
            batch = [Ask(f"{name} > {amount(place)}", (turn + i) % lenders) for i, place in enumerate(places)]
            answers = yield [each for each in batch for _ in range(3)]
            for place, heard in zip(places, answers[::3], strict=True):
                if heard is not None:
                    ends = [max(ends[0], place + 1), ends[1]] if heard.answer else [ends[0], min(ends[1], place)]
            if ends[0] >= ends[1]:
                return

    return questions
