"""The question as meant: typed nodes, exact integers, one canonical byte form.

Two texts that differ in layout, in the side a literal stands on, in redundant parentheses or in the order of a list
have equal nodes. Tags are never reused. Constants are in the encoding of the attribute: minor units, day numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from circuits.attributes import AttributeType
from circuits.encoding import be32, len8


class Operator(IntEnum):
    """A comparison; the numbers are part of the canonical bytes."""

    LT = 1
    LE = 2
    GT = 3
    GE = 4
    EQ = 5
    NE = 6

    @property
    def opposite(self) -> "Operator":
        """What holds exactly when this does not."""
        return _OPPOSITE[self]

    @property
    def mirrored(self) -> "Operator":
        """What holds of (b, a) exactly when this holds of (a, b)."""
        return _MIRRORED[self]

    @property
    def symbol(self) -> str:
        """The operator as written."""
        return _SYMBOLS[self]

    def holds(self, difference: int) -> bool:
        """Compare a difference with zero."""
        return (
            (self in (Operator.LT, Operator.LE, Operator.NE) and difference < 0)
            or (self in (Operator.GT, Operator.GE, Operator.NE) and difference > 0)
            or (self in (Operator.LE, Operator.GE, Operator.EQ) and difference == 0)
        )


_O = Operator
_OPPOSITE = {_O.LT: _O.GE, _O.LE: _O.GT, _O.GT: _O.LE, _O.GE: _O.LT, _O.EQ: _O.NE, _O.NE: _O.EQ}
_MIRRORED = {_O.LT: _O.GT, _O.LE: _O.GE, _O.GT: _O.LT, _O.GE: _O.LE, _O.EQ: _O.EQ, _O.NE: _O.NE}
_SYMBOLS = {_O.LT: "<", _O.LE: "<=", _O.GT: ">", _O.GE: ">=", _O.EQ: "==", _O.NE: "!="}
OPERATORS = {symbol: operator for operator, symbol in _SYMBOLS.items()}


@dataclass(frozen=True, slots=True)
class Unit:
    """What the integers of a comparison count.

    Attributes:
        type: money, integer or date.
        currency: for money.
        period: for money counted per unit of time, if that is the same for every attribute.
    """

    type: AttributeType
    currency: str | None = None
    period: str | None = None

    def to_bytes(self) -> bytes:
        """Encode the three fields, absent ones empty."""
        return _text(self.type) + _text(self.currency or "") + _text(self.period or "")


Form = tuple[tuple[int, str], ...]
"""((coefficient, attribute), ...): sorted by name, the first coefficient positive, none zero."""


@dataclass(frozen=True, slots=True)
class Compare:
    """A linear form of ordered attributes against a constant."""

    tag: ClassVar[int] = 1
    operator: Operator
    form: Form
    constant: int
    unit: Unit

    def to_bytes(self) -> bytes:
        """Encode tag, operator, unit, constant, form."""
        terms = b"".join(_integer(coefficient) + _text(name) for coefficient, name in self.form)
        head = bytes([self.tag, self.operator]) + self.unit.to_bytes() + _integer(self.constant)
        return head + be32(len(self.form)) + terms


@dataclass(frozen=True, slots=True)
class Age:
    """Whole years since a date, at the query's as-of date, against a number."""

    tag: ClassVar[int] = 2
    operator: Operator
    attribute: str
    years: int

    def to_bytes(self) -> bytes:
        """Encode tag, operator, attribute, years."""
        return bytes([self.tag, self.operator]) + _text(self.attribute) + _integer(self.years)


@dataclass(frozen=True, slots=True)
class Flag:
    """A bool attribute is true."""

    tag: ClassVar[int] = 3
    attribute: str

    def to_bytes(self) -> bytes:
        """Encode tag, attribute."""
        return bytes([self.tag]) + _text(self.attribute)


@dataclass(frozen=True, slots=True)
class Member:
    """An enum or a text is one of some values; sorted, no duplicates.

    Attributes:
        attribute: its name.
        values: as words, sorted.
        encoded: the numbers the schema gives them, in the same order; the schema implies them, so they are not in
            the bytes.
    """

    tag: ClassVar[int] = 4
    attribute: str
    values: tuple[str, ...]
    encoded: tuple[int, ...]

    def to_bytes(self) -> bytes:
        """Encode tag, attribute, values."""
        return bytes([self.tag]) + _text(self.attribute) + be32(len(self.values)) + b"".join(map(_text, self.values))


@dataclass(frozen=True, slots=True)
class Among:
    """An ordered attribute is one of two or more numbers; sorted, no duplicates."""

    tag: ClassVar[int] = 5
    attribute: str
    constants: tuple[int, ...]
    unit: Unit

    def to_bytes(self) -> bytes:
        """Encode tag, unit, attribute, constants."""
        head = bytes([self.tag]) + self.unit.to_bytes() + _text(self.attribute)
        return head + be32(len(self.constants)) + b"".join(map(_integer, self.constants))


@dataclass(frozen=True, slots=True)
class Not:
    """The operand does not hold; never above a comparison, whose operator turns instead, nor above another Not."""

    tag: ClassVar[int] = 6
    operand: "Node"

    def to_bytes(self) -> bytes:
        """Encode tag, operand."""
        return bytes([self.tag]) + self.operand.to_bytes()


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more operands, none of them an And."""

    tag: ClassVar[int] = 7
    operands: tuple["Node", ...]

    def to_bytes(self) -> bytes:
        """Encode tag, operands."""
        return bytes([self.tag]) + _nodes(self.operands)


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more operands, none of them an Or."""

    tag: ClassVar[int] = 8
    operands: tuple["Node", ...]

    def to_bytes(self) -> bytes:
        """Encode tag, operands."""
        return bytes([self.tag]) + _nodes(self.operands)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least `count` of two or more operands."""

    tag: ClassVar[int] = 9
    count: int
    operands: tuple["Node", ...]

    def to_bytes(self) -> bytes:
        """Encode tag, count, operands."""
        return bytes([self.tag]) + be32(self.count) + _nodes(self.operands)


Atom = Compare | Age | Flag | Member | Among
Node = Atom | Not | And | Or | AtLeast


def negated(node: Node) -> Node:
    """Return the question that holds exactly when this one does not."""
    match node:
        case Compare(operator, form, constant, unit):
            return Compare(operator.opposite, form, constant, unit)
        case Age(operator, attribute, years):
            return Age(operator.opposite, attribute, years)
        case Not(operand):
            return operand
    return Not(node)


def atoms(node: Node) -> Iterator[Atom]:
    """Walk the comparisons from left to right."""
    match node:
        case Not(operand):
            yield from atoms(operand)
        case And(operands) | Or(operands) | AtLeast(_, operands):
            for operand in operands:
                yield from atoms(operand)
        case _:
            yield node


def names(node: Node) -> tuple[str, ...]:
    """List the attributes in the order of first use."""
    seen: dict[str, None] = {}
    for atom in atoms(node):
        if isinstance(atom, Compare):
            seen.update(dict.fromkeys(name for _, name in atom.form))
        else:
            seen[atom.attribute] = None
    return tuple(seen)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return be32(len(encoded)) + encoded


def _integer(number: int) -> bytes:
    encoded = number.to_bytes((number.bit_length() + 8) // 8, "big", signed=True)
    return len8(encoded) + encoded


def _nodes(operands: tuple[Node, ...]) -> bytes:
    return be32(len(operands)) + b"".join(operand.to_bytes() for operand in operands)
