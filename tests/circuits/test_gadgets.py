"""Hidden clauses: the circuit says what plain evaluation says, and nothing meaningless can be built."""

from itertools import product

import pytest

from circuits.arithmetic import Wires, prove, verify
from circuits.constraints import L, O, R, V
from circuits.errors import ProofInvalid, StatementError, WitnessError
from circuits.gadgets import EQ, GE, Bands, Bound, OneOf, predicate_circuit, predicate_witness
from circuits.group.curve import N
from circuits.pedersen import Opening, commit
from circuits.range import certified_width

ONE = ((0, 1),)
ATOMS = (GE(ONE, 10, 8), GE(((1, 1),), 10, 8), EQ(((2, 1),), 7))
FORMULAS = {
    "atom": (0, lambda x, *_: x),
    "not": (("not", 2), lambda *truths: not truths[2]),
    "and": (("and", 0, 1, 2), lambda x, y, z: x and y and z),
    "or": (("or", 0, 1, 2), lambda x, y, z: x or y or z),
    "nested": (("or", ("and", 0, ("not", 1)), ("not", ("or", 2, ("not", 0)))), lambda x, y, z: x and not (y and z)),
    "at_least 1": (("at_least", 1, 0, 1, 2), lambda x, y, z: x + y + z >= 1),
    "at_least 2": (("at_least", 2, 0, 1, 2), lambda x, y, z: x + y + z >= 2),
    "at_least 3": (("at_least", 3, 0, 1, 2), lambda x, y, z: x + y + z >= 3),
    "at_least inside": (("and", ("at_least", 2, 0, 1, 2, ("not", 0)), 1), lambda *truths: truths[1]),
}


def satisfied(circuit, wires, values):
    """Check every gate and row of a witness in the clear (digit gates are the lookup's business)."""
    columns = dict(zip((L, R, O), wires.padded(circuit.N), strict=True)) | {V: [v % N for v in values]}

    def worth(row):
        return (sum(c * columns[kind][i] for kind, i, c in row.terms) + row.const) % N

    gates = all(columns[L][g] * columns[R][g] % N == worth(row) for g, row in enumerate(circuit.gates, circuit.D))
    digits = columns[L][: circuit.D]
    counts = columns[O][: circuit.b] == [digits.count(j) for j in range(circuit.b)]
    return gates and counts and not any(worth(row) for row in circuit.rows)


@pytest.mark.parametrize(("formula", "meaning"), FORMULAS.values(), ids=FORMULAS)
def test_every_truth_assignment(formula, meaning):
    for truths in product((False, True), repeat=3):
        values = [10 + truths[0] * 5 if truths[0] else 9, 10 if truths[1] else 0, 7 if truths[2] else 8]
        result = int(bool(meaning(*truths)))
        wires = predicate_witness(values, ATOMS, formula, result)
        assert satisfied(predicate_circuit(3, ATOMS, formula, result), wires, values)
        assert not satisfied(predicate_circuit(3, ATOMS, formula, 1 - result), wires, values)
        with pytest.raises(WitnessError):
            predicate_witness(values, ATOMS, formula, 1 - result)


@pytest.mark.parametrize("formula", [FORMULAS["nested"][0], FORMULAS["at_least 2"][0]])
def test_proven_both_ways(formula):
    for values, result in ([12, 3, 7], 1), ([0, 3, 9], 0):
        openings = [Opening(v, 100 + i) for i, v in enumerate(values)]
        commitments = [commit(o) for o in openings]
        circuit = predicate_circuit(3, ATOMS, formula, result)
        wires = predicate_witness(values, ATOMS, formula, result)
        proof = prove(circuit, commitments, openings, wires, b"", entropy=bytes(32))
        verify(circuit, commitments, b"", proof)
        other = predicate_circuit(3, ATOMS, formula, 1 - result)
        assert other.proof_bytes == circuit.proof_bytes
        with pytest.raises(ProofInvalid):
            verify(other, commitments, b"", proof)


def test_the_answer_is_one_constant():
    yes, no = (predicate_circuit(3, ATOMS, ("and", 0, 1), result) for result in (True, False))
    assert yes.gates == no.gates
    assert yes.rows[:-1] == no.rows[:-1]
    assert yes.rows[-1].terms == no.rows[-1].terms
    assert (yes.rows[-1].const - no.rows[-1].const) % N == N - 1


@pytest.mark.parametrize(
    ("clauses", "width", "size", "proof_bytes"),
    [(1, 64, 20, 488), (1, 32, 16, 456), (3, 32, 32, 490), (8, 32, 96, 620)],
)
def test_published_sizes(clauses, width, size, proof_bytes):
    atoms = [GE(((k, 1),), 5, width) for k in range(clauses)]
    circuit = predicate_circuit(clauses, atoms, 0 if clauses == 1 else ("and", *range(clauses)), 1)
    assert (circuit.N, circuit.proof_bytes) == (size, proof_bytes)


def test_published_size_of_one_equality():
    assert predicate_circuit(1, [EQ(ONE, 5)], 0, 1).proof_bytes == 358


def test_bounds_are_proven_along():
    atoms, bounds = [GE(((0, 1), (1, -3)), 0, 16)], {0: Bound(0, 8), 1: Bound(0, 8)}
    circuit = predicate_circuit(2, atoms, 0, 1, bounds)
    assert satisfied(circuit, predicate_witness([9, 3], atoms, 0, 1, bounds), [9, 3])
    third = pow(3, -1, N)  # 1 - 3/3 = 0 mod N, though no integer
    predicate_witness([1, third], atoms, 0, 1)
    with pytest.raises(WitnessError):
        predicate_witness([1, third], atoms, 0, 1, bounds)


def test_certified_width():
    assert certified_width(((0, 1), (1, -3)), 0, {0: (0, 255), 1: (0, 255)}) == 10
    assert certified_width(ONE, -(2**40), {0: (-4, 4)}) == 41
    assert certified_width(ONE, 0, {0: (0, 2**252 - 1)}) == 252
    with pytest.raises(StatementError):
        certified_width(ONE, 0, {})
    with pytest.raises(StatementError):
        certified_width(ONE, 0, {0: (0, 2**252)})


@pytest.mark.parametrize("value", [10 + 2**8, N - 2**9, 2**200])
def test_difference_beyond_the_width_has_no_witness(value):
    with pytest.raises(WitnessError) as raised:
        predicate_witness([value], ATOMS[:1], 0, 1)
    assert str(value) not in str(raised.value)


CUTS = (0, 10, 12, 40, 255)


@pytest.mark.parametrize("base", [2, 4, 16, 256])
def test_bands(base):
    """Every value is in exactly one band, and a value outside all of them in none."""
    atoms = [Bands(ONE, CUTS, 8)]
    for value in range(-3, 260):
        held = [j for j in range(4) if CUTS[j] <= value < CUTS[j + 1]]
        for j in range(4):
            circuit = predicate_circuit(1, atoms, j, 1, base=base)
            if held == [j]:
                assert satisfied(circuit, predicate_witness([value], atoms, j, 1, base=base), [value])
            else:
                with pytest.raises(WitnessError):
                    predicate_witness([value], atoms, j, 1, base=base)
    joined = predicate_circuit(1, atoms, ("sum", 1, (-1, 1)), 1, base=base)
    wires = predicate_witness([40], atoms, ("sum", 1, (-1, 1)), 1, base=base)
    assert satisfied(joined, wires, [40])
    assert not satisfied(joined, wires, [39])


@pytest.mark.parametrize("size", [2, 3, 4, 5, 9, 16, 17, 64])
def test_sets_of_values(size):
    values = tuple(7 * i * i - 5 for i in range(size))
    atoms = [OneOf(ONE, values), EQ(((1, 1),), 1)]
    for value in (*values, *(v + 1 for v in values), 2**200, N - 5):
        member = int(value % N in {v % N for v in values})
        wires = predicate_witness([value, 1], atoms, ("and", 0, 1), member)
        assert satisfied(predicate_circuit(2, atoms, ("and", 0, 1), member), wires, [value, 1])
        with pytest.raises(WitnessError):
            predicate_witness([value, 1], atoms, ("and", 0, 1), 1 - member)


def test_sets_of_the_same_form_share_their_powers():
    one, other = (OneOf(ONE, tuple(range(start, start + 9))) for start in (0, 100))
    alone = len(predicate_circuit(1, [one], 0, 1).gates)
    assert len(predicate_circuit(1, [one, other], ("or", 0, 1), 1).gates) == 2 * alone + 1 - 2


@pytest.mark.parametrize("count", [2, 3, 4, 5, 8, 16])
def test_counting_truths(count):
    atoms = [EQ(((k, 1),), 1) for k in range(count)]
    for least in range(1, count + 1):
        formula = ("count", tuple(range(least, count + 1)), *range(count))
        for held in range(count + 1):
            values = [int(k < held) for k in range(count)]
            wires = predicate_witness(values, atoms, formula, int(held >= least))
            assert satisfied(predicate_circuit(count, atoms, formula, int(held >= least)), wires, values)
            with pytest.raises(WitnessError):
                predicate_witness(values, atoms, formula, int(held < least))


def test_told_clauses_are_rows_of_their_own():
    formula, values = ("and", 0, 1, 2), [12, 3, 7]
    told = predicate_circuit(3, ATOMS, formula, 0, clauses=(1, 0, 1))
    wires = predicate_witness(values, ATOMS, formula, 0, clauses=(1, 0, 1))
    assert satisfied(told, wires, values)
    silent = predicate_circuit(3, ATOMS, formula, 0)
    assert (told.gates, told.proof_bytes) == (silent.gates, silent.proof_bytes)
    assert told.rows[:-4] + told.rows[-1:] == silent.rows
    for lie in product((0, 1), repeat=3):
        if lie != (1, 0, 1):
            assert not satisfied(predicate_circuit(3, ATOMS, formula, 0, clauses=lie), wires, values)
            with pytest.raises(WitnessError):
                predicate_witness(values, ATOMS, formula, 0, clauses=lie)


REFUSED = {
    "zero coefficient": (1, [EQ(((0, 0),), 1)], 0, 1),
    "value twice": (1, [EQ(((0, 1), (0, -1)), 0)], 0, 1),
    "huge coefficient": (1, [EQ(((0, 2**250),), 1)], 0, 1),
    "huge threshold": (1, [EQ(ONE, -(2**250))], 0, 1),
    "negative value index": (1, [EQ(((-1, 1),), 0)], 0, 1),
    "fraction": (1, [EQ(ONE, 0.5)], 0, 1),
    "unknown atom": (1, ["salary"], 0, 1),
    "bool for an atom": (1, [EQ(ONE, 0)], False, 1),
    "and of one": (1, [EQ(ONE, 0)], ("and", 0), 1),
    "no operator": (1, [EQ(ONE, 0)], (), 1),
    "operator is no text": (1, [EQ(ONE, 0)], (["or"], 0, 0), 1),
    "a text": (1, [EQ(ONE, 0)], "or", 1),
    "at_least 0": (1, [EQ(ONE, 0)], ("at_least", 0, 0), 1),
    "at_least 2 of 1": (1, [EQ(ONE, 0)], ("at_least", 2, 0), 1),
    "at_least nothing": (1, [EQ(ONE, 0)], ("at_least",), 1),
    "at_least by a text": (1, [EQ(ONE, 0)], ("at_least", "1", 0), 1),
    "no result": (1, [EQ(ONE, 0)], 0, None),
    "half a result": (1, [EQ(ONE, 0)], 0, 1.0),
    "no values": (0, [], 0, 1),
    "atom out of the list": (1, [], 0, 1),
    "width 250": (1, [GE(ONE, 0, 250)], 0, 1),
    "width 254": (1, [GE(ONE, 0, 254)], 0, 1),
    "too large": (1, [GE(ONE, 0, 252)] * 9, ("or", *range(9)), 1),
    "bound on no value": (1, [EQ(ONE, 0)], 0, 1, {3: Bound(0, 8)}),
    "bound of 7 bits": (1, [EQ(ONE, 0)], 0, 1, {0: Bound(0, 7)}),
    "bound from afar": (1, [EQ(ONE, 0)], 0, 1, {0: Bound(2**250, 8)}),
    "set of one": (1, [OneOf(ONE, (1,))], 0, 1),
    "set with a repetition": (1, [OneOf(ONE, (1, 2, 1))], 0, 1),
    "set with a huge value": (1, [OneOf(ONE, (1, 2**250))], 0, 1),
    "two cuts": (1, [Bands(ONE, (0, 9), 8)], 0, 1),
    "cuts that descend": (1, [Bands(ONE, (0, 9, 5, 20), 8)], 0, 1),
    "an empty band inside": (1, [Bands(ONE, (0, 5, 5, 20), 8)], 0, 1),
    "a band too wide": (1, [Bands(ONE, (0, 5, 262), 8)], 0, 1),
    "count of one": (1, [EQ(ONE, 0)], ("count", (1,), 0), 1),
    "count of nothing": (1, [EQ(ONE, 0)], ("count", (), 0, 0), 1),
    "count beyond its operands": (1, [EQ(ONE, 0)], ("count", (3,), 0, 0), 1),
    "count of a number twice": (1, [EQ(ONE, 0)], ("count", (1, 1), 0, 0), 1),
    "count without numbers": (1, [EQ(ONE, 0)], ("count", 1, 0, 0), 1),
    "sum of nothing": (1, [EQ(ONE, 0)], ("sum",), 1),
    "sum of no bit": (1, [EQ(ONE, 0)], ("sum", 0, (1, 5)), 1),
    "sum of halves": (1, [EQ(ONE, 0)], ("sum", 0, (0.5, 0)), 1),
    "sum of a number": (1, [EQ(ONE, 0)], ("sum", 0, 1), 1),
}


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED)
def test_meaningless_statements_are_refused(statement):
    predicate_circuit(1, [EQ(ONE, 0)], 0, 1)
    with pytest.raises(StatementError):
        predicate_circuit(*statement)


@pytest.mark.parametrize("changes", [{"base": 10}, {"base": 1}, {"base": True}, {"clauses": (1,)}, {"clauses": (1, 2)}])
def test_meaningless_options_are_refused(changes):
    statement = 1, [GE(ONE, 0, 8), EQ(ONE, 0)], ("and", 0, 1), 1
    predicate_circuit(*statement, base=4, clauses=(1, 1))
    with pytest.raises(StatementError):
        predicate_circuit(*statement, **changes)


def test_too_deep():
    formula = 0
    for _ in range(65):
        formula = ("not", formula)
    predicate_circuit(1, [EQ(ONE, 0)], formula[1], 0)
    with pytest.raises(StatementError):
        predicate_circuit(1, [EQ(ONE, 0)], formula, 0)


def test_secrets_are_not_printed():
    assert "77" not in repr(Wires((77,), (77,), (77,)))
