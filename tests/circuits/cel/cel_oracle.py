"""Google's CEL with our attributes and functions declared: who else says what a text means.

Attributes are variables of the container `subject`, so that a name may be one of CEL's own (`type`, `int`). `age`,
`date` and `at_least` are declared functions. integer is int, date is timestamp, bool is bool, enum and text are string:
their operators are CEL's own. CEL has no type for money and does not add an int to a double, so there are three
readings of money, and each is asked where it is exact:

- WHOLE: int, in an environment where nothing but the functions is declared. For texts without decimals, about whole
  amounts. Overflow is CEL's.
- DOUBLE: double; the operators' declarations (never the evaluation of comparisons and of `in`) also take int beside
  double, and sums and products of the two are doubles. Exact up to 15 digits where nothing is computed, and where all
  numbers are small multiples of 1/16.
- EXACT: a map that holds a fraction, with declared operators; a double is read as the decimal it was written as. Exact
  for every decimal of up to 15 digits. CEL's `in` cannot be told about it, so it is asked for acceptance there, and not
  for the answer.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from fractions import Fraction
from operator import add, eq, ge, gt, le, lt, mul, ne, sub

from cel_expr_python import cel

from circuits.attributes import Attribute, AttributeType, Schema

T = cel.Type
AMOUNT = T.Map(T.STRING, T.STRING)
CONTAINER = "subject"

_ORDER = {"_<_": ("less", lt), "_<=_": ("less_equals", le), "_>_": ("greater", gt), "_>=_": ("greater_equals", ge)}
_EQUALITY = {"_==_": ("equals", eq), "_!=_": ("not_equals", ne)}
_ARITHMETIC = {"_+_": ("add", add), "_-_": ("subtract", sub), "_*_": ("multiply", mul)}
_MIXED = ((T.INT, T.DOUBLE), (T.DOUBLE, T.INT))


class Money(Enum):
    """What stands for money in CEL."""

    WHOLE = "int"
    DOUBLE = "double"
    EXACT = "exact"


class CelRefusedError(Exception):
    """CEL does not compile the text, or its evaluation ends in an error."""


class Cel:
    """One schema in CEL."""

    def __init__(self, schema: Schema, money: Money, as_of: date) -> None:
        self.schema = schema
        self.money = money
        functions = [_age(as_of), _date(), _at_least()]
        variables = {f"{CONTAINER}.{attribute.name}": self._type(attribute) for attribute in schema}
        config = None
        if money is not Money.WHOLE:
            declared = _declarations(money)
            functions += [cel.FunctionDecl(name, overloads) for name, overloads in declared.items()]
            excluded = "".join(f'\n    - name: "{name}"' for name in declared)
            config = cel.NewEnvConfigFromYaml(f"stdlib:\n  exclude_functions:{excluded}\n")
        self.environment = cel.NewEnv(config=config, variables=variables, container=CONTAINER, functions=functions)

    def compile(self, text: str) -> Callable[[Mapping[str, object]], bool]:
        """Compile a text; the result answers it for values in the form of `value`.

        Raises:
            CelRefusedError: CEL refuses the text, or it is no question.
        """
        try:
            expression = self.environment.compile(text)
        except (RuntimeError, TypeError) as error:  # the latter for a text that has no UTF-8
            raise CelRefusedError(str(error)) from None
        if expression.return_type() != T.BOOL:
            raise CelRefusedError(f"not a question, but {expression.return_type().name()}")

        def ask(values: Mapping[str, object]) -> bool:
            answer = expression.eval(data={f"{CONTAINER}.{name}": value for name, value in values.items()})
            if answer.type() != T.BOOL:
                raise CelRefusedError(str(answer.value()))
            return bool(answer.value())

        return ask

    def value(self, attribute: Attribute, encoded: int, word: str | None = None) -> object:
        """Turn an encoded value into CEL's; a text comes as its word, since a hash has no way back."""
        match attribute.type:
            case AttributeType.MONEY:
                return self._amount(encoded, 10**attribute.decimals)
            case AttributeType.INTEGER:
                return encoded
            case AttributeType.DATE:
                return _noon(date.fromordinal(encoded))
            case AttributeType.BOOL:
                return encoded == 1
            case AttributeType.ENUM:
                return attribute.values[encoded]
        return word

    def _amount(self, minor: int, places: int) -> object:
        if self.money is Money.EXACT:
            return _held(Fraction(minor, places))
        if self.money is Money.DOUBLE:
            return minor / places
        whole, rest = divmod(minor, places)
        if rest:
            raise ValueError("not a whole amount")
        return whole

    def _type(self, attribute: Attribute) -> cel.Type:
        match attribute.type:
            case AttributeType.MONEY:
                return {Money.WHOLE: T.INT, Money.DOUBLE: T.DOUBLE, Money.EXACT: AMOUNT}[self.money]
            case AttributeType.INTEGER:
                return T.INT
            case AttributeType.DATE:
                return T.TIMESTAMP
            case AttributeType.BOOL:
                return T.BOOL
        return T.STRING


def _noon(day: date) -> datetime:
    # not midnight: the binding takes the first midnight there is, 0001-01-01, for "infinite past"
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def _overload(name: str, answer: cel.Type, taken: Iterable[cel.Type], does: Callable | None = None) -> cel.Overload:
    taken = list(taken)
    id_ = "_".join((name, *(kind.name().lower() for kind in taken)))
    given = {} if does is None else {"impl": does}
    return cel.Overload(id_, return_type=answer, parameters=taken, is_member=False, **given)


def _age(as_of: date) -> cel.FunctionDecl:
    def age(born: datetime) -> int:
        return as_of.year - born.year - ((as_of.month, as_of.day) < (born.month, born.day))

    return cel.FunctionDecl("age", [_overload("age", T.INT, [T.TIMESTAMP], age)])


def _date() -> cel.FunctionDecl:
    def day(written: str) -> datetime:
        return _noon(date.fromisoformat(written))

    return cel.FunctionDecl("date", [_overload("date", T.TIMESTAMP, [T.STRING], day)])


def _at_least() -> cel.FunctionDecl:
    def at_least(count: int, *answers: bool) -> bool:
        return sum(answers) >= count

    shapes = ([T.INT, *[T.BOOL] * operands] for operands in range(2, 17))
    return cel.FunctionDecl("at_least", [_overload("at_least", T.BOOL, shape, at_least) for shape in shapes])


def _declarations(money: Money) -> dict[str, list[cel.Overload]]:
    """Declare the operators again: CEL's own overloads for our types (it evaluates them), then those for money."""
    declared: dict[str, list[cel.Overload]] = {}
    for name, (word, _) in _ORDER.items():
        same = (T.INT, T.DOUBLE, T.STRING, T.BOOL, T.TIMESTAMP)
        declared[name] = [_overload(word, T.BOOL, (kind, kind)) for kind in same]
    for name, (word, does) in _EQUALITY.items():
        same = (T.INT, T.DOUBLE, T.STRING, T.BOOL, T.TIMESTAMP)
        # one equality of amounts that is not CEL's own, and CEL asks for all the others
        own = does if money is Money.EXACT else None
        declared[name] = [_overload(word, T.BOOL, (kind, kind), own) for kind in same]
    for name, (word, does) in _ARITHMETIC.items():
        declared[name] = [_overload(word, kind, (kind, kind)) for kind in (T.INT, T.DOUBLE)]
        declared[name] += [_overload(word, T.DOUBLE, mixed, does) for mixed in _MIXED]
    declared["_+_"].append(_overload("add", T.STRING, (T.STRING, T.STRING)))
    declared["-_"] = [_overload("negate", kind, [kind]) for kind in (T.INT, T.DOUBLE)]
    declared["@in"] = [_overload("in", T.BOOL, (kind, T.List(kind))) for kind in (T.INT, T.STRING, T.BOOL, T.TIMESTAMP)]
    for name, overloads in (_doubles() if money is Money.DOUBLE else _amounts()).items():
        declared[name] += overloads
    return declared


def _doubles() -> dict[str, list[cel.Overload]]:
    """CEL evaluates every comparison of two numbers, and `in`; only its checker has to be told."""
    compared = {**_ORDER, **_EQUALITY}
    found = {name: [_overload(word, T.BOOL, mixed) for mixed in _MIXED] for name, (word, _) in compared.items()}
    return {**found, "@in": [_overload("in", T.BOOL, (T.DOUBLE, T.List(T.DYN)))]}


def _amounts() -> dict[str, list[cel.Overload]]:
    """Fractions: amounts with amounts, and with numbers on either side; a product has one amount."""
    beside = [shape for number in (T.INT, T.DOUBLE) for shape in ((AMOUNT, number), (number, AMOUNT))]
    both = [(AMOUNT, AMOUNT), *beside]
    found: dict[str, list[cel.Overload]] = {}
    for name, (word, does) in {**_ORDER, **_EQUALITY}.items():
        found[name] = [_overload(word, T.BOOL, shape, _comparing(does)) for shape in both]
    for name, (word, does) in _ARITHMETIC.items():
        shapes = beside if does is mul else both
        found[name] = [_overload(word, AMOUNT, shape, _computing(does)) for shape in shapes]
    found["-_"] = [_overload("negate", AMOUNT, [AMOUNT], lambda amount: _held(-_fraction(amount)))]
    found["@in"] = [
        _overload("in", T.BOOL, (AMOUNT, T.List(T.DYN))),
        _overload("in", T.BOOL, (T.DOUBLE, T.List(T.DOUBLE))),
    ]
    return found


def _comparing(does: Callable[[Fraction, Fraction], bool]) -> Callable[[object, object], bool]:
    return lambda left, right: does(_fraction(left), _fraction(right))


def _computing(does: Callable[[Fraction, Fraction], Fraction]) -> Callable[[object, object], dict[str, str]]:
    return lambda left, right: _held(does(_fraction(left), _fraction(right)))


def _held(fraction: Fraction) -> dict[str, str]:
    return {"exact": str(fraction)}


def _fraction(value: object) -> Fraction:
    if isinstance(value, dict):
        return Fraction(str(value["exact"]))
    return Fraction(value) if isinstance(value, int) else Fraction(f"{value:.15g}")
