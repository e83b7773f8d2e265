"""Proofs that hold and do not mean what they seem to: widths, bases, wrapping forms, commitments of another form."""

import pytest
from adversary import CONTEXT, Adversary, Coordinates, commit
from mutants import accepts_honestly, everywhere, mutant, refused, weight

from circuits import range as ranges
from circuits.arithmetic import prove, verify
from circuits.attributes import default_schema
from circuits.compiler import compile_predicate
from circuits.constraints import Circuit
from circuits.errors import ProofInvalid, StatementError, WitnessError
from circuits.gadgets import GE, Bound, predicate_circuit, predicate_witness
from circuits.group.curve import N
from circuits.pedersen import Opening
from circuits.pedersen import commit as true_commit
from circuits.predicate import parse
from circuits.range import Comparison, certified_width, range_circuit, range_witness, require_certified

V0 = ((0, 1),)


def widest(bits):
    """A builder that lets a width of so many bits pass."""
    return lambda patch: patch.setattr(ranges, "MAX_WIDTH", bits)


def test_width_256_says_nothing():
    """Every scalar is below 2^256: `5 >= 10` is then provable."""
    wide = Comparison(1, V0, 10, 252, negated=False, base=16)
    circuit = wide.circuit()
    accepts_honestly(circuit, [20], wide.wires([20]), CONTEXT)
    with pytest.raises(WitnessError):
        wide.wires([5])
    for digits in ([(5 - 10) % N], [((5 - 10) % N) >> 4 * i & 15 for i in range(63)]):
        V, proof = Adversary(circuit, commit(5), digits, (), [digits.count(j) for j in range(16)]).forge()
        refused(circuit, V, CONTEXT, proof)

    wider = Comparison(1, V0, 10, 256, negated=False, base=16)
    with mutant(widest(256)):
        vacuous = wider.circuit()
        digits = ranges.split((5 - 10) % N, 256, 16)
        V, proof = Adversary(vacuous, commit(5), digits, (), ranges.multiplicities(digits, 16)).forge()
        verify(vacuous, V, CONTEXT, proof)
    for refuse in (
        wider.circuit,
        lambda: range_circuit(1, 256),
        lambda: predicate_circuit(1, (GE(V0, 10, 256),), 0, 1),
        lambda: range_circuit(1, 253),
    ):
        with pytest.raises(StatementError):
            refuse()


def test_base_ten_has_room_for_more_than_its_width():
    """Two digits below ten reach 99, which is not below 2^6."""
    accepts_honestly(range_circuit(1, 6), [63], range_witness([63], 6), CONTEXT)

    def base_ten(patch):
        everywhere(patch, ranges.range_base, lambda _bits: 10)
        everywhere(patch, ranges.require_width, lambda *_: None)
        patch.setattr(Circuit, "_require_base", lambda _self: None)

    with mutant(base_ten):
        circuit = range_circuit(1, 6)
        V, proof = Adversary(circuit, commit(99), [9, 9], (), [0] * 9 + [2]).forge()
        verify(circuit, V, CONTEXT, proof)
        assert 99 >= 2**6
    with pytest.raises(StatementError):
        ranges.require_width(6, 10)
    with pytest.raises(StatementError):
        Circuit(1, 10, 2, circuit.gates, circuit.rows)


def test_form_that_wraps_around():
    """v0 - 3 v1 >= 0 for v0 = 1 and v1 = 1/3 mod N, unless the values' own ranges are proven along."""
    form, bounds = ((0, 1), (1, -3)), {0: Bound(0, 8), 1: Bound(0, 8)}
    certain = {0: (0, 256), 1: (0, 256)}
    width = -(-certified_width(form, 0, certain) // 4) * 4
    require_certified(form, 0, width, certain)
    atoms = (GE(form, 0, width),)
    certified = predicate_circuit(2, atoms, 0, 1, bounds)
    accepts_honestly(certified, [9, 3], predicate_witness([9, 3], atoms, 0, 1, bounds), CONTEXT)

    third = pow(3, -1, N)
    values = [1, third]
    # the mutant: a compiler that forgets the bounds
    bare = predicate_circuit(2, atoms, 0, 1)
    wires = predicate_witness(values, atoms, 0, 1)
    V, proof = Adversary(bare, commit(*values), wires.L, wires.R, wires.O).forge()
    verify(bare, V, CONTEXT, proof)
    refused(certified, V, CONTEXT, proof)
    with pytest.raises(WitnessError):
        predicate_witness(values, atoms, 0, 1, bounds)
    honest = predicate_witness([0, 0], atoms, 0, 1, bounds)
    openings = [Opening(v, 1000 + k) for k, v in enumerate(values)]
    with pytest.raises(WitnessError):
        prove(certified, [true_commit(o) for o in openings], openings, honest, CONTEXT, entropy=bytes(32))
    V, proof = Adversary(certified, commit(*values), honest.L, honest.R, honest.O).forge()
    refused(certified, V, CONTEXT, proof)
    require_certified(form, 0, width, {1: (0, 256)})  # with coefficient 1 the other follows: see the next test
    for missing in ({0: (0, 256)}, {}):
        with pytest.raises(StatementError):
            require_certified(form, 0, width, missing)
        with pytest.raises(StatementError):
            certified_width(form, 0, missing)


def test_one_value_with_coefficient_one_needs_no_range_of_its_own():
    """v0 - 3 v1 >= 0 with v1 in [0, 256) leaves v0 no room but that of the integers."""
    form, bounds = ((0, 1), (1, -3)), {1: Bound(0, 8)}
    atoms = (GE(form, 0, 12),)
    certified = predicate_circuit(2, atoms, 0, 1, bounds)
    accepts_honestly(certified, [9, 3], predicate_witness([9, 3], atoms, 0, 1, bounds), CONTEXT)
    for values in ([1, pow(3, -1, N)], [3 * pow(2, -1, N), pow(2, -1, N)], [N - 1, 0], [2**200, 5], [5, 2]):
        with pytest.raises(WitnessError):
            predicate_witness(values, atoms, 0, 1, bounds)
    # the mutant: the other way round, v0 has a range and v1, times 3, has none
    wrong = {0: Bound(0, 8)}
    values = [1, pow(3, -1, N)]
    bare = predicate_circuit(2, atoms, 0, 1, wrong)
    wires = predicate_witness(values, atoms, 0, 1, wrong)
    V, proof = Adversary(bare, commit(*values), wires.L, wires.R, wires.O).forge()
    verify(bare, V, CONTEXT, proof)
    refused(certified, V, CONTEXT, proof)


def test_question_whose_form_wraps_around():
    """What the language compiles proves the bounds along: no field element that is no amount gets through."""
    schema = default_schema()
    question = parse("debt >= salary * 3", schema)
    assert question.attributes == ("debt", "salary")
    relation = compile_predicate(question, schema, as_of=1, answer=True)
    honest = relation.wires([9, 3])
    accepts_honestly(relation.circuit, [9, 3], honest, CONTEXT)
    for values in ([1, pow(3, -1, N)], [0, N - 1], [0, N - 5], [2**252, 1], [N // 2, N // 2]):
        with pytest.raises(WitnessError):
            relation.wires(values)
        for wires in (honest, relation.wires([0, 0])):
            V, proof = Adversary(relation.circuit, commit(*values), wires.L, wires.R, wires.O).forge()
            refused(relation.circuit, V, CONTEXT, proof)


RANGE = range_circuit(1, 64)
IN_RANGE = range_witness([5], 64)
BIG = 2**64 + 5


@pytest.mark.parametrize("part", [{"h": {a: 3}} for a in (1, 2, 3)] + [{"n": {1: 3}}], ids=str)
def test_commitment_of_another_form_has_a_value_all_the_same(part):
    """The proof speaks about V's coefficient of G whatever else V holds: that V is vG + sH_0 its issuer vouches for."""
    accepts_honestly(RANGE, [5], IN_RANGE, CONTEXT)
    V, proof = Adversary(RANGE, [Coordinates.of(5, 1, **part)], IN_RANGE.L, (), IN_RANGE.O).forge()
    verify(RANGE, V, CONTEXT, proof)
    V, proof = Adversary(RANGE, [Coordinates.of(BIG, 1, **part)], IN_RANGE.L, (), IN_RANGE.O).forge()
    refused(RANGE, V, CONTEXT, proof)


@pytest.mark.parametrize("part", [{"h": {a: 3}} for a in (4, 5, 6)] + [{"n": {0: 3}}], ids=str)
def test_commitment_that_no_proof_fits(part):
    """Coordinates that C_S cannot close, or that meet a multiplicity."""
    accepts_honestly(RANGE, [5], IN_RANGE, CONTEXT)
    V, proof = Adversary(RANGE, [Coordinates.of(5, 1, **part)], IN_RANGE.L, (), IN_RANGE.O).forge()
    refused(RANGE, V, CONTEXT, proof)


def test_part_on_the_norm_side_that_stands_for_a_false_value():
    """<O, part of V> enters where the statement is; that delta and mu are unknown keeps it from cancelling an error."""
    accepts_honestly(RANGE, [5], IN_RANGE, CONTEXT)
    part = {0: 2**63 * pow(IN_RANGE.O[0], -1, N) % N}
    both = weight(lambda _rho, lam, beta, _delta: (1, lam, beta, 1))
    rho_is_one = weight(lambda _rho, lam, beta, delta: (1, lam, beta, delta))
    delta_is_one = weight(lambda rho, lam, beta, _delta: (rho, lam, beta, 1))
    for change in (both, rho_is_one, delta_is_one):
        with mutant(change):
            V, proof = Adversary(RANGE, [Coordinates.of(BIG, 1, n=part)], IN_RANGE.L, (), IN_RANGE.O).forge()
            if change is both:
                verify(RANGE, V, CONTEXT, proof)
            else:
                with pytest.raises(ProofInvalid):
                    verify(RANGE, V, CONTEXT, proof)
        refused(RANGE, V, CONTEXT, proof)
