"""What stays possible, in words for people: `at least 100,000.01 USD per year`."""

from collections.abc import Callable, Mapping

from circuits import calendar
from circuits.attributes import Attribute, Attributes, AttributeType
from circuits.predicate import nodes, wording
from circuits.predicate.nodes import Age, Compare, Member, Operator, Unit
from circuits.predicate.question import Predicate
from circuits.telling.intervals import Interval, Intervals, complement, count
from circuits.telling.remainder import Remainder

NOTHING = "nothing"
NOBODY = "nobody can have this answer"
NOT_WORKED_OUT = "not worked out"
SHOWN = 6
"""Words, or ranges, that are written out; beyond it they are counted."""


def sentence(remainder: Remainder, predicate: Predicate | None, schema: Attributes, *, as_of: int) -> str:
    """Word what an answer tells about an attribute, to follow its name; about a form, a sentence of its own.

    Args:
        remainder: of the question's telling.
        predicate: the question; None: of no question in particular, which says no ages and spells no texts.
        schema: the schema it was typed under.
        as_of: day number at which ages are counted.
    """
    if not remainder.intervals:
        return NOT_WORKED_OUT if remainder.intervals is None else NOBODY
    if remainder.untouched:
        return NOTHING
    if len(remainder.form) > 1:
        return _form(remainder, remainder.intervals, schema)
    return _attribute(remainder, remainder.intervals, predicate, schema.attribute(remainder.form[0][1]), as_of)


def bounds_sentence(attribute: Attribute) -> str:
    """Word an attribute's bounds in its schema: `0.00 to 10,000,000.00 USD per year`."""
    match attribute.type:
        case AttributeType.BOOL:
            return "true or false"
        case AttributeType.ENUM:
            return f"{len(attribute.values)} words"
        case AttributeType.TEXT:
            return "any text"
    return f"{_number(attribute, attribute.minimum)} to {amount(attribute, attribute.maximum)}"


def amount(attribute: Attribute, encoded: int) -> str:
    """Write a value of an ordered attribute for people, with its unit."""
    per = f" per {attribute.period}" if attribute.period else ""
    return f"{_number(attribute, encoded)} {attribute.currency or ''}".rstrip() + per


def spelling(attribute: Attribute, predicate: Predicate | None) -> Callable[[int], str]:
    """Say how an enum's or a text's encoded values are written; of texts only those in the question can be."""
    if attribute.type is AttributeType.ENUM:
        return lambda encoded: attribute.values[encoded]
    known = texts_in(predicate, attribute)
    return lambda encoded: known[encoded]


def texts_in(predicate: Predicate | None, attribute: Attribute) -> Mapping[int, str]:
    """Spell the texts or words, by what encodes them, that a question compares an attribute with."""
    return {
        encoded: word
        for atom in (nodes.atoms(predicate.ast) if predicate else ())
        if isinstance(atom, Member) and atom.attribute == attribute.name
        for encoded, word in zip(atom.encoded, atom.values, strict=True)
    }


def _attribute(
    remainder: Remainder, intervals: Intervals, predicate: Predicate | None, attribute: Attribute, as_of: int
) -> str:
    match attribute.type:
        case AttributeType.BOOL:
            return attribute.decode(intervals[0][0])
        case AttributeType.ENUM | AttributeType.TEXT:
            return _words(intervals, remainder.bounds, spelling(attribute, predicate))
        case AttributeType.DATE:
            return _ranges(intervals, remainder.bounds, attribute, _DATES) + _aged(remainder, predicate, as_of)
    return _ranges(intervals, remainder.bounds, attribute, _NUMBERS)


_NUMBERS = {"low": "at least {}", "high": "at most {}", "exactly": "exactly {}", "not": "not exactly {}"}
_DATES = {"low": "on or after {}", "high": "on or before {}", "exactly": "on {}", "not": "not on {}"}


def _ranges(intervals: Intervals, bounds: Interval, attribute: Attribute, words: Mapping[str, str]) -> str:
    """Word a few ranges, or the few values left out."""
    without = complement(intervals, bounds)
    if len(intervals) > 1 and len(without) <= SHOWN and all(low == high for low, high in without):
        left_out = [_number(attribute, low) for low, _ in without]
        return words["not"].format(" nor ".join([*left_out[:-1], amount(attribute, without[-1][0])]))
    if len(intervals) > SHOWN:
        low, high = intervals[0][0], intervals[-1][1]
        return f"in {len(intervals)} ranges from {_number(attribute, low)} to {amount(attribute, high)}"
    return ", or ".join(_range(each, bounds, attribute, words) for each in intervals)


def _range(interval: Interval, bounds: Interval, attribute: Attribute, words: Mapping[str, str]) -> str:
    low, high = interval
    if low == high:
        return words["exactly"].format(amount(attribute, low))
    if low == bounds[0]:
        return words["high"].format(amount(attribute, high))
    if high == bounds[1]:
        return words["low"].format(amount(attribute, low))
    return f"from {_number(attribute, low)} to {amount(attribute, high)}"


def _words(intervals: Intervals, bounds: Interval, spelled: Callable[[int], str]) -> str:
    without = complement(intervals, bounds)
    left, out = count(intervals), count(without)
    listed, negative = (intervals, False) if left <= out else (without, True)
    number = min(left, out)
    if number > SHOWN:
        return f"one of {left} words"
    written = ", ".join(sorted(_quoted(spelled(v)) for low, high in listed for v in range(low, high + 1)))
    if negative:
        return f"none of {written}" if number > 1 else f"not {written}"
    return f"one of {written}" if number > 1 else written


def _aged(remainder: Remainder, predicate: Predicate | None, as_of: int) -> str:
    """Add the ages, where the question asks for them and the range begins and ends with birthdays."""
    intervals = remainder.intervals or ()
    name = remainder.form[0][1]
    atoms = nodes.atoms(predicate.ast) if predicate else ()
    asked = any(isinstance(atom, Age) and atom.attribute == name for atom in atoms)
    if not asked or len(intervals) != 1:
        return ""
    low, high = intervals[0]
    oldest, youngest = calendar.age(low, as_of), calendar.age(high, as_of)
    first, last = low == remainder.bounds[0], high == remainder.bounds[1]
    if not (first or low == calendar.latest_birth(as_of, oldest + 1) + 1):
        return ""
    if not (last or high == calendar.latest_birth(as_of, youngest)):
        return ""
    return f" ({_ages(oldest, youngest, first=first, last=last)})"


def _ages(oldest: int, youngest: int, *, first: bool, last: bool) -> str:
    if last:
        return f"{oldest} or younger" if oldest != -1 else "not born yet"
    if first:
        return f"{youngest} or older"
    return f"aged {youngest}" if youngest == oldest else f"aged {youngest} to {oldest}"


def _form(remainder: Remainder, intervals: Intervals, schema: Attributes) -> str:
    """Word a form as the comparisons that say the same, with `less` and `more` where the constant is zero."""
    attributes = [schema.attribute(name) for name in remainder.attributes]
    periods = {attribute.period for attribute in attributes}
    unit = Unit(attributes[0].type, attributes[0].currency, periods.pop() if len(periods) == 1 else None)

    def compared(operator: Operator, constant: int) -> str:
        return wording.english(Compare(operator, remainder.form, constant, unit))

    def one(interval: Interval) -> str:
        low, high = interval
        if low == high:
            return compared(Operator.EQ, low)
        above = compared(Operator.GT, 0) if low == 1 else compared(Operator.GE, low)
        below = compared(Operator.LT, 0) if high == -1 else compared(Operator.LE, high)
        if low == remainder.bounds[0]:
            return below
        return above if high == remainder.bounds[1] else f"{above} and {below}"

    without = complement(intervals, remainder.bounds)
    if len(intervals) > 1 and all(low == high for low, high in without):
        return " and ".join(compared(Operator.NE, low) for low, _ in without)
    return ", or ".join(map(one, intervals))


def _number(attribute: Attribute, encoded: int) -> str:
    """Write a value without its unit, thousands grouped."""
    written = attribute.decode(encoded)
    if attribute.type is AttributeType.DATE:
        return written
    whole, point, fraction = written.lstrip("-").partition(".")
    return f"{'-' * (encoded < 0)}{int(whole):,}{point}{fraction}"


def _quoted(word: str) -> str:
    return f'"{word}"'
