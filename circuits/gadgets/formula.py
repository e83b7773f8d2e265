"""Formulas over hidden bits: what they are made of, and what they cost.

A formula is a bit's number or a tuple:

- ("not", x), ("and", x, y, ...), ("or", x, y, ...): pairs of neighbours, level by level;
- ("at_least", k, x, y, ...): a comparison of the sum of bits, in digits;
- ("count", (n, ...), x, y, ...): the number of operands that hold is one of n, ...;
- ("sum", const, (c, bit), ...): const + sum c bit, which must be 0 or 1 whatever holds: that is the caller's to know.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from circuits.errors import StatementError
from circuits.gadgets import polynomial
from circuits.gadgets.atoms import Size
from circuits.range import require_integer

Formula = int | Sequence[Any]
MAX_DEPTH = 64
MOST_OPERANDS = 512
MOST_COUNTED = 64
_ARITY = {"not": range(1, 2), "and": range(2, MOST_OPERANDS + 1), "or": range(2, MOST_OPERANDS + 1)}
_NOTHING = Size(0, 0, 0, 1)


def formula_size(node: Formula, bits: int, digit_bits: int, depth: int = 0) -> Size:
    """Check a formula and count what it costs, repetitions included.

    Args:
        node: the formula.
        bits: how many bits there are to name.
        digit_bits: bits in a digit.
        depth: how deep the node is.

    Raises:
        StatementError: nested too deep, an unknown operator, arity or bit (the caller's fault).
    """
    if depth > MAX_DEPTH:
        raise StatementError(f"formula nested deeper than {MAX_DEPTH}")
    if isinstance(node, bool) or not isinstance(node, (int, tuple, list)):
        raise StatementError("a formula is a bit's number or a tuple")
    if isinstance(node, int):
        _require_bit(node, bits)
        return _NOTHING
    own, operands = _node_size(node, bits, digit_bits)
    sizes = [own, *(formula_size(operand, bits, digit_bits, depth + 1) for operand in operands)]
    return Size(sum(s.digit_bits for s in sizes), sum(s.gates for s in sizes), sum(s.aux for s in sizes), 1)


def _node_size(node: Sequence[Any], bits: int, digit_bits: int) -> tuple[Size, Sequence[Any]]:
    """Check a node without its operands; what it costs itself, and the operands."""
    operator, rest = (node[0], node[1:]) if node else (None, ())
    match operator:
        case "at_least":
            return Size(_require_threshold(rest, digit_bits), 2, 0, 1), rest[1:]
        case "count":
            strategy = count_strategy(*_require_numbers(rest))
            return Size(0, strategy.gates, strategy.aux, 1), rest[1:]
        case "sum":
            _require_terms(rest, bits)
            return _NOTHING, ()
    if not isinstance(operator, str) or operator not in _ARITY:
        raise StatementError(f"unknown operator {operator!r}")
    if len(rest) not in _ARITY[operator]:
        raise StatementError(f"{operator} of {len(rest)} operands")
    return Size(0, len(rest) - 1, len(rest) - 1, 1), rest


@dataclass(frozen=True, slots=True)
class CountStrategy:
    """The cheapest way to tell whether the number of bits that are set, of so many, is one of some numbers.

    Attributes:
        coefficients: of a polynomial in the sum of bits.
        indicator: the polynomial is the truth itself; otherwise it is zero for a hit, which an equality gadget tells.
        negated: a hit means no.
        gates, aux: what it costs.
    """

    coefficients: polynomial.Coefficients
    indicator: bool
    negated: bool
    gates: int
    aux: int


@lru_cache(maxsize=1024)
def count_strategy(numbers: frozenset[int], count: int) -> CountStrategy:
    """Choose how to tell whether the sum of `count` bits is one of some numbers."""
    misses = frozenset(range(count + 1)) - numbers
    negated = len(misses) < len(numbers)
    roots = misses if negated else numbers
    direct = polynomial.indicator(count, numbers)
    products, rooted = polynomial.gates(len(direct) - 1), polynomial.gates(len(roots))
    if rooted + 2 < products:
        vanishing = polynomial.vanishing(sorted(roots))
        return CountStrategy(vanishing, indicator=False, negated=negated, gates=rooted + 2, aux=rooted)
    return CountStrategy(direct, indicator=True, negated=False, gates=products, aux=products)


def at_least_bits(operands: int, digit_bits: int) -> int:
    """Bits of the digits for a count of so many bits, minus a k between 1 and their number."""
    return -(-operands.bit_length() // digit_bits) * digit_bits


def _require_bit(number: object, bits: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < bits:
        raise StatementError(f"bit {number}: there are {bits}")


def _require_threshold(rest: Sequence[Any], digit_bits: int) -> int:
    k = rest[0] if rest else 0
    require_integer(k, "at_least's k")
    if not 1 <= k <= len(rest) - 1:
        raise StatementError(f"at_least {k} of {len(rest) - 1} operands")
    return at_least_bits(len(rest) - 1, digit_bits)


def _require_numbers(rest: Sequence[Any]) -> tuple[frozenset[int], int]:
    numbers, count = rest[0] if rest else (), len(rest) - 1
    if not isinstance(numbers, tuple) or not 2 <= count <= MOST_COUNTED:
        raise StatementError(f"count of {count} operands")
    for n in numbers:
        require_integer(n, "a number to count")
    if not numbers or len(set(numbers)) != len(numbers) or not all(0 <= n <= count for n in numbers):
        raise StatementError(f"count: not different numbers from 0 to {count}")
    return frozenset(numbers), count


def _require_terms(rest: Sequence[Any], bits: int) -> None:
    if not rest:
        raise StatementError("sum of nothing")
    require_integer(rest[0], "a sum's constant")
    for term in rest[1:]:
        if not isinstance(term, tuple) or len(term) != 2:
            raise StatementError("a sum's terms are pairs of a coefficient and a bit")
        require_integer(term[0], "a sum's coefficient")
        _require_bit(term[1], bits)
