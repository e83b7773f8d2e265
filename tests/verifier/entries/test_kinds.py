"""Entries: one canonical form each, and nothing else parses."""

import json
from decimal import Decimal

import pytest

from circuits.encoding import b64u, canonical_json
from circuits.jws import SigningKey
from circuits.leakage import Disclosed
from circuits.query import Query
from verifier.entries.kinds import (
    AnswerEntry,
    CredentialEntry,
    DeclinedEntry,
    RevocationEntry,
    SchemaEntry,
    UndeterminedEntry,
    decode,
    decode_logged,
    encode,
)
from verifier.errors import EntryError
from verifier.log.leaves import LoggedEntry, salted_leaf

NOW = 1_795_000_000
QUERY = Query(
    id=b64u(bytes(16)),
    nonce=bytes(32),
    audience="verifier.example/log",
    relying_party="first-bank",
    provider="acme-kyc",
    subject="ada",
    purpose="loan",
    predicate_text="salary > 100000",
    predicate_digest=bytes(32),
    schema_digests=(bytes(32),),
    as_of="2026-11-18",
    max_age=None,
    issued_at=NOW,
    expires_at=NOW + 60,
)


TOLD = (Disclosed("salary", ((0, 5), (7, 9)), Decimal("1.50"), 3),)
WORDS = {"attestation": "a.b.c", "consent": "a.b.c", "disclosed": TOLD}


@pytest.fixture
def entries(company):
    return {
        "provider": company.entry(),
        "schema": SchemaEntry(company.name, company.schema),
        "credential": CredentialEntry("a.b.c"),
        "revocation": RevocationEntry("a.b.c"),
        "answer": AnswerEntry(QUERY, 5, (b64u(bytes(16)),), answer=True, proof=b"proof", **WORDS),
        "answer with clauses": AnswerEntry(
            QUERY, 5, ("x", "y"), answer=False, proof=b"proof", **WORDS, clauses=(True, False)
        ),
        "undetermined": UndeterminedEntry(QUERY, 5, "stale", None, "a.b.c"),
        "declined": DeclinedEntry(QUERY, 5),
    }


KINDS = (
    *("provider", "schema", "credential", "revocation", "answer", "answer with clauses", "undetermined", "declined"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip(entries, kind):
    body = encode(entries[kind], NOW)
    assert decode(body) == (entries[kind], NOW)
    assert canonical_json(json.loads(body)) == body
    assert json.loads(body)["kind"] == entries[kind].kind
    assert decode_logged(LoggedEntry(3, entries[kind].kind, NOW, bytes(32), body)) == entries[kind]


def test_a_credential_may_be_named_in_an_undetermined_answer(entries):
    entry = UndeterminedEntry(QUERY, 5, "stale", b64u(bytes(16)), "a.b.c")
    assert decode(encode(entry, NOW)) == (entry, NOW)
    assert entry != entries["undetermined"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mutation", ["missing", "number", "list", "null", "empty"])
def test_every_member_is_needed_and_typed(entries, kind, mutation):
    body = json.loads(encode(entries[kind], NOW))
    decode(canonical_json(body))
    for name in body:
        if mutation == "missing":
            mutant = {key: body[key] for key in body if key != name}
        else:
            mutant = body | {name: {"number": -1, "list": [1], "null": None, "empty": ""}[mutation]}
        if mutant == body or (name, mutation) == ("clauses", "null"):
            continue
        with pytest.raises(EntryError):
            decode(canonical_json(mutant))


MUTATIONS = {
    "extra member": ("declined", {"extra": 1}),
    "unknown kind": ("declined", {"kind": "other"}),
    "kind of another shape": ("declined", {"kind": "answer"}),
    "time with an offset": ("declined", {"at": "2026-11-18T00:00:00+00:00"}),
    "asked at a bool": ("declined", {"asked_at": True}),
    "asked at a text": ("declined", {"asked_at": "5"}),
    "answer maybe": ("answer", {"answer": "maybe"}),
    "no credential": ("answer", {"credentials": []}),
    "nine credentials": ("answer", {"credentials": ["x"] * 9}),
    "a credential that is a number": ("answer", {"credentials": ["x", 1]}),
    "a credential without a name": ("answer", {"credentials": [""]}),
    "credentials in a text": ("answer", {"credentials": "x"}),
    "one credential, as it was": ("answer", {"credential": "x"}),
    "no clause": ("answer with clauses", {"clauses": []}),
    "seventeen clauses": ("answer with clauses", {"clauses": [False] * 17}),
    "a clause that is a number": ("answer with clauses", {"clauses": [False, 1]}),
    "a clause that is unknown": ("answer with clauses", {"clauses": [False, None]}),
    "clauses in a text": ("answer with clauses", {"clauses": "no"}),
    "proof with stray bits": ("answer", {"proof": "AB"}),
    "reason unknown": ("undetermined", {"reason": "tired"}),
    "query of another shape": ("declined", {"query": {}}),
    "provider's private key": ("provider", {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "", "d": ""}}),
    "endless name": ("provider", {"name": "x" * 257}),
    "schema of another shape": ("schema", {"schema": {"schema": "x"}}),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_rejects(entries, name):
    kind, change = MUTATIONS[name]
    body = json.loads(encode(entries[kind], NOW))
    decode(canonical_json(body))
    with pytest.raises(EntryError):
        decode(canonical_json(body | change))


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"1", b"{", b'{"kind":1}', b'{"at":"x","at":"x"}', b"\xff", b"{" * 100_000, b" " * (1 << 21)],
)
def test_rejects_what_is_no_body(body):
    with pytest.raises(EntryError):
        decode(body)


def test_what_stands_beside_a_body_must_agree(entries):
    body = encode(entries["declined"], NOW)
    decode_logged(LoggedEntry(3, "declined", NOW, bytes(32), body))
    for other in (LoggedEntry(3, "answer", NOW, bytes(32), body), LoggedEntry(3, "declined", NOW + 1, bytes(32), body)):
        with pytest.raises(EntryError):
            decode_logged(other)


def test_leaves_are_salted_and_say_nothing(entries):
    body = encode(entries["declined"], NOW)
    # SHA-256("zkattest/leaf/1" || 32 zero bytes || "{}")
    assert salted_leaf(bytes(32), b"{}").hex() == LEAF
    assert salted_leaf(bytes(32), body) != salted_leaf(b"\x01" + bytes(31), body)
    assert "ada" not in repr(LoggedEntry(3, "declined", NOW, bytes(32), body))
    for salt in (b"", bytes(31), bytes(33)):
        with pytest.raises(EntryError):
            salted_leaf(salt, body)


LEAF = "e070d9d308c133238bcb8a385409c99c4000992376c0c3cb0bd83913da0af79e"


def test_a_rotated_key_is_another_entry(company):
    assert encode(company.entry(), NOW) != encode(company.entry(key=SigningKey(bytes(32)).public), NOW)


@pytest.mark.parametrize(
    ("fits", "does_not"),
    [
        (
            UndeterminedEntry(QUERY, 4, "stale", None, "a.b.c"),
            UndeterminedEntry(QUERY, 4, "gone fishing", None, "a.b.c"),
        ),
        (
            UndeterminedEntry(QUERY, 4, "stale", "x" * 256, "a.b.c"),
            UndeterminedEntry(QUERY, 4, "stale", "x" * 257, "a.b.c"),
        ),
        (DeclinedEntry(QUERY, 4), DeclinedEntry(QUERY, -1)),
        (CredentialEntry("x" * 200_000), CredentialEntry("x" * 300_000)),
        (CredentialEntry("x"), CredentialEntry("")),
        (
            AnswerEntry(QUERY, 4, ("x",) * 8, answer=True, proof=b"p", **WORDS),
            AnswerEntry(QUERY, 4, ("x",) * 9, answer=True, proof=b"p", **WORDS),
        ),
    ],
)
def test_what_could_not_be_read_again_is_not_logged(fits, does_not):
    """Else a provider could have things logged that every later replay stumbles over."""
    assert decode(encode(fits, NOW)) == (fits, NOW)
    with pytest.raises(EntryError):
        encode(does_not, NOW)


@pytest.mark.parametrize("changes", [{"id": "x" * 257}, {"name": ""}, {"prover_url": "https://" + "x" * 2048}])
def test_a_provider_that_could_not_be_read_again_is_not_logged(company, changes):
    encode(company.entry(), NOW)
    with pytest.raises(EntryError):
        encode(company.entry(**changes), NOW)
