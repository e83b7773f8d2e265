"""What somebody can know of an attribute, in its own words: `at least 100,000.01 USD per year`."""

from collections.abc import Mapping

from circuits.attributes import Attribute, Attributes, AttributeType
from circuits.leakage.cuts import bounds_of
from circuits.predicate.nodes import Form
from circuits.predicate.question import Predicate
from circuits.telling.intervals import Intervals, complement, count
from circuits.telling.remainder import Remainder
from circuits.telling.words import SHOWN, amount, sentence, texts_in

ANYTHING = "anything"
MANY = 10**6


def left_in_words(
    form: Form, left: Intervals, schema: Attributes, *, as_of: int, question: Predicate | None = None
) -> str:
    """Say what stays possible of an attribute, or of a form of several.

    Args:
        form: which.
        left: the values.
        schema: its schema.
        as_of: day number at which ages are counted.
        question: the one that was answered last, if any: ages are said where it asks for them, and of texts, of which
            there are only hashes, those that stand in it can be spelt.
    """
    bounds = bounds_of(form, schema)
    if left == (bounds,):
        return ANYTHING
    if len(form) == 1 and (attribute := schema.attribute(form[0][1])).type is AttributeType.TEXT:
        return _texts(left, complement(left, bounds), texts_in(question, attribute))
    return sentence(Remainder(form, bounds, left), question, schema, as_of=as_of)


def width_in_words(attribute: Attribute, values: int) -> str:
    """Say how wide a set of neighbouring values is: `10,000.00 USD per year`, `30 days`, `6 values`."""
    match attribute.type:
        case AttributeType.MONEY:
            return amount(attribute, values)
        case AttributeType.DATE:
            return f"{values:,} day{'s' * (values != 1)}"
    return f"{values:,} value{'s' * (values != 1)}"


def _texts(left: Intervals, without: Intervals, spelt: Mapping[int, str]) -> str:
    """Name the texts that are left, or those that are not, whichever are few; those of other questions are counted."""
    some, negative = (left, False) if count(left) <= count(without) else (without, True)
    if (number := count(some)) > SHOWN:
        counted = f"{number:,}" if number < MANY else "many"
        return f"none of {counted} texts" if negative else f"one of {counted} texts"
    listed = {encoded for low, high in some for encoded in range(low, high + 1)}
    words = sorted(f'"{spelt[each]}"' for each in listed & set(spelt))
    if others := number - len(words):
        words.append("a text that was asked about" if others == 1 else f"{others} texts that were asked about")
    joined = ", ".join(words)
    if negative:
        return f"not {joined}" if number == 1 else f"none of {joined}"
    return joined if number == 1 else f"one of {joined}"
