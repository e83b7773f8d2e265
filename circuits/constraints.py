"""A statement is a circuit: gates, linear rows, and the shape its proof will have (protocol section 3).

Prover and verifier build it with the same code from their own copy of the question; nothing about it is ever
read from a proof.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from circuits.encoding import B32, be32
from circuits.errors import StatementError
from circuits.generators import G_COUNT, H_COUNT
from circuits.group.curve import N

L, R, O, V = range(4)  # noqa: E741  # the protocol's letters, and its type bytes
"""Wire types: left and right inputs, outputs (first multiplicities, then auxiliary wires), committed values."""

Wire = tuple[int, int]
MAX_ROUNDS = 9
_NAMES = "LROV"


@dataclass(frozen=True, slots=True)
class Row:
    """<terms, (L,R,O,V)> + const, in canonical form: terms sorted by (type, index), no zero coefficient, mod N."""

    terms: tuple[tuple[int, int, int], ...]
    const: int

    @classmethod
    def of(cls, terms: Iterable[tuple[int, int, int]], const: int) -> "Row":
        """Merge equal wires, drop zero terms, reduce mod N."""
        merged: dict[Wire, int] = {}
        for kind, index, coefficient in terms:
            merged[kind, index] = (merged.get((kind, index), 0) + coefficient) % N
        kept = sorted((kind, index, c) for (kind, index), c in merged.items() if c)
        return cls(tuple(kept), const % N)

    def to_bytes(self) -> bytes:
        """Encode as be32(#terms), terms, B32(const): a term is type byte, be32(index), B32(coefficient)."""
        terms = (bytes([kind]) + be32(index) + B32(c) for kind, index, c in self.terms)
        return be32(len(self.terms)) + b"".join(terms) + B32(self.const)


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear combination of wires plus a constant: what a node of a formula is worth."""

    terms: Mapping[Wire, int] = field(default_factory=dict)
    const: int = 0

    @classmethod
    def wire(cls, kind: int, index: int, coefficient: int = 1) -> "Linear":
        """One wire, scaled."""
        return cls({(kind, index): coefficient}, 0)

    def __add__(self, other: "Linear") -> "Linear":
        terms = dict(self.terms)
        for wire, coefficient in other.terms.items():
            terms[wire] = terms.get(wire, 0) + coefficient
        return Linear(terms, self.const + other.const)

    def __sub__(self, other: "Linear") -> "Linear":
        return self + other.scaled(-1)

    def scaled(self, factor: int) -> "Linear":
        """Multiply every coefficient and the constant."""
        return Linear({wire: c * factor for wire, c in self.terms.items()}, self.const * factor)

    def plus(self, const: int) -> "Linear":
        """Add a constant."""
        return Linear(self.terms, self.const + const)

    def row(self) -> Row:
        """Reduce to the canonical row."""
        return Row.of(((kind, index, c) for (kind, index), c in self.terms.items()), self.const)


def shape(need: int) -> tuple[int, int, int]:
    """Choose (k, n_f, l_f): rounds and final vector lengths, from the statement's need alone.

    Minimises 106 k + 32 (n_f + l_f): a round costs 66 bytes and as much again in time as 40 bytes are worth.

    Raises:
        StatementError: more slots needed than there are generators (the caller's fault).
    """
    if not 1 <= need <= G_COUNT:
        raise StatementError(f"the statement needs {need} slots, there are {G_COUNT} generators")
    return min((_sized(need, k) for k in range(MAX_ROUNDS + 1)), key=lambda s: (106 * s[0] + 32 * (s[1] + s[2]), s[0]))


def _sized(need: int, k: int) -> tuple[int, int, int]:
    return k, -(-need >> k), -(-H_COUNT >> k)


@dataclass(frozen=True, slots=True, eq=False)
class Circuit:
    """One public statement about K committed values; equal circuits have equal digests.

    Attributes:
        K: number of committed values.
        b: base of the digits, 0 if there are none.
        D: number of digit gates; gate i < D proves that L_i is a digit.
        gates: rows for the outputs of the ordinary gates D, D+1, ...: L_g R_g = row.
        rows: linear rows 1, 2, ...: row = 0.
        k: folding rounds. From the shape rule; another number only where known answers fix one.
        N: length of the norm side, n_f 2^k.
        outputs: number of output wires: multiplicities and auxiliary wires; the other slots are zero.
        n_f, l_f: lengths of the two final vectors in the proof.
        digest: SHA-256 of the canonical bytes; thresholds, widths, formula and result are all inside.
    """

    K: int
    b: int
    D: int
    gates: tuple[Row, ...]
    rows: tuple[Row, ...]
    k: int = -1
    N: int = field(init=False)
    outputs: int = field(init=False)
    n_f: int = field(init=False)
    l_f: int = field(init=False)
    digest: bytes = field(init=False)

    def __post_init__(self) -> None:
        """Check every index and fix the shape.

        Raises:
            StatementError: no such wire, value, base or shape (the caller's fault).
        """
        self._require_base()
        wires = self.D + len(self.gates)
        outputs = max((i + 1 for row in self._all_rows() for kind, i, _ in row.terms if kind == O), default=0)
        for row in self._all_rows():
            self._require_wires(row, {L: wires, R: wires, O: G_COUNT, V: self.K})
        outputs = max(outputs, self.b)
        need = max(wires, outputs, 1)
        k, n_f, l_f = shape(need)
        if self.k != -1:
            if not 0 <= self.k <= MAX_ROUNDS:
                raise StatementError(f"{self.k} rounds: must be 0..{MAX_ROUNDS}")
            k, n_f, l_f = _sized(need, self.k)
        for name, fixed in (("k", k), ("n_f", n_f), ("l_f", l_f), ("N", n_f << k), ("outputs", outputs)):
            object.__setattr__(self, name, fixed)
        object.__setattr__(self, "digest", hashlib.sha256(self.to_bytes()).digest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Circuit) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Circuit({self.digest.hex()[:16]}, K={self.K}, D={self.D}, M={len(self.gates)}, N={self.N})"

    @property
    def proof_bytes(self) -> int:
        """Exact length of every proof of this statement."""
        return 33 * (4 + 2 * self.k) + 32 * (self.n_f + self.l_f)

    def to_bytes(self) -> bytes:
        """Encode the digest's preimage (protocol section 3, "Circuit digest")."""
        head = (self.K, self.b, self.D, self.N, self.k, self.n_f, self.l_f, len(self.gates), len(self.rows))
        parts = [b"zkattest-circuit/1", *map(be32, head)]
        for g, row in enumerate(self.gates, self.D):
            parts += [be32(g), row.to_bytes()]
        parts += [row.to_bytes() for row in self.rows]
        return b"".join(parts)

    def _all_rows(self) -> tuple[Row, ...]:
        return self.gates + self.rows

    def _require_base(self) -> None:
        if self.K < 1:
            raise StatementError("a statement needs at least one committed value")
        if self.D < 0 or (self.D == 0) != (self.b == 0):
            raise StatementError("digits need a base, and a base needs digits")
        if self.b and (self.b < 2 or self.b & (self.b - 1)):
            raise StatementError(f"base {self.b} is not a power of two")

    @staticmethod
    def _require_wires(row: Row, bounds: Mapping[int, int]) -> None:
        if row.terms != tuple(sorted(row.terms)) or len({term[:2] for term in row.terms}) != len(row.terms):
            raise StatementError("a row's terms are not in canonical order")
        if not all(0 < c < N for _, _, c in row.terms) or not 0 <= row.const < N:
            raise StatementError("a row's coefficients are not reduced")
        for kind, index, _ in row.terms:
            if kind not in bounds or not 0 <= index < bounds[kind]:
                name = _NAMES[kind] if kind in bounds else "?"
                raise StatementError(f"{name}{index}: no such wire or value")


class Builder:
    """Collects gates and rows in emission order; the order is part of the format (powers of lambda and mu).

    The number of digits must be known first, because ordinary gates are numbered after them and auxiliary wires
    after the multiplicities.
    """

    def __init__(self, K: int, base: int, digits: int) -> None:
        self.K = K
        self.base = base if digits else 0
        self.digits = digits
        self._next_digit = 0
        self._next_aux = self.base
        self._gates: list[Row] = []
        self._rows: list[Row] = []

    def gate(self) -> int:
        """Number the next ordinary gate; its output must follow with output()."""
        return self.digits + len(self._gates)

    def output(self, value: Linear) -> None:
        """Emit a gate: L_g R_g = value."""
        self._gates.append(value.row())

    def zero(self, value: Linear) -> None:
        """Emit a linear row: value = 0."""
        self._rows.append(value.row())

    def aux(self) -> Linear:
        """Take the next auxiliary output wire."""
        self._next_aux += 1
        return Linear.wire(O, self._next_aux - 1)

    def number(self, width: int) -> Linear:
        """Take width bits' worth of digit wires, least significant first, and return sum b^i d_i."""
        size = self.base.bit_length() - 1
        total = Linear()
        for i in range(width // size):
            total += Linear.wire(L, self._next_digit, self.base**i)
            self._next_digit += 1
        return total

    def circuit(self, rounds: int = -1) -> Circuit:
        """Close the statement.

        Raises:
            StatementError: digits announced and not used, or the statement is too large.
        """
        if self._next_digit != self.digits:
            raise StatementError("the number of digits announced is not the number used")
        return Circuit(self.K, self.base, self.digits, tuple(self._gates), tuple(self._rows), rounds)


def forms(pairs: Sequence[tuple[int, int]]) -> Linear:
    """Sum a_k V_k over (k, a_k), in the order given."""
    total = Linear()
    for k, a in pairs:
        total += Linear.wire(V, k, a)
    return total
