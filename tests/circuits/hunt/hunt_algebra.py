"""Arithmetic of the hunt: affine forms over unknowns mod N, roots of quadratics, digits of a number."""

from collections.abc import Mapping, Sequence
from functools import cache

from circuits.group.curve import N

Terms = Mapping[int, int]
Affine = tuple[Terms, int]
"""Unknown -> coefficient, none zero, all in [0, N); and the constant."""


def added(one: Affine, other: Affine, factor: int = 1) -> Affine:
    """Return one + factor * other."""
    terms = dict(one[0])
    for unknown, c in other[0].items():
        if total := (terms.get(unknown, 0) + factor * c) % N:
            terms[unknown] = total
        else:
            terms.pop(unknown, None)
    return terms, (one[1] + factor * other[1]) % N


def scaled(form: Affine, factor: int) -> Affine:
    """Return factor * form, for a factor that is not zero."""
    return {unknown: c * factor % N for unknown, c in form[0].items()}, form[1] * factor % N


def replaced(form: Affine, unknown: int, by: Affine) -> Affine:
    """Put a form in an unknown's place."""
    terms = dict(form[0])
    factor = terms.pop(unknown)
    return added((terms, form[1]), by, factor)


def multiple(form: Terms, of: Terms) -> int | None:
    """Return the factor with form = factor * of, or None; of is not empty."""
    if not form:
        return 0
    if form.keys() != of.keys():
        return None
    first = next(iter(of))
    factor = form[first] * inverse(of[first]) % N
    return factor if all(form[x] == c * factor % N for x, c in of.items()) else None


def combination(target: Terms, one: Terms, other: Terms) -> tuple[int, int] | None:
    """Return (x, y) with target = x * one + y * other, or None."""
    for a in one:
        for b in other:
            determinant = (one[a] * other.get(b, 0) - one.get(b, 0) * other[a] if a in other else one[a] * other[b]) % N
            if determinant:
                down = inverse(determinant)
                x = (target.get(a, 0) * other.get(b, 0) - target.get(b, 0) * other.get(a, 0)) * down % N
                y = (one[a] * target.get(b, 0) - one.get(b, 0) * target.get(a, 0)) * down % N
                left = added(added((target, 0), (one, 0), -x), (other, 0), -y)
                return None if left[0] else (x, y)
    return None


@cache
def inverse(x: int) -> int:
    """Invert mod N; the same few coefficients come again and again."""
    return x if x in {1, N - 1} else pow(x, -1, N)


def centred(x: int) -> int:
    """Return the residue nearest to zero."""
    return x if x <= N // 2 else x - N


def roots(a: int, b: int, c: int) -> list[int] | None:
    """Solve a x^2 + b x + c = 0 mod N; None if every x does."""
    a, b, c = a % N, b % N, c % N
    if a == 0:
        if b == 0:
            return [] if c else None
        return [-c * inverse(b) % N]
    if c == 0:
        return sorted({0, -b * inverse(a) % N})
    root = square_root((b * b - 4 * a * c) % N)
    if root is None:
        return []
    half = inverse(2 * a % N)
    return sorted({(-b + root) * half % N, (-b - root) * half % N})


def square_root(x: int) -> int | None:
    """Tonelli and Shanks; None if x is no square mod N."""
    if x in {0, 1}:
        return x
    if pow(x, (N - 1) // 2, N) != 1:
        return None
    twos = ((N - 1) & (1 - N)).bit_length() - 1
    odd = (N - 1) >> twos
    non_residue = next(z for z in range(2, N) if pow(z, (N - 1) // 2, N) != 1)
    c, t, root = pow(non_residue, odd, N), pow(x, odd, N), pow(x, (odd + 1) // 2, N)
    while t != 1:
        order, power = 0, t
        while power != 1:
            power, order = power * power % N, order + 1
        step = pow(c, 1 << (twos - order - 1), N)
        c, twos = step * step % N, order
        t, root = t * c % N, root * step % N
    return root


def reach(weights: Sequence[int], base: int) -> int | None:
    """Return M if the sums of weight * digit are exactly 0..M, every one of them; None if there are gaps.

    Args:
        weights: ascending.
        base: digits are 0..base-1.
    """
    greatest = 0
    for weight in weights:
        if weight > greatest + 1:
            return None
        greatest += weight * (base - 1)
    return greatest


def digits(number: int, weights: Sequence[int], base: int) -> list[int]:
    """Write a number within reach, greedily from the greatest weight."""
    written = []
    for weight in reversed(weights):
        digit = min(base - 1, number // weight)
        number -= digit * weight
        written.append(digit)
    return written[::-1]
