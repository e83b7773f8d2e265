"""A world small enough to list everybody in it, and random questions about them."""

import random

from circuits import predicate as predicates
from circuits.attributes import Schema
from circuits.errors import CircuitsError
from circuits.leakage import Known, Question, Rules, decide, learn
from circuits.predicate import Predicate, nodes
from circuits.predicate.clauses import clauses as clauses_of
from circuits.query import Reasons

TODAY = 739_000
X, Y, Z = range(41), range(-10, 26), range(31)
SCHEMA = Schema.from_json(
    {
        "schema": "small",
        "version": 1,
        "attributes": [
            {"name": "x", "type": "integer", "min": "0", "max": "40", "disclosure": {"residual": "5"}},
            {"name": "y", "type": "integer", "min": "-10", "max": "25", "disclosure": {"residual": "4"}},
            {
                "name": "z",
                "type": "integer",
                "min": "0",
                "max": "30",
                "disclosure": {"residual": "3", "ladder": ["5", "10", "20"]},
            },
            {"name": "h", "type": "bool"},
            {"name": "t", "type": "integer", "min": "0", "max": "9"},
        ],
    }
)


def question(text, reasons=Reasons.OUTCOME_ONLY, schema=SCHEMA):
    return Question(predicates.parse(text, schema), schema, TODAY, reasons)


def person(dice):
    return {
        "x": dice.choice(X),
        "y": dice.choice(Y),
        "z": dice.choice(Z),
        "h": dice.randrange(2),
        "t": dice.randrange(10),
    }


def comparison(dice):
    operator = dice.choice(["<", "<=", ">", ">=", "<", "<=", ">", ">=", "==", "!="])
    kind = dice.random()
    if kind < 0.35:
        return f"x {operator} {dice.randrange(42)}"
    if kind < 0.55:
        return f"y {operator} {dice.randrange(-11, 27)}"
    if kind < 0.7:
        return f"z {operator} {dice.choice([5, 10, 20, 7])}"
    if kind < 0.8:
        return dice.choice(["h", f"t > {dice.randrange(10)}"])
    if kind < 0.85:
        return f"x in [{dice.randrange(41)}, {dice.randrange(41)}]"
    a, b = dice.choice([1, 1, 2, 3]), dice.choice([1, 1, 2, 5])
    return f"{a} * x {dice.choice('+-')} {b} * y {operator} {dice.randrange(-30, 80)}"


def formula(dice, depth=2):
    kind = dice.random()
    if depth == 0 or kind < 0.4:
        return comparison(dice)
    parts = [formula(dice, depth - 1) for _ in range(3)]
    if kind < 0.6:
        return f"({parts[0]} && {parts[1]})"
    if kind < 0.8:
        return f"({parts[0]} || {parts[1]})"
    return f"!({parts[0]})" if kind < 0.9 else f"at_least(2, {', '.join(parts)})"


class Reader:
    """The strongest reader there could be: told of every question that was answered, and not free, how each of its
    comparisons comes out. What they cannot tell apart from the person is listed, not computed.
    """

    def __init__(self):
        self.xy = {(x, y) for x in X for y in Y}
        self.z = set(Z)

    def hear(self, asked, values):
        for atom in set(nodes.atoms(asked.predicate.ast)):
            alone = Predicate("a comparison", atom, SCHEMA.digest)
            holds = predicates.evaluate(alone, values, TODAY)
            if {*alone.attributes} <= {"x", "y"}:
                self.xy = {(x, y) for x, y in self.xy if self._holds(alone, x=x, y=y) == holds}
            elif alone.attributes == ("z",):
                self.z = {z for z in self.z if self._holds(alone, z=z) == holds}

    @staticmethod
    def _holds(alone, **values):
        return predicates.evaluate(alone, values, TODAY)

    @property
    def left(self):
        return {x for x, _ in self.xy}, {y for _, y in self.xy}, self.z

    @property
    def widths(self):
        return tuple(map(len, self.left))


class Provider:
    """Answers what the rules allow, about one person, to some relying parties."""

    def __init__(self, values, *, shared=False, rules=decide):
        self.values = values
        self.known = {}
        self.everyone = Known().everyone
        self.rules = Rules(shared=shared)
        self.decide = rules
        self.counts = {"free": 0, "spent": 0, "refused": 0}

    def ask(self, party, asked):
        """The answer, or None; and whether it was free."""
        known = Known(self.known.get(party, Known()).own, self.everyone)
        decision = self.decide(asked, known, self.rules)
        if decision.refusal:
            self.counts["refused"] += 1
            return None, False
        answer = predicates.evaluate(asked.predicate, self.values, TODAY)
        clauses = None
        if asked.reasons is Reasons.FAILED_CLAUSES and not answer:
            clauses = [predicates.evaluate(each, self.values, TODAY) for each in clauses_of(asked.predicate)]
        if decision.free:
            self.counts["free"] += 1
            assert asked.read_by(known.own).answer == answer
            return answer, True
        self.counts["spent"] += 1
        told = learn(asked, decision.spent, answer=answer, clauses=clauses)
        self.known[party], self.everyone = told, told.everyone
        return answer, False

    def reissue(self, values):
        self.values = values
        self.known = {party: Known(known.own.without(values), known.everyone) for party, known in self.known.items()}
        self.everyone = self.everyone.without(values)


def questions(dice, most):
    for _ in range(most):
        try:
            reasons = dice.choice([Reasons.OUTCOME_ONLY] * 3 + [Reasons.FAILED_CLAUSES])
            yield question(formula(dice), reasons)
        except CircuitsError:
            continue


def random_dice(seed):
    return random.Random(seed)  # noqa: S311 - which questions are asked is no secret
