"""Relying parties that want to know more than they should: each a way to choose the next question.

An attacker knows the rules, the schema and every answer it was given. It sees a refusal, and what it is told when it
asks the other way round. `questions` yields (lender, text) and is sent the answer, or None for a refusal.
"""

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass

Questions = Generator[tuple[int, str], bool | None, None]
Dice = random.Random
CENT = 100


def amount(cents):
    """An amount as the language writes it."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // CENT}.{abs(cents) % CENT:02}"


@dataclass(frozen=True)
class Attacker:
    """A way to attack.

    Attributes:
        name: for the table.
        how: in one line.
        target: the attribute it is after.
        lenders: how many collude.
        shared: whether the provider keeps one budget for all of them together.
        reissues: whether the provider commits anew every few questions.
        promised: whether the width is promised against it at all.
    """

    name: str
    how: str
    target: str
    questions: Callable[[Dice, int], Questions]
    lenders: int = 1
    shared: bool = False
    reissues: bool = False
    promised: bool = True


def bisection(name, low, high, *, wrong=0.0, mask=lambda text: text):
    """Halve what is left; where that is refused, try beside it, then nearer and nearer the ends."""

    def questions(dice, lenders):
        ends = [low, high]
        refused = 0
        for turn in range(60):
            span = ends[1] - ends[0]
            if span < 1 or refused > 12:
                return
            place = dice.uniform(0.02, 0.98) if refused or dice.random() < wrong else 0.5
            middle = ends[0] + int(span * place)
            answer = yield turn % lenders, mask(f"{name} > {amount(middle)}")
            if answer is None:
                refused += 1
                continue
            refused = 0
            ends[0 if answer else 1] = middle + (1 if answer else 0)

    return questions


def at_random(name, low, high):
    """Any threshold, any operator, lists, equalities."""

    def questions(dice, lenders):
        for turn in range(60):
            operator = dice.choice(["<", "<=", ">", ">=", "==", "!="])
            text = f"{name} {operator} {amount(dice.randrange(low, high))}"
            if dice.random() < 0.1:
                text = f"{name} in [{', '.join(amount(dice.randrange(low, high)) for _ in range(8))}]"
            yield turn % lenders, text

    return questions


def masked(text):
    """One clause behind others that come out as the attacker already knows."""
    return f"({text} && (owns_home || !owns_home)) || (sanctioned && !sanctioned)"


def halves(name, low, high):
    """Two thresholds a question, told apart by what else is known: as many bits as a question can carry."""

    def questions(dice, lenders):
        ends = [low, high]
        for turn in range(60):
            span = ends[1] - ends[0]
            if span < 4:
                return
            a, b = sorted(ends[0] + int(span * dice.random()) for _ in range(2))
            home = dice.choice(["owns_home", "!owns_home"])
            asked = f"({name} > {amount(a)} && {home}) || ({name} > {amount(b)} && !({home}))"
            answer = yield turn % lenders, asked
            if answer is not None:
                ends = [max(ends[0], a + 1), ends[1]] if answer else [ends[0], max(ends[0], b)]

    return questions


def forms(dice, lenders):
    """Lines through the plane of debt and net worth, from all sides, and then straight cuts."""
    for turn in range(60):
        a, b = dice.choice([(1, 1), (1, -1), (2, 1), (1, 2), (3, -2), (1000, 1), (1000, -1), (1, 0), (0, 1)])
        where = dice.randrange(-50_000_00, 400_000_00) if max(a, abs(b)) < 1000 else dice.randrange(0, 10**11)
        left = [f"{a} * debt"] * bool(a) + [f"{b} * net_worth"] * bool(b)
        yield turn % lenders, f"{' + '.join(left)} {dice.choice('<>')} {amount(where)}"


def rungs(ladder):
    """Each rung from both sides, by one lender after the other."""

    def questions(dice, lenders):
        asked = [(rung, operator) for rung in ladder for operator in (">", ">=", "==")]
        dice.shuffle(asked)
        for turn, (rung, operator) in enumerate(asked[:60]):
            yield turn % lenders, f"salary {operator} {amount(rung)}"

    return questions


def birthdays(_dice, lenders):
    """The age, found by halving, then the next age every day until the answer changes: the turn is the day."""
    ends = [18, 80]
    for turn in range(120):
        age = (ends[0] + ends[1] + 1) // 2
        answer = yield turn % lenders, f"age(date_of_birth) >= {age}"
        if answer is not None:
            ends = [age, max(ends[1], age + 1)] if answer else [ends[0], age]
        if ends[1] - ends[0] == 1 and answer:
            ends[1] = ends[0] + 1
