"""A transcript that forgets a message, or draws a challenge too early, proves anything."""

from dataclasses import replace

import pytest
from adversary import CONTEXT, Adversary, Solver, commit, fork
from mutants import (
    accepts_honestly,
    constant_e,
    constant_gamma,
    constant_tau,
    early_e,
    early_gamma,
    early_tau,
    early_weights,
    first_value_only,
    mutant,
    refused,
    skip_absorb,
    skip_round,
)

from circuits import transcript
from circuits.arithmetic import verify
from circuits.constraints import Circuit, L, R, Row, V
from circuits.group.curve import N
from circuits.prover import Wires
from circuits.range import Comparison, range_circuit, range_witness

RANGE = range_circuit(1, 64)
TOO_BIG = 2**64 + 5
NEGATIVE = N - 1


@pytest.fixture(autouse=True)
def baseline():
    """Beside every forgery: the true engine accepts what is true."""
    accepts_honestly(RANGE, [5], range_witness([5], 64), CONTEXT)


def square_circuit(*squares: int) -> Circuit:
    """V_k squared is the k-th number: one gate and two linear rows each, the rows of the second value first."""
    count = len(squares)
    gates = tuple(Row.of([], s) for s in squares)
    rows = tuple(Row.of([(kind, k, 1), (V, k, N - 1)], 0) for k in range(count) for kind in (L, R))
    return Circuit(count, 0, 0, gates, rows)


FORGOTTEN = [
    ("C_O", skip_absorb("C_O"), 0),
    ("C_L", skip_absorb("C_L"), 1),
    ("C_R", skip_absorb("C_R"), 2),
    ("C_S", skip_absorb("C_S"), 3),
    ("X", skip_absorb("X"), 4),
    ("R", skip_absorb("R"), 5),
    ("X_0", skip_round("X", 0, RANGE.k), 4),
    ("R_0", skip_round("R", 0, RANGE.k), 5),
    ("X_1", skip_round("X", 1, RANGE.k), 6),
    ("R_1", skip_round("R", 1, RANGE.k), 7),
]


@pytest.mark.parametrize("value", [TOO_BIG, NEGATIVE])
@pytest.mark.parametrize(("change", "unknown"), [pytest.param(c, u, id=name) for name, c, u in FORGOTTEN])
def test_forgotten_point(change, unknown, value):
    with mutant(change):
        V, proof = Solver(RANGE, commit(value)).forge(unknown)
        verify(RANGE, V, CONTEXT, proof)
    refused(RANGE, V, CONTEXT, proof)


class LateValue(Adversary):
    """Chooses its last committed value after the rows' weights, so that their combination vanishes."""

    def after_weights(self):
        kappa = self.weigh().kappa[-1]
        self.values[-1].g -= self.error() * pow(kappa, -1, N)
        self.values[-1].g %= N


@pytest.mark.parametrize(("change", "K"), [(skip_absorb("V"), 1), (skip_absorb("V"), 2), (first_value_only, 2)])
def test_forgotten_commitment(change, K):
    circuit = range_circuit(K, 32)
    accepts_honestly(circuit, [5] * K, range_witness([5] * K, 32), CONTEXT)
    with mutant(change):
        forger = LateValue(circuit, commit(*[5] * K), [77])
        V, proof = forger.forge()
        verify(circuit, V, CONTEXT, proof)
    assert not 0 <= forger.values[-1].g < 2**32
    assert not any(forger.values[-1].h[1:] + forger.values[-1].n), "the commitment is in its proper form"
    refused(circuit, V, CONTEXT, proof)


class LateThreshold(Adversary):
    """Chooses the threshold of its statement after the rows' weights."""

    def after_weights(self):
        inverse = pow(self.lam, -2, N)
        (row,) = self.circuit.rows
        self.circuit = replace(self.circuit, rows=(Row.of(row.terms, row.const - self.error() * inverse),))


def test_forgotten_circuit():
    comparison = Comparison(1, ((0, 1),), 3, 32, negated=False, base=16)
    stated = comparison.circuit()
    accepts_honestly(stated, [5], comparison.wires([5]), CONTEXT)
    with mutant(skip_absorb("circuit")):
        for seed in range(200):
            forger = LateThreshold(stated, commit(5), [77], seed=seed)
            V, proof = forger.forge()
            threshold = int(forger.circuit.rows[0].const)
            if threshold < 2**250:
                break
        # what the verifier itself would build for "v >= threshold"
        false = replace(comparison, t=threshold).circuit()
        assert false == forger.circuit
        assert not 0 <= 5 - threshold < 2**32
        verify(false, V, CONTEXT, proof)
    refused(false, V, CONTEXT, proof)


def test_forgotten_context():
    V, proof = accepts_honestly(RANGE, [5], range_witness([5], 64), CONTEXT)
    with mutant(skip_absorb("context")):
        V, proof = accepts_honestly(RANGE, [5], range_witness([5], 64), CONTEXT)
        verify(RANGE, V, b"another question", proof)
    refused(RANGE, V, b"another question", proof)
    V, proof = accepts_honestly(RANGE, [5], range_witness([5], 64), CONTEXT)
    refused(RANGE, V, b"another question", proof)


class ForeignDigit(Adversary):
    """Knows e, so multiplicities can make any digit look as if it were in the table."""

    def before_e(self):
        e = transcript.digit_challenge(fork(self.talk), bytes(33), bytes(33), self.circuit.b)
        digits = self.L[: self.circuit.D]
        self.O = [0] * self.circuit.N
        self.O[0] = e * sum(pow(e + d, -1, N) for d in digits) % N


@pytest.mark.parametrize("change", [early_e, constant_e])
def test_known_e(change):
    with mutant(change):
        V, proof = ForeignDigit(RANGE, commit(TOO_BIG), [TOO_BIG]).forge()
        verify(RANGE, V, CONTEXT, proof)
    refused(RANGE, V, CONTEXT, proof)


class LateWire(Adversary):
    """Knows the weights, so one wire of C_R can balance every error."""

    def after_e(self):
        self.rho, self.lam, *_ = transcript.weight_challenges(fork(self.talk), bytes(33))
        w, i = self.weigh(), self.circuit.D
        self.R[i] = (self.R[i] - self.error() * pow(w.mu[i] * (self.L[i] + w.w_R[i]), -1, N)) % N


def test_known_weights():
    circuit = square_circuit(4)
    accepts_honestly(circuit, [2], Wires((2,), (2,), ()), CONTEXT)
    with mutant(early_weights):
        V, proof = LateWire(circuit, commit(3), [3], [3]).forge()
        verify(circuit, V, CONTEXT, proof)
    refused(circuit, V, CONTEXT, proof)


class LateClosing(Adversary):
    """Knows tau, so C_S need not close the identity in T, only its value at tau."""

    def after_weights(self):
        self.tau = transcript.point_challenge(fork(self.talk), bytes(33))

    def close(self):
        super().close()
        self.g_S = (self.g_S - self.deficit * pow(self.tau, 4, N)) % N


@pytest.mark.parametrize("change", [early_tau, constant_tau])
def test_known_tau(change):
    with mutant(change):
        V, proof = LateClosing(RANGE, commit(TOO_BIG), [5]).forge()
        verify(RANGE, V, CONTEXT, proof)
    refused(RANGE, V, CONTEXT, proof)


class LateFold(Adversary):
    """Knows one gamma, so that round's X or R can carry the whole excess away."""

    def __init__(self, *statement, call):
        super().__init__(*statement)
        self.call = call

    def fold(self):
        self.excess_at_tau = self.excess()
        return super().fold()

    def before_gamma(self, call):
        if call != self.call:
            return 0
        gamma = transcript.fold_challenge(fork(self.talk), bytes(33), bytes(33))
        return -self.excess_at_tau * pow(gamma if call % 2 == 0 else gamma * gamma - 1, -1, N)


@pytest.mark.parametrize("call", range(2 * RANGE.k), ids=["X_0", "R_0", "X_1", "R_1"])
@pytest.mark.parametrize("change", [early_gamma, constant_gamma])
def test_known_gamma(change, call):
    with mutant(change):
        V, proof = LateFold(RANGE, commit(TOO_BIG), [5], call=call).forge()
        verify(RANGE, V, CONTEXT, proof)
    refused(RANGE, V, CONTEXT, proof)
