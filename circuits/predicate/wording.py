"""The question in words for people, and in the one canonical text of the language."""

from collections.abc import Callable
from typing import TypeVar

from circuits import calendar
from circuits.attributes import AttributeType
from circuits.currencies import decimals
from circuits.predicate.nodes import (
    Age,
    Among,
    And,
    AtLeast,
    Compare,
    Flag,
    Form,
    Member,
    Node,
    Not,
    Operator,
    Or,
    Unit,
)
from circuits.values import decimal_text

T = TypeVar("T")

_NUMBER_WORDS = {
    Operator.LT: "is less than",
    Operator.LE: "is at most",
    Operator.GT: "is more than",
    Operator.GE: "is at least",
    Operator.EQ: "is exactly",
    Operator.NE: "is not exactly",
}
_DATE_WORDS = {
    Operator.LT: "is before",
    Operator.LE: "is on or before",
    Operator.GT: "is after",
    Operator.GE: "is on or after",
    Operator.EQ: "is on",
    Operator.NE: "is not on",
}


def english(node: Node) -> str:  # noqa: C901, PLR0911  # one case for each node
    """Word a question: `salary is more than 100,000.00 USD per year`. Different questions have different words."""
    match node:
        case Compare(operator, form, constant, unit):
            return _comparison_in_words(operator, form, constant, unit)
        case Age(operator, attribute, years):
            return f"age by {attribute} {_NUMBER_WORDS[operator]} {years:,} year{'s' * (years != 1)}"
        case Flag(attribute):
            return f"{attribute} is true"
        case Not(Flag(attribute)):
            return f"{attribute} is false"
        case Member(attribute, values):
            return f"{attribute} is {'one of ' * (len(values) > 1)}{_list(values, _shown)}"
        case Not(Member(attribute, values)):
            return f"{attribute} is {'none of' if len(values) > 1 else 'not'} {_list(values, _shown)}"
        case Among(attribute, constants, unit):
            return f"{attribute} is one of {_list(constants, lambda c: _amount(c, unit))}"
        case Not(Among(attribute, constants, unit)):
            return f"{attribute} is none of {_list(constants, lambda c: _amount(c, unit))}"
        case Not(operand):
            return f"it is not so that {_part(operand)}"
        case And(operands):
            return " and ".join(map(_part, operands))
        case Or(operands):
            return " or ".join(map(_part, operands))
        case AtLeast(count, operands):
            hold = "holds" if count == 1 else "hold"
            return f"at least {count} of these {len(operands)} {hold}: {'; '.join(map(_part, operands))}"


def canonical_text(node: Node) -> str:  # noqa: C901, PLR0911, PLR0912  # one case for each node
    """Write a question in the language; parsing it under the same schema gives the same node.

    The text may exceed the language's limits where the original came near them.
    """
    match node:
        case Compare(operator, ((_, one), (_, other)), _, Unit(AttributeType.DATE)):
            return f"{one} {operator.symbol} {other}"
        case Compare(operator, form, constant, unit):
            terms = [f"{_sign(c, i)}{_factor(c, ' * ')}{name}" for i, (c, name) in enumerate(form)]
            return f"{''.join(terms)} {operator.symbol} {_literal(constant, unit)}"
        case Age(operator, attribute, years):
            return f"age({attribute}) {operator.symbol} {years}"
        case Flag(attribute):
            return attribute
        case Member(attribute, values) if len(values) == 1:
            return f"{attribute} == {quoted(values[0])}"
        case Not(Member(attribute, values)) if len(values) == 1:
            return f"{attribute} != {quoted(values[0])}"
        case Member(attribute, values):
            return f"{attribute} in [{_list(values, quoted)}]"
        case Among(attribute, constants, unit):
            return f"{attribute} in [{_list(constants, lambda c: _literal(c, unit))}]"
        case Not(Flag(attribute)):
            return f"!{attribute}"
        case Not(operand):
            return f"!({canonical_text(operand)})"
        case And(operands):
            return " && ".join(f"({canonical_text(o)})" if isinstance(o, Or) else canonical_text(o) for o in operands)
        case Or(operands):
            return " || ".join(map(canonical_text, operands))
        case AtLeast(count, operands):
            return f"at_least({count}, {', '.join(map(canonical_text, operands))})"


def _comparison_in_words(operator: Operator, form: Form, constant: int, unit: Unit) -> str:
    if unit.type is AttributeType.DATE:
        other = form[1][1] if len(form) == 2 else calendar.iso(constant)
        return f"{form[0][1]} {_DATE_WORDS[operator]} {other}"
    left = " plus ".join(f"{_factor(c, ' times ')}{name}" for c, name in form if c > 0)
    right = [f"{_factor(c, ' times ')}{name}" for c, name in form if c < 0]
    compared = f"{left} {_NUMBER_WORDS[operator]} {' plus '.join(right)}"
    if not right:
        return f"{compared}{_amount(constant, unit)}"
    sign = "minus" if constant < 0 else "plus"
    return f"{compared} {sign} {_amount(abs(constant), unit)}" if constant else compared


def _amount(constant: int, unit: Unit) -> str:
    """Write a constant for people, thousands grouped."""
    if unit.type is AttributeType.DATE:
        return calendar.iso(constant)
    if unit.currency is None:
        return f"{constant:,}"
    whole, point, fraction = decimal_text(abs(constant), decimals(unit.currency)).partition(".")
    period = f" per {unit.period}" if unit.period else ""
    return f"{'-' * (constant < 0)}{int(whole):,}{point}{fraction} {unit.currency}{period}"


def _literal(constant: int, unit: Unit) -> str:
    if unit.type is AttributeType.DATE:
        return f'date("{calendar.iso(constant)}")'
    return decimal_text(constant, 0 if unit.currency is None else decimals(unit.currency))


def _factor(coefficient: int, times: str) -> str:
    return "" if abs(coefficient) == 1 else f"{abs(coefficient)}{times}"


def _sign(coefficient: int, place: int) -> str:
    if place == 0:
        return ""
    return " + " if coefficient > 0 else " - "


def _part(node: Node) -> str:
    """Word an operand, in parentheses where it has operands itself."""
    match node:
        case And() | Or() | AtLeast() | Not(And()) | Not(Or()) | Not(AtLeast()):
            return f"({english(node)})"
    return english(node)


def _list(values: tuple[T, ...], write: Callable[[T], str]) -> str:
    return ", ".join(map(write, values))


def _shown(word: str) -> str:
    """Quote a word for people: what cannot be seen is written out, or it could turn the words around it."""
    return '"' + "".join(c if c.isprintable() and c not in '\\"' else _escaped(c) for c in word) + '"'


def quoted(word: str) -> str:
    """Write a string literal in ASCII."""
    return '"' + "".join(map(_escaped, word)) + '"'


def _escaped(character: str) -> str:
    if character in '\\"':
        return "\\" + character
    if character.isascii():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
