"""A batch agrees with single verification, names the guilty, and cannot be fooled by proofs that cancel."""

import pytest

from circuits import batch
from circuits.arithmetic import prove, verify, verify_batch
from circuits.errors import ProofError, ProofInvalid, ProofMalformed, StatementError
from circuits.gadgets import EQ, predicate_circuit, predicate_witness
from circuits.group.curve import N
from circuits.pedersen import Opening, commit
from circuits.proof import Proof
from circuits.range import range_circuit, range_witness

ENTROPY = bytes(range(32))


def item(i, circuit=None):
    opening = Opening(1000 + i, 7 + i)
    circuit = circuit or range_circuit(1, 16)
    V = [commit(opening)]
    context = b"query %d" % i
    proof = prove(circuit, V, [opening], range_witness([opening.value], 16), context, entropy=i.to_bytes(32, "big"))
    return circuit, V, context, proof


def equality(i):
    atoms, values = [EQ(((0, 1),), 5)], [5]
    circuit = predicate_circuit(1, atoms, 0, 1)
    opening = Opening(5, 70 + i)
    V = [commit(opening)]
    proof = prove(circuit, V, [opening], predicate_witness(values, atoms, 0, 1), b"", entropy=i.to_bytes(32, "big"))
    return circuit, V, b"", proof


@pytest.fixture(scope="module")
def items():
    return [item(i) if i % 3 else equality(i) for i in range(8)]


def flipped(one):
    circuit, V, context, proof = one
    return circuit, V, context, proof[:-1] + bytes([proof[-1] ^ 1])


def malformed(one):
    circuit, V, context, proof = one
    return circuit, V, context, proof[:-1]


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_mixed_statements_accepted(items, engine):
    verify_batch(items, entropy=ENTROPY, engine=engine)
    verify_batch(items[:1], entropy=ENTROPY, engine=engine)


@pytest.mark.parametrize("guilty", [(0,), (7,), (3,), (0, 7), (2, 3, 4), tuple(range(8))])
def test_guilty_items_are_named(items, guilty):
    tampered = [flipped(one) if i in guilty else one for i, one in enumerate(items)]
    with pytest.raises(ProofInvalid) as raised:
        verify_batch(tampered, entropy=ENTROPY)
    assert raised.value.indices == guilty


def test_only_item_bad(items):
    for spoil, error in (flipped, ProofInvalid), (malformed, ProofMalformed):
        with pytest.raises(error) as raised:
            verify_batch([spoil(items[0])], entropy=ENTROPY)
        assert raised.value.indices == (0,)


def test_malformed_items_are_named_with_the_invalid_ones(items):
    with pytest.raises(ProofInvalid) as raised:
        verify_batch([malformed(items[0]), flipped(items[1]), *items[2:]], entropy=ENTROPY)
    assert raised.value.indices == (0, 1)
    with pytest.raises(ProofMalformed) as refused:
        verify_batch([*items[:4], malformed(items[4])], entropy=ENTROPY)
    assert refused.value.indices == (4,)


@pytest.mark.parametrize("proof", [None, "text", 5, bytearray(456), b""])
def test_anything_that_is_no_proof_is_malformed(items, proof):
    circuit, V, context, honest = items[1]
    verify(circuit, V, context, honest)
    with pytest.raises(ProofMalformed):
        verify(circuit, V, context, proof)
    with pytest.raises(ProofMalformed):
        verify_batch([(circuit, V, context, proof)], entropy=ENTROPY)


def test_empty_batch_is_refused():
    with pytest.raises(ProofMalformed):
        verify_batch([], entropy=ENTROPY)


def test_entropy_of_another_length_is_the_callers_fault(items):
    with pytest.raises(StatementError):
        verify_batch(items, entropy=b"")


def cancelling(one):
    """Two bad proofs of one statement whose equations are off by opposite amounts of H_0."""
    circuit, V, context, encoded = one
    proof = Proof.from_bytes(circuit, encoded)

    def shifted(by):
        # l is not in the transcript; only its first entry's effect must be opposite, and it is linear in l
        changed = ((proof.l[0] + by) % N, *proof.l[1:])
        return Proof(proof.C_O, proof.C_L, proof.C_R, proof.C_S, proof.X, proof.R, proof.n, changed).to_bytes()

    return [(circuit, V, context, shifted(1)), (circuit, V, context, shifted(-1))]


def test_two_bad_proofs_that_cancel(monkeypatch, items):
    pair = cancelling(items[1])
    for one in pair:
        with pytest.raises(ProofInvalid):
            verify(*one)
    with pytest.raises(ProofInvalid) as raised:
        verify_batch(pair, entropy=ENTROPY)
    assert raised.value.indices == (0, 1)
    monkeypatch.setattr(batch, "batch_weights", lambda items, _entropy: [1] * len(items))
    verify_batch(pair, entropy=ENTROPY)  # with predictable weights they would pass


def test_weights_are_long_fresh_and_bound_to_the_proofs(items):
    weights = batch.batch_weights(items, ENTROPY)
    assert weights[0] == 1
    assert all(2**128 <= w < 2**129 for w in weights[1:])
    assert len(set(weights)) == len(weights)
    assert batch.batch_weights(items, bytes(32))[1:] != weights[1:]
    assert batch.batch_weights([*items[:-1], flipped(items[-1])], ENTROPY)[1:] != weights[1:]


def test_large_batch_through_buckets(items):
    many = (items * 8)[:60]
    verify_batch(many, entropy=ENTROPY)
    many[41] = flipped(many[41])
    with pytest.raises(ProofError) as raised:
        verify_batch(many, entropy=ENTROPY)
    assert raised.value.indices == (41,)
