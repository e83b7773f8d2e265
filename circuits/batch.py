"""Many proofs at once: a random combination of their equations, and who is guilty if it does not vanish."""

import hashlib
from collections.abc import Sequence

from circuits.constraints import Circuit
from circuits.encoding import fields
from circuits.errors import ProofError, ProofInvalid, ProofMalformed, StatementError
from circuits.generators import DOMAIN
from circuits.group import Engine
from circuits.group.curve import MODULUS as N
from circuits.group.curve import inverses
from circuits.pedersen import ENTROPY_BYTES
from circuits.verifier import Equation, Heard, hear

Item = tuple[Circuit, Sequence[bytes], bytes, bytes]
"""Statement, commitments, context, proof."""


def batch_weights(items: Sequence[Item], entropy: bytes) -> list[int]:
    """Return w_0 = 1 and w_i = 2^128 + 128 bits nobody could know when the proofs were made.

    Hedged: the bits depend on the fresh entropy and on every proof.
    """
    proofs = hashlib.sha256(fields("proofs", *(proof for _, _, _, proof in items))).digest()
    stream = hashlib.shake_256(DOMAIN + b"/batch" + entropy + proofs).digest(16 * len(items))
    drawn = [2**128 + int.from_bytes(stream[i : i + 16], "big") for i in range(16, len(stream), 16)]
    return [1, *drawn]


def verify_batch(items: Sequence[Item], *, entropy: bytes, engine: Engine) -> None:
    """See circuits.arithmetic.verify_batch."""
    if len(entropy) != ENTROPY_BYTES:
        raise StatementError(f"entropy must be {ENTROPY_BYTES} bytes")
    if not items:
        raise ProofMalformed("an empty batch proves nothing")
    strict = [(c, V, context, proof if isinstance(proof, bytes) else b"") for c, V, context, proof in items]
    malformed: list[int] = []
    heard: dict[int, Heard] = {}
    for i, item in enumerate(strict):
        try:
            heard[i] = hear(*item, engine)
        except ProofMalformed:
            malformed.append(i)
    equations = _equations(heard, batch_weights(strict, entropy))
    invalid = _guilty(equations, sorted(equations), engine)
    guilty = tuple(sorted([*malformed, *invalid]))
    if invalid:
        raise ProofInvalid(_named(guilty), guilty)
    if malformed:
        raise ProofMalformed(_named(guilty), guilty)


def _equations(heard: dict[int, Heard], weights: Sequence[int]) -> dict[int, Equation]:
    """Write down all equations, each times its weight, with one inversion for all of them."""
    denominators = {i: one.denominators() for i, one in heard.items()}
    inverted = iter(inverses([x for group in denominators.values() for x in group]))
    return {i: one.equation([next(inverted) for _ in denominators[i]], weights[i]) for i, one in heard.items()}


def _guilty(equations: dict[int, Equation], chosen: list[int], engine: Engine) -> list[int]:
    """Bisect: the positions whose own equation does not hold, none if their combination vanishes."""
    if not chosen or _vanishes(equations, chosen, engine):
        return []
    if len(chosen) == 1:
        return chosen
    middle = len(chosen) // 2
    guilty = [*_guilty(equations, chosen[:middle], engine), *_guilty(equations, chosen[middle:], engine)]
    # a non-zero sum of zero equations cannot be; if it is reported, nothing is accepted
    return guilty or chosen


def _vanishes(equations: dict[int, Equation], chosen: list[int], engine: Engine) -> bool:
    fixed = [0] * max(len(equations[i].fixed) for i in chosen)
    for i in chosen:
        part = equations[i].fixed
        fixed[: len(part)] = [x + y for x, y in zip(fixed, part, strict=False)]
    points = [point for i in chosen for point in equations[i].points]
    coefficients = [c for i in chosen for c in equations[i].coefficients]
    try:
        engine.require_zero(range(len(fixed)), [x % N for x in fixed], points, coefficients)
    except ProofError:
        return False
    return True


def _named(guilty: Sequence[int]) -> str:
    return f"{len(guilty)} of the proofs fail: {', '.join(map(str, guilty[:20]))}{' ...' if len(guilty) > 20 else ''}"
