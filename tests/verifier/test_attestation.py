"""An attestation says what was checked, and nothing else opens."""

import pytest

from circuits import jws
from circuits.jws import SigningKey
from verifier.attestation import TYP, Attestation
from verifier.errors import AttestationError

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def logged(world):
    return world.ask()


def opened(logged, world, token, **changes):
    settings = {
        "checked": logged.checked,
        "origin": world.log.origin,
        "index": logged.index,
        "now": logged.logged_at,
    }
    return Attestation.open(token, world.key.public, **(settings | changes))


MEMBERS = {
    "iss": "other.example/log",
    "aud": "second-bank",
    "jti": "AAAA",
    "iat": 1,
    "exp": 1,
    "sub": "bob",
    "provider": "other-kyc",
    "predicate": "salary > 1",
    "predicate_digest": "AAAA",
    "question": "salary is more than 1.00 USD per year",
    "answer": "no",
    "reasons": "failed-clauses",
    "request": "signed",
    "as_of": "2026-01-01",
    "asked_at": "2026-01-01T00:00:00Z",
    "purpose": "gossip",
    "consent": "AAAA",
    "disclosed": [],
    "query_digest": "AAAA",
    "schema_digests": ["AAAA"],
    "credential_digests": ["AAAA"],
    "proof_digest": "AAAA",
    "sources": [],
    "log": {"origin": "verifier.example/log", "index": 0},
}


def test_the_table_names_every_member(logged, world):
    assert set(jws.peek(logged.attestation.token)) == set(MEMBERS)
    assert opened(logged, world, logged.attestation.token) == logged.attestation


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_counts(logged, world, member):
    payload = jws.peek(logged.attestation.token)
    opened(logged, world, jws.sign(payload, typ=TYP, key=world.key))
    changed = jws.sign(payload | {member: MEMBERS[member]}, typ=TYP, key=world.key)
    with pytest.raises(AttestationError):
        opened(logged, world, changed)
    missing = jws.sign({name: payload[name] for name in payload if name != member}, typ=TYP, key=world.key)
    with pytest.raises(AttestationError):
        opened(logged, world, missing)


def test_another_key_type_or_place_is_refused(logged, world):
    payload = jws.peek(logged.attestation.token)
    token = logged.attestation.token
    opened(logged, world, token)
    for other in (
        jws.sign(payload, typ=TYP, key=SigningKey(bytes(32))),
        jws.sign(payload, typ="zkattest-credential+jwt", key=world.key),
        jws.sign(payload | {"extra": 1}, typ=TYP, key=world.key),
        token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB"),
        "",
        "a.b.c",
    ):
        with pytest.raises(AttestationError):
            opened(logged, world, other)
    for change in ({"index": logged.index + 1}, {"origin": "x"}, {"now": logged.logged_at + 1}):
        with pytest.raises(AttestationError):
            opened(logged, world, token, **change)
