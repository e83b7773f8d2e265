"""The prover (protocol section 5): commit to the wires, close the identity in T with C_S, open it at tau, fold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from circuits import blinding, wnla
from circuits.blinding import Blinding, Draw
from circuits.constraints import Circuit
from circuits.encoding import B32, fields
from circuits.errors import WitnessError
from circuits.generators import G_OFFSET, H_COUNT, H_OFFSET
from circuits.group import Engine
from circuits.group.curve import MODULUS as N
from circuits.group.curve import PointAtInfinity, inverses
from circuits.pedersen import ENTROPY_BYTES, Opening, commit
from circuits.proof import Proof
from circuits.transcript import Transcript, begin, digit_challenge, point_challenge, weight_challenges
from circuits.weights import Weights, evaluate

ATTEMPTS = 4
"""One, and at most three more if a point comes out as infinity (probability about 2^-250 each)."""

UNSATISFIED = "the witness does not satisfy the statement"


@dataclass(frozen=True, slots=True, repr=False)
class Wires:
    """A witness: values of all wires, scalars mod N, at most N long (missing ones are zero).

    Digit gates' R is left 0: it is 1/(e + digit) and known only after the challenge e. The first b slots of O are the
    digits' multiplicities.
    """

    L: tuple[int, ...]
    R: tuple[int, ...]
    O: tuple[int, ...]  # noqa: E741  # the protocol's letter

    def __repr__(self) -> str:
        return "Wires(<redacted>)"

    def padded(self, size: int) -> tuple[list[int], list[int], list[int]]:
        """Return L, R, O as lists of exactly this size.

        Raises:
            WitnessError: one of them is longer.
        """
        if max(len(self.L), len(self.R), len(self.O)) > size:
            raise WitnessError("more wires than the statement has")
        L, R, O = ([x % N for x in w] + [0] * (size - len(w)) for w in (self.L, self.R, self.O))  # noqa: E741
        return L, R, O


def prove(
    circuit: Circuit,
    V: Sequence[bytes],
    openings: Sequence[Opening],
    wires: Wires,
    context: bytes,
    *,
    entropy: bytes,
    engine: Engine,
    draw: Draw | None = None,
) -> bytes:
    """See circuits.arithmetic.prove; draw replaces the hedged randomness by known answers."""
    if len(entropy) != ENTROPY_BYTES:
        raise WitnessError(f"entropy must be {ENTROPY_BYTES} bytes")
    if not len(V) == len(openings) == circuit.K:
        raise WitnessError(f"the statement is about {circuit.K} committed values")
    if any(bytes(P) != commit(opening, engine=engine) for P, opening in zip(V, openings, strict=True)):
        raise WitnessError("an opening does not open its commitment")
    L, R, O = wires.padded(circuit.N)  # noqa: E741  # the protocol's letter
    secret = fields("witness", *(b"".join(map(B32, w)) for w in (L, R, O)), *(o.to_bytes() for o in openings))
    for attempt in range(ATTEMPTS):
        transcript = begin(circuit.digest, context, V)
        seed = fields("seed", bytes([attempt]), entropy, transcript.state_bytes(), secret)
        source = draw or blinding.hedged(seed, 15 + circuit.N)
        try:
            r = Blinding.drawn(source, circuit.N)
            proof = _attempt(circuit, openings, (L, list(R), O), r, transcript=transcript, engine=engine)
        except PointAtInfinity:
            continue
        return proof.to_bytes()
    raise WitnessError("no proof after several attempts: the entropy is broken")


def _attempt(
    circuit: Circuit,
    openings: Sequence[Opening],
    wires: tuple[list[int], list[int], list[int]],
    r: Blinding,
    *,
    transcript: Transcript,
    engine: Engine,
) -> Proof:
    L, R, O = wires  # noqa: E741  # the protocol's letter
    commit_wires = _committer(circuit, engine)
    inputs = circuit.D + len(circuit.gates)
    if any(L[inputs:]) or any(R[inputs:]) or any(O[circuit.outputs :]):
        raise WitnessError(UNSATISFIED)
    C_O = commit_wires(r.g_O, r.r_O, O[: circuit.outputs])
    C_L = commit_wires(r.g_L, r.r_L, L[:inputs])
    e = digit_challenge(transcript, C_O, C_L, circuit.b)
    R[: circuit.D], digit_inverses = _reciprocals(circuit, L, e)
    C_R = commit_wires(r.g_R, r.r_R, R[:inputs])
    rho, lam, beta, delta = weight_challenges(transcript, C_R)

    rho_inverse, delta_inverse, beta_inverse = inverses([rho, delta, beta])
    w = evaluate(circuit, e, rho, lam, rho_inverse=rho_inverse, digit_inverses=digit_inverses)
    n_parts = _norm_parts(w, wires, r.n_S, delta=delta, delta_inverse=delta_inverse)
    kappa_v = sum(x * o.value for x, o in zip(w.kappa, openings, strict=True))
    kappa_s = sum(x * o.blinding for x, o in zip(w.kappa, openings, strict=True))
    g = (delta * r.g_O, r.g_L, r.g_R, w.pub3() - 2 * kappa_v)
    l_parts = (
        [delta * x % N for x in r.r_O],
        r.r_L,
        r.r_R,
        [-2 * kappa_s % N, *([0] * (H_COUNT - 1))],
    )
    g_S, r_S = _closing(w.mu, n_parts, l_parts, g, beta=beta, beta_inverse=beta_inverse)
    C_S = commit_wires(g_S, r_S, r.n_S)
    tau = point_challenge(transcript, C_S)

    tau_inverse = pow(tau, -1, N)
    tau2 = tau * tau % N
    weights = (tau_inverse, 1, tau, tau2, tau2 * tau % N)
    n = [(a * weights[0] + b + c * tau + d * tau2 + f * weights[4]) % N for a, b, c, d, f in zip(*n_parts, strict=True)]
    l = [  # noqa: E741  # the paper's letter
        (a * weights[0] + b + c * tau + d * tau2 + f * weights[4]) % N
        for a, b, c, d, f in zip(r_S, *l_parts, strict=True)
    ]
    c = [beta * pow(tau if x >= 0 else tau_inverse, abs(x), N) % N for x in blinding.EXP]
    folded = wnla.prove(
        n,
        l,
        c,
        rounds=circuit.k,
        rho=rho,
        rho_inverse=rho_inverse,
        mu=w.mu,
        transcript=transcript,
        engine=engine,
    )
    return Proof(C_O, C_L, C_R, C_S, folded.X, folded.R, folded.n, folded.l)


def _committer(circuit: Circuit, engine: Engine) -> Callable[[int, Sequence[int], Sequence[int]], bytes]:
    indices = (0, *range(H_OFFSET, H_OFFSET + H_COUNT), *range(G_OFFSET, G_OFFSET + circuit.N))

    def commit_wires(g: int, r: Sequence[int], wires: Sequence[int]) -> bytes:
        return engine.fixed_sum(indices[: 1 + H_COUNT + len(wires)], [g, *r, *wires])

    return commit_wires


def _reciprocals(circuit: Circuit, L: Sequence[int], e: int) -> tuple[list[int], list[int]]:
    """Return r_i = 1/(e + d_i) for the digit gates, and 1/(e + j) for the table."""
    table = inverses([e + j for j in range(circuit.b)])
    digits = L[: circuit.D]
    if any(d >= circuit.b for d in digits):
        raise WitnessError(UNSATISFIED)
    return [table[d] for d in digits], table


def _norm_parts(
    w: Weights, wires: Sequence[Sequence[int]], n_S: Sequence[int], *, delta: int, delta_inverse: int
) -> tuple[Sequence[int], ...]:
    """Return the coefficients of T^-1, ..., T^3 of n(T), p(T) included (P4)."""
    L, R, O = wires  # noqa: E741  # the protocol's letter
    m = w.mu_inverse
    return (
        n_S,
        [delta * x % N for x in O],
        [x + y for x, y in zip(L, w.w_R, strict=True)],
        [(x + y * z) % N for x, y, z in zip(R, m, w.u_L, strict=True)],
        [delta_inverse * (y * z % N) % N if z else 0 for y, z in zip(m, w.u_O, strict=True)],
    )


def _closing(
    mu: Sequence[int],
    n_parts: Sequence[Sequence[int]],
    l_parts: Sequence[Sequence[int]],
    g: Sequence[int],
    *,
    beta: int,
    beta_inverse: int,
) -> tuple[int, list[int]]:
    """Solve the identity g(T) = |n(T)|^2_mu + beta sum_a T^EXP[a] l_a(T) for C_S's coordinates.

    The T^3 coefficient has no unknown: there the statement itself must hold.

    Raises:
        WitnessError: it does not.
    """
    f = _norm_squared(mu, n_parts)

    def linear(k: int) -> int:
        return sum(l_parts[k - x][a] for a, x in enumerate(blinding.EXP) if 0 <= k - x < len(l_parts))

    if (g[3] - f[3] - beta * linear(3)) % N:
        raise WitnessError(UNSATISFIED)
    g_S = (f[-1] + beta * linear(-1)) % N
    r_S: list[int] = []
    for x in blinding.EXP:
        k = x - 1
        g_k = g[k] if 0 <= k < len(g) else 0
        r_S.append(((g_k - f[k]) * beta_inverse - linear(k)) % N)
    return g_S, r_S


def _norm_squared(mu: Sequence[int], parts: Sequence[Sequence[int]]) -> dict[int, int]:
    """Return the coefficients of |n(T)|^2_mu by exponent, -2..6, where parts are n's from T^-1 on."""
    f = dict.fromkeys(range(-2, 7), 0)
    for i, x in enumerate(parts):
        weighted = [m * y % N for m, y in zip(mu, x, strict=True)]
        f[2 * i - 2] += sum([a * b for a, b in zip(weighted, x, strict=True)])
        for j in range(i + 1, len(parts)):
            f[i + j - 2] += 2 * sum([a * b for a, b in zip(weighted, parts[j], strict=True)])
    return {k: total % N for k, total in f.items()}
