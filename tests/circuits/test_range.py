"""Ranges and single comparisons."""

from dataclasses import replace

import pytest

from circuits.arithmetic import Wires, prove, verify
from circuits.errors import ProofInvalid, StatementError, WitnessError
from circuits.group.curve import N
from circuits.pedersen import Opening, commit
from circuits.range import Comparison, multiplicities, range_circuit, range_witness

ONE = ((0, 1),)


def committed(values):
    openings = [Opening(v % N, 40 + i) for i, v in enumerate(values)]
    return openings, [commit(o) for o in openings]


@pytest.mark.parametrize(
    ("K", "bits", "base", "size", "proof_bytes"),
    [(1, 64, 16, 16, 456), (1, 32, 16, 16, 456), (2, 64, 16, 32, 490), (4, 64, 16, 64, 556), (2, 8, 4, 8, 392)],
)
def test_published_shapes(K, bits, base, size, proof_bytes):
    circuit = range_circuit(K, bits)
    assert (circuit.b, circuit.N, circuit.proof_bytes) == (base, size, proof_bytes)


@pytest.mark.parametrize("bits", [2, 8, 16, 20, 64, 128, 252])
def test_edges_of_a_range(bits):
    circuit = range_circuit(1, bits)
    for value in 0, 1, 2**bits - 1:
        openings, V = committed([value])
        proof = prove(circuit, V, openings, range_witness([value], bits), b"", entropy=bytes(32))
        assert len(proof) == circuit.proof_bytes
        verify(circuit, V, b"", proof)
    for value in -1, 2**bits:
        with pytest.raises(WitnessError):
            range_witness([value], bits)


@pytest.mark.parametrize("digits", [(0, 0, 0, 4), (255, 0, 0, 0), (3, 3, 3, 3), (N - 1, 0, 0, 0)])
def test_forced_digits_do_not_leave_the_prover(digits):
    circuit = range_circuit(1, 8)
    openings, V = committed([256])
    counts = multiplicities([d % 4 for d in digits], 4)
    with pytest.raises(WitnessError) as raised:
        prove(circuit, V, openings, Wires(digits, (), counts), b"", entropy=bytes(32))
    assert "256" not in str(raised.value)


def test_prover_refuses_what_does_not_belong_together():
    circuit = range_circuit(1, 8)
    openings, V = committed([200])
    wires = range_witness([200], 8)
    prove(circuit, V, openings, wires, b"", entropy=bytes(32))
    other, W = committed([201])
    for bad in (
        (circuit, W, openings, wires),
        (circuit, V, other, wires),
        (circuit, V * 2, openings * 2, wires),
        (circuit, V, openings, Wires((0,) * 99, (), ())),
        (circuit, V, openings, Wires(wires.L, wires.R, ())),
    ):
        with pytest.raises(WitnessError):
            prove(*bad, b"", entropy=bytes(32))
    with pytest.raises(WitnessError):
        prove(circuit, V, openings, wires, b"", entropy=bytes(31))


@pytest.mark.parametrize("column", ["L", "R", "O"])
def test_prover_refuses_wires_that_are_not_there(column):
    circuit = range_circuit(5, 20)
    openings, V = committed([200, 0, 7, 8, 9])
    wires = range_witness([200, 0, 7, 8, 9], 20)
    prove(circuit, V, openings, wires, b"", entropy=bytes(32))
    assert max(circuit.D, circuit.outputs) < circuit.N
    longer = (*getattr(wires, column), *(0,) * circuit.N)[: circuit.N - 1]
    with pytest.raises(WitnessError):
        prove(circuit, V, openings, replace(wires, **{column: (*longer, 1)}), b"", entropy=bytes(32))


def test_randomness_is_hedged():
    circuit = range_circuit(1, 8)
    wires = range_witness([200], 8)
    openings, V = committed([200])
    same = {prove(circuit, V, openings, wires, b"a", entropy=bytes(32)) for _ in range(2)}
    assert len(same) == 1
    others = {
        prove(circuit, V, openings, wires, context, entropy=entropy)[:33]
        for context, entropy in ((b"a", bytes(32)), (b"a", b"\x01" + bytes(31)), (b"b", bytes(32)))
    }
    assert len(others) == 3  # not even the first commitment repeats


@pytest.mark.parametrize("form", [((0, 1),), ((0, -1),), ((0, 1), (1, -1))])
@pytest.mark.parametrize("bits", [8, 32])
def test_comparison_both_ways(form, bits):
    K = len(form)
    t = -5
    for values in ([100, 7], [0, 90], [5, 10]):
        d = sum(a * values[k] for k, a in form) - t
        openings, V = committed(values[:K])
        negated = d < 0
        bounds = ((1, -100, 8),)[: K - 1]
        stated, other = (
            Comparison(K, form, t, bits, negated=n, base=16, bounds=bounds) for n in (negated, not negated)
        )
        circuit = stated.circuit()
        wires = stated.wires(values[:K])
        proof = prove(circuit, V, openings, wires, b"", entropy=bytes(32))
        verify(circuit, V, b"", proof)
        opposite = other.circuit()
        assert opposite.proof_bytes == circuit.proof_bytes
        with pytest.raises(WitnessError):
            other.wires(values[:K])
        with pytest.raises(ProofInvalid):
            verify(opposite, V, b"", proof)


@pytest.mark.parametrize(("value", "answer"), [(99, False), (100, True), (101, True)])
def test_comparison_at_the_threshold(value, answer):
    Comparison(1, ONE, 100, 32, negated=not answer, base=16).wires([value])
    with pytest.raises(WitnessError):
        Comparison(1, ONE, 100, 32, negated=answer, base=16).wires([value])


@pytest.mark.parametrize(
    "bad",
    [
        (1, (), 5, 32),
        (1, ((1, 1),), 5, 32),
        (1, ((0, 2),), 5, 32),
        (2, ((0, 1), (1, 1)), 5, 32),
        (1, ONE, 2**250, 32),
        (1, ONE, 5, 256),
        (1, ONE, 5, 0),
        (1, ONE, 5, 30),
        (1, ONE, True, 32),
        (0, ONE, 5, 32),
    ],
)
def test_comparisons_refused(bad):
    Comparison(1, ONE, 5, 32, negated=False, base=16).circuit()
    with pytest.raises(StatementError):
        Comparison(*bad, negated=False, base=16).circuit()


@pytest.mark.parametrize("bad", [(1, 0), (1, -4), (1, 253), (1, 254), (1, 8.0), (0, 8), (-1, 8), (True, 8), (9, 252)])
def test_ranges_refused(bad):
    with pytest.raises(StatementError):
        range_circuit(*bad)
