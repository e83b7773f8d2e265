"""Weighted norm linear argument (section 4 of the paper): C = vG + <n,Gvec> + <l,H> with v = |n|^2_mu + <c,l>.

Norm side: every fold has two real halves. Linear side: 7 -> 4 -> 2 -> 1, an odd length padded with a virtual zero that
has no generator, length 1 left unfolded. Cross terms are computed on the original generators: G_i carries the
product over folded bits t of (gamma_t if bit t of i is set, else rho_t), H_a the product of (gamma_t or 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from circuits.generators import G_OFFSET, H_COUNT, H_OFFSET
from circuits.group import Engine
from circuits.group.curve import MODULUS as N
from circuits.transcript import Transcript, fold_challenge

LINEAR_ROUNDS = 3
"""Rounds after which the seven linear coordinates are one."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What a finished argument sends: cross terms of every round, final vectors."""

    X: tuple[bytes, ...]
    R: tuple[bytes, ...]
    n: tuple[int, ...]
    l: tuple[int, ...]  # noqa: E741  # the paper's letter


def fold_factors(start: int, lows: Sequence[int], highs: Sequence[int]) -> list[int]:
    """Start * prod_t (highs[t] if bit t of i is set, else lows[t]), for every i below 2^len(lows)."""
    factors = [start]
    for low, high in zip(lows, highs, strict=True):
        factors = [x * low % N if low != 1 else x for x in factors] + [x * high % N for x in factors]
    return factors


def prove(
    n: list[int],
    l: list[int],  # noqa: E741  # the paper's letter
    c: list[int],
    *,
    rounds: int,
    rho: int,
    rho_inverse: int,
    mu: Sequence[int],
    transcript: Transcript,
    engine: Engine,
) -> Folded:
    """Fold n (length N) and l, c (length 7) the given number of times.

    Args:
        n: norm vector.
        l: linear vector.
        c: public linear weights.
        rounds: k; 2^k divides the length of n.
        rho: the norm's challenge, mu = rho^2.
        rho_inverse: 1/rho.
        mu: mu^1, ..., mu^N; the powers of every mu_j are among them.
        transcript: after tau.
        engine: group arithmetic.

    Raises:
        PointAtInfinity: a cross term has no bytes; the caller draws again.
    """
    size = len(n)
    G_factor, H_factor = [1], [1]
    X: list[bytes] = []
    R: list[bytes] = []
    for j in range(rounds):
        n0, n1 = n[0::2], n[1::2]
        mu_next = mu[(2 << j) - 1 :: 2 << j]  # powers of mu_{j+1} = mu_j^2
        weighted = [m * x % N for m, x in zip(mu_next, n1, strict=True)]
        v_X = 2 * rho_inverse * (_inner(weighted, n0) % N)
        v_R = _inner(weighted, n1)
        upper = [rho * x % N for x in n1]  # for G_i whose bit j is clear
        lower = [rho_inverse * x % N for x in n0]  # and set

        low = (1 << j) - 1
        X_G = [G_factor[i & low] * (lower if i >> j & 1 else upper)[i >> (j + 1)] % N for i in range(size)]
        high = [i for i in range(size) if i >> j & 1]
        R_G = [G_factor[i & low] * n1[i >> (j + 1)] % N for i in high]
        X_H: list[int] = []
        R_H: list[int] = []
        high_H: list[int] = []
        if j < LINEAR_ROUNDS:
            l0, l1 = l[0::2], _padded(l)
            c0, c1 = c[0::2], _padded(c)
            v_X += _inner(c0, l1) + _inner(c1, l0)
            v_R += _inner(c1, l1)
            X_H = [H_factor[a & low] * (l0 if a >> j & 1 else l1)[a >> (j + 1)] % N for a in range(H_COUNT)]
            high_H = [a for a in range(H_COUNT) if a >> j & 1]
            R_H = [H_factor[a & low] * l1[a >> (j + 1)] % N for a in high_H]
        X.append(engine.fixed_sum(_all_indices(len(X_H), size), [v_X % N, *X_H, *X_G]))
        R.append(
            engine.fixed_sum([0, *(a + H_OFFSET for a in high_H), *(i + G_OFFSET for i in high)], [v_R % N, *R_H, *R_G])
        )
        gamma = fold_challenge(transcript, X[-1], R[-1])
        n = [(x + gamma * y) % N for x, y in zip(lower, n1, strict=True)]
        G_factor = [x * rho % N for x in G_factor] + [x * gamma % N for x in G_factor]
        if j < LINEAR_ROUNDS:
            l = [(x + gamma * y) % N for x, y in zip(l0, l1, strict=True)]  # noqa: E741  # the paper's letter
            c = [(x + gamma * y) % N for x, y in zip(c0, c1, strict=True)]
            H_factor = H_factor + [x * gamma % N for x in H_factor]
        rho, rho_inverse = rho * rho % N, rho_inverse * rho_inverse % N
    return Folded(tuple(X), tuple(R), tuple(n), tuple(l))


def _inner(x: Sequence[int], y: Sequence[int]) -> int:
    return sum([a * b for a, b in zip(x, y, strict=True)])


def _padded(x: Sequence[int]) -> list[int]:
    """Return the odd half, with a virtual zero where the even half is longer."""
    return [*x[1::2], 0] if len(x) & 1 else list(x[1::2])


def _all_indices(linear: int, size: int) -> list[int]:
    return [0, *range(H_OFFSET, H_OFFSET + linear), *range(G_OFFSET, G_OFFSET + size)]
