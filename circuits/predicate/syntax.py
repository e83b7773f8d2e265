"""The sentence as written: nodes with positions, before any type is known."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    """A literal: digits / 10^places."""

    at: int
    digits: int
    places: int


@dataclass(frozen=True, slots=True)
class String:
    """A literal text."""

    at: int
    content: str


@dataclass(frozen=True, slots=True)
class Truth:
    """`true` or `false`."""

    at: int
    truth: bool


@dataclass(frozen=True, slots=True)
class Name:
    """An attribute."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """`age(...)`, `date(...)`, `at_least(...)`."""

    at: int
    name: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Minus:
    """A negative operand."""

    at: int
    operand: "Node"


@dataclass(frozen=True, slots=True)
class Sum:
    """Left plus or minus right."""

    at: int
    left: "Node"
    right: "Node"
    minus: bool


@dataclass(frozen=True, slots=True)
class Product:
    """Left times right."""

    at: int
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Relation:
    """Left compared with right; at is the operator's position."""

    at: int
    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Membership:
    """Operand in a list of literals."""

    at: int
    operand: "Node"
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """`!` operand."""

    at: int
    operand: "Node"


@dataclass(frozen=True, slots=True)
class Junction:
    """Operands joined by `&&` or by `||`."""

    at: int
    operator: str
    operands: tuple["Node", ...]


Node = Number | String | Truth | Name | Call | Minus | Sum | Product | Relation | Membership | Negation | Junction


def start(node: Node) -> int:
    """Find where an expression starts: operators have the position of their sign."""
    while isinstance(node, Sum | Product | Relation):
        node = node.left
    return node.at
