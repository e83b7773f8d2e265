"""Zero knowledge: who chooses the challenges first needs no witness, and honest proofs look the same."""

import pytest
from adversary import CONTEXT, Coordinates, equation, scalars
from mutants import accepts_honestly, mutant, refused

from circuits import blinding, prover
from circuits.arithmetic import verify
from circuits.constraints import Circuit, Row
from circuits.constraints import V as VALUE
from circuits.encoding import B32
from circuits.gadgets import EQ, GE, predicate_circuit, predicate_witness
from circuits.generators import BASIS, basis
from circuits.group import PointAtInfinity
from circuits.group.curve import N
from circuits.group.reference import compress, decompress, odd_multiples, straus
from circuits.pedersen import Opening, commit
from circuits.proof import Proof
from circuits.prover import Wires
from circuits.range import range_circuit, range_witness
from circuits.transcript import Transcript

ATOMS = (GE(((0, 1),), 10, 8), EQ(((1, 1),), 5))
IS_5 = Circuit(1, 0, 0, (), (Row.of([(VALUE, 0, 1)], -5),))
STATEMENTS = [
    pytest.param(range_circuit(1, 64), [5], range_witness([5], 64), id="range 64"),
    pytest.param(range_circuit(2, 8), [5, 6], range_witness([5, 6], 8), id="2 ranges 8"),
    pytest.param(IS_5, [5], Wires((), (), ()), id="equal"),
    pytest.param(
        predicate_circuit(2, ATOMS, ("or", 0, 1), 1),
        [3, 5],
        predicate_witness([3, 5], ATOMS, ("or", 0, 1), 1),
        id="compound",
    ),
]


def programmed(chosen):
    """A random oracle that says what was chosen before: e, rho, lambda, beta, delta, tau, the gammas, and again."""
    state = {"said": 0}

    def challenge(_self, label, bad=()):
        x = chosen[state["said"] % len(chosen)]
        assert x not in bad, label
        state["said"] += 1
        return x

    return lambda patch: patch.setattr(Transcript, "challenge", challenge)


def is_point(encoded):
    try:
        decompress(encoded)
    except ValueError:
        return False
    return True


def nobody_knows(draw):
    """A point whose opening nobody knows."""
    while True:
        encoded = b"\x02" + B32(draw())
        if is_point(encoded):
            return encoded


def closing_point(circuit, V, proof: Proof) -> bytes:
    """C_S, the one message everything else determines."""
    fixed, coefficients = equation(circuit, V, proof.to_bytes())
    points = [*basis(is_point)[: len(fixed)], *proof.points(), *V]
    weights = [*fixed, *coefficients]
    at = len(fixed) + 3
    inverse = -pow(weights[at], -1, N)
    del points[at], weights[at]
    return compress(straus([odd_multiples(decompress(P)) for P in points], [inverse * x % N for x in weights]))


def simulate(circuit, V, draw):
    """An accepting proof under challenges chosen first; neither openings nor wires are used."""
    P = [Coordinates(draw(), [], []).point() for _ in range(4 + 2 * circuit.k)]
    n, last = (tuple(draw() for _ in range(size)) for size in (circuit.n_f, circuit.l_f))
    proof = Proof(P[0], P[1], P[2], P[3], tuple(P[4::2]), tuple(P[5::2]), n, last)
    return Proof(P[0], P[1], P[2], closing_point(circuit, V, proof), proof.X, proof.R, n, last)


@pytest.mark.parametrize(("circuit", "values", "wires"), STATEMENTS)
def test_simulated_without_a_witness(circuit, values, wires):
    accepts_honestly(circuit, values, wires, CONTEXT)
    draw = scalars(11)
    for _ in range(3):
        chosen = [draw() for _ in range(6 + circuit.k)]
        V = [nobody_knows(draw) for _ in range(circuit.K)]
        with mutant(programmed(chosen)):
            proof = simulate(circuit, V, draw).to_bytes()
            for name in ("fast", "reference"):
                verify(circuit, V, CONTEXT, proof, engine=name)
            broken = proof[:-1] + bytes([proof[-1] ^ 1])
            refused(circuit, V, CONTEXT, broken)
        # whoever must ask for the challenges is not helped
        refused(circuit, V, CONTEXT, proof)


@pytest.mark.parametrize(("circuit", "values", "wires"), STATEMENTS)
def test_honest_proofs_are_among_the_simulated(circuit, values, wires):
    """Under the same challenges the simulator, given an honest proof's other messages, finds its very C_S."""
    draw = scalars(12)
    with mutant(programmed([draw() for _ in range(6 + circuit.k)])):
        V, encoded = accepts_honestly(circuit, values, wires, CONTEXT)
        proof = Proof.from_bytes(circuit, encoded)
        assert closing_point(circuit, V, proof) == proof.C_S


class Logarithms:
    """A group in which every discrete logarithm is known, so that points can be counted with."""

    name = "fast"

    def __init__(self):
        draw = scalars(13)
        self.generators = [draw() for _ in range(BASIS)]

    def fixed_sum(self, indices, scalars):
        total = sum(self.generators[i] * x for i, x in zip(indices, scalars, strict=True)) % N
        if not total:
            raise PointAtInfinity
        return b"\x02" + B32(total)


def messages(proof: Proof):
    """All of a proof but C_S, as scalars."""
    points = [int.from_bytes(point[1:], "big") for point in proof.points()]
    return [*points[:3], *points[4:], *proof.n, *proof.l]


def rank(rows):
    reduced = []
    for given in rows:
        row = list(given)
        for lead, pivot in reduced:
            factor = row[lead]
            row = [(x - factor * y) % N for x, y in zip(row, pivot, strict=True)]
        lead = next((i for i, x in enumerate(row) if x), None)
        if lead is not None:
            inverse = pow(row[lead], -1, N)
            reduced.append((lead, [x * inverse % N for x in row]))
    return len(reduced)


def freedom(circuit, values, wires, *, fixed=()):
    """In how many directions the prover's randomness moves its messages, challenges fixed.

    Every message is at most quadratic in each scalar drawn, so that (f(x+1) - f(x-1))/2 is its derivative.
    """
    group, draw = Logarithms(), scalars(14)
    openings = [Opening(v, draw()) for v in values]
    V = [commit(opening, engine=group) for opening in openings]
    drawn = [draw() for _ in range(15 + circuit.N)]
    with mutant(programmed([draw() for _ in range(6 + circuit.k)])):

        def said(randomness):
            proof = prover.prove(
                circuit, V, openings, wires, CONTEXT, entropy=bytes(32), engine=group, draw=iter(randomness).__next__
            )
            return messages(Proof.from_bytes(circuit, proof))

        rows = []
        for i in set(range(len(drawn))) - set(fixed):
            up, down = ([x + by * (i == j) for j, x in enumerate(drawn)] for by in (1, -1))
            rows.append([(a - b) % N for a, b in zip(said(up), said(down), strict=True)])
    return rank(rows)


@pytest.mark.parametrize(("circuit", "values", "wires"), STATEMENTS)
def test_honest_messages_are_as_free_as_simulated_ones(circuit, values, wires):
    """Everything but C_S moves in all its dimensions: the randomness hides the wires completely."""
    expected = 3 + 2 * circuit.k + circuit.n_f + circuit.l_f
    assert freedom(circuit, values, wires) == expected


def test_less_randomness_would_show():
    """Without n_S, or without r_O, r_L, r_R, some combination of the messages would depend on the witness alone."""
    circuit, values, wires = range_circuit(1, 64), [5], range_witness([5], 64)
    free = sum(map(len, (blinding.RANDOM_O, blinding.RANDOM_L, blinding.RANDOM_R)))
    assert free == 12
    whole = freedom(circuit, values, wires)
    assert freedom(circuit, values, wires, fixed=range(15, 15 + circuit.N)) < whole
    equal = (IS_5, [5], Wires((), (), ()))
    assert freedom(*equal, fixed=range(3, 15)) < freedom(*equal)
