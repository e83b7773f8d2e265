"""Ranges: a value, or a linear form, lies in [0, 2^bits).

Reciprocal digits (section 6 of the paper): every digit d opens 1/(e + d), and the sum of those must be a combination
of the table's 1/(e + j); b = 4 where all digits together are few, else 16.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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


def certified_width(form: Form, t: int, reach: Mapping[int, tuple[int, int]]) -> int:
    """Return the least n with -2^n <= sum a_k V_k - t < 2^n for all values within their bounds.

    A comparison of that width has a witness for all of them. That it means what it says over the integers needs
    `require_certified` as well.

    Args:
        form: ((k, a_k), ...).
        t: threshold.
        reach: k -> least and greatest value.

    Raises:
        StatementError: a value without bounds, or no width up to 252 suffices (the caller's fault).
    """
    least = greatest = -t
    for k, a in form:
        if k not in reach:
            raise StatementError(f"value {k} has no bounds")
        ends = sorted((a * reach[k][0], a * reach[k][1]))
        least, greatest = least + ends[0], greatest + ends[1]
    width = max(greatest, -1 - least, 1).bit_length()
    if width > MAX_WIDTH:
        raise StatementError(f"width {width}: at most {MAX_WIDTH}")
    return width


def require_certified(form: Form, t: int, width: int, certified: Mapping[int, tuple[int, int]]) -> None:
    """Require that a comparison of this form mod N is one of integers.

    All values but one need a certified range; the one that is left has coefficient 1 or -1, so that the others and the
    digits of the difference fix it (notes/gadgets.md, "Meaning over the integers").

    Args:
        form: ((k, a_k), ...).
        t: threshold.
        width: bits of the difference; 0 for an equality.
        certified: k -> range that the circuit proves about the value elsewhere.

    Raises:
        StatementError: it may not be (the caller's fault).
    """
    require_integer(width, "width")
    if len(form) == 1 and abs(form[0][1]) == 1:
        return
    free = [(k, a) for k, a in form if k not in certified]
    if len(free) > 1 or any(abs(a) != 1 for _, a in free):
        raise StatementError(f"values without a certified range: {[k for k, _ in free]}")
    reach = sum(abs(a) * max(map(abs, certified[k])) for k, a in form if k in certified) + abs(t) + (1 << width)
    if reach >= MAX_SCALAR:
        raise StatementError("the numbers come too near the group order")


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


@dataclass(frozen=True, slots=True)
class Comparison:
    """d = sum a_k V_k - t is at least 0, or with negated below 0: one comparison, YES and NO the same shape.

    It means what it says over the integers if d mod N does: for one value with coefficient 1 or -1 always (the range is
    proven on d itself), for other forms where all values but one such have a range (require_certified).

    Attributes:
        K: how many values the statement is about.
        form: ((k, a_k), ...).
        t: threshold.
        bits: width of d: it lies in [-2^bits, 2^bits).
        negated: state the opposite.
        base: of the digits.
        bounds: (k, low, bits) each: V_k is also shown to lie in [low, low + 2^bits).
    """

    K: int
    form: Form
    t: int
    bits: int
    negated: bool
    base: int
    bounds: tuple[tuple[int, int, int], ...] = ()

    def circuit(self) -> Circuit:
        """Emit the statement: the digits of d, then those of each bounded value.

        Raises:
            StatementError: anything out of bounds (the caller's fault).
        """
        require_form(self.K, self.form, self.t)
        certified = {k: (low, low + (1 << bits)) for k, low, bits in self.bounds}
        require_certified(self.form, self.t, self.bits, certified)
        numbers = self._numbers()
        for _, bits in numbers:
            require_width(bits, self.base)
        builder = Builder(self.K, self.base, sum(bits for _, bits in numbers) // (self.base.bit_length() - 1))
        for value, bits in numbers:
            builder.zero(builder.number(bits) - value)
        return builder.circuit()

    def wires(self, values: Sequence[int]) -> Wires:
        """Write the digits.

        Raises:
            WitnessError: the comparison is not so; no value is named (the caller's fault).
        """
        if len(values) != self.K:
            raise WitnessError(f"the statement is about {self.K} committed values")
        digits: list[int] = []
        for value, bits in self._numbers():
            worth = sum(c * values[k] for (_, k), c in value.terms.items()) + value.const
            digits += split(worth, bits, self.base)
        return Wires(tuple(digits), (), multiplicities(digits, self.base))

    def _numbers(self) -> list[tuple[Linear, int]]:
        d = forms(self.form).plus(-self.t)
        shown = [(d.scaled(-1).plus(-1) if self.negated else d, self.bits)]
        for k, low, bits in self.bounds:
            require_form(self.K, ((k, 1),), low)
            shown.append((Linear.wire(V, k).plus(-low), bits))
        return shown


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
