"""A withdrawal says which consent ends, and nothing that is not one can be opened."""

import pytest

from circuits import jws
from circuits.encoding import b64u
from circuits.errors import CredentialError, SignatureError
from circuits.withdrawal import TYP, Withdrawal, withdraw

KEY = jws.SigningKey.generate(entropy=bytes(range(32)))
OTHER = jws.SigningKey.generate(entropy=bytes(32))
DIGEST = bytes(range(32))
WITHDRAWAL = withdraw(provider="kyc", consent=DIGEST, issued_at=1_795_000_000, key=KEY)
PAYLOAD = jws.peek(WITHDRAWAL.token)


def test_what_was_signed_is_what_is_opened():
    opened = Withdrawal.open(WITHDRAWAL.token, KEY.public)
    assert opened == WITHDRAWAL
    assert (opened.provider, opened.consent, opened.issued_at) == ("kyc", DIGEST, 1_795_000_000)
    with pytest.raises(SignatureError):
        Withdrawal.open(WITHDRAWAL.token, OTHER.public)
    with pytest.raises(SignatureError):
        Withdrawal.open(jws.sign(PAYLOAD, typ="zkattest-consent+jwt", key=KEY), KEY.public)


@pytest.mark.parametrize(
    "payload",
    [
        *({k: v for k, v in PAYLOAD.items() if k != key} for key in PAYLOAD),
        PAYLOAD | {"extra": 1},
        *(PAYLOAD | {key: wrong} for key in PAYLOAD for wrong in (None, [], {}, True, "")),
        PAYLOAD | {"iss": "x" * 257},
        PAYLOAD | {"consent": b64u(bytes(31))},
        PAYLOAD | {"consent": b64u(bytes(33))},
        PAYLOAD | {"consent": "?"},
        PAYLOAD | {"iat": -(10**12)},
    ],
)
def test_nothing_else_is_opened(payload):
    assert Withdrawal.open(jws.sign(PAYLOAD, typ=TYP, key=KEY), KEY.public) == WITHDRAWAL
    with pytest.raises(CredentialError):
        Withdrawal.open(jws.sign(payload, typ=TYP, key=KEY), KEY.public)


def test_nothing_else_is_signed():
    with pytest.raises(CredentialError):
        withdraw(provider="kyc", consent=bytes(31), issued_at=1_795_000_000, key=KEY)
