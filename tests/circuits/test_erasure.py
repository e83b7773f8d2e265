"""An erasure is a provider's signed word about one person's credentials, in one form."""

import pytest

from circuits import jws
from circuits.encoding import b64u
from circuits.erasure import MOST_CREDENTIALS, TYP, Erasure, sign_erasure
from circuits.errors import CredentialError
from circuits.jws import SigningKey

KEY = SigningKey(bytes(32))
ONE, OTHER = sorted((b64u(bytes(16)), b64u(bytes(15) + b"\x01")))
PAYLOAD = {"iss": "acme-kyc", "iat": 1_795_000_000, "credentials": [ONE, OTHER]}


def test_round_trip_in_any_order():
    signed = sign_erasure(provider="acme-kyc", credentials=[OTHER, ONE, ONE], issued_at=1_795_000_000, key=KEY)
    assert Erasure.open(signed.token, KEY.public) == signed
    assert jws.peek(signed.token) == PAYLOAD
    assert signed.credentials == (ONE, OTHER)


def test_as_many_credentials_as_a_person_may_have():
    ids = [b64u(number.to_bytes(16)) for number in range(MOST_CREDENTIALS)]
    assert len(sign_erasure(provider="a", credentials=ids, issued_at=1, key=KEY).credentials) == MOST_CREDENTIALS
    with pytest.raises(CredentialError):
        sign_erasure(provider="a", credentials=[*ids, b64u(b"x" * 16)], issued_at=1, key=KEY)


MUTATIONS = {
    "missing": {"iss": "acme-kyc"},
    "a reason": PAYLOAD | {"reason": "they asked for it"},
    "a subject": PAYLOAD | {"subject": "C-1001"},
    "issuer": PAYLOAD | {"iss": 1},
    "nobody": PAYLOAD | {"credentials": []},
    "no list": PAYLOAD | {"credentials": ONE},
    "no text": PAYLOAD | {"credentials": [1]},
    "short id": PAYLOAD | {"credentials": ["AAAA"]},
    "no base64url": PAYLOAD | {"credentials": ["*" * 22]},
    "descending": PAYLOAD | {"credentials": [OTHER, ONE]},
    "twice": PAYLOAD | {"credentials": [ONE, ONE]},
    "time a text": PAYLOAD | {"iat": "now"},
    "time a bool": PAYLOAD | {"iat": True},
    "time out of the calendar": PAYLOAD | {"iat": 2**50},
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_rejects(name):
    Erasure.open(jws.sign(PAYLOAD, typ=TYP, key=KEY), KEY.public)
    with pytest.raises(CredentialError):
        Erasure.open(jws.sign(MUTATIONS[name], typ=TYP, key=KEY), KEY.public)


def test_rejects_another_key_or_type():
    for token in (
        jws.sign(PAYLOAD, typ=TYP, key=SigningKey(bytes(31) + b"\x01")),
        jws.sign(PAYLOAD, typ="zkattest-revocation+jwt", key=KEY),
    ):
        with pytest.raises(CredentialError):
            Erasure.open(token, KEY.public)
