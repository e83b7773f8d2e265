"""Typed questions at random, as lists of words and signs, and the ways of writing them.

A question has a style, which says in which reading of money CEL is exact about it (see cel_oracle):
`whole` numbers; `binary`, decimals that are small multiples of 1/16 and so exact as doubles; `decimal`, any; and
`plain`, any decimals, but nothing is computed from amounts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

from random_schemas import WORDS

from circuits.attributes import Attribute, AttributeType, Schema
from circuits.calendar import age, iso

Style = Literal["whole", "binary", "decimal", "plain"]
STYLES: tuple[Style, ...] = ("whole", "binary", "decimal", "plain")
RELATIONS = ("<", "<=", ">", ">=", "==", "!=")
_NUMBERS = (AttributeType.MONEY, AttributeType.INTEGER)


@dataclass(frozen=True, slots=True)
class Question:
    """Words and signs, and their style."""

    tokens: tuple[str, ...]
    style: Style

    def text(self, rng: Random | None = None) -> str:
        """Write the question, with blanks at random where they are free."""
        parts = [self.tokens[0]]
        for last, token in zip(self.tokens, self.tokens[1:], strict=False):
            needed = (last[-1].isalnum() or last[-1] == "_") and (token[0].isalnum() or token[0] == "_")
            blank = " " if rng is None else rng.choice(("", " ", " ", " ", "  ", "\t", "\n", "\r\n"))
            parts += [blank or " " * needed, token]
        return "".join(parts)


def equivalent(rng: Random, question: Question) -> str:
    """Write the same question in another way: blanks, parentheses, doubled negations, lists in another order."""
    tokens = list(question.tokens)
    if "[" in tokens:
        start = tokens.index("[")
        end = tokens.index("]", start)
        items: list[list[str]] = [[]]
        for token, before in zip(tokens[start + 1 : end], _open_calls(tokens[start + 1 : end]), strict=True):
            if token == "," and not before:
                items.append([])
            else:
                items[-1].append(token)
        items.append(rng.choice(items))
        rng.shuffle(items)
        tokens[start + 1 : end] = [token for item in items for token in (",", *item)][1:]
    ways = ([], ["("], ["!", "!", "("], ["!", "(", "!", "("])
    before = rng.choice(ways)
    return Question((*before, *tokens, *[")"] * before.count("(")), question.style).text(rng)


def _open_calls(tokens: list[str]) -> list[int]:
    depth, found = 0, []
    for token in tokens:
        depth += (token == "(") - (token == ")")
        found.append(depth)
    return found


def random_question(rng: Random, schema: Schema, as_of: int) -> Question:
    """Draw a question that is typed rightly; few are refused all the same, for what their numbers are."""
    style = rng.choice(STYLES)
    return Question(tuple(_Drawing(rng, schema, style, as_of).question(rng.choice((1, 1, 2, 3, 5)))), style)


class _Drawing:
    def __init__(self, rng: Random, schema: Schema, style: Style, as_of: int) -> None:
        self.rng = rng
        self.attributes = tuple(schema)
        self.style = style
        self.as_of = as_of

    def question(self, atoms: int) -> list[str]:
        """Join so many comparisons, more or less."""
        if self.rng.random() < 0.12:
            return ["!", "(", *self.question(atoms), ")"]
        if atoms == 1:
            atom = self._atom(self.rng.choice(self.attributes))
            return ["(", *atom, ")"] if self.rng.random() < 0.15 else atom
        first = self.rng.randint(1, atoms - 1)
        parts = [self.question(first), self.question(atoms - first)]
        if self.rng.random() < 0.2:
            count = self.rng.randint(1, 2)
            return ["at_least", "(", str(count), ",", *parts[0], ",", *parts[1], ")"]
        operator = self.rng.choice(("&&", "||"))
        joined = [["(", *part, ")"] if self.rng.random() < 0.4 else part for part in parts]
        return [*joined[0], operator, *joined[1]]

    def _atom(self, attribute: Attribute) -> list[str]:
        kinds: dict[AttributeType, tuple[Callable[[Attribute], list[str]], ...]] = {
            AttributeType.MONEY: (self._simple, self._simple, self._linear, self._linear, self._linear, self._numbers),
            AttributeType.INTEGER: (self._simple, self._simple, self._linear, self._linear, self._numbers),
            AttributeType.DATE: (self._day, self._day, self._age, self._age, self._days),
            AttributeType.ENUM: (self._word, self._words),
            AttributeType.TEXT: (self._word, self._words),
            AttributeType.BOOL: (self._flag,),
        }
        return self.rng.choice(kinds[attribute.type])(attribute)

    def _related(self, left: list[str], right: list[str], *operators: str) -> list[str]:
        if self.rng.random() < 0.3:
            left, right = right, left
        return [*left, self.rng.choice(operators or RELATIONS), *right]

    def _simple(self, attribute: Attribute) -> list[str]:
        return self._related([attribute.name], self._number(attribute))

    def _number(self, attribute: Attribute) -> list[str]:
        """Write a number near or within the attribute's bounds, now and then computed."""
        low, high, places = attribute.minimum, attribute.maximum, attribute.decimals
        near = self.rng.choice((low, high, 0, low - 1, high + 1, self.rng.randint(low, high)))
        if self.style == "binary":
            near = self.rng.randint(-64, 64) * 10**places // 16
        near = max(min(near, 2**63 - 1), -(2**63) + 1)
        if attribute.type is AttributeType.INTEGER or self.style == "whole":
            whole = near // 10**places
            if self.rng.random() < 0.1 and abs(whole) < 10**9:
                part = self.rng.randint(-9, 9)
                return [*_signed(str(whole - part)), "+", *_signed(str(part))]
            return _signed(str(whole))
        if places == 0:
            return _signed(str(near))
        if self.style == "binary":
            return self._binary(places)
        if abs(near) >= 10**15:
            near //= 10**5
        whole, rest = divmod(abs(near), 10**places)
        fraction = f"{rest:0{places}}".rstrip("0") if self.rng.random() < 0.5 else f"{rest:0{places}}"
        return _signed("-" * (near < 0) + str(whole) + ("." + fraction) * bool(fraction))

    def _binary(self, places: int) -> list[str]:
        """A multiple of 1/2^places, which has at most so many decimals."""
        steps = 2 ** min(places, 2)
        return _signed(f"{self.rng.randint(-64 * steps, 64 * steps) / steps!r}")

    def _linear(self, attribute: Attribute) -> list[str]:
        """Compare two sums of attributes of one unit."""
        if self.style == "plain" and attribute.type is AttributeType.MONEY:
            return self._simple(attribute)
        same = [o for o in self.attributes if (o.type, o.currency) == (attribute.type, attribute.currency)]
        left = [*self._sum(attribute, same, 2), *self._plus(attribute, [attribute.name])]
        if self._apart(attribute) and self.rng.random() < 0.5:
            left += [self.rng.choice("+-"), *self._number(attribute)]
        alone = self._apart(attribute) and self.rng.random() < 0.5
        return self._related(left, self._number(attribute) if alone else self._sum(attribute, same, 1))

    def _apart(self, attribute: Attribute) -> bool:
        """Keep numbers apart from each other: what CEL computes from two doubles alone is not exact for decimals."""
        return self.style == "decimal" and attribute.type is AttributeType.MONEY

    def _plus(self, attribute: Attribute, term: list[str]) -> list[str]:
        factor = self._factor(attribute) if self.rng.random() < 0.3 else []
        return [self.rng.choice("+-"), *factor, *(["*"] if factor else []), *term]

    def _sum(self, attribute: Attribute, same: list[Attribute], depth: int) -> list[str]:
        chance = self.rng.random()
        if depth == 0 or chance < 0.25:
            number = self.rng.random() < 0.4 and not self._apart(attribute)
            return self._number(attribute) if number else [self.rng.choice(same).name]
        inner = self._sum(attribute, same, depth - 1)
        if chance < 0.45:
            return [*inner, self.rng.choice("+-"), *self._sum(attribute, same, depth - 1)]
        if chance < 0.8:
            factor, inside = self._factor(attribute), ["(", *inner, ")"] if len(inner) > 1 else inner
            return [*factor, "*", *inside] if self.rng.random() < 0.5 else [*inside, "*", *factor]
        return ["-", "(", *inner, ")"] if self.rng.random() < 0.3 else ["(", *inner, ")"]

    def _factor(self, attribute: Attribute) -> list[str]:
        whole = _signed(str(self.rng.choice((-3, -1, 0, 1, 2, 3, 12, 40, 100) + (10**6,) * (self.style != "binary"))))
        if attribute.type is AttributeType.INTEGER or self.style == "whole" or self.rng.random() < 0.5:
            return whole
        if self.style == "binary":
            return _signed(self.rng.choice(("0.5", "0.25", "1.5", "-0.75", "2.0")))
        return _signed(self.rng.choice(("0.4", "0.05", "1.1", "-0.35", "0.125", "0.3333", "12.0")))

    def _numbers(self, attribute: Attribute) -> list[str]:
        if self._apart(attribute):
            return self._simple(attribute)  # the one reading that is exact for decimals does not know `in`
        return self._listed(attribute, lambda: self._number(attribute))

    def _listed(self, attribute: Attribute, item: Callable[[], list[str]]) -> list[str]:
        items: list[str] = []
        for _ in range(self.rng.randint(1, 4)):
            items += [",", *item()]
        return [attribute.name, "in", "[", *items[1:], "]"]

    def _day(self, attribute: Attribute) -> list[str]:
        others = [o for o in self.attributes if o.type is AttributeType.DATE and o is not attribute]
        if others and self.rng.random() < 0.3:
            return [attribute.name, self.rng.choice(RELATIONS), self.rng.choice(others).name]
        return self._related([attribute.name], self._date(attribute))

    def _days(self, attribute: Attribute) -> list[str]:
        return self._listed(attribute, lambda: self._date(attribute))

    def _date(self, attribute: Attribute) -> list[str]:
        day = self.rng.choice((attribute.minimum, attribute.maximum, self._within(attribute)))
        return ["date", "(", self._quoted(iso(day)), ")"]

    def _age(self, attribute: Attribute) -> list[str]:
        years = age(self._within(attribute), self.as_of) + self.rng.randint(-1, 1)
        written = _signed(str(years)) if self.rng.random() < 0.9 else [*_signed(str(years - 7)), "+", "7"]
        return self._related(["age", "(", attribute.name, ")"], written)

    def _within(self, attribute: Attribute) -> int:
        return self.rng.randint(attribute.minimum, attribute.maximum)

    def _word(self, attribute: Attribute) -> list[str]:
        return self._related([attribute.name], [self._literal(attribute)], "==", "!=")

    def _words(self, attribute: Attribute) -> list[str]:
        return self._listed(attribute, lambda: [self._literal(attribute)])

    def _literal(self, attribute: Attribute) -> str:
        if attribute.type is AttributeType.TEXT and self.rng.random() < 0.05:
            return '"Zoe\\u0308"'  # a word of WORDS, but not in its normal form
        return self._quoted(self.rng.choice(attribute.values or WORDS))

    def _quoted(self, word: str) -> str:
        """Write a string literal, in one of the ways there are."""
        quote = self.rng.choice("\"'")
        return quote + "".join(self._escaped(character, quote) for character in word) + quote

    def _escaped(self, character: str, quote: str) -> str:
        code = ord(character)
        if code > 0xFFFF or (code > 0x7E and self.rng.random() < 0.2):
            return f"\\U{code:08x}"
        if code > 0x7E or self.rng.random() < 0.02:
            return f"\\u{code:04X}"
        return "\\" + character if character in ("\\", quote) else character

    def _flag(self, attribute: Attribute) -> list[str]:
        chance = self.rng.random()
        if chance < 0.5:
            return [*["!"] * self.rng.choice((0, 1, 2)), attribute.name]
        return self._related([attribute.name], [self.rng.choice(("true", "false"))], "==", "!=")


def _signed(number: str) -> list[str]:
    return ["-", number[1:]] if number[0] == "-" else [number]
