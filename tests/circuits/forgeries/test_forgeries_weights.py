"""Weights that are known, or shared, let errors of two rows cancel; two exponents of T prove what they like."""

import itertools

import pytest
from adversary import CONTEXT, Adversary, Coordinates, commit
from mutants import accepts_honestly, exponents, mutant, refused, rows_from_power_zero, weight

from circuits import blinding
from circuits.arithmetic import prove, verify
from circuits.constraints import Circuit, L, R, Row, V
from circuits.errors import WitnessError
from circuits.gadgets import GE, predicate_circuit, predicate_witness
from circuits.group.curve import N
from circuits.pedersen import Opening
from circuits.prover import Wires
from circuits.range import range_circuit, range_witness


def squares(*numbers: int) -> Circuit:
    """V_k squared is the k-th number."""
    gates = tuple(Row.of([], s) for s in numbers)
    rows = tuple(Row.of([(kind, k, 1), (V, k, N - 1)], 0) for k in range(len(numbers)) for kind in (L, R))
    return Circuit(len(numbers), 0, 0, gates, rows)


def equals(*numbers: int) -> Circuit:
    """V_k is the k-th number: rows only."""
    return Circuit(len(numbers), 0, 0, (), tuple(Row.of([(V, k, 1)], -t) for k, t in enumerate(numbers)))


def square_and_equal(square: int, number: int) -> Circuit:
    """V_0 squared is the one, V_1 the other: row 1, which the mutants below give the weight of gate 0, is V_1's."""
    rows = (Row.of([(V, 1, 1)], -number), Row.of([(L, 0, 1), (V, 0, N - 1)], 0), Row.of([(R, 0, 1), (V, 0, N - 1)], 0))
    return Circuit(2, 0, 0, (Row.of([], square),), rows)


def forged(circuit, values, wires=((), (), ()), forger=Adversary, **named):
    V, proof = forger(circuit, values, *wires, **named).forge()
    verify(circuit, V, CONTEXT, proof)
    return V, proof


def test_rho_is_one():
    circuit = squares(4, 9)
    accepts_honestly(circuit, [2, 3], Wires((2, 3), (2, 3), ()), CONTEXT)
    with mutant(weight(lambda _rho, lam, beta, delta: (1, lam, beta, delta))):
        V, proof = forged(circuit, commit(3, 2), ((3, 2), (3, 2)))
    refused(circuit, V, CONTEXT, proof)


@pytest.mark.parametrize("constant", [1, 7])
def test_lambda_is_constant(constant):
    circuit = equals(7, 9)
    accepts_honestly(circuit, [7, 9], Wires((), (), ()), CONTEXT)
    with mutant(weight(lambda rho, _lam, beta, delta: (rho, constant, beta, delta))):
        V, proof = forged(circuit, commit(7 - constant, 9 + 1))
    refused(circuit, V, CONTEXT, proof)


def test_rows_share_the_gates_powers():
    circuit = square_and_equal(4, 9)
    accepts_honestly(circuit, [2, 9], Wires((2,), (2,), ()), CONTEXT)
    # row q has lambda^(q+1), gate i mu^(i+1) = rho^(2i+2)
    with mutant(weight(lambda rho, _lam, beta, delta: (rho, rho, beta, delta))):
        V, proof = forged(circuit, commit(3, 9 - 5), ((3,), (3,)))
    refused(circuit, V, CONTEXT, proof)
    two = Circuit(2, 0, 0, (Row.of([], 0), *circuit.gates), tuple(shifted(row) for row in circuit.rows))
    accepts_honestly(two, [2, 9], Wires((0, 2), (0, 2), ()), CONTEXT)
    with mutant(weight(lambda rho, _lam, beta, delta: (rho, rho * rho % N, beta, delta))):
        V, proof = forged(two, commit(3, 9 - 5), ((0, 3), (0, 3)))
    refused(two, V, CONTEXT, proof)


def shifted(row: Row) -> Row:
    """The same row with every gate's number one higher."""
    return Row.of([(kind, i + (kind != V), c) for kind, i, c in row.terms], row.const)


class Counterweight(Adversary):
    """Puts an error known before the weights on a linear coordinate whose weight happens to be the same."""

    def __init__(self, *statement, where, amount, **named):
        super().__init__(*statement, **named)
        self.where, self.amount = where, amount

    def before_e(self):
        if self.where == "r_O":
            self.r_O[blinding.EXP.index(3)] = self.amount % N

    def after_e(self):
        if self.where == "r_R":
            digits, counts = self.R[: self.circuit.D], self.O[: self.circuit.b]
            lookup = sum(digits) - sum(m * pow(self.e + j, -1, N) for j, m in enumerate(counts))
            self.r_R[blinding.EXP.index(1)] = self.amount * lookup % N


def test_one_challenge_for_all():
    """With rho = lambda = beta = delta = x a gate's error times x^2 hides behind r_O, whose weight is beta delta."""
    circuit = squares(4)
    accepts_honestly(circuit, [2], Wires((2,), (2,), ()), CONTEXT)
    named = {"where": "r_O", "amount": -2 * (9 - 4)}
    with mutant(weight(lambda rho, *_: (rho, rho, rho, rho))):
        V, proof = forged(circuit, commit(3), ((3,), (3,)), Counterweight, **named)
    refused(circuit, V, CONTEXT, proof)
    V, proof = Counterweight(circuit, commit(3), (3,), (3,), **named).forge()
    refused(circuit, V, CONTEXT, proof)


def test_lambda_to_the_zero_and_beta_is_one():
    """The lookup row without a challenge, and r_R without one: a foreign digit's error is put on r_R."""
    circuit = range_circuit(1, 64)
    accepts_honestly(circuit, [5], range_witness([5], 64), CONTEXT)
    too_big = 2**64 + 5
    forger = {"forger": Counterweight, "where": "r_R", "amount": -2}
    changes = (rows_from_power_zero, weight(lambda rho, lam, _beta, delta: (rho, lam, 1, delta)))
    with mutant(*changes):
        V, proof = forged(circuit, commit(too_big), ([too_big],), **forger)
    refused(circuit, V, CONTEXT, proof)
    for change in changes:  # neither is enough alone
        with mutant(change):
            V, proof = Counterweight(circuit, commit(too_big), [too_big], where="r_R", amount=-2).forge()
            refused(circuit, V, CONTEXT, proof)


@pytest.mark.parametrize("chosen", [(-1, 1, 2, 3, 5, 6, 4), (-1, 1, 2, 3, 4, 6, 7)])
def test_exponent_four_proves_that_six_is_five(chosen):
    circuit = equals(5)
    accepts_honestly(circuit, [5], Wires((), (), ()), CONTEXT)
    with mutant(exponents(*chosen)):
        forger = unblinded(circuit, commit(6))
        V, proof = forger.forge()
        assert not forger.unsolved
        verify(circuit, V, CONTEXT, proof)
    refused(circuit, V, CONTEXT, proof)


def test_exponent_zero_leaves_everything_to_beta():
    """With 0, a part of V on that H counts as value, times beta: honest blindings cannot be proven about, and a known
    beta proves that 6 is 5. The true exponents need no beta for that."""
    circuit = equals(5)
    V_5, _ = accepts_honestly(circuit, [5], Wires((), (), ()), CONTEXT)
    with mutant(exponents(0, 1, 2, 3, 5, 6, 7)), pytest.raises(WitnessError):
        prove(circuit, V_5, [Opening(5, 77)], Wires((), (), ()), CONTEXT, entropy=bytes(32))

    zero, known_beta = exponents(-1, 0, 2, 3, 5, 6, 7), weight(lambda rho, lam, _beta, delta: (rho, lam, 1, delta))
    six = Coordinates.of(6, 1000, h={1: 1})
    for changes, accepted in (((zero, known_beta), True), ((zero,), False), ((known_beta,), False), ((), False)):
        with mutant(*changes):
            forger = unblinded(circuit, [six])
            V, proof = forger.forge()
            assert not forger.unsolved
            if accepted:
                verify(circuit, V, CONTEXT, proof)
            else:
                refused(circuit, V, CONTEXT, proof)
        refused(circuit, V, CONTEXT, proof)


def unblinded(circuit, values):
    """An adversary whose first three messages are empty where they can be: every exponent stays solvable."""
    forger = Adversary(circuit, values)
    forger.r_O, forger.r_L, forger.r_R = ([0] * 7 for _ in range(3))
    forger.g_O = 0
    forger.r_O[blinding.EXP.index(2)] = 1  # C_O must be a point
    return forger


COMPOUND = (2, (GE(((0, 1),), 10, 8), GE(((1, 1),), 3, 8)), ("and", 0, 1), 1)
HONEST = (20, 7)
ROWS = len(predicate_circuit(*COMPOUND).rows)
GATES = len(predicate_circuit(*COMPOUND).gates)


def off_by(circuit: Circuit, place: tuple[str, int], error: int) -> Circuit:
    """The circuit one of whose constants is wrong, so that honest wires break exactly that row or gate."""
    kind, index = place
    rows, gates = list(circuit.rows), list(circuit.gates)
    broken = rows if kind == "row" else gates
    broken[index] = Row.of(broken[index].terms, broken[index].const + (error if kind == "row" else -error))
    return Circuit(circuit.K, circuit.b, circuit.D, tuple(gates), tuple(rows))


PLACES = [("row", q) for q in range(ROWS)] + [("gate", g) for g in range(GATES)]


def test_every_pair_of_rows_with_opposite_errors():
    """Single errors are found even by a verifier whose weights are all one; pairs are what the weights are for."""
    true = predicate_circuit(*COMPOUND)
    wires = predicate_witness(HONEST, *COMPOUND[1:])
    accepts_honestly(true, HONEST, wires, CONTEXT)
    all_one = weight(lambda _rho, _lam, beta, delta: (1, 1, beta, delta))
    for one, other in itertools.combinations(PLACES, 2):
        circuit = off_by(off_by(true, one, 1), other, -1)
        statement = (circuit, commit(*HONEST), wires.L, wires.R, wires.O)
        with mutant(all_one):
            V, proof = Adversary(*statement).forge()
            verify(circuit, V, CONTEXT, proof)
        refused(circuit, V, CONTEXT, proof)
        V, proof = Adversary(*statement).forge()
        refused(circuit, V, CONTEXT, proof)
    for place in PLACES:
        circuit = off_by(true, place, 1)
        with mutant(all_one):
            V, proof = Adversary(circuit, commit(*HONEST), wires.L, wires.R, wires.O).forge()
            refused(circuit, V, CONTEXT, proof)
