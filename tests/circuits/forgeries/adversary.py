"""A prover without scruples: arbitrary coordinates everywhere, no check of its own, a hook before every message.

It speaks through the engine's own transcript, weights and folding, found by name at every call, so that a mutant engine
is attacked by exactly what it would verify with.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from circuits import blinding, transcript, weights
from circuits.arithmetic import verify
from circuits.constraints import Circuit, O, Row
from circuits.errors import ProofInvalid
from circuits.generators import G_OFFSET, H_COUNT
from circuits.group import engine
from circuits.group.curve import N, inverses
from circuits.proof import Proof
from circuits.transcript import Transcript

CONTEXT = b"one question"
Vector = list[int]


def scalars(seed: int) -> Callable[[], int]:
    """A deterministic source of scalars; forgeries need no secrecy."""
    state = Transcript()
    state.absorb("seed", str(seed).encode())
    return lambda: state.challenge("draw")


@dataclass
class Coordinates:
    """A point by its coordinates on G, H_0..H_6, G_0..; honest commitments have only g and h[0]."""

    g: int
    h: Vector
    n: Vector

    @classmethod
    def of(cls, value: int, blind: int, *, h: dict[int, int] | None = None, n: dict[int, int] | None = None):
        return cls(
            value % N,
            [blind, *(0 for _ in range(H_COUNT - 1))]
            if not h
            else [(h | {0: blind}).get(a, 0) for a in range(H_COUNT)],
            [(n or {}).get(i, 0) for i in range(max(n or {-1: 0}) + 1)],
        )

    @classmethod
    def drawn(cls, draw: Callable[[], int], size: int):
        return cls(draw(), [draw() for _ in range(H_COUNT)], [draw() for _ in range(size)])

    def flat(self, size: int) -> Vector:
        return [self.g, *self.h, *self.n, *(0 for _ in range(size - len(self.n)))]

    def point(self, group=None) -> bytes:
        flat = [x % N for x in self.flat(len(self.n))]
        return (group or engine()).fixed_sum(range(len(flat)), flat)


def commit(*values: int) -> list[Coordinates]:
    """Commitments in proper form, V = vG + sH_0."""
    return [Coordinates.of(v, 1000 + k) for k, v in enumerate(values)]


def fork(talk: Transcript) -> Transcript:
    """A copy of a transcript, for looking at challenges that do not depend on what is yet to be said."""
    copy = Transcript()
    copy._state = talk._state.copy()
    return copy


class Adversary:
    """Section 5 of the protocol with every promise broken; subclasses override one hook each."""

    def __init__(self, circuit: Circuit, values: Sequence[Coordinates], L=(), R=(), O=(), *, seed=1, group=None):  # noqa: E741  # the protocol's letter
        self.circuit = circuit
        self.values = list(values)
        self.L, self.R, self.O = ([x % N for x in w] + [0] * (circuit.N - len(w)) for w in (L, R, O))
        self.draw = scalars(seed)
        self.group = group or engine()
        self.context = CONTEXT
        free = (blinding.RANDOM_O, blinding.RANDOM_L, blinding.RANDOM_R)
        self.r_O, self.r_L, self.r_R = ([self.draw() if x in where else 0 for x in blinding.EXP] for where in free)
        self.g_O, self.g_L, self.g_R = (self.draw() for _ in range(3))
        self.n_S = [self.draw() for _ in range(circuit.N)]

    # hooks, in the order of the conversation

    def before_e(self):
        """C_O and C_L are not fixed yet."""

    def after_e(self):
        """C_R is not fixed yet."""

    def after_weights(self):
        """C_S is not fixed yet."""

    def after_tau(self):
        """Only the folding is left."""

    def before_gamma(self, call: int) -> int:
        """Return what X (even calls) or R (odd ones) shall have too much on G."""
        return 0 * call

    # the conversation

    def forge(self) -> tuple[list[bytes], bytes]:
        """Return the commitments and a proof; nothing is promised about either."""
        circuit = self.circuit
        self.talk = transcript.begin(circuit.digest, self.context, [v.point() for v in self.values])
        self.before_e()
        C_O, C_L = self.sum(self.g_O, self.r_O, self.O), self.sum(self.g_L, self.r_L, self.L)
        self.e = transcript.digit_challenge(self.talk, C_O, C_L, circuit.b)
        self.fill_reciprocals()
        self.after_e()
        C_R = self.sum(self.g_R, self.r_R, self.R)
        self.rho, self.lam, self.beta, self.delta = transcript.weight_challenges(self.talk, C_R)
        self.after_weights()
        self.close()
        C_S = self.sum(self.g_S, self.r_S, self.n_S)
        self.tau = transcript.point_challenge(self.talk, C_S)
        self.open()
        self.after_tau()
        X, R = self.fold()
        self.proof = Proof(C_O, C_L, C_R, C_S, tuple(X), tuple(R), tuple(self.n), tuple(self.l))
        return [v.point() for v in self.values], self.proof.to_bytes()

    def sum(self, g: int, h: Sequence[int], n: Sequence[int]) -> bytes:
        return self.group.fixed_sum(range(G_OFFSET + len(n)), [x % N for x in (g, *h, *n)])

    def fill_reciprocals(self):
        """Every digit's reciprocal, whether the digit is in the table or not."""
        for i in range(self.circuit.D):
            self.R[i] = pow(self.e + self.L[i], -1, N)

    def weigh(self):
        """The rows' combination under the challenges of now."""
        rho_inverse, *table = inverses([self.rho, *((self.e + j) % N for j in range(self.circuit.b))])
        return weights.evaluate(self.circuit, self.e, self.rho, self.lam, rho_inverse=rho_inverse, digit_inverses=table)

    def error(self) -> int:
        """E of section 5: zero if every row holds, up to luck."""
        w = self.weigh()
        total = w.a + dot(w.kappa, [v.g for v in self.values])
        total += (
            dot(w.u_L, self.L) + dot(w.u_O, self.O) + dot(w.w_R, [m * x for m, x in zip(w.mu, self.R, strict=True)])
        )
        return (total + sum(m * x * y for m, x, y in zip(w.mu, self.L, self.R, strict=True))) % N

    def close(self):
        """Solve for C_S whatever it can reach; what stays open at T^3 is self.deficit."""
        self.w = w = self.weigh()
        delta, beta_inverse, delta_inverse = self.delta, *inverses([self.beta, self.delta])
        size = self.circuit.N
        V = [
            sum(x * v.flat(size)[i] for x, v in zip(w.kappa, self.values, strict=True)) for i in range(G_OFFSET + size)
        ]
        self.n_parts = [
            self.n_S,
            [delta * x % N for x in self.O],
            [(x + u) % N for x, u in zip(self.L, w.w_R, strict=True)],
            [(x + m * u) % N for x, m, u in zip(self.R, w.mu_inverse, w.u_L, strict=True)],
            [(delta_inverse * m * u - 2 * v) % N for m, u, v in zip(w.mu_inverse, w.u_O, V[G_OFFSET:], strict=True)],
        ]
        self.g_parts = [0, delta * self.g_O, self.g_L, self.g_R, (w.pub3() - 2 * V[0]) % N]
        self.l_parts = [[0] * H_COUNT, [delta * x for x in self.r_O], self.r_L, self.r_R, [-2 * x for x in V[1:8]]]
        f = dict.fromkeys(range(-2, 7), 0)
        for i, x in enumerate(self.n_parts):
            for j, y in enumerate(self.n_parts):
                f[i + j - 2] += sum(m * a * b for m, a, b in zip(w.mu, x, y, strict=True))

        def open_at(k: int) -> int:
            g = self.g_parts[k + 1] if 0 <= k <= 3 else 0
            known = sum(self.l_parts[k - x + 1][a] for a, x in enumerate(blinding.EXP) if 0 <= k - x <= 3)
            return (g - f.get(k, 0) - self.beta * known) % N

        self.g_S = -open_at(-1) % N
        self.r_S = [open_at(x - 1) * beta_inverse % N if x else 0 for x in blinding.EXP]
        self.deficit = 0 if 4 in blinding.EXP else open_at(3)
        self.unsolved = [k for k in (-2, 0, 1, 2, 4, 5, 6) if k + 1 not in blinding.EXP and open_at(k)]

    def open(self):
        """Evaluate everything at tau."""
        powers = [pow(self.tau, k, N) for k in range(-1, 4)]
        self.n = [dot(powers, column) for column in zip(*self.n_parts, strict=True)]
        self.l = [dot(powers, column) for column in zip(self.r_S, *self.l_parts[1:], strict=True)]
        self.c = [self.beta * pow(self.tau, x, N) % N for x in blinding.EXP]
        self.g = dot(powers, [self.g_S, *self.g_parts[1:]])

    def fold(self) -> tuple[list[bytes], list[bytes]]:
        """Section 6, on the original generators; self.n and self.l become the final vectors."""
        size, rho, n, l, c = self.circuit.N, self.rho, self.n, self.l, self.c  # noqa: E741  # the protocol's letter
        G, H = [1] * size, [1] * H_COUNT
        X, R = [], []
        for j in range(self.circuit.k):
            mu, inverse = rho * rho % N, pow(rho, -1, N)
            n0, n1 = n[0::2], n[1::2]
            l0, l1, c0, c1 = (l, [], c, []) if len(l) == 1 else (l[0::2], l[1::2], c[0::2], c[1::2])
            l1, c1 = ([*x, *[0] * (len(l0) - len(x))] for x in (l1, c1))
            square = [pow(mu, 2 * i + 2, N) for i in range(len(n0))]
            v_X = (
                2 * inverse * sum(m * x * y for m, x, y in zip(square, n0, n1, strict=True)) + dot(c0, l1) + dot(c1, l0)
            )
            v_R = sum(m * x * x for m, x in zip(square, n1, strict=True)) + dot(c1, l1)
            v_X += self.before_gamma(2 * j)
            v_R += self.before_gamma(2 * j + 1)
            bit = [i >> j & 1 for i in range(size)]
            at = j + 1
            n_X = [G[i] * (inverse * n0[i >> at] if bit[i] else rho * n1[i >> at]) for i in range(size)]
            n_R = [G[i] * n1[i >> at] if bit[i] else 0 for i in range(size)]
            folding = len(l) > 1
            l_X = [H[a] * (l0 if bit_of(a, j) else l1)[a >> at] if folding else 0 for a in range(H_COUNT)]
            l_R = [H[a] * l1[a >> at] if folding and bit_of(a, j) else 0 for a in range(H_COUNT)]
            X.append(self.sum(v_X, l_X, n_X))
            R.append(self.sum(v_R, l_R, n_R))
            gamma = transcript.fold_challenge(self.talk, X[-1], R[-1])
            n = [(inverse * x + gamma * y) % N for x, y in zip(n0, n1, strict=True)]
            G = [x * (gamma if bit[i] else rho) % N for i, x in enumerate(G)]
            if folding:
                l = [(x + gamma * y) % N for x, y in zip(l0, l1, strict=True)]  # noqa: E741  # the protocol's letter
                c = [(x + gamma * y) % N for x, y in zip(c0, c1, strict=True)]
                H = [x * gamma % N if bit_of(a, j) else x for a, x in enumerate(H)]
            rho = rho * rho % N
        self.n, self.l = n, l
        return X, R

    def excess(self) -> int:
        """By how much the G coordinate at tau exceeds |n|^2_mu + <c,l>; zero for anything that verifies."""
        return (self.g - dot(self.w.mu, [x * x % N for x in self.n]) - dot(self.c, self.l)) % N


class Eavesdropper:
    """The fast engine, writing down the equations it is asked about."""

    name = "fast"

    def __init__(self) -> None:
        self.true = engine()
        self.parse, self.fixed_sum, self.prepare = self.true.parse, self.true.fixed_sum, self.true.prepare
        self.equations: list[tuple[Vector, Vector]] = []

    def require_zero(self, indices, scalars, points, coefficients) -> None:
        by_index = dict(zip(indices, map(int, scalars), strict=True))
        dense = [by_index.get(i, 0) for i in range(max(by_index) + 1)]
        self.equations.append((dense, [int(c) for c in coefficients]))
        self.true.require_zero(indices, scalars, points, coefficients)


def equation(circuit: Circuit, V: Sequence[bytes], proof: bytes) -> tuple[Vector, Vector]:
    """Section 7's scalars: of G, H_0..H_6, G_0.., and of C_O, C_L, C_R, C_S, X_0, R_0, ..., V_0, ..."""
    ear = Eavesdropper()
    with suppress(ProofInvalid):
        verify(circuit, V, CONTEXT, proof, engine=ear)
    (heard,) = ear.equations
    return heard


class Solver:
    """Says anything, then solves the one equation for a point the transcript does not depend on."""

    def __init__(self, circuit: Circuit, values: Sequence[Coordinates], seed: int = 1) -> None:
        draw = scalars(seed)
        self.circuit = circuit
        self.values = list(values)
        count = 4 + 2 * circuit.k
        self.points = [Coordinates.drawn(draw, circuit.N) for _ in range(count)]
        self.n = tuple(draw() for _ in range(circuit.n_f))
        self.l = tuple(draw() for _ in range(circuit.l_f))

    def proof(self) -> Proof:
        P = [point.point() for point in self.points]
        return Proof(P[0], P[1], P[2], P[3], tuple(P[4::2]), tuple(P[5::2]), self.n, self.l)

    def forge(self, unknown: int) -> tuple[list[bytes], bytes]:
        """Solve for point number unknown (C_O, C_L, C_R, C_S, X_0, R_0, ..., then V_0, ...)."""
        circuit, size = self.circuit, self.circuit.N
        V = [v.point() for v in self.values]
        total, coefficients = equation(circuit, V, self.proof().to_bytes())
        known = self.points + self.values
        for i, (coefficient, point) in enumerate(zip(coefficients, known, strict=True)):
            if i != unknown:
                total = [a + coefficient * b for a, b in zip(total, point.flat(size), strict=True)]
        inverse = pow(coefficients[unknown], -1, N)
        solved = [-a * inverse % N for a in total]
        known[unknown] = Coordinates(solved[0], solved[1:G_OFFSET], solved[G_OFFSET:])
        self.points, self.values = known[: len(self.points)], known[len(self.points) :]
        return [v.point() for v in self.values], self.proof().to_bytes()


def dot(x: Sequence[int], y: Sequence[int]) -> int:
    return sum(a * b for a, b in zip(x, y, strict=True)) % N


def square_root(x: int) -> int | None:
    """A square root mod N (Cipolla), None for a non-residue."""
    if pow(x, (N - 1) // 2, N) != 1:
        return None
    a = next(a for a in range(1, 100) if pow(a * a - x, (N - 1) // 2, N) == N - 1)
    w, result, power, exponent = (a * a - x) % N, (1, 0), (a, 1), (N + 1) // 2
    while exponent:
        if exponent & 1:
            result = times(result, power, w)
        power, exponent = times(power, power, w), exponent >> 1
    return result[0]


def times(x, y, w):
    return (x[0] * y[0] + x[1] * y[1] * w) % N, (x[0] * y[1] + x[1] * y[0]) % N


def bit_of(x: int, position: int) -> int:
    return x >> position & 1


def without_row(circuit: Circuit, index: int) -> Circuit:
    """The statement as a builder that forgets a linear row would emit it."""
    return replace(circuit, rows=circuit.rows[:index] + circuit.rows[index + 1 :], k=-1)


def without_gate(circuit: Circuit, index: int) -> tuple[Circuit, int]:
    """The statement as a builder that forgets a gate would emit it, and the index of the free wire it outputs."""
    used = [i + 1 for row in circuit.gates + circuit.rows for kind, i, _ in row.terms if kind == O]
    free = max([circuit.b, *used])
    gates = list(circuit.gates)
    gates[index] = Row.of([(O, free, 1)], 0)
    return replace(circuit, gates=tuple(gates), k=-1), free
