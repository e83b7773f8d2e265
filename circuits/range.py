"""Ranges: a value, or a linear form with coefficients +-1, lies in [0, 2^bits).

Reciprocal digits (section 6 of the paper): every digit d opens 1/(e + d), and the sum of those must be a combination
of the table's 1/(e + j); b = 4 where all digits together are few, else 16.
"""

from collections.abc import Iterable, Sequence

from circuits.constraints import Builder, Circuit, Linear, V, forms
from circuits.errors import StatementError, WitnessError
from circuits.group.curve import N
from circuits.prover import UNSATISFIED, Wires

Form = tuple[tuple[int, int], ...]
"""((k, a_k), ...): sum a_k V_k."""

BASE = 16
SMALL_BASE = 4
SMALL_BITS = 16
MAX_WIDTH = 252
"""Above it 2^width comes too near the group order, and a range would mean nothing."""
MAX_SCALAR = 1 << 250


def range_base(bits: int) -> int:
    """Choose the base where only ranges of together so many bits are proven."""
    return SMALL_BASE if bits <= SMALL_BITS else BASE


def require_width(width: int, base: int) -> None:
    """Refuse a width that is no whole number of digits, or so wide that it is vacuous.

    Raises:
        StatementError: it is (the caller's fault).
    """
    require_integer(width, "width")
    if base < 2 or base & (base - 1):
        raise StatementError(f"base {base} is not a power of two")
    if not 0 < width <= MAX_WIDTH or width % (base.bit_length() - 1):
        raise StatementError(f"width {width}: must be a multiple of {base.bit_length() - 1}, at most {MAX_WIDTH}")


def require_form(K: int, form: Form, t: int) -> None:
    """Refuse an empty form, a value that is not there, and numbers near the group order.

    Raises:
        StatementError: any of these (the caller's fault).
    """
    if not form:
        raise StatementError("empty linear form")
    require_integer(t, "threshold")
    for k, a in form:
        require_integer(k, "value index")
        require_integer(a, "coefficient")
        if not 0 <= k < K:
            raise StatementError(f"value {k}: the statement is about {K} values")
        if not 0 < abs(a) < MAX_SCALAR:
            raise StatementError("coefficient is 0, or 2^250 or more")
    if len({k for k, _ in form}) != len(form):
        raise StatementError("a value occurs twice in a linear form")
    if abs(t) >= MAX_SCALAR:
        raise StatementError("threshold of 2^250 or more")


def range_circuit(K: int, bits: int, *, rounds: int = -1) -> Circuit:
    """State that each of K committed values lies in [0, 2^bits).

    Args:
        K: how many values.
        bits: width; a multiple of 2 if K * bits <= 16, else of 4.
        rounds: folding rounds where known answers fix them; by default the shape rule decides.

    Raises:
        StatementError: width, K or size out of bounds (the caller's fault).
    """
    require_integer(K, "K")
    if K < 1:
        raise StatementError("a range proof needs at least one value")
    base = range_base(K * bits)
    require_width(bits, base)
    builder = Builder(K, base, K * bits // (base.bit_length() - 1))
    for k in range(K):
        builder.zero(builder.number(bits) - Linear.wire(V, k))
    return builder.circuit(rounds)


def range_witness(values: Sequence[int], bits: int) -> Wires:
    """Write values in digits.

    Raises:
        WitnessError: a value is outside [0, 2^bits); no value is named (the caller's fault).
    """
    base = range_base(len(values) * bits)
    digits = [d for value in values for d in split(value, bits, base)]
    return Wires(tuple(digits), (), multiplicities(digits, base))


def comparison_circuit(K: int, form: Form, t: int, bits: int, *, negated: bool) -> Circuit:
    """State d >= 0, or with negated -1-d >= 0, for d = sum a_k V_k - t: one comparison, YES and NO the same shape.

    It means what it says over the integers only if |d| < 2^bits is certain: for one value with coefficient +-1 that
    needs nothing else (the range is proven on d itself), for other forms certified bounds on every value.

    Args:
        K: how many values the statement is about.
        form: ((k, a_k), ...), coefficients +-1.
        t: threshold.
        bits: width of d.
        negated: state the opposite.

    Raises:
        StatementError: any of it out of bounds (the caller's fault).
    """
    require_form(K, form, t)
    if any(abs(a) != 1 for _, a in form):
        raise StatementError("a comparison's coefficients are 1 or -1")
    base = range_base(bits)
    require_width(bits, base)
    builder = Builder(K, base, bits // (base.bit_length() - 1))
    d = forms(form).plus(-t)
    shown = d.scaled(-1).plus(-1) if negated else d
    builder.zero(builder.number(bits) - shown)
    return builder.circuit()


def comparison_witness(values: Sequence[int], form: Form, t: int, bits: int, *, negated: bool) -> Wires:
    """Write the digits of d, or of -1-d.

    Raises:
        WitnessError: the comparison is not so; no value is named (the caller's fault).
    """
    d = sum(a * values[k] for k, a in form) - t
    base = range_base(bits)
    digits = split(-1 - d if negated else d, bits, base)
    return Wires(tuple(digits), (), multiplicities(digits, base))


def split(value: int, bits: int, base: int) -> list[int]:
    """Return the digits of a value, least significant first; WitnessError outside [0, 2^bits)."""
    if not 0 <= value < 1 << bits:
        raise WitnessError(UNSATISFIED)
    size = base.bit_length() - 1
    return [value >> shift & (base - 1) for shift in range(0, bits, size)]


def multiplicities(digits: Iterable[int], base: int) -> tuple[int, ...]:
    """Count how often each table entry occurs."""
    counts = [0] * base
    for digit in digits:
        counts[digit] += 1
    return tuple(counts)


def centred(x: int) -> int:
    """Return the residue of x mod N nearest to zero: what a comparison bit speaks about."""
    x %= N
    return x if x <= N // 2 else x - N


def require_integer(number: object, name: str) -> None:
    """Raise StatementError unless it is an integer, and no bool."""
    if not isinstance(number, int) or isinstance(number, bool):
        raise StatementError(f"{name} must be an integer")
