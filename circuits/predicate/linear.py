"""Sums of attributes with exact rational coefficients: the arithmetic of a question, done once, at compile time."""

from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm

from circuits.attributes import Attributes, AttributeType
from circuits.currencies import decimals
from circuits.errors import PredicateTypeError
from circuits.predicate.nodes import Compare, Form, Operator, Unit
from circuits.predicate.syntax import Minus, Name, Node, Number, Product, Sum
from circuits.predicate.tokens import MAX_INTEGER

MAX_BITS = 120
"""A difference stays below 2^120, well inside the 128 bits that can be proven."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Attributes with coefficients, plus a constant, all in major units.

    Attributes:
        at: position of the expression.
        terms: attribute -> coefficient, none zero.
        constant: the number added.
        unit: what it counts, without a period; None for a number alone.
        decimal_at: position of the first literal with a decimal point, or -1.
    """

    at: int
    terms: dict[str, Fraction] = field(default_factory=dict)
    constant: Fraction = Fraction(0)
    unit: Unit | None = None
    decimal_at: int = -1


class Arithmetic:
    """Folds arithmetic under one schema; every refusal has the position of what is to blame."""

    def __init__(self, text: str, schema: Attributes) -> None:
        self.text = text
        self.schema = schema

    def fold(self, node: Node) -> Linear:
        """Fold an expression to a linear form.

        Raises:
            PredicateTypeError: not arithmetic, units that do not mix, a product of attributes, numbers beyond 2^63-1.
        """
        match node:
            case Number(at, digits, places):
                return Linear(at, {}, Fraction(digits, 10**places), None, at if places else -1)
            case Name(at, name):
                return self._attribute(at, name)
            case Minus(at, operand):
                return self._scaled(self.fold(operand), Fraction(-1), at)
            case Sum(at, left, right, minus):
                addend = self.fold(right)
                return self.added(
                    self.fold(left), self._scaled(addend, Fraction(-1), addend.at) if minus else addend, at
                )
            case Product(at, left, right):
                return self._product(self.fold(left), self.fold(right), at)
        raise PredicateTypeError(self.text, node.at, "expected a number, or an attribute that is one")

    def compare(self, operator: Operator, left: Linear, right: Linear, at: int) -> Compare:
        """Compare two linear forms.

        Raises:
            PredicateTypeError: no attribute is left, units that do not mix, too large a difference, never equal.
        """
        whole = self.added(left, self._scaled(right, Fraction(-1), right.at), at)
        if not whole.terms or whole.unit is None:
            reason = "the attributes cancel out" if left.unit or right.unit else "a comparison needs an attribute"
            raise PredicateTypeError(self.text, at, reason)
        places = 10 ** (0 if whole.unit.currency is None else decimals(whole.unit.currency))
        shifted = -whole.constant * places
        scale = lcm(shifted.denominator, *(c.denominator for c in whole.terms.values()))
        form = tuple((int(c * scale), name) for name, c in sorted(whole.terms.items()))
        constant = int(shifted * scale)
        if form[0][0] < 0:
            operator, constant = operator.mirrored, -constant
            form = tuple((-coefficient, name) for coefficient, name in form)
        reach = sum(abs(c) * self._magnitude(name) for c, name in form) + abs(constant)
        written = (abs(constant) // places, *(abs(coefficient) for coefficient, _ in form))
        if reach.bit_length() > MAX_BITS or max(written) > MAX_INTEGER:
            raise PredicateTypeError(self.text, at, "the numbers are too large to compare")
        if operator in (Operator.EQ, Operator.NE) and constant % gcd(*(c for c, _ in form)):
            raise PredicateTypeError(self.text, at, "the two sides can never be equal")
        return Compare(operator, form, constant, self._unit(form))

    def added(self, left: Linear, right: Linear, at: int) -> Linear:
        """Add two forms of one unit; a number alone takes the other's unit."""
        unit = self._common(left, right, at)
        terms = dict(left.terms)
        for name, coefficient in right.terms.items():
            terms[name] = terms.get(name, Fraction(0)) + coefficient
        terms = {name: coefficient for name, coefficient in terms.items() if coefficient}
        constant = left.constant + right.constant
        return self._bounded(Linear(left.at, terms, constant, unit, _first(left.decimal_at, right.decimal_at)), at)

    def _attribute(self, at: int, name: str) -> Linear:
        if name not in self.schema:
            known = ", ".join(attribute.name for attribute in self.schema)
            raise PredicateTypeError(self.text, at, f"no attribute named {name}; there are {known}")
        attribute = self.schema.attribute(name)
        if attribute.type not in (AttributeType.MONEY, AttributeType.INTEGER):
            raise PredicateTypeError(self.text, at, f"{name} is {attribute.type}, not a number")
        return Linear(at, {name: Fraction(1)}, Fraction(0), Unit(attribute.type, attribute.currency))

    def _product(self, left: Linear, right: Linear, at: int) -> Linear:
        if left.unit is not None and right.unit is not None:
            raise PredicateTypeError(self.text, at, "attributes are multiplied with numbers only")
        form, factor = (right, left) if left.unit is None else (left, right)
        scaled = self._scaled(form, factor.constant, left.at)
        whole_numbers = form.unit is not None and form.unit.type is AttributeType.INTEGER
        if whole_numbers and factor.decimal_at >= 0:
            raise PredicateTypeError(self.text, factor.decimal_at, "whole numbers only, as the attribute is one")
        decimal_at = _first(left.decimal_at, right.decimal_at)
        return self._bounded(Linear(left.at, scaled.terms, scaled.constant, scaled.unit, decimal_at), at)

    def _scaled(self, form: Linear, factor: Fraction, at: int) -> Linear:
        terms = {name: c * factor for name, c in form.terms.items() if factor}
        return Linear(at, terms, form.constant * factor, form.unit, form.decimal_at)

    def _common(self, left: Linear, right: Linear, at: int) -> Unit | None:
        if left.unit is None or right.unit is None:
            unit, number = (right.unit, left) if left.unit is None else (left.unit, right)
            if unit is not None:
                self._require_places(number, unit)
            return unit
        if left.unit.type is not right.unit.type or left.unit.currency != right.unit.currency:
            sides = " and ".join(unit.currency or "a plain number" for unit in (left.unit, right.unit))
            raise PredicateTypeError(self.text, at, f"{sides} do not compare or add up")
        return left.unit

    def _require_places(self, number: Linear, unit: Unit) -> None:
        if unit.type is AttributeType.INTEGER and number.decimal_at >= 0:
            raise PredicateTypeError(self.text, number.decimal_at, "whole numbers only, as the attribute is one")
        places = 0 if unit.currency is None else decimals(unit.currency)
        if (number.constant * 10**places).denominator != 1:
            reason = f"{unit.currency} amounts have at most {places} decimals"
            raise PredicateTypeError(self.text, max(number.decimal_at, 0), reason)

    def _bounded(self, form: Linear, at: int) -> Linear:
        if any(abs(number) > MAX_INTEGER for number in (form.constant, *form.terms.values())):
            raise PredicateTypeError(self.text, at, "a number beyond 2^63-1")
        return form

    def _unit(self, form: Form) -> Unit:
        """Say what a form counts: with a period only if it is that of every attribute."""
        attributes = [self.schema.attribute(name) for _, name in form]
        periods = {attribute.period for attribute in attributes}
        return Unit(attributes[0].type, attributes[0].currency, periods.pop() if len(periods) == 1 else None)

    def _magnitude(self, name: str) -> int:
        attribute = self.schema.attribute(name)
        return max(abs(attribute.minimum), abs(attribute.maximum))


def _first(one: int, other: int) -> int:
    """Return the earlier of two positions, of which -1 is none."""
    return max(one, other) if min(one, other) < 0 else min(one, other)
