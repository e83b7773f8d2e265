"""Random compound questions about the credit applications, each with what it means in plain Python on the file's cells.

Nothing here knows the language: texts are put together from parts, and their meaning beside them from `Decimal`s.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

Row = dict[str, str]
Values = dict[str, Any]
Meaning = Callable[[Values], bool]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
ORDER = ("<", "<=", ">", ">=")
THOUSANDS = ("income", "expenses")
NUMBERS = (*THOUSANDS, "age", "seniority", "debt", "assets")
WORDS = ("home", "job")


@dataclass(frozen=True)
class Part:
    """A text, the attributes it needs, and its meaning."""

    text: str
    names: frozenset[str]
    means: Meaning


def plain(row: Row, attribute: str) -> Any:
    """The value as the mapping promises it; None for a gap."""
    cell = row[attribute]
    if cell == "":
        return None
    if attribute == "records":
        return cell == "yes"
    if attribute in WORDS:
        return cell
    return Decimal(cell) * (1000 if attribute in THOUSANDS else 1)


def literal(number: Decimal) -> str:
    return format(number.normalize(), "f")


class Questions:
    """Draws questions whose thresholds are values of other people, or one beside them."""

    def __init__(self, rows: list[Row], seed: int) -> None:
        self.rows = rows
        self.draw = Random(seed)  # noqa: S311 - a reproducible choice of questions

    def __call__(self, count: int) -> Iterator[tuple[str, str, bool | None]]:
        """(subject, question, expected answer): None where a needed cell is missing."""
        for _ in range(count):
            row = self.draw.choice(self.rows)
            part = self._compound(self.draw.randint(2, 6))
            values = {name: plain(row, name) for name in part.names}
            expected = None if None in values.values() else bool(part.means(values))
            yield row["application_id"], part.text, expected

    def _compound(self, clauses: int) -> Part:
        """Join that many clauses, in one level or in two."""
        if clauses == 1:
            return self._clause()
        sizes = [1] * clauses
        while len(sizes) > 2 and self.draw.random() < 0.4:
            sizes.append(sizes.pop() + sizes.pop())
        part = self._joined([self._compound(size) if size < clauses else self._clause() for size in sizes])
        return self._negated(part) if self.draw.random() < 0.15 else part

    def _joined(self, parts: list[Part]) -> Part:
        names = frozenset().union(*(part.names for part in parts))
        if self.draw.random() < 0.35:
            least = self.draw.randint(1, len(parts))
            text = f"at_least({least}, {', '.join(part.text for part in parts)})"
            return Part(text, names, lambda v: sum(part.means(v) for part in parts) >= least)
        sign, folded = self.draw.choice((("&&", all), ("||", any)))
        text = f" {sign} ".join(f"({part.text})" for part in parts)
        return Part(text, names, lambda v: folded(part.means(v) for part in parts))

    def _clause(self) -> Part:
        part = self.draw.choice(
            (self._number, self._number, self._ratio, self._ratio, self._sum, self._word, self._age, self._flag)
        )()
        return self._negated(part) if self.draw.random() < 0.2 else part

    def _negated(self, part: Part) -> Part:
        return Part(f"!({part.text})", part.names, lambda v: not part.means(v))

    def _somebodys(self, attribute: str) -> Any:
        while (value := plain(self.draw.choice(self.rows), attribute)) is None:
            pass
        return value

    def _number(self) -> Part:
        name, sign = self.draw.choice(NUMBERS), self.draw.choice(tuple(COMPARE))
        threshold = max(Decimal(0), self._somebodys(name) + self.draw.choice((-1, 0, 0, 1)))
        return Part(
            f"{name} {sign} {literal(threshold)}", frozenset({name}), lambda v: COMPARE[sign](v[name], threshold)
        )

    def _ratio(self) -> Part:
        one, other = self.draw.choice(
            (("expenses", "income"), ("debt", "assets"), ("debt", "income"), ("age", "seniority"))
        )
        sign, percent = self.draw.choice(ORDER), self.draw.choice((5, 20, 33, 40, 60, 150))
        if one != "age" and self.draw.random() < 0.3:
            text = f"{one} {sign} {other} * {literal(Decimal(percent) / 100)}"
        else:
            text = f"{one} * 100 {sign} {other} * {percent}"
        return Part(text, frozenset({one, other}), lambda v: COMPARE[sign](v[one] * 100, v[other] * percent))

    def _sum(self) -> Part:
        sign, times = self.draw.choice(ORDER), self.draw.randint(1, 5)
        threshold = self._somebodys("assets")
        return Part(
            f"assets + income * {times} - expenses - debt {sign} {literal(threshold)}",
            frozenset({"assets", "income", "expenses", "debt"}),
            lambda v: COMPARE[sign](v["assets"] + v["income"] * times - v["expenses"] - v["debt"], threshold),
        )

    def _word(self) -> Part:
        name = self.draw.choice(WORDS)
        listed = sorted({self._somebodys(name) for _ in range(self.draw.randint(1, 3))})
        if len(listed) == 1:
            sign = self.draw.choice(("==", "!="))
            return Part(f'{name} {sign} "{listed[0]}"', frozenset({name}), lambda v: COMPARE[sign](v[name], listed[0]))
        quoted = ", ".join(f'"{word}"' for word in listed)
        return Part(f"{name} in [{quoted}]", frozenset({name}), lambda v: v[name] in listed)

    def _age(self) -> Part:
        if self.draw.random() < 0.5:
            listed = sorted({self._somebodys("age") for _ in range(self.draw.randint(2, 12))})
            return Part(f"age in [{', '.join(map(literal, listed))}]", frozenset({"age"}), lambda v: v["age"] in listed)
        low, high = sorted((self._somebodys("age"), self._somebodys("age")))
        text = f"(age >= {literal(low)} && {literal(high)} >= age)"
        return Part(text, frozenset({"age"}), lambda v: low <= v["age"] <= high)

    def _flag(self) -> Part:
        return Part("records", frozenset({"records"}), lambda v: v["records"])
