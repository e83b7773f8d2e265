"""A norm side whose length is not that of its generators, or a shape taken from the proof, proves anything."""

from dataclasses import replace

import pytest
from adversary import CONTEXT, Adversary, commit, square_root
from mutants import WithoutGenerators, accepts_honestly, refused

from circuits.arithmetic import verify
from circuits.errors import ProofMalformed
from circuits.group.curve import N
from circuits.range import range_circuit, range_witness

RANGE = range_circuit(1, 64)
TOO_BIG = 2**64 + 5


class Padded(Adversary):
    """Its last slot has no generator: no point depends on what is there, so its square may be whatever is missing."""

    def after_tau(self):
        excess = self.excess() * pow(self.w.mu[-1], -1, N) + self.n[-1] ** 2
        root = square_root(excess % N)
        self.lucky = root is not None
        self.n[-1] = root or 0


def padded(circuit, group):
    for seed in range(64):
        forger = Padded(circuit, commit(TOO_BIG), [5], seed=seed, group=group)
        V, proof = forger.forge()
        if forger.lucky:
            return V, proof
    raise AssertionError


@pytest.mark.parametrize("slots", [(15,), (14, 15), range(8, 16)], ids=["odd", "two", "half"])
def test_missing_generators(slots):
    accepts_honestly(RANGE, [5], range_witness([5], 64), CONTEXT)
    group = WithoutGenerators(slots)
    V, proof = padded(RANGE, group)
    verify(RANGE, V, CONTEXT, proof, engine=group)
    refused(RANGE, V, CONTEXT, proof)


def shaped(k: int):
    """The statement as a verifier would see it who counts the rounds in the proof."""
    other = replace(RANGE, k=k)
    object.__setattr__(other, "digest", RANGE.digest)
    return other


@pytest.mark.parametrize("k", [5, 6])
def test_rounds_from_the_proof(k):
    """More rounds than the statement has room for: slots beyond its generators are folded with nothing."""
    accepts_honestly(RANGE, [5], range_witness([5], 64), CONTEXT)
    other = shaped(k)
    assert RANGE.N < other.N
    group = WithoutGenerators(range(RANGE.N, other.N))
    V, proof = padded(other, group)
    verify(other, V, CONTEXT, proof, engine=group)
    with pytest.raises(ProofMalformed):
        verify(RANGE, V, CONTEXT, proof)
    refused(replace(RANGE, k=k), V, CONTEXT, proof)


@pytest.mark.parametrize("k", [k for k in range(7) if k != RANGE.k])
def test_another_shape_is_another_statement(k):
    """Honest in itself, and no proof of the statement the verifier has in mind."""
    other = range_circuit(1, 64, rounds=k)
    V, proof = accepts_honestly(other, [5], range_witness([5], 64), CONTEXT)
    with pytest.raises(ProofMalformed):
        verify(RANGE, V, CONTEXT, proof)
    V, proof = Adversary(other, commit(TOO_BIG), [5]).forge()
    refused(other, V, CONTEXT, proof)
