# ruff: noqa: N815  # the fields carry the paper's letters
"""The rows' random combination: u_L, u_R, u_O, kappa and a from e, rho, lambda (protocol section 5, P3).

Gates get powers of mu = rho^2, linear rows powers of lambda; the two never share a variable, or opposite errors in a
gate and a row could cancel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from circuits.constraints import Circuit, L, O, R, Row, V
from circuits.group.curve import MODULUS as N

Terms = tuple[tuple[int, int], ...]
"""(index into the powers, signed coefficient)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A circuit's rows turned by wire: for every wire the powers it collects, coefficients centred around zero.

    Attributes:
        single: for L, R, O: (wire, power, coefficient) of the wires that occur once, most of them.
        several: for L, R, O: (wire, terms) of the others.
        values: terms of every V.
        const: terms of the constants.
    """

    single: tuple[tuple[tuple[int, int, int], ...], ...]
    several: tuple[tuple[tuple[int, Terms], ...], ...]
    values: tuple[Terms, ...]
    const: Terms


@dataclass(frozen=True, slots=True)
class Weights:
    """Public coefficients of one proof's one identity; vectors have length N, kappa has length K.

    Attributes:
        u_L, u_O: what the linear rows and gate outputs ask of every left input and output; not always reduced.
        w_R: the same for every right input, times mu^-(i+1) already: a digit gate's own row gives it the bare e.
        kappa: the same for the committed values.
        a: the constants.
        mu: mu^1, ..., mu^N.
        mu_inverse: mu^-1, ..., mu^-N.
    """

    u_L: Sequence[int]
    w_R: Sequence[int]
    u_O: Sequence[int]
    kappa: Sequence[int]
    a: int
    mu: Sequence[int]
    mu_inverse: Sequence[int]

    def pub3(self) -> int:
        """2 sum_i mu^-(i+1) u_L,i u_R,i - 2a: the public part of the T^3 coefficient."""
        cross = sum([x * y for x, y in zip(self.u_L, self.w_R, strict=True)])
        return 2 * (cross - self.a) % N


def powers(base: int, count: int) -> list[int]:
    """base^1, ..., base^count."""
    x = 1
    return [x := x * base % N for _ in range(count)]


@lru_cache(maxsize=256)
def plan(circuit: Circuit) -> Plan:
    """Turn the rows once per circuit: powers are numbered lambda^1..lambda^(Q+1), then mu^1..mu^N."""
    by_wire: dict[tuple[int, int], list[tuple[int, int]]] = {}
    const: list[tuple[int, int]] = []

    def take(row: Row, power: int, sign: int) -> None:
        for kind, index, c in row.terms:
            by_wire.setdefault((kind, index), []).append((power, sign * _centred(c)))
        if row.const:
            const.append((power, sign * _centred(row.const)))

    for q, row in enumerate(circuit.rows, 1):
        take(row, q, 1)
    mu_0 = len(circuit.rows) + 1
    for g, row in enumerate(circuit.gates, circuit.D):
        take(row, mu_0 + g, -1)

    def turned(kind: int, *, alone: bool) -> list[tuple[int, list[tuple[int, int]]]]:
        return [(i, terms) for (k, i), terms in sorted(by_wire.items()) if k == kind and (len(terms) == 1) == alone]

    single = tuple(tuple((i, *terms[0]) for i, terms in turned(kind, alone=True)) for kind in (L, R, O))
    several = tuple(tuple((i, tuple(terms)) for i, terms in turned(kind, alone=False)) for kind in (L, R, O))
    values = tuple(tuple(by_wire.get((V, k), ())) for k in range(circuit.K))
    return Plan(single, several, values, tuple(const))


def evaluate(
    circuit: Circuit, e: int, rho: int, lam: int, *, rho_inverse: int, digit_inverses: Sequence[int]
) -> Weights:
    """Combine the rows of a circuit.

    Args:
        circuit: the statement.
        e: the digit challenge.
        rho: mu is its square.
        lam: the linear rows' challenge.
        rho_inverse: 1/rho.
        digit_inverses: 1/(e+j) for 0 <= j < b (empty without digits).
    """
    turned = plan(circuit)
    mu = powers(rho * rho % N, circuit.N)
    mu_inverse = powers(rho_inverse * rho_inverse % N, circuit.N)
    weights = powers(lam, len(circuit.rows) + 1) + mu

    u_L, u_R, u_O = ([0] * circuit.N for _ in range(3))
    for u, single, several in zip((u_L, u_R, u_O), turned.single, turned.several, strict=True):
        for index, i, c in single:
            u[index] = c * weights[i]
        for index, terms in several:
            u[index] = _dot(terms, weights)
    b = len(digit_inverses)
    u_O[:b] = [(u - lam * inverse) % N for u, inverse in zip(u_O, digit_inverses, strict=False)]
    D = circuit.D
    w_R = [(e + m * (lam + u)) % N for m, u in zip(mu_inverse[:D], u_R[:D], strict=True)]
    w_R += [m * u % N if u else 0 for m, u in zip(mu_inverse[D:], u_R[D:], strict=True)]
    a = (_dot(turned.const, weights) - sum(mu[:D])) % N
    return Weights(u_L, w_R, u_O, [_dot(terms, weights) for terms in turned.values], a, mu, mu_inverse)


def _dot(terms: Terms, weights: Sequence[int]) -> int:
    return sum([c * weights[i] for i, c in terms]) % N


def _centred(c: int) -> int:
    return int(c if c <= N // 2 else c - N)
