"""The group, the transcript, circuits and bare proofs: what needs no query and no credential."""

from typing import Any, Final

from api.conform.operations.members import Members, Operation, unhex, unhex_all
from circuits import arithmetic
from circuits.constraints import Circuit
from circuits.encoding import parse_b32
from circuits.errors import ProofMalformed
from circuits.gadgets import EQ, GE, predicate_circuit
from circuits.generators import derive
from circuits.group import EngineName, N
from circuits.group import engine as shared_engine
from circuits.pedersen import Opening, commit
from circuits.range import range_circuit
from circuits.transcript import Transcript


def _point(members: Members, engine: EngineName) -> dict[str, Any]:
    shared_engine(engine).parse([unhex(members["bytes"])])
    return {}


def _generator(members: Members, engine: EngineName) -> dict[str, Any]:
    group = shared_engine(engine)

    def is_point(encoded: bytes) -> bool:
        try:
            group.parse([encoded])
        except ProofMalformed:
            return False
        return True

    point, counter = derive(members["label"], is_point)
    return {"point": point.hex(), "counter": counter}


def _commit(members: Members, engine: EngineName) -> dict[str, Any]:
    opening = Opening(int(members["value"]) % N, parse_b32(unhex(members["blinding"]), N))
    return {"commitment": commit(opening, engine=engine).hex()}


def _transcript(members: Members, _engine: EngineName) -> dict[str, Any]:
    transcript, challenges = Transcript(), []
    for step in members["steps"]:
        if "challenge" in step:
            challenges.append(f"{transcript.challenge(step['challenge']):064x}")
        else:
            transcript.absorb(step["absorb"], unhex(step["bytes"]))
    return {"challenges": challenges}


def _built(statement: Members) -> Circuit:
    if statement["type"] == "range":
        rounds = -1 if statement["k"] is None else statement["k"]
        return range_circuit(statement["K"], statement["bits"], rounds=rounds)
    atoms = [_atom(atom) for atom in statement["atoms"]]
    return predicate_circuit(statement["K"], atoms, statement["formula"], statement["result"])


def _atom(atom: Members) -> GE | EQ:
    form = tuple((place, coefficient) for place, coefficient in atom["form"])
    if atom["op"] == "ge":
        return GE(form, int(atom["t"]), atom["w"])
    return EQ(form, int(atom["t"]))


def _circuit(members: Members, _engine: EngineName) -> dict[str, Any]:
    circuit = _built(members["statement"])
    return {"digest": circuit.digest.hex(), "multiplications": circuit.N, "proof_bytes": circuit.proof_bytes}


def _verify(members: Members, engine: EngineName) -> dict[str, Any]:
    circuit = _built(members["statement"])
    commitments = unhex_all(members["commitments"])
    arithmetic.verify(circuit, commitments, unhex(members["context"]), unhex(members["proof"]), engine=engine)
    return {}


OPERATIONS: Final[dict[str, Operation]] = {
    "point.decode": _point,
    "generator.derive": _generator,
    "commitment.make": _commit,
    "transcript.run": _transcript,
    "circuit.build": _circuit,
    "proof.verify": _verify,
}
