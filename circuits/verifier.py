"""The verifier (protocol section 7): a proof becomes one equation between generators and a few foreign points."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from circuits import blinding
from circuits.constraints import Circuit
from circuits.generators import G_OFFSET, H_COUNT
from circuits.group import Engine
from circuits.group.curve import MODULUS as N
from circuits.group.curve import inverses
from circuits.proof import Proof, parse
from circuits.transcript import begin, digit_challenge, fold_challenge, point_challenge, weight_challenges
from circuits.weights import evaluate
from circuits.wnla import LINEAR_ROUNDS, fold_factors


@dataclass(frozen=True, slots=True)
class Challenges:
    """Every challenge of one proof."""

    e: int
    rho: int
    lam: int
    beta: int
    delta: int
    tau: int
    gammas: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Equation:
    """sum fixed[i] * generator[i] + sum coefficients[j] * points[j] = O, times the factor it was asked for with.

    Attributes:
        fixed: scalars of G, H_0..H_6, G_0..G_{N-1}.
        points: the engine's handles of C_O, C_L, C_R, C_S, X_0, R_0, ..., V_0, ...
        coefficients: one for each of them.
    """

    fixed: list[int]
    points: list[Any]
    coefficients: list[int]


@dataclass(frozen=True, slots=True)
class Heard:
    """A parsed proof, its points and its challenges: all that comes before the arithmetic."""

    circuit: Circuit
    proof: Proof
    points: list[Any]
    ch: Challenges

    def denominators(self) -> list[int]:
        """Everything the equation divides by, none of it zero; many proofs share one inversion."""
        ch = self.ch
        return [ch.rho, ch.delta, ch.tau, *(ch.e + j for j in range(self.circuit.b))]

    def equation(self, inverted: Sequence[int], factor: int = 1) -> Equation:
        """Write down the equation times factor * tau.

        Args:
            inverted: 1/x for every x of denominators.
            factor: not zero.
        """
        x = scalars(self.circuit, self.proof, self.ch, inverted, factor=factor, by_tau=True)
        edge = G_OFFSET + self.circuit.N
        return Equation(x[:edge], self.points, x[edge:])


def listen(circuit: Circuit, V: Sequence[bytes], context: bytes, proof: Proof) -> Challenges:
    """Replay the transcript of a proof."""
    transcript = begin(circuit.digest, context, V)
    e = digit_challenge(transcript, proof.C_O, proof.C_L, circuit.b)
    rho, lam, beta, delta = weight_challenges(transcript, proof.C_R)
    tau = point_challenge(transcript, proof.C_S)
    gammas = tuple(fold_challenge(transcript, X, R) for X, R in zip(proof.X, proof.R, strict=True))
    return Challenges(e, rho, lam, beta, delta, tau, gammas)


def hear(circuit: Circuit, V: Sequence[bytes], context: bytes, encoded: bytes, engine: Engine) -> Heard:
    """Parse a proof and replay its transcript.

    Raises:
        ProofMalformed: anything that needs no equation (the prover's fault).
    """
    proof, points = parse(circuit, V, encoded, engine)
    return Heard(circuit, proof, points, listen(circuit, V, context, proof))


def scalars(
    circuit: Circuit,
    proof: Proof,
    ch: Challenges,
    inverted: Sequence[int],
    *,
    factor: int = 1,
    by_tau: bool = False,
) -> list[int]:
    """Compute the equation's scalars: G, H_0..H_6, G_0.., C_O, C_L, C_R, C_S, X_0, R_0, ..., V_0, ...

    Args:
        circuit: the statement.
        proof: parsed.
        ch: its challenges.
        inverted: 1/rho, 1/delta, 1/tau, 1/(e+j) for 0 <= j < b.
        factor: multiplies all of them.
        by_tau: multiply by tau as well, which makes C_S's scalar the bare factor: a point almost for free.
    """
    k, tau = circuit.k, ch.tau
    rho_inverse, delta_inverse, tau_inverse, *digit_inverses = inverted
    w = evaluate(circuit, ch.e, ch.rho, ch.lam, rho_inverse=rho_inverse, digit_inverses=digit_inverses)
    scale = factor * tau % N if by_tau else factor
    t1 = scale * tau % N
    t2 = t1 * tau % N
    t3 = t2 * tau % N

    rhos = [ch.rho]
    for _ in range(k - 1):
        rhos.append(rhos[-1] * rhos[-1] % N)
    s = fold_factors(scale, rhos[:k], ch.gammas)
    tail = min(k, LINEAR_ROUNDS)
    h = fold_factors(scale, [1] * tail, ch.gammas[:tail])

    linear = [h[a & (1 << tail) - 1] * proof.l[a >> tail] % N for a in range(H_COUNT)]
    c = _linear_weights(ch.beta, tau, tau_inverse)
    mu_k = w.mu[(1 << k) - 1 :: 1 << k]
    v_f = scale * (sum([m * (x * x % N) for m, x in zip(mu_k, proof.n, strict=True)]) % N)
    v_f += sum([x * y for x, y in zip(c, linear, strict=True)])

    p3 = delta_inverse * t3 % N
    folded = [x * y for y in proof.n for x in s]  # s_i n_f[i >> k]
    norm = [
        (m * ((p3 * x + t2 * y) % N) + t1 * z - f) % N
        for m, x, y, z, f in zip(w.mu_inverse, w.u_O, w.u_L, w.w_R, folded, strict=True)
    ]
    rounds = [x for gamma in ch.gammas for x in (gamma * scale % N, (gamma * gamma - 1) * scale % N)]
    V_weight = -2 * t3
    return [
        (t3 * w.pub3() - v_f) % N,
        *((N - x) % N for x in linear),
        *norm,
        scale * ch.delta % N,
        t1,
        t2,
        factor if by_tau else scale * tau_inverse % N,
        *rounds,
        *(V_weight * x % N for x in w.kappa),
    ]


def verify(circuit: Circuit, V: Sequence[bytes], context: bytes, proof: bytes, *, engine: Engine) -> None:
    """See circuits.arithmetic.verify."""
    heard = hear(circuit, V, context, proof, engine)
    eq = heard.equation(inverses(heard.denominators()))
    engine.require_zero(range(len(eq.fixed)), eq.fixed, eq.points, eq.coefficients)


def _linear_weights(beta: int, tau: int, tau_inverse: int) -> list[int]:
    """c_a = beta tau^EXP[a]."""
    ladder = {-1: beta * tau_inverse % N, 0: beta}
    for exponent in range(1, max(blinding.EXP) + 1):
        ladder[exponent] = ladder[exponent - 1] * tau % N
    return [ladder[exponent] for exponent in blinding.EXP]
