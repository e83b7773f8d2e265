"""A batch accepts what each of its proofs alone would, and nothing else, whatever is where."""

import pytest
from adversary import CONTEXT, Adversary, commit, equation, scalars
from mutants import accepts_honestly, everywhere, mutant

from circuits import batch
from circuits.arithmetic import verify, verify_batch
from circuits.constraints import Circuit, Row, V
from circuits.errors import ProofInvalid, ProofMalformed, StatementError
from circuits.generators import H_COUNT
from circuits.group.curve import N
from circuits.prover import Wires
from circuits.range import range_circuit, range_witness

ENTROPY = bytes(range(32))
RANGE = range_circuit(1, 64)
IS_5 = Circuit(1, 0, 0, (), (Row.of([(V, 0, 1)], -5),))


@pytest.fixture(scope="module")
def good():
    return (RANGE, *accepts_and_orders(RANGE, [5], range_witness([5], 64)))


def accepts_and_orders(circuit, values, wires):
    commitments, proof = accepts_honestly(circuit, values, wires, CONTEXT)
    return commitments, CONTEXT, proof


class WithError(Adversary):
    """Ends with an equation that is off by a known multiple of G only."""

    def after_tau(self):
        self.l_at_tau = list(self.l)
        self.off = self.excess()


def altered(proof: bytes, delta: int) -> bytes:
    """Add to the first scalar of l."""
    at = len(proof) - 32 * H_COUNT
    changed = (int.from_bytes(proof[at : at + 32], "big") + delta) % N
    return proof[:at] + changed.to_bytes(32, "big") + proof[at + 32 :]


@pytest.mark.parametrize("weights", [[1, 1], [1, 12345]])
def test_predictable_weights_accept_two_false_statements(weights):
    """`6 == 5` twice: final vectors are not in the transcript, so the errors can be made to cancel in the sum."""
    accepts_honestly(IS_5, [5], Wires((), (), ()), CONTEXT)
    assert IS_5.k == 0
    false = [WithError(IS_5, commit(6), seed=seed) for seed in (1, 2)]
    proofs = [forger.forge() for forger in false]
    # raising l_0 by x adds -x H_0 and -x c_0 G to an equation; scale each by its weight and the tau both sides carry
    scale = [w * forger.tau for w, forger in zip(weights, false, strict=True)]
    a, b = (pow(s, -1, N) for s in scale)
    difference = (false[0].c[0] - false[1].c[0]) % N
    x = sum(s * forger.off for s, forger in zip(scale, false, strict=True)) * pow(difference, -1, N)
    items = [
        (IS_5, proofs[0][0], CONTEXT, altered(proofs[0][1], x * a)),
        (IS_5, proofs[1][0], CONTEXT, altered(proofs[1][1], -x * b)),
    ]
    with mutant(lambda patch: everywhere(patch, batch.batch_weights, lambda *_: weights)):
        verify_batch(items, entropy=ENTROPY)
    with pytest.raises(ProofInvalid) as raised:
        verify_batch(items, entropy=ENTROPY)
    assert raised.value.indices == (0, 1)
    for item in items:
        with pytest.raises(ProofInvalid):
            verify(*item)


def test_errors_that_are_opposite(good):
    """One proof twice, a final scalar raised in one and lowered in the other."""
    circuit, commitments, context, proof = good
    last = int.from_bytes(proof[-32:], "big")
    pair = [(circuit, commitments, context, proof[:-32] + ((last + x) % N).to_bytes(32, "big")) for x in (1, -1)]
    with mutant(lambda patch: everywhere(patch, batch.batch_weights, lambda *_: [1, 1])):
        verify_batch(pair, entropy=ENTROPY)
    with pytest.raises(ProofInvalid) as raised:
        verify_batch([good, *pair], entropy=ENTROPY)
    assert raised.value.indices == (1, 2)


def test_weights_depend_on_everything_an_attacker_must_not_choose(good):
    drawn = {tuple(batch.batch_weights([good] * 3, bytes([n]) * 32)) for n in range(20)}
    other = (*good[:3], good[3][:-1] + bytes([good[3][-1] ^ 1]))
    drawn |= {tuple(batch.batch_weights([good, good, other], bytes([n]) * 32)) for n in range(20)}
    assert len(drawn) == 40
    for first, *rest in drawn:
        assert first == 1
        assert all(2**128 <= w < 2**129 for w in rest)
    assert len({w for _, *rest in drawn for w in rest}) == 80


BAD = ["invalid", "malformed"]


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("kind", BAD)
def test_bad_item_first_last_only(good, size, kind):
    verify_batch([good] * size, entropy=ENTROPY)
    circuit, commitments, context, proof = good
    bad = (
        (circuit, commitments, b"another", proof) if kind == "invalid" else (circuit, commitments, context, proof[:-1])
    )
    error = ProofInvalid if kind == "invalid" else ProofMalformed
    for place in {0, size // 2, size - 1}:
        items = [good] * size
        items[place] = bad
        with pytest.raises(error) as raised:
            verify_batch(items, entropy=ENTROPY)
        assert raised.value.indices == (place,)
        with pytest.raises(error):
            verify(*bad)


def test_all_bad_and_mixed(good):
    circuit, commitments, context, proof = good
    invalid, malformed = (circuit, commitments, b"another", proof), (circuit, commitments, context, b"")
    with pytest.raises(ProofInvalid) as raised:
        verify_batch([invalid, good, malformed, good, invalid], entropy=ENTROPY)
    assert raised.value.indices == (0, 2, 4)
    with pytest.raises(ProofMalformed) as refused:
        verify_batch([malformed] * 3, entropy=ENTROPY)
    assert refused.value.indices == (0, 1, 2)


def test_empty_is_refused(good):
    verify_batch([good], entropy=ENTROPY)
    with pytest.raises(ProofMalformed):
        verify_batch([], entropy=ENTROPY)
    for entropy in (b"", bytes(31), bytes(33)):
        with pytest.raises(StatementError):
            verify_batch([good], entropy=entropy)


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_batches_of_different_statements_agree_with_single(good, engine):
    equal = (IS_5, *accepts_and_orders(IS_5, [5], Wires((), (), ())))
    draw = scalars(3)
    items, guilty = [], []
    for i in range(8):
        item = (good, equal)[draw() & 1]
        if draw() & 1:
            item = (*item[:2], b"another", item[3])
            guilty.append(i)
        items.append(item)
    assert 0 < len(guilty) < 8
    with pytest.raises(ProofInvalid) as raised:
        verify_batch(items, entropy=ENTROPY, engine=engine)
    assert raised.value.indices == tuple(guilty)
    verify_batch([item for i, item in enumerate(items) if i not in guilty], entropy=ENTROPY, engine=engine)


def test_equations_are_linear_in_what_the_batch_forgery_changes(good):
    """The premise of both forgeries above."""
    circuit, commitments, _, proof = good
    last = int.from_bytes(proof[-32:], "big")
    fixed = [equation(circuit, commitments, proof[:-32] + ((last + x) % N).to_bytes(32, "big"))[0] for x in (-1, 0, 1)]
    assert all((a + c - 2 * b) % N == 0 for a, b, c in zip(*fixed, strict=True))
