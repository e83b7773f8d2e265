"""Every row and gate of every gadget is needed, and every wire is bound."""

import random
from contextlib import suppress

import pytest
from adversary import CONTEXT, Adversary, commit, without_gate, without_row
from mutants import accepts_honestly, mutant, refused, without_lookup, without_reciprocals

from circuits.arithmetic import prove, verify
from circuits.constraints import Circuit, L, O, R
from circuits.errors import WitnessError
from circuits.gadgets import EQ, GE, predicate_circuit, predicate_witness
from circuits.group.curve import N
from circuits.pedersen import Opening
from circuits.pedersen import commit as true_commit
from circuits.prover import Wires
from circuits.range import range_circuit, range_witness

V0_AT_LEAST_10 = (GE(((0, 1),), 10, 8),)
V0_IS_5 = (EQ(((0, 1),), 5),)
BOTH = (GE(((0, 1),), 10, 8), GE(((1, 1),), 1, 8))


def attack(true: Circuit, left_out: tuple[str, int], values, wires):
    """Assert that false wires satisfy the statement without one of its rows or gates, and never the statement."""
    kind, index = left_out
    L_, R_, O_ = (list(w) for w in wires)
    if kind == "row":
        mutated = without_row(true, index)
    else:
        mutated, free = without_gate(true, index)
        g = true.D + index
        O_ += [0] * (free + 1 - len(O_))
        O_[free] = L_[g] * R_[g] % N
    V, proof = Adversary(mutated, commit(*values), L_, R_, O_).forge()
    verify(mutated, V, CONTEXT, proof)
    refused(true, V, CONTEXT, proof)

    O_ = O_[: true.N]
    V, proof = Adversary(true, commit(*values), L_, R_, O_).forge()
    refused(true, V, CONTEXT, proof)
    openings = [Opening(v % N, 1000 + k) for k, v in enumerate(values)]
    assert [true_commit(opening) for opening in openings] == V
    with pytest.raises(WitnessError):
        prove(true, V, openings, Wires(tuple(L_), tuple(R_), tuple(O_)), CONTEXT, entropy=bytes(32))


def ge_wires(*atoms: tuple[int, int, int, int, int], more=()):
    """Wires of 8-bit GE atoms in a row: (L_B, R_B, L_S, R_S, w) each."""
    digits = [x for *_, w in atoms for x in (w & 15, w >> 4)]
    left = [x for L_B, _, L_S, _, _ in atoms for x in (L_B, L_S)]
    right = [x for _, R_B, _, R_S, _ in atoms for x in (R_B, R_S)]
    m = [digits.count(j) for j in range(16)]
    gates = [x for x, _ in more], [y for _, y in more]
    return digits + left + gates[0], [0] * len(digits) + right + gates[1], m + [x * y for x, y in more]


# V_0 = 5, d = -5, claimed: V_0 >= 10
GE_FORGERIES = [
    pytest.param(("row", 1), ge_wires((1, 1, 0, -9, 4)), id="L_S = L_B"),
    pytest.param(("row", 2), ge_wires((1, 1, 1, 1, 0)), id="R_S = 2d+1"),
    pytest.param(("gate", 1), ge_wires((1, 1, 1, -9, 0)), id="bit (2d+1) = w+1+d"),
    pytest.param(("row", 3), ge_wires((0, 0, 0, -9, 4)), id="value(root) = result"),
]


@pytest.mark.parametrize(("left_out", "wires"), GE_FORGERIES)
def test_ge_without(left_out, wires):
    true = predicate_circuit(1, V0_AT_LEAST_10, 0, 1)
    accepts_honestly(true, [20], predicate_witness([20], V0_AT_LEAST_10, 0, 1), CONTEXT)
    attack(true, left_out, [5], wires)


@pytest.mark.parametrize(
    ("left_out", "wires"),
    [
        # bits of -1 and -1, whose product is 1: d_0 = -5 with w = 13, d_1 = -1 with w = 1
        pytest.param(
            [("row", 3), ("row", 0)], ge_wires((-1, 1, -1, -9, 13), (-1, 1, -1, -1, 1), more=[(-1, -1)]), id="L_B = R_B"
        ),
        pytest.param(
            [("gate", 0), ("gate", 2)],
            ge_wires((-1, -1, -1, -9, 13), (-1, -1, -1, -1, 1), more=[(-1, -1)]),
            id="L_B R_B = L_B",
        ),
    ],
)
def test_bits_that_are_none(left_out, wires):
    """Without one of the two parts of bit * bit = bit, `V_0 >= 10 && V_1 >= 1` holds for 5 and 0."""
    true = predicate_circuit(2, BOTH, ("and", 0, 1), 1)
    accepts_honestly(true, [20, 1], predicate_witness([20, 1], BOTH, ("and", 0, 1), 1), CONTEXT)
    left, right, out = wires
    mutated = true
    for kind, index in left_out:
        if kind == "row":
            mutated = without_row(mutated, index)
        else:
            mutated, free = without_gate(mutated, index)
            out = [*out, *[0] * (free + 1 - len(out))]
            out[free] = left[true.D + index] * right[true.D + index]
    V, proof = Adversary(mutated, commit(5, 0), left, right, out).forge()
    verify(mutated, V, CONTEXT, proof)
    refused(true, V, CONTEXT, proof)
    V, proof = Adversary(true, commit(5, 0), left, right, out[: true.N]).forge()
    refused(true, V, CONTEXT, proof)


# gates E1: L = q, R = hint, 1 - z; E2: L = q, R = z, 0
EQ_FORGERIES = [
    pytest.param(("row", 0), 1, 6, ([0, 0], [0, 1], []), id="L_E1 = q"),
    pytest.param(("row", 1), 1, 6, ([1, 0], [0, 1], []), id="L_E2 = L_E1"),
    pytest.param(("gate", 1), 1, 6, ([1, 1], [0, 1], []), id="q z = 0"),
    pytest.param(("gate", 0), 0, 5, ([0, 0], [0, 0], []), id="q hint = 1-z"),
    pytest.param(("row", 2), 1, 6, ([1, 1], [1, 0], []), id="value(root) = result"),
]


@pytest.mark.parametrize(("left_out", "result", "value", "wires"), EQ_FORGERIES)
def test_eq_without(left_out, result, value, wires):
    true = predicate_circuit(1, V0_IS_5, 0, result)
    honest = 5 if result else 6
    accepts_honestly(true, [honest], predicate_witness([honest], V0_IS_5, 0, result), CONTEXT)
    attack(true, left_out, [value], wires)


TWO_EQ = (EQ(((0, 1),), 5), EQ(((1, 1),), 5))


@pytest.mark.parametrize(
    ("left_out", "pair", "out"),
    [(("row", 4), (1, 1), 1), (("row", 5), (1, 1), 1), (("gate", 4), (1, 0), 1), (("row", 6), (1, 0), 0)],
    ids=["L = x", "R = y", "x y = and", "value(root) = result"],
)
def test_and_without(left_out, pair, out):
    true = predicate_circuit(2, TWO_EQ, ("and", 0, 1), 1)
    accepts_honestly(true, [5, 5], predicate_witness([5, 5], TWO_EQ, ("and", 0, 1), 1), CONTEXT)
    # one of the two is equal; without the row for L it is the second
    values = [6, 5] if left_out == ("row", 4) else [5, 6]
    z = [int(v == 5) for v in values]
    q = [v - 5 for v in values]
    left = [q[0], q[0], q[1], q[1], pair[0]]
    right = [1 - z[0], z[0], 1 - z[1], z[1], pair[1]]
    if left_out[0] == "gate":
        true_circuit, values_, wires = true, values, (left, right, [out])
        mutated, free = without_gate(true_circuit, left_out[1])
        V, proof = Adversary(mutated, commit(*values_), left, right, [1, 0][: free + 1]).forge()
        verify(mutated, V, CONTEXT, proof)
        refused(true, V, CONTEXT, proof)
        V, proof = Adversary(true, commit(*values_), *wires).forge()
        refused(true, V, CONTEXT, proof)
    else:
        attack(true, left_out, values, (left, right, [out]))


def test_range_without_its_row():
    true = range_circuit(1, 64)
    honest = range_witness([5], 64)
    accepts_honestly(true, [5], honest, CONTEXT)
    attack(true, ("row", 0), [2**64 + 5], (honest.L, (), honest.O))


@pytest.mark.parametrize("digit", [16, -1, 2**64])
@pytest.mark.parametrize("change", [without_lookup, without_reciprocals])
def test_foreign_digit(change, digit):
    true = range_circuit(1, 64)
    accepts_honestly(true, [5], range_witness([5], 64), CONTEXT)
    wires = ([digit], (), [15])
    with mutant(change):
        forger = Adversary(true, commit(digit), *wires)
        if change is without_reciprocals:
            forger.fill_reciprocals = lambda: put(forger.R, pow(forger.e, -1, N), 15)
            # 15 digits 0 and one that is none, with a product gate that says nothing but L_i R_i = 0
            forger.R[0] = 0
            forger.L = [digit % N] + [0] * 15
            forger.O = [15] + [0] * 15
        V, proof = forger.forge()
        verify(true, V, CONTEXT, proof)
    refused(true, V, CONTEXT, proof)
    V, proof = Adversary(true, commit(digit), *wires).forge()
    refused(true, V, CONTEXT, proof)


def put(wires, value, count):
    wires[1 : 1 + count] = [value] * count


FORCED = [2**64, 2**64 + 5, 2**128, N - 1, N // 2]


@pytest.mark.parametrize("value", FORCED)
def test_out_of_range_witness_forced_through_the_prover(value):
    """Whatever digits and multiplicities go with it."""
    true = range_circuit(1, 64)
    V, _ = accepts_honestly(true, [5], range_witness([5], 64), CONTEXT)
    with pytest.raises(WitnessError):
        range_witness([value], 64)
    low = range_witness([value % 2**64], 64)
    top = [*low.L[:-1], (value >> 60) % N]
    tries = [low.L, top, [value], [value - 1, *[0] * 15]]
    openings = [Opening(value, 1000)]
    V = [true_commit(openings[0])]
    for digits in tries:
        for counts in (low.O, [sum(d == j for d in digits) for j in range(16)], [16]):
            wires = Wires(tuple(x % N for x in digits), (), tuple(counts))
            with pytest.raises(WitnessError):
                prove(true, V, openings, wires, CONTEXT, entropy=bytes(32))
            forged_V, proof = Adversary(true, commit(value), wires.L, (), wires.O).forge()
            assert forged_V == V
            refused(true, V, CONTEXT, proof)


# the hunt


def first_digits(circuit: Circuit) -> list[int]:
    """The least significant digit of every number in digits."""
    terms = [term for row in circuit.gates + circuit.rows for term in row.terms]
    return sorted({i for kind, i, c in terms if kind == L and i < circuit.D and c in {1, N - 1}})


def free_wires(circuit: Circuit, wires, numbers: list[int]) -> set[tuple[int, int]]:
    """Find the wires that can move, to first order, while the committed values stay and every row still holds.

    The kernel of the Jacobian of all rows at a witness. Of every number in digits one digit may take any value, which
    stands for the number: the others, and what the table says about it, cannot make up for that.
    """
    all_rows = circuit.gates + circuit.rows
    width = circuit.D + len(circuit.gates)
    outputs = max([circuit.b] + [i + 1 for row in all_rows for kind, i, _ in row.terms if kind == O])
    columns = [(L, i) for i in numbers]
    columns += [(kind, i) for kind in (L, R) for i in range(circuit.D, width)]
    columns += [(O, i) for i in range(circuit.b, outputs)]
    at = {wire: n for n, wire in enumerate(columns)}
    left, right, _ = wires.padded(circuit.N)
    jacobian = []
    for g, row in enumerate(circuit.gates, circuit.D):
        moves = {at[k, i]: -c for k, i, c in row.terms if (k, i) in at}
        for wire, c in (((L, g), right[g]), ((R, g), left[g])):
            moves[at[wire]] = moves.get(at[wire], 0) + c
        jacobian.append(moves)
    jacobian += [{at[k, i]: c for k, i, c in row.terms if (k, i) in at} for row in circuit.rows]
    return {columns[i] for i in kernel(jacobian, len(columns))}


def kernel(rows: list[dict[int, int]], size: int) -> set[int]:
    """The coordinates that are not zero in all of a matrix's kernel: reduced row echelon form mod N."""
    pivots: dict[int, dict[int, int]] = {}
    for given in rows:
        row = {i: c % N for i, c in given.items() if c % N}
        for lead in sorted(pivots):
            row = eliminated(row, lead, pivots[lead])
        if row:
            lead = min(row)
            inverse = pow(row[lead], -1, N)
            row = {i: c * inverse % N for i, c in row.items()}
            pivots = {other: eliminated(pivot, lead, row) for other, pivot in pivots.items()} | {lead: row}
    free = {i for i in range(size) if i not in pivots}
    return free | {lead for lead, row in pivots.items() if len(row) > 1}


def eliminated(row: dict[int, int], lead: int, pivot: dict[int, int]) -> dict[int, int]:
    factor = row.get(lead, 0)
    both = {i: (row.get(i, 0) - factor * pivot.get(i, 0)) % N for i in row.keys() | pivot.keys()}
    return {i: c for i, c in both.items() if c}


OR_NOT = (GE(((0, 1),), 10, 8), GE(((1, -1),), -3, 8)), ("or", 0, ("not", 1))
AND_OR = (EQ(((0, 1),), 5), EQ(((1, 1),), 5), GE(((0, 1), (1, -1)), 0, 16)), ("or", ("and", 0, 1), 2)
TWO_OF = (*BOTH, EQ(((1, 1),), 4), EQ(((1, 1),), 3)), ("at_least", 2, 0, 1, 2, 3)
HUNTED = [
    pytest.param(OR_NOT, [(20, 7), (20, 2), (5, 2), (5, 7)], id="or not"),
    pytest.param((BOTH, ("and", 0, 1)), [(20, 1), (5, 0), (5, 1), (20, 0)], id="and"),
    pytest.param(AND_OR, [(5, 5), (5, 6), (6, 5), (2, 9), (9, 2)], id="and or"),
    pytest.param(TWO_OF, [(30, 3), (30, 4), (3, 9), (3, 0), (30, 0)], id="at_least"),
]


def answered(predicate, values):
    """The circuit and the honest wires for what the predicate is worth."""
    atoms, formula = predicate
    for result in (1, 0):
        with suppress(WitnessError):
            wires = predicate_witness(values, atoms, formula, result)
            return predicate_circuit(len(values), atoms, formula, result), wires
    raise AssertionError


def harmless(circuit, predicate, values):
    """The hint of an equality that holds is anything (0 times it is 0) and enters nothing else."""
    return {
        (R, circuit.D + 2 * n)
        for n, atom in enumerate(predicate[0])
        if isinstance(atom, EQ) and sum(a * values[k] for k, a in atom.form) == atom.t
    }


@pytest.mark.parametrize(("predicate", "cases"), HUNTED)
def test_no_wire_is_free(predicate, cases):
    freed = set()
    for values in cases:
        circuit, wires = answered(predicate, values)
        accepts_honestly(circuit, values, wires, CONTEXT)
        known = harmless(circuit, predicate, values)
        numbers = first_digits(circuit)
        # the last row only says what the answer is: everything must be bound without it
        circuit = without_row(circuit, len(circuit.rows) - 1)
        assert free_wires(circuit, wires, numbers) == known
        # and what would each forgotten row or gate free here?
        for i in range(len(circuit.rows)):
            if free_wires(without_row(circuit, i), wires, numbers) > known:
                freed.add(("row", i))
        for i in range(len(circuit.gates)):
            less, output = without_gate(circuit, i)
            if free_wires(less, wires, numbers) - {(O, output)} > known:
                freed.add(("gate", i))
    assert freed == {("row", i) for i in range(len(circuit.rows))} | {("gate", i) for i in range(len(circuit.gates))}


@pytest.mark.parametrize(("predicate", "cases"), HUNTED)
def test_every_wire_moved(predicate, cases):
    """Each wire one more than it should be: refused, but for hints of equalities that hold."""
    values = cases[0]
    circuit, wires = answered(predicate, values)
    known = harmless(circuit, predicate, values)
    columns = [list(w) for w in wires.padded(circuit.N)]
    width = circuit.D + len(circuit.gates)
    for kind, column in enumerate(columns):
        for i in range(width if kind != O else circuit.b):
            if kind == R and i < circuit.D:
                continue  # reciprocals are known only after e: see below
            column[i] += 1
            V, proof = Adversary(circuit, commit(*values), *columns).forge()
            column[i] -= 1
            if (kind, i) in known:
                verify(circuit, V, CONTEXT, proof)
            else:
                refused(circuit, V, CONTEXT, proof)


class WrongReciprocal(Adversary):
    """One r_i is not 1/(e+d_i)."""

    def after_e(self):
        self.R[random.Random(self.e).randrange(self.circuit.D)] += 1  # noqa: S311  # an arbitrary place


def test_wrong_reciprocal():
    circuit = range_circuit(1, 64)
    wires = range_witness([5], 64)
    accepts_honestly(circuit, [5], wires, CONTEXT)
    V, proof = Adversary(circuit, commit(5), wires.L, (), wires.O).forge()
    verify(circuit, V, CONTEXT, proof)
    V, proof = WrongReciprocal(circuit, commit(5), wires.L, (), wires.O).forge()
    refused(circuit, V, CONTEXT, proof)
