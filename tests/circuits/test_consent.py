"""Consents: what is signed is read back, everything else is refused."""

import pytest

from circuits import jws
from circuits.consent import PURPOSES, TYP, Allowed, Consent, Frequency, issue
from circuits.encoding import b64u
from circuits.errors import CredentialError, SignatureError
from circuits.jws import SigningKey
from circuits.query import Reasons

KEY = SigningKey.generate(entropy=bytes(range(32)))
OTHER = SigningKey.generate(entropy=bytes(32))
NOW = 1_795_000_000
TERMS = {
    "id": bytes(16),
    "provider": "acme-kyc",
    "handle": bytes(range(16)),
    "relying_party": "first-bank",
    "via": "verifier.example/log",
    "purpose": "credit-decision",
    "allowed": Allowed(
        ("salary", "debt", "country"), {"salary": ("100000", "60000.00")}, ("debt * 100 <= salary * 40",)
    ),
    "reasons": Reasons.OUTCOME_ONLY,
    "frequency": Frequency(100, 86_400),
    "issued_at": NOW - 100,
    "expires_at": NOW + 100,
}
CONSENT = issue(**TERMS, key=KEY)


def test_what_is_signed_is_read_back():
    opened = Consent.open(CONSENT.token, KEY.public)
    assert opened == CONSENT
    assert (opened.handle, opened.frequency, opened.allowed) == (
        b64u(TERMS["handle"]),
        TERMS["frequency"],
        TERMS["allowed"],
    )
    assert CONSENT.token not in repr(CONSENT)


def test_another_key():
    with pytest.raises(SignatureError):
        Consent.open(CONSENT.token, OTHER.public)


@pytest.mark.parametrize(
    ("member", "found"),
    [
        ("mode", "values"),
        ("purpose", "curiosity"),
        ("reasons", "everything"),
        ("purpose", ["sandbox"]),
        ("purpose", {}),
        ("reasons", [{}]),
        ("sub", "C-1001"),
        ("jti", "AAAA"),
        ("aud", ""),
        ("via", 7),
        ("iss", "a\nb"),
        ("iat", NOW + 100),
        ("exp", True),
        ("frequency", {"count": 0, "seconds": 1}),
        ("frequency", {"count": 1}),
        ("allowed", {"attributes": None}),
        ("allowed", {"attributes": [1], "thresholds": {}, "questions": []}),
        ("allowed", {"attributes": None, "thresholds": {"salary": "100"}, "questions": []}),
        ("allowed", {"attributes": None, "thresholds": {}, "questions": ["x"] * 65}),
        ("allowed", {"attributes": ["a\x1b[2J"], "thresholds": {}, "questions": []}),
        ("allowed", {"attributes": None, "thresholds": {"a\x1b[2J": ["1"]}, "questions": []}),
        ("allowed", {"attributes": None, "thresholds": {"salary": ["1\n2"]}, "questions": []}),
        ("allowed", {"attributes": None, "thresholds": {}, "questions": ["x\u202e > 1"]}),
        ("surplus", 1),
    ],
)
def test_what_is_signed_and_no_consent(member, found):
    payload = jws.peek(CONSENT.token)
    assert Consent.open(jws.sign(payload, typ=TYP, key=KEY), KEY.public).id == CONSENT.id
    with pytest.raises(CredentialError):
        Consent.open(jws.sign(payload | {member: found}, typ=TYP, key=KEY), KEY.public)


@pytest.mark.parametrize("missing", sorted(jws.peek(CONSENT.token)))
def test_every_member_is_there(missing):
    payload = {name: found for name, found in jws.peek(CONSENT.token).items() if name != missing}
    with pytest.raises(CredentialError):
        Consent.open(jws.sign(payload, typ=TYP, key=KEY), KEY.public)


@pytest.mark.parametrize("name", ["id", "handle"])
def test_identifiers_have_sixteen_bytes(name):
    with pytest.raises(CredentialError):
        issue(**TERMS | {name: bytes(15)}, key=KEY)


def test_purposes_read_like_reasons():
    assert all(text.startswith("to ") for text in PURPOSES.values())
