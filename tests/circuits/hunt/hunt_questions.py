"""Random well-typed questions over random schemas, and values that stand where answers turn.

Everything is drawn from one `random.Random`: the seed of a case is its name. A question is written as text, so that it
takes the whole way from the language to the circuit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from circuits.attributes import Attribute, AttributeType, Schema
from circuits.calendar import FIRST_DAY, LAST_DAY, day_number, iso, latest_birth
from circuits.errors import PredicateError
from circuits.predicate import Predicate, evaluate, parse
from circuits.values import decimal_text

ORDERS = ("<", "<=", ">", ">=")
COMPARISONS = (*ORDERS, "==", "!=")
CURRENCIES = ("USD", "JPY", "KWD")
MAX_TEXT = 1024
MAX_CLAUSES = 16
LONG_LIST = 64
CROWD = 70
"""So many words an enum or a text can be in the longest lists and beside them."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Where an answer turns: the sum of coefficient * value is near a constant."""

    terms: tuple[tuple[int, str], ...]
    constant: int


@dataclass(frozen=True, slots=True)
class Case:
    """A question, a person, and the answer by plain evaluation."""

    seed: str
    schema: Schema
    text: str
    predicate: Predicate
    as_of: int
    values: Mapping[str, int]
    answer: bool
    edges: tuple[Edge, ...]

    @property
    def committed(self) -> list[int]:
        """The values behind the commitments, in the order of the predicate's attributes."""
        return [self.values[name] for name in self.predicate.attributes]


@dataclass(slots=True)
class Asker:
    """Asks random questions about one random schema.

    Attributes:
        random: the source of everything.
        schema: the schema asked about.
        edges: where the question's answer turns, collected while it is written.
        focus: the attributes it is about; few of them are compared with many numbers.
    """

    random: Random
    schema: Schema = field(init=False)
    as_of: int = field(init=False)
    edges: list[Edge] = field(default_factory=list)
    focus: list[Attribute] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.schema = random_schema(self.random)
        self.as_of = self.random.randint(day_number("1995-01-01"), day_number("2030-12-31"))
        if self.random.random() < 0.1:
            self.as_of = day_number(self.random.choice(["2024-02-29", "2023-02-28", "2023-03-01", "2024-03-01"]))

    # the question

    def question(self) -> str:
        """Write a question of 1 to 16 comparisons."""
        self.edges.clear()
        self.focus = list(self.schema.attributes)
        if self.random.random() < 0.5:
            self.focus = self.random.sample(self.focus, self.random.randint(1, 4))
        most = self.random.choices([1, 4, 8, MAX_CLAUSES], [30, 40, 20, 10])[0]
        count = self.random.randint(max(1, most // 2), most)
        clauses: list[str] = []
        room = MAX_TEXT - 20 * count
        for _ in range(count):
            clause = self.random.choice(clauses) if clauses and self.random.random() < 0.15 else self._clause(room)
            room -= len(clause)
            clauses.append(clause)
        return self._formula(clauses)

    def _formula(self, clauses: list[str]) -> str:
        """Join clauses: a flat row, or a tree, with negations anywhere."""
        if len(clauses) == 1:
            return f"!({clauses[0]})" if self.random.random() < 0.15 else clauses[0]
        if self.random.random() < 0.4:
            groups = [[clause] for clause in clauses]
        else:
            cuts = sorted(self.random.sample(range(1, len(clauses)), self.random.randint(1, min(3, len(clauses) - 1))))
            groups = [clauses[a:b] for a, b in zip([0, *cuts], [*cuts, len(clauses)], strict=True)]
        parts = [self._formula(group) for group in groups]
        operator = self.random.choice(["&&", "||", "at_least"])
        if operator == "at_least":
            joined = f"at_least({self.random.randint(1, len(parts))}, {', '.join(parts)})"
        else:
            joined = f" {operator} ".join(f"({part})" if len(parts) > 1 else part for part in parts)
        return f"!({joined})" if self.random.random() < 0.15 else joined

    def _clause(self, room: int) -> str:
        attribute = self.random.choice(self.focus)
        kinds: dict[AttributeType, Callable[[Attribute, int], str]] = {
            AttributeType.MONEY: self._number,
            AttributeType.INTEGER: self._number,
            AttributeType.DATE: self._date,
            AttributeType.ENUM: self._words,
            AttributeType.TEXT: self._words,
            AttributeType.BOOL: self._flag,
        }
        return kinds[attribute.type](attribute, room)

    def _number(self, attribute: Attribute, room: int) -> str:
        kin = [a for a in self.schema if (a.type, a.currency) == (attribute.type, attribute.currency)]
        draw = self.random.random()
        if draw < 0.35 and len(kin) > 1:
            return self._sum(self.random.sample(kin, self.random.randint(2, min(4, len(kin)))))
        if draw < 0.5:
            return self._list(attribute, room)
        operator = self.random.choice(ORDERS) if self.random.random() < 0.85 else self.random.choice(("==", "!="))
        factor = self.random.choice([1, 1, 1, 1, -1, 2, 3, 7]) if operator in ORDERS else 1
        constant = factor * self._mark(attribute) + self.random.choice([0, 0, 1, -1]) * (abs(factor) > 1)
        self.edges.append(Edge(((factor, attribute.name),), constant))
        left = attribute.name if factor == 1 else f"{factor} * {attribute.name}"
        return self._sides(left, operator, self._literal(attribute, constant))

    def _sum(self, chosen: list[Attribute]) -> str:
        """A linear form; often one that was asked about before, with another constant."""
        known = [edge for edge in self.edges if len(edge.terms) > 1]
        if known and self.random.random() < 0.4:
            edge = self.random.choice(known)
            sign = self.random.choice([1, 1, -1, 3])
            terms = tuple((sign * c, name) for c, name in edge.terms)
            constant = sign * edge.constant + self.random.choice([0, 1, -1, 10, -1000])
        else:
            terms = tuple((self._coefficient(), attribute.name) for attribute in chosen)
            constant = sum(c * self._any(self.schema.attribute(name)) for c, name in terms)
            constant += self.random.choice([0, 0, 1, -1])
        self.edges.append(Edge(terms, constant))
        exact = self.random.random() < (0.5 if known else 0.2)
        operator = self.random.choice(("==", "!=") if exact else ORDERS)
        clause = self._sum_compared(terms, operator, constant)
        if operator in ORDERS or self.random.random() < 0.6:
            return clause
        # one of two sums: to the compiler a set of numbers, as lists are
        other = constant + self.random.choice([1, -1, 10, 1000])
        self.edges.append(Edge(terms, other))
        junction = "||" if operator == "==" else "&&"
        return f"({clause} {junction} {self._sum_compared(terms, operator, other)})"

    def _sum_compared(self, terms: tuple[tuple[int, str], ...], operator: str, constant: int) -> str:
        moved = self.random.randrange(len(terms)) if self.random.random() < 0.5 else len(terms)
        left, right = terms[: max(moved, 1)], terms[max(moved, 1) :]
        literal = self._literal(self.schema.attribute(terms[0][1]), constant)
        rest = " - ".join([literal, *(f"{c} * {name}" for c, name in right)])
        return self._sides(" + ".join(f"{c} * {name}" for c, name in left), operator, rest)

    def _coefficient(self) -> int:
        return self.random.choice([1, 1, -1, 2, -2, 3, 5, -7, 40, 100, -100, self.random.randint(1, 1 << 40)])

    def _list(self, attribute: Attribute, room: int) -> str:
        size = self._size()
        start = self._mark(attribute)
        if self.random.random() < 0.5:
            marks = [start + i for i in range(size)]
        else:
            marks = [start, *(self._any(attribute) for _ in range(size - 1))]
        literals: list[str] = []
        for mark in marks:
            literal = self._literal(attribute, mark)
            room -= len(literal) + 1
            if literals and room < 0:
                break
            self.edges.append(Edge(((1, attribute.name),), mark))
            literals.append(literal)
        return f"{attribute.name} in [{','.join(literals)}]"

    def _size(self) -> int:
        return self.random.choices([1, 2, 3, 5, 9, 17, LONG_LIST], [8, 20, 25, 20, 12, 9, 6])[0]

    def _date(self, attribute: Attribute, room: int) -> str:
        others = [a for a in self.schema if a.type is AttributeType.DATE and a.name != attribute.name]
        draw = self.random.random()
        if draw < 0.5:
            years = self.random.choice([0, 1, 16, 18, 21, 21, 65, 100, self.random.randint(-2, 130)])
            for turn in (years, years + 1):
                self.edges.append(Edge(((1, attribute.name),), latest_birth(self.as_of, turn)))
            return self._sides(f"age({attribute.name})", self.random.choice(COMPARISONS), str(years))
        if draw < 0.65 and others:
            other = self.random.choice(others)
            self.edges.append(Edge(((1, attribute.name), (-1, other.name)), 0))
            return f"{attribute.name} {self.random.choice(COMPARISONS)} {other.name}"
        if draw < 0.8:
            return self._list(attribute, room)
        mark = self._mark(attribute)
        self.edges.append(Edge(((1, attribute.name),), mark))
        return self._sides(attribute.name, self.random.choice(COMPARISONS), self._literal(attribute, mark))

    def _words(self, attribute: Attribute, room: int) -> str:
        words = list(attribute.values) or [f"t{i}" for i in range(CROWD)]
        chosen = self.random.sample(words, min(self._size(), len(words), max(1, room // 6)))
        self.edges.extend(Edge(((1, attribute.name),), attribute.encode(word)) for word in chosen)
        if len(chosen) == 1:
            return f"{attribute.name} {self.random.choice(('==', '!='))} '{chosen[0]}'"
        quoted = ",".join(f"'{word}'" for word in chosen)
        return f"{attribute.name} in [{quoted}]"

    def _flag(self, attribute: Attribute, _: int) -> str:
        name = attribute.name
        return self.random.choice([name, name, f"!{name}", f"{name} == false", f"true != {name}"])

    def _sides(self, left: str, operator: str, right: str) -> str:
        if self.random.random() < 0.8:
            return f"{left} {operator} {right}"
        mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(operator, operator)
        return f"{right} {mirrored} {left}"

    def _mark(self, attribute: Attribute) -> int:
        """Draw a threshold; often at or beside one that was asked about before, or a bound."""
        known = [e.constant for e in self.edges if e.terms == ((1, attribute.name),)]
        if known and self.random.random() < 0.4:
            return self._sayable(attribute, self.random.choice(known) + self.random.choice([0, 0, 1, -1, 2]))
        if self.random.random() < 0.2:
            bound = self.random.choice([attribute.minimum, attribute.maximum])
            return self._sayable(attribute, bound + self.random.randint(-2, 2))
        return self._any(attribute)

    def _sayable(self, attribute: Attribute, mark: int) -> int:
        return min(max(mark, FIRST_DAY), LAST_DAY) if attribute.type is AttributeType.DATE else mark

    def _literal(self, attribute: Attribute, mark: int) -> str:
        if attribute.type is AttributeType.DATE:
            return f'date("{iso(self._sayable(attribute, mark))}")'
        return decimal_text(mark, attribute.decimals)

    # the person

    def _any(self, attribute: Attribute) -> int:
        if attribute.type is AttributeType.TEXT:
            return attribute.encode(f"t{self.random.randrange(CROWD + 1)}")
        return self.random.randint(attribute.minimum, attribute.maximum)

    def person(self) -> dict[str, int]:
        """Draw a value for every attribute, within its bounds and preferably where the answer turns."""
        values: dict[str, int] = {}
        for a in self.schema:
            ends = [] if a.type is AttributeType.TEXT else [a.minimum, a.maximum]
            values[a.name] = self.random.choice([*ends, self._any(a), self._any(a)])
        for edge in self.random.sample(self.edges, min(len(self.edges), self.random.randint(0, 6))):
            coefficient, name = self.random.choice(edge.terms)
            attribute = self.schema.attribute(name)
            rest = sum(c * values[other] for c, other in edge.terms if other != name)
            value = (edge.constant - rest) // coefficient
            if attribute.type is not AttributeType.TEXT:
                value += self.random.choice([0, 0, 1, -1])
            values[name] = min(max(value, attribute.minimum), attribute.maximum)
        return values


def random_schema(random: Random) -> Schema:
    """Draw a schema with every type in it, in random order, with bounds of random size and sign."""
    attributes: list[dict[str, Any]] = []
    currency = random.choice(CURRENCIES)
    for i in range(random.randint(1, 3)):
        low, high = _bounds(random)
        attributes.append({"name": f"m{i}", "type": "money", "currency": currency, "min": low, "max": high})
    for i in range(random.randint(1, 3)):
        low, high = _bounds(random)
        attributes.append({"name": f"n{i}", "type": "integer", "min": low, "max": high})
    attributes.append({"name": "d0", "type": "date"})
    if random.random() < 0.5:
        first = random.randint(day_number("1900-01-01"), day_number("2010-01-01"))
        last = first + random.choice([1, 40, 400, 10_000])
        attributes.append({"name": "d1", "type": "date", "min": iso(first), "max": iso(last)})
    size = random.choice([1, 2, 3, 16, 17, CROWD])
    attributes.append({"name": "e0", "type": "enum", "values": [f"v{i}" for i in range(size)]})
    attributes += [{"name": f"b{i}", "type": "bool"} for i in range(random.randint(1, 3))]
    attributes.append({"name": "t0", "type": "text"})
    random.shuffle(attributes)
    return Schema.from_json({"schema": "hunted", "version": 1, "attributes": attributes})


def _bounds(random: Random) -> tuple[str, str]:
    size = 1 << random.choice([1, 3, 4, 7, 8, 12, 16, 20, 30, 40, 50])
    low = random.choice([0, 0, 0, -random.randint(1, size), random.randint(0, size)])
    return str(low), str(low + random.randint(1, size))


def crowd(seed: str, *, accept: Callable[[Predicate, Schema, int], object], people: int = 12) -> list[Case]:
    """Draw one question that the language and the compiler accept, and people to ask it about.

    Args:
        seed: names the question.
        accept: compiles; a refusal by one of the language's errors means that another question is drawn.
        people: how many.
    """
    random = Random(seed)  # noqa: S311  # reproducible, not secret
    while True:
        asker = Asker(random)
        text = asker.question()
        try:
            predicate = parse(text, asker.schema)
            accept(predicate, asker.schema, asker.as_of)
        except PredicateError:
            continue
        drawn = [asker.person() for _ in range(people)]
        answers = [evaluate(predicate, values, asker.as_of) for values in drawn]
        common = (seed, asker.schema, text, predicate, asker.as_of)
        edges = tuple(asker.edges)
        return [Case(*common, values, answer, edges) for values, answer in zip(drawn, answers, strict=True)]
