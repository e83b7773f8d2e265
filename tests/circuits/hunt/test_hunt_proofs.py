"""The same questions with real proofs: the truth verifies, the opposite does not, forced wires prove nothing."""

from collections.abc import Iterator
from random import Random

import pytest
from adversary import CONTEXT, Adversary, commit
from hunt_algebra import N
from hunt_cases import Asked, asked
from hunt_questions import Case

from circuits.arithmetic import Wires, prove, verify
from circuits.constraints import L, O, R
from circuits.errors import ProofInvalid, WitnessError
from circuits.pedersen import Opening
from circuits.pedersen import commit as committed_to

BLOCK = 40
SMALL = 64
"""Slots in the default run: more generators take longer to tabulate than all proofs."""


def _forced(random: Random, question: Asked, case: Case, count: int) -> Iterator[Wires]:
    """The honest wires as they are, and with one wire forced to be something else."""
    circuit = question.circuit(case, honest=True)
    honest = question.relations[case.answer].wires(case.committed).padded(circuit.N)
    yield Wires(*map(tuple, honest))
    width = circuit.D + len(circuit.gates)
    places = [(L, i) for i in range(width)] + [(R, i) for i in range(circuit.D, width)]
    places += [(O, i) for i in range(circuit.N)]
    for kind, i in random.sample(places, min(count, len(places))):
        columns = [list(column) for column in honest]
        old = columns[kind][i]
        columns[kind][i] = random.choice([0, 1, old + 1, old - 1, 2 * old, -old, random.randrange(N)]) % N
        if kind == L and i < circuit.D:
            columns[L][i] = random.randrange(circuit.b)
            columns[O][: circuit.b] = [columns[L][: circuit.D].count(j) for j in range(circuit.b)]
        yield Wires(*map(tuple, columns))


def _proven(seed: str, case: Case, question: Asked) -> None:
    random = Random(seed)  # noqa: S311  # reproducible, not secret
    true, false = (question.circuit(case, honest=honest) for honest in (True, False))
    openings = [Opening(v % N, 1000 + k) for k, v in enumerate(case.committed)]
    V = [committed_to(opening) for opening in openings]
    wires, *forced = _forced(random, question, case, 2)
    proof = prove(true, V, openings, wires, CONTEXT, entropy=bytes(32))
    verify(true, V, CONTEXT, proof)
    with pytest.raises(ProofInvalid):
        verify(false, V, CONTEXT, proof)
    for attempt in (wires, *forced):
        with pytest.raises(WitnessError):
            prove(false, V, openings, attempt, CONTEXT, entropy=bytes(32))
    # and a prover that does not look at what it proves
    attempt = random.choice([wires, *forced])
    forged_V, forgery = Adversary(false, commit(*case.committed), attempt.L, attempt.R, attempt.O).forge()
    assert forged_V == V
    with pytest.raises(ProofInvalid):
        verify(false, V, CONTEXT, forgery)
    forged_V, forgery = Adversary(true, commit(*case.committed), wires.L, wires.R, wires.O).forge()
    verify(true, V, CONTEXT, forgery)


def _proven_block(start: int, slots: int) -> int:
    proofs = 0
    for n in range(start, start + BLOCK):
        question = asked(f"proof/{n}")
        if slots < question.relations[True].circuit.N:
            continue
        for case in question.one_for_each_answer():
            _proven(case.seed, case, question)
            proofs += 1
    return proofs


def test_the_truth_is_proven_and_nothing_else():
    assert _proven_block(0, SMALL) > BLOCK


@pytest.mark.long
@pytest.mark.parametrize("start", range(BLOCK, 61 * BLOCK, BLOCK))
def test_the_truth_of_thousands_is_proven_and_nothing_else(start):
    assert _proven_block(start, 512) > BLOCK
