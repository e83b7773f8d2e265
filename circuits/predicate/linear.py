"""Sums of attributes with exact decimal coefficients: the arithmetic of a question, done once, at compile time."""

from math import gcd
from typing import NamedTuple

from circuits.attributes import Attributes, AttributeType
from circuits.currencies import decimals
from circuits.errors import PredicateTypeError
from circuits.predicate import hints
from circuits.predicate.nodes import Compare, Form, Operator, Unit
from circuits.predicate.syntax import Call, Minus, Name, Node, Number, Product, String, Sum
from circuits.predicate.tokens import MAX_INTEGER


class Linear(NamedTuple):
    """Attributes with coefficients, plus a constant, all in units of 10^-places of a major unit.

    Attributes:
        terms: attribute -> coefficient, none zero.
        constant: the number added.
        places: decimals of the coefficients and the constant.
        unit: what it counts, without a period; None for a number alone.
        decimal_at: position of the first literal with a decimal point, or -1.
    """

    terms: dict[str, int]
    constant: int
    places: int
    unit: Unit | None
    decimal_at: int


class Arithmetic:
    """Folds arithmetic under one schema; every refusal has the position of what is to blame."""

    def __init__(self, text: str, schema: Attributes) -> None:
        self.text = text
        self.schema = schema
        self._named: dict[str, Linear] = {}

    def fold(self, node: Node) -> Linear:
        """Fold an expression to a linear form.

        Raises:
            PredicateTypeError: not arithmetic, units that do not mix, a product of attributes, numbers beyond 2^63-1.
        """
        match node:
            case Number(at, digits, places):
                return Linear({}, digits, places, None, at if places else -1)
            case Name(at, name):
                return self._attribute(at, name)
            case Minus(_, operand):
                return self._negative(self.fold(operand))
            case Sum(at, left, right, minus):
                addend = self.fold(right)
                return self._added(self.fold(left), self._negative(addend) if minus else addend, at)
            case Product(at, left, right):
                return self._product(self.fold(left), self.fold(right), at)
        hint = ""
        if isinstance(node, String):
            hint = "; it is written without quotes"
        elif isinstance(node, Call) and node.name == "age":
            hint = "; nothing is computed from an age, write age(...) alone on its side"
        raise PredicateTypeError(self.text, node.at, f"expected a number, or an attribute that is one{hint}")

    def unknown(self, at: int, name: str) -> PredicateTypeError:
        """Word the refusal of a name that is no attribute."""
        known = tuple(attribute.name for attribute in self.schema)
        dates = tuple(attribute.name for attribute in self.schema if attribute.type is AttributeType.DATE)
        return PredicateTypeError(self.text, at, f"no attribute named {name}; {hints.attribute(name, known, dates)}")

    def compare(self, operator: Operator, left: Linear, right: Linear, at: int) -> Compare:
        """Compare two linear forms.

        Raises:
            PredicateTypeError: no attribute is left, units that do not mix, too large a difference, never equal.
        """
        whole = self._joined(left, self._negative(right), at)
        if not whole.terms or whole.unit is None:
            reason = "the attributes cancel out" if left.unit or right.unit else "a comparison needs an attribute"
            raise PredicateTypeError(self.text, at, reason)
        places = _minor(whole.unit)
        constant = -whole.constant * places
        shared = gcd(10**whole.places, constant, *whole.terms.values())
        form = tuple((c // shared, name) for name, c in sorted(whole.terms.items()))
        constant //= shared
        if form[0][0] < 0:
            operator, constant = operator.mirrored, -constant
            form = tuple((-coefficient, name) for coefficient, name in form)
        # the canonical text says it in these numbers, and has to be a question of the language, and of CEL, itself
        reach = sum(abs(c) * self._magnitude(name) for c, name in form)
        if max(reach, abs(constant), *(abs(c) * places for c, _ in form)) > MAX_INTEGER * places:
            reason = "the numbers are too large to compare: without fractions, they may pass 2^63-1 within the schema's"
            raise PredicateTypeError(self.text, at, f"{reason} bounds")
        if operator in (Operator.EQ, Operator.NE) and constant % gcd(*(c for c, _ in form)):
            raise PredicateTypeError(self.text, at, "the two sides can never be equal")
        return Compare(operator, form, constant, self._unit(form))

    def constant(self, number: Linear, unit: Unit) -> int:
        """Count a number without attributes in minor units.

        Raises:
            PredicateTypeError: more decimals than the unit has.
        """
        self._require_places(number, unit)
        divisor: int = 10**number.places
        return number.constant * _minor(unit) // divisor

    def _added(self, left: Linear, right: Linear, at: int) -> Linear:
        """Add two forms of one unit; a number alone takes the other's unit."""
        return self._bounded(self._joined(left, right, at), at)

    def _joined(self, left: Linear, right: Linear, at: int) -> Linear:
        unit = self._common(left, right, at)
        places = max(left.places, right.places)
        here, there = 10 ** (places - left.places), 10 ** (places - right.places)
        terms = {name: coefficient * here for name, coefficient in left.terms.items()}
        for name, coefficient in right.terms.items():
            terms[name] = terms.get(name, 0) + coefficient * there
        terms = {name: coefficient for name, coefficient in terms.items() if coefficient}
        constant = left.constant * here + right.constant * there
        return Linear(terms, constant, places, unit, _first(left.decimal_at, right.decimal_at))

    def _attribute(self, at: int, name: str) -> Linear:
        if name in self._named:
            return self._named[name]
        if name not in self.schema:
            raise self.unknown(at, name)
        attribute = self.schema.attribute(name)
        if attribute.type not in (AttributeType.MONEY, AttributeType.INTEGER):
            raise PredicateTypeError(self.text, at, f"{name} is {attribute.type}, not a number")
        self._named[name] = Linear({name: 1}, 0, 0, Unit(attribute.type, attribute.currency), -1)
        return self._named[name]

    def _product(self, left: Linear, right: Linear, at: int) -> Linear:
        if left.unit is not None and right.unit is not None:
            raise PredicateTypeError(self.text, at, "attributes are multiplied with numbers only")
        form, factor = (right, left) if left.unit is None else (left, right)
        whole_numbers = form.unit is not None and form.unit.type is AttributeType.INTEGER
        if whole_numbers and factor.decimal_at >= 0:
            raise PredicateTypeError(self.text, factor.decimal_at, "whole numbers only, as the attribute is one")
        terms = {name: c * factor.constant for name, c in form.terms.items() if factor.constant}
        places, decimal_at = form.places + factor.places, _first(left.decimal_at, right.decimal_at)
        return self._bounded(Linear(terms, form.constant * factor.constant, places, form.unit, decimal_at), at)

    def _negative(self, form: Linear) -> Linear:
        terms = {name: -coefficient for name, coefficient in form.terms.items()}
        return Linear(terms, -form.constant, form.places, form.unit, form.decimal_at)

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
        if number.constant * _minor(unit) % 10**number.places:
            places = 0 if unit.currency is None else decimals(unit.currency)
            reason = f"{unit.currency} amounts have at most {places} decimals"
            raise PredicateTypeError(self.text, max(number.decimal_at, 0), reason)

    def _bounded(self, form: Linear, at: int) -> Linear:
        """Require that CEL computes this too, which it does in 64 bits, whatever the values within their bounds."""
        limit = MAX_INTEGER * 10**form.places
        if max(abs(form.constant), *map(abs, form.terms.values()), 0) > limit:
            raise PredicateTypeError(self.text, at, "a number beyond 2^63-1")
        if form.unit is not None and form.terms:
            places = _minor(form.unit)
            lowest = highest = form.constant * places
            for name, coefficient in form.terms.items():
                attribute = self.schema.attribute(name)
                one, other = coefficient * attribute.minimum, coefficient * attribute.maximum
                lowest += min(one, other)
                highest += max(one, other)
            if max(highest, -lowest) > limit * places:
                raise PredicateTypeError(self.text, at, "this may pass 2^63-1 within the schema's bounds")
        return form

    def _unit(self, form: Form) -> Unit:
        """Say what a form counts: with a period only if it is that of every attribute."""
        attributes = [self.schema.attribute(name) for _, name in form]
        periods = {attribute.period for attribute in attributes}
        return Unit(attributes[0].type, attributes[0].currency, periods.pop() if len(periods) == 1 else None)

    def _magnitude(self, name: str) -> int:
        attribute = self.schema.attribute(name)
        return max(-attribute.minimum, attribute.maximum)


def _minor(unit: Unit) -> int:
    """Count the minor units in one major unit."""
    return 1 if unit.currency is None else 10 ** decimals(unit.currency)


def _first(one: int, other: int) -> int:
    """Return the earlier of two positions, of which -1 is none."""
    return max(one, other) if min(one, other) < 0 else min(one, other)
