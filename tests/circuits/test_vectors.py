"""Every known answer, byte for byte, through both engines."""

import hashlib
import json
from pathlib import Path

import pytest

from circuits import prover, verifier
from circuits.arithmetic import verify
from circuits.constraints import Circuit, Row
from circuits.errors import ProofInvalid, ProofMalformed, StatementError
from circuits.gadgets import EQ, GE, predicate_circuit, predicate_witness
from circuits.generators import DOMAIN, GENS_DIGEST, basis, derive
from circuits.group import engine
from circuits.group.curve import N, inverses
from circuits.pedersen import Opening, commit
from circuits.proof import Proof
from circuits.prover import Wires
from circuits.range import range_circuit, range_witness
from circuits.transcript import Transcript
from circuits.weights import evaluate

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "bpp.json").read_bytes())
ENGINES = ["fast", "reference"]


def named(items):
    return [pytest.param(item, id=item["name"]) for item in items]


def scalar(text):
    return int(text, 16)


def row(explicit):
    return Row(tuple((kind, i, scalar(c)) for kind, i, c in explicit["terms"]), scalar(explicit["const"]))


def explicit_circuit(c):
    assert [g["index"] for g in c["gates"]] == list(range(c["D"], c["D"] + len(c["gates"])))
    return Circuit(c["K"], c["b"], c["D"], tuple(map(row, c["gates"])), tuple(map(row, c["rows"])), c["k"])


def atoms(statement):
    return [
        GE(tuple(map(tuple, a["form"])), int(a["t"]), a["w"])
        if a["op"] == "ge"
        else EQ(tuple(map(tuple, a["form"])), int(a["t"]))
        for a in statement["atoms"]
    ]


def built(s):
    if s["type"] == "range":
        return range_circuit(s["K"], s["bits"], rounds=-1 if s["k"] is None else s["k"])
    return predicate_circuit(s["K"], atoms(s), s["formula"], s["result"])


def witness(s, values):
    if s["type"] == "range":
        return range_witness(values, s["bits"])
    return predicate_witness(values, atoms(s), s["formula"], s["result"])


def test_generators_and_counters():
    group = engine("reference")
    labels = [f"H/{a}" for a in range(7)] + [f"G/{i}" for i in range(512)]

    def is_point(encoded):
        try:
            group.parse([encoded])
        except ProofMalformed:
            return False
        return True

    derived = [derive(label, is_point) for label in labels]
    assert [point.hex() for point, _ in derived] == VECTORS["H"] + VECTORS["G"]
    assert [ctr for _, ctr in derived] == VECTORS["ctr"]
    assert VECTORS["domain"] == DOMAIN.decode()
    assert VECTORS["gens_digest"] == GENS_DIGEST.hex()
    assert [point.hex() for point in basis(is_point)][1:] == VECTORS["H"] + VECTORS["G"]


def test_transcript_framing():
    transcript = Transcript()
    transcript.absorb("proto", b"abc")
    drawn = [transcript.challenge("e"), transcript.challenge("e")]
    transcript.absorb("", b"")
    drawn.append(transcript.challenge("gamma"))
    assert [f"{x:x}" for x in drawn] == [x.lstrip("0") for x in VECTORS["transcript"]["challenges"]]
    framed = bytes.fromhex(VECTORS["transcript"]["bytes_before_first_challenge_output"])
    assert int.from_bytes(hashlib.shake_256(framed).digest(64), "big") % N == drawn[0]


@pytest.mark.parametrize("known", named(VECTORS["positive"]))
def test_builders_emit_the_known_circuit_and_witness(known):
    explicit = explicit_circuit(known["circuit"])
    circuit = built(known["statement"])
    assert circuit.to_bytes().hex() == known["circuit_preimage"]
    assert circuit.digest.hex() == known["circuit"]["digest"]
    assert circuit == explicit
    assert (circuit.N, circuit.k, circuit.n_f, circuit.l_f) == tuple(
        known["circuit"][x] for x in ["N", "k", "n_f", "l_f"]
    )
    wires = witness(known["statement"], [int(v) for v in known["v"]]).padded(circuit.N)
    assert [[f"{x:064x}" for x in column] for column in wires] == [known["witness"][name] for name in "LRO"]


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("known", named(VECTORS["positive"]))
def test_proof_bytes(known, name):
    group = engine(name)
    circuit = explicit_circuit(known["circuit"])
    openings = [Opening(int(v), int(s)) for v, s in zip(known["v"], known["s"], strict=True)]
    V = [commit(opening, engine=group) for opening in openings]
    assert [point.hex() for point in V] == known["V"]
    wires = Wires(*(tuple(map(scalar, known["witness"][column])) for column in "LRO"))
    randomness = iter(list(map(scalar, known["prover_randomness"]["values"])))
    context = bytes.fromhex(known["context"])
    proof = prover.prove(
        circuit, V, openings, wires, context, entropy=bytes(32), engine=group, draw=randomness.__next__
    )
    assert proof.hex() == known["proof"]
    assert next(randomness, None) is None
    verify(circuit, V, context, proof, engine=group)


@pytest.mark.parametrize("known", named(VECTORS["positive"]))
def test_challenges_and_intermediates(known):
    circuit = explicit_circuit(known["circuit"])
    proof = Proof.from_bytes(circuit, bytes.fromhex(known["proof"]))
    assert proof.to_bytes().hex() == known["proof"]
    V = [bytes.fromhex(point) for point in known["V"]]
    ch = verifier.listen(circuit, V, bytes.fromhex(known["context"]), proof)
    mid = known["intermediate"]
    heard = [ch.e, ch.rho, ch.lam, ch.beta, ch.delta, ch.tau, *ch.gammas]
    assert heard == [scalar(x) for _, x in mid["challenges"]]

    inverted = inverses(verifier.Heard(circuit, proof, [], ch).denominators())
    rho_inverse, delta_inverse, _, *table = inverted
    w = evaluate(circuit, ch.e, ch.rho, ch.lam, rho_inverse=rho_inverse, digit_inverses=table)
    assert w.a == scalar(mid["a"])
    assert w.kappa == [scalar(x) for x in mid["kappa"]]
    assert w.pub3() == scalar(mid["pub3"])

    x = verifier.scalars(circuit, proof, ch, inverted)
    assert hashlib.sha256(b"".join(y.to_bytes(32, "big") for y in x)).hexdigest() == mid["eq_scalars_sha256"]
    if mid["eq_scalars"]:
        assert x == [scalar(y) for y in mid["eq_scalars"]]
    tau3 = pow(ch.tau, 3, N)
    assert (tau3 * w.pub3() - x[0]) % N == scalar(mid["v_f"])
    s_last = scalar(mid["s_last"])
    p_last = (x[7 + circuit.N] + s_last * proof.n[-1]) % N
    p = [
        (w.mu_inverse[i] * (delta_inverse * tau3 * w.u_O[i] + ch.tau**2 * w.u_L[i]) + ch.tau * w.w_R[i]) % N
        for i in (0, circuit.N - 1)
    ]
    assert p[0] == scalar(mid["p0"])
    assert p_last == p[1]
    tail = min(circuit.k, 3)
    assert (-x[7] - scalar(mid["h6"]) * proof.l[6 >> tail]) % N == 0


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("known", named(VECTORS["negative"]))
def test_rejected_at_the_known_stage(known, name):
    circuit = explicit_circuit(known["circuit"])
    assert built(known["statement"]) == circuit
    V = [bytes.fromhex(point) for point in known["V"]]
    error = {"parse": ProofMalformed, "equation": ProofInvalid}[known["expect"]]
    with pytest.raises(error) as raised:
        verify(circuit, V, bytes.fromhex(known["context"]), bytes.fromhex(known["proof"]), engine=engine(name))
    assert type(raised.value) is error


@pytest.mark.parametrize("known", named(VECTORS["bad_statements"]))
def test_builders_refuse(known):
    with pytest.raises(StatementError):
        built(known["statement"])


def test_the_counts_are_the_published_ones():
    counts = [len(VECTORS[kind]) for kind in ("positive", "negative", "bad_statements")]
    assert counts == [13, 44, 15]
