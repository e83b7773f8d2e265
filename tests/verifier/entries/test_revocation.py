"""A revocation is a provider's signed word, in one form."""

import pytest

from circuits import jws
from circuits.errors import CredentialError
from circuits.jws import SigningKey
from verifier.entries.revocation import TYP, Revocation, revoke

KEY = SigningKey(bytes(32))
PAYLOAD = {"iss": "acme-kyc", "iat": 1_795_000_000, "credential": "AAAA", "reason": "erroneous"}


def test_round_trip():
    signed = revoke(provider="acme-kyc", credential="AAAA", reason="erroneous", issued_at=1_795_000_000, key=KEY)
    assert Revocation.open(signed.token, KEY.public) == signed
    assert jws.peek(signed.token) == PAYLOAD


MUTATIONS = {
    "missing": {"iss": "acme-kyc"},
    "extra": PAYLOAD | {"extra": 1},
    "issuer": PAYLOAD | {"iss": 1},
    "credential": PAYLOAD | {"credential": None},
    "reason": PAYLOAD | {"reason": "tired"},
    "time a text": PAYLOAD | {"iat": "now"},
    "time a bool": PAYLOAD | {"iat": True},
    "time out of the calendar": PAYLOAD | {"iat": 2**50},
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_rejects(name):
    Revocation.open(jws.sign(PAYLOAD, typ=TYP, key=KEY), KEY.public)
    with pytest.raises(CredentialError):
        Revocation.open(jws.sign(MUTATIONS[name], typ=TYP, key=KEY), KEY.public)


def test_rejects_another_key_or_type():
    for token in (
        jws.sign(PAYLOAD, typ=TYP, key=SigningKey(bytes(31) + b"\x01")),
        jws.sign(PAYLOAD, typ="zkattest-credential+jwt", key=KEY),
    ):
        with pytest.raises(CredentialError):
            Revocation.open(token, KEY.public)
