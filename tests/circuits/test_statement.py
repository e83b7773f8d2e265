"""Every operator and type, proven YES and NO; every change of the statement refused beside its accepted baseline."""

import dataclasses
import pickle

import pytest

from circuits import statement
from circuits.arithmetic import prove, verify
from circuits.attributes import Schema
from circuits.calendar import day_number
from circuits.compiler import compile_predicate
from circuits.credential import Credential, Provenance, issue
from circuits.encoding import b64u
from circuits.errors import ProofError, ProofInvalid, ProofMalformed, StatementError, WitnessError
from circuits.group.curve import N
from circuits.jws import SigningKey
from circuits.pedersen import Opening, commit
from circuits.predicate import evaluate, parse
from circuits.query import Query
from circuits.vocabulary import Vocabulary

SCHEMA = Schema.from_json(
    {
        "schema": "person",
        "version": 1,
        "attributes": [
            {"name": "salary", "type": "money", "currency": "USD", "period": "year", "max": "10000000.00"},
            {"name": "net_worth", "type": "money", "currency": "USD", "min": "-1000000", "max": "10000000.00"},
            {"name": "debt", "type": "money", "currency": "USD", "max": "10000000.00"},
            {"name": "tenure", "type": "integer", "min": 0, "max": 600},
            {"name": "balance", "type": "integer", "min": -600, "max": 600},
            {"name": "born", "type": "date"},
            {"name": "joined", "type": "date"},
            {"name": "country", "type": "enum", "values": ["CA", "US", "MX"]},
            {"name": "sanctioned", "type": "bool"},
            {"name": "employer", "type": "text"},
        ],
    }
)
TEXTS = {
    "salary": "100000.00",
    "net_worth": "-250.50",
    "debt": "40000",
    "tenure": "24",
    "balance": "-7",
    "born": "2005-11-22",
    "joined": "2020-02-29",
    "country": "US",
    "sanctioned": "no",
    "employer": "Café ACME",
}
VALUES = {name: SCHEMA.attribute(name).encode(text) for name, text in TEXTS.items()}
OPENINGS = {name: Opening(value % N, 1000 + i) for i, (name, value) in enumerate(VALUES.items())}
KEY = SigningKey.generate(entropy=bytes(32))
ENTROPY = bytes(range(32))


def _credential(**changes):
    commitments = {name: commit(opening) for name, opening in OPENINGS.items()}
    fields = {
        "id": bytes(16),
        "provider": "kyc",
        "person": bytes(16),
        "schema": SCHEMA,
        "commitments": commitments,
        "provenance": dict.fromkeys(commitments, Provenance("document", "2026-11-01")),
        "as_of": "2026-11-01",
        "issued_at": 1795362000,
        "expires_at": 1795462000,
    }
    return issue(**fields | changes, key=KEY)


CREDENTIAL = _credential()


def _query(predicate, **changes):
    fields = {
        "id": b64u(bytes(16)),
        "nonce": bytes(32),
        "audience": "https://verifier.example",
        "relying_party": "lender",
        "provider": "kyc",
        "subject": "4711",
        "purpose": "credit",
        "predicate_text": predicate.text,
        "predicate_digest": predicate.digest,
        "schema_digests": (SCHEMA.digest,),
        "as_of": "2026-11-22",
        "max_age": None,
        "issued_at": 1795362377,
        "expires_at": 1795362437,
    }
    return Query(**fields | changes)


def _built(text, answer, schema=SCHEMA, credential=CREDENTIAL, **changes):
    predicate = parse(text, schema)
    vocabulary = Vocabulary((schema,))
    return statement.build(_query(predicate, **changes), predicate, vocabulary, [credential], answer=answer)


def _prove(built, openings=OPENINGS):
    return statement.prove(built, statement.Witness.of(built, openings), entropy=ENTROPY)


SINGLE = [
    *(f"salary {op} {t}" for op in ("<", "<=", ">", ">=", "==", "!=") for t in ("99999.99", "100000", "100000.01")),
    *(f"net_worth {op} {t}" for op in ("<", "<=", ">", ">=", "==", "!=") for t in ("-250.51", "-250.5", "-250.49")),
    *(f"balance {op} {t}" for op in ("<", "<=", ">", ">=", "==") for t in (-8, -7, -6)),
    *(f"tenure {op} {t}" for op in ("<", ">=", "==", "!=") for t in (23, 24, 25)),
    *(f'born {op} date("{t}")' for op in ("<", "<=", ">", ">=", "==") for t in ("2005-11-21", "2005-11-22")),
    *(f"age(born) {op} {t}" for op in ("<", "<=", ">", ">=", "==", "!=") for t in (20, 21, 22)),
    *(f"age(joined) {op} {t}" for op in (">=", "==") for t in (5, 6, 7)),
    "100000 < salary",
    "7 * salary >= 700000.01",
    "salary > 92233720368547758.07",
    "salary > -92233720368547758.07",
    "tenure < 9223372036854775807",
    "age(born) < 9223372036854775807",
    'born > date("0001-01-01")',
    'country == "US"',
    'country != "US"',
    'country == "CA"',
    'country in ["CA", "MX"]',
    'country in ["CA", "US", "MX"]',
    "tenure in [12, 24, 36]",
    "sanctioned",
    "!sanctioned",
    "sanctioned == false",
    'employer == "Caf\\u00e9 ACME"',
    'employer == "Caf\\u00e9 ACME"',
    'employer in ["ACME", "Umbrella"]',
]
COMPOUND = [
    'salary > 100000 && age(born) >= 21 && country in ["US", "CA"]',
    "salary >= 100000 && !sanctioned || net_worth >= 250000",
    "!(salary >= 100000 && net_worth > -300)",
    "at_least(2, salary > 50000, tenure >= 36, !sanctioned)",
    "at_least(3, salary > 50000, tenure >= 36, !sanctioned)",
    "debt * 100 <= salary * 40",
    "debt * 100 < salary * 40",
    "debt <= salary * 0.39",
    "salary - 2 * debt == 20000",
    "salary == debt",
    "born < joined",
    "joined <= born",
    "salary > 100000 || salary <= 100000",
]


@pytest.mark.parametrize("text", SINGLE + COMPOUND)
def test_the_true_answer_is_proven_and_the_false_one_is_not(text):
    truth = evaluate(parse(text, SCHEMA), VALUES, day_number("2026-11-22"))
    built = _built(text, truth)
    proof = _prove(built)
    statement.verify(built, proof)
    assert len(proof) == built.proof_bytes
    opposite = _built(text, not truth)
    assert opposite.proof_bytes == built.proof_bytes
    with pytest.raises(WitnessError):
        _prove(opposite)
    with pytest.raises(ProofInvalid):
        statement.verify(opposite, proof)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("salary >= 100000", True),
        ("salary > 100000", False),
        ("net_worth <= -250.50", True),
        ("age(born) >= 21", True),
        ("age(born) > 21", False),
        ("age(joined) >= 6", True),
        ('born < date("2005-11-22")', False),
        ('employer == "Caf\\u00e9 ACME"', True),
        ("debt * 100 <= salary * 40", True),
        ("debt * 100 < salary * 40", False),
    ],
)
def test_known_answers(text, answer):
    assert evaluate(parse(text, SCHEMA), VALUES, day_number("2026-11-22")) is answer


def test_both_engines_and_a_batch_agree():
    truths = {text: evaluate(parse(text, SCHEMA), VALUES, day_number("2026-11-22")) for text in SINGLE[:6]}
    items = [(_built(text, truth), _prove(_built(text, truth))) for text, truth in truths.items()]
    statement.verify(*items[0], engine="reference")
    statement.verify_batch(items, entropy=ENTROPY)
    items[2] = (items[2][0], items[3][1])
    with pytest.raises(ProofInvalid) as refused:
        statement.verify_batch(items, entropy=ENTROPY)
    assert refused.value.indices == (2,)


BASE = "salary >= 100000"
PROOF = _prove(_built(BASE, answer=True))


@pytest.mark.parametrize(
    "change",
    [
        {"text": "salary >= 99999.99"},
        {"text": "salary >= 100000.01"},
        {"text": "salary > 100000"},
        {"text": "salary <= 100000"},
        {"text": "net_worth >= 100000"},
        {"text": "100000 <= salary"},
        {"id": b64u(b"\x01" * 16)},
        {"nonce": b"\x01" * 32},
        {"audience": "https://other.example"},
        {"relying_party": "other"},
        {"subject": "4712"},
        {"purpose": "marketing"},
        {"as_of": "2026-11-23"},
        {"max_age": 1},
        {"issued_at": 1795362376},
        {"expires_at": 1795362438},
        {"consent": "c-1"},
        {"answer": False},
        {"credential": _credential(id=b"\x01" * 16)},
        {"credential": _credential(commitments=dict(CREDENTIAL.commitments) | {"salary": commit(Opening(10**7, 1))})},
        {"credential": _credential(commitments=dict(CREDENTIAL.commitments) | {"debt": commit(Opening(1, 1))})},
    ],
)
def test_a_proof_is_for_one_statement_only(change):
    statement.verify(_built(BASE, answer=True), PROOF)
    changed = _built(**{"text": BASE, "answer": True} | change)
    with pytest.raises(ProofInvalid):
        statement.verify(changed, PROOF)


def test_another_schema_is_another_statement():
    members = SCHEMA.to_json()
    members["version"] = 2
    other = Schema.from_json(members)
    credential = _credential(schema=other)
    with pytest.raises(ProofInvalid):
        statement.verify(
            _built(BASE, schema=other, credential=credential, answer=True, schema_digests=(other.digest,)), PROOF
        )


@pytest.mark.parametrize("mutate", [lambda p: p[:-1], lambda p: p + b"\x00", lambda _: b"", lambda p: b"\x04" + p[1:]])
def test_bytes_that_are_no_proof_are_malformed(mutate):
    built = _built(BASE, answer=True)
    statement.verify(built, PROOF)
    with pytest.raises(ProofMalformed):
        statement.verify(built, mutate(PROOF))


def test_every_byte_of_a_proof_counts():
    built = _built(BASE, answer=True)
    statement.verify(built, PROOF)
    for i in range(len(PROOF)):
        tampered = PROOF[:i] + bytes([PROOF[i] ^ (1 << i % 8)]) + PROOF[i + 1 :]
        with pytest.raises(ProofError):
            statement.verify(built, tampered)


def test_what_does_not_belong_together_is_no_statement():
    predicate = parse(BASE, SCHEMA)
    query = _query(predicate)
    parts = (query, predicate, Vocabulary((SCHEMA,)), [CREDENTIAL])
    assert statement.build(*parts, answer=True).answer
    other_schema = Schema.from_json(SCHEMA.to_json() | {"version": 2})
    without = {name: V for name, V in CREDENTIAL.commitments.items() if name != "salary"}
    reduced = _credential(commitments=without, provenance=dict.fromkeys(without, Provenance("self", "2026-11-01")))
    for i, wrong in [
        (0, _query(predicate, provider="other")),
        (0, _query(predicate, schema_digests=(bytes(32),))),
        (0, _query(predicate, predicate_digest=bytes(32))),
        (0, _query(predicate, predicate_text="salary > 1")),
        (1, parse("salary > 1", SCHEMA)),
        (1, parse(BASE, other_schema)),
        (2, Vocabulary((other_schema,))),
        (2, Vocabulary((SCHEMA, other_schema))),
        (3, [_credential(schema=other_schema)]),
        (3, [_credential(provider="other")]),
        (3, [reduced]),
        (3, []),
        (3, [CREDENTIAL, CREDENTIAL]),
    ]:
        with pytest.raises(StatementError):
            statement.build(*parts[:i], wrong, *parts[i + 1 :], answer=True)


@pytest.mark.parametrize("value", [-1, 2**32, 2**40, N - 1, N // 2])
def test_a_value_out_of_range_cannot_be_proven_about(value):
    built = _built("salary >= 0", answer=True)
    statement.verify(built, _prove(built))
    opening = Opening(value % N, 5)
    forged = _credential(commitments=dict(CREDENTIAL.commitments) | {"salary": commit(opening)})
    with pytest.raises(WitnessError):
        _prove(_built("salary >= 0", answer=True, credential=forged), {"salary": opening})


def test_an_opening_of_another_commitment_is_refused():
    built = _built(BASE, answer=True)
    with pytest.raises(WitnessError):
        _prove(built, {"salary": Opening(VALUES["salary"], 1)})
    with pytest.raises(StatementError):
        statement.Witness.of(built, {})


@pytest.mark.parametrize("answer", [True, False])
def test_a_sum_with_an_attribute_that_may_be_negative(answer):
    text = f"salary {'>' if answer else '<'} net_worth"
    built = _built(text, answer=answer)
    statement.verify(built, _prove(built))
    with pytest.raises(WitnessError):
        _prove(_built(text, answer=not answer))


def test_sixteen_comparisons_of_64_bits_fit():
    amounts = [{"name": f"a{i}", "type": "integer", "min": -(2**62), "max": 2**62} for i in range(16)]
    schema = Schema.from_json({"schema": "large", "version": 1, "attributes": amounts})
    clauses = [f"a{i} {'<>'[i % 2]} {i}" for i in range(15)]
    predicate = parse(" && ".join([*clauses, "a15 != 7"]), schema)
    relation = compile_predicate(predicate, schema, as_of=1, answer=True)
    assert relation.circuit.N <= 512
    values = [i + (-1) ** (i + 1) for i in range(15)] + [2**62]
    openings = [Opening(value % N, 7 + i) for i, value in enumerate(values)]
    V = [commit(opening) for opening in openings]
    proof = prove(relation.circuit, V, openings, relation.wires(values), b"", entropy=ENTROPY)
    assert len(proof) == relation.circuit.proof_bytes
    verify(relation.circuit, V, b"", proof)
    denied = compile_predicate(predicate, schema, as_of=1, answer=False)
    with pytest.raises(ProofInvalid):
        verify(denied.circuit, V, b"", proof)


def test_statements_travel_to_worker_processes_and_secrets_stay_out_of_reprs():
    built = _built(BASE, answer=True)
    statement.verify(pickle.loads(pickle.dumps(built)), PROOF)  # noqa: S301  # our own bytes
    witness = statement.Witness.of(built, OPENINGS)
    assert "10000000" not in repr(witness)
    assert dataclasses.astuple(built)[3] is True
    assert Credential.open(CREDENTIAL.token, KEY.public) == CREDENTIAL
    assert statement.proof_digest(PROOF) != statement.proof_digest(PROOF[:-1])
