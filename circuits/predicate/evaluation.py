"""Plain evaluation: the answer that only someone who knows the values can compute, and that a proof then shows."""

from collections.abc import Mapping

from circuits import calendar
from circuits.errors import WitnessError
from circuits.predicate.nodes import Age, Among, And, AtLeast, Compare, Flag, Member, Node, Not, Or
from circuits.predicate.question import Predicate


def evaluate(predicate: Predicate, values: Mapping[str, int], as_of_day: int) -> bool:
    """Answer a question.

    Args:
        predicate: the question.
        values: attribute -> encoded value (signed, not reduced mod N).
        as_of_day: day number at which ages are counted.

    Raises:
        WitnessError: a value is absent (the caller's fault); no value is named.
    """
    missing = [name for name in predicate.attributes if name not in values]
    if missing:
        raise WitnessError(f"no value for {', '.join(missing)}")
    return _holds(predicate.ast, values, as_of_day)


def _holds(node: Node, values: Mapping[str, int], as_of_day: int) -> bool:  # noqa: PLR0911  # one for each node
    match node:
        case Compare(operator, form, constant):
            return operator.holds(sum(coefficient * values[name] for coefficient, name in form) - constant)
        case Age(operator, attribute, years):
            return operator.holds(calendar.age(values[attribute], as_of_day) - years)
        case Flag(attribute):
            return values[attribute] == 1
        case Member(attribute, _, encoded) | Among(attribute, encoded, _):
            return values[attribute] in encoded
        case Not(operand):
            return not _holds(operand, values, as_of_day)
        case And(operands):
            return all(_holds(operand, values, as_of_day) for operand in operands)
        case Or(operands):
            return any(_holds(operand, values, as_of_day) for operand in operands)
        case AtLeast(count, operands):
            return sum(_holds(operand, values, as_of_day) for operand in operands) >= count
