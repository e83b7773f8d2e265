import pytest

from circuits import jws
from circuits.errors import CredentialError, SignatureError
from circuits.jws import SigningKey
from circuits.receipt import TYP, ErasureReceipt, sign_receipt

KEY = SigningKey.generate(entropy=bytes(range(32)))
ERASED = {"credentials": 2, "consents": 1, "inquiries": 0}
RECEIPT = sign_receipt(provider="bank", request=bytes(16), erased=ERASED, issued_at=1_795_000_000, key=KEY)


def test_what_is_signed_is_read_back():
    assert ErasureReceipt.open(RECEIPT.token, KEY.public) == RECEIPT
    assert (RECEIPT.provider, RECEIPT.request, RECEIPT.erased) == ("bank", bytes(16), ERASED)


@pytest.mark.parametrize(
    "change",
    [
        {"iss": 1},
        {"iat": "now"},
        {"iat": True},
        {"iat": 10**15},
        {"request": "AAAA"},
        {"request": None},
        {"request": "!"},
        {"credentials": -1},
        {"inquiries": "3"},
        {"more": 1},
    ],
    ids=str,
)
def test_anything_else_is_refused(change):
    payload = {"iss": "bank", "iat": 1_795_000_000, "request": "A" * 22, **ERASED}
    assert ErasureReceipt.open(jws.sign(payload, typ=TYP, key=KEY), KEY.public).provider == "bank"
    with pytest.raises(CredentialError):
        ErasureReceipt.open(jws.sign(payload | change, typ=TYP, key=KEY), KEY.public)


def test_another_key_or_type():
    with pytest.raises(SignatureError):
        ErasureReceipt.open(RECEIPT.token, SigningKey.generate(entropy=bytes(32)).public)
    with pytest.raises(CredentialError):
        ErasureReceipt.open(jws.sign(jws.peek(RECEIPT.token), typ="other+jwt", key=KEY), KEY.public)
