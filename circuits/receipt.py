"""Receipts: a provider's signed word to a person that all it held about them is erased.

Payload of the JWS (`typ` zkattest-erasure-receipt+jwt)::

    {"iss": "acme-kyc", "iat": 1795000000, "request": "Xk2e...", "credentials": 2, "consents": 1, "inquiries": 17}

`request` is random. The receipt names nobody: it is of worth to whoever was given it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from circuits import jws
from circuits.encoding import b64u
from circuits.errors import CredentialError

TYP: Final = "zkattest-erasure-receipt+jwt"
REQUEST: Final = 16
COUNTED: Final = ("credentials", "consents", "inquiries")
_KEYS: Final = {"iss", "iat", "request", *COUNTED}


@dataclass(frozen=True, slots=True)
class ErasureReceipt:
    """What a provider signed.

    Attributes:
        provider: who signed.
        request: of the erasure, 16 random bytes.
        erased: how many credentials, consents and inquiries went.
        issued_at: Unix seconds.
        token: the compact JWS.
    """

    provider: str
    request: bytes
    erased: Mapping[str, int]
    issued_at: int
    token: str

    @classmethod
    def open(cls, token: str, key: jws.VerifyKey) -> Self:
        """Verify a token by its provider's key and read it.

        Raises:
            SignatureError: not signed by this key.
            CredentialError: signed, and still not a receipt (the provider's fault).
        """
        payload = jws.open_signed(token, typ=TYP, key=key)
        if set(payload) != _KEYS:
            raise CredentialError(f"a receipt has exactly the members {', '.join(sorted(_KEYS))}")
        for name in COUNTED:
            if not isinstance(payload[name], int) or isinstance(payload[name], bool) or payload[name] < 0:
                raise CredentialError(f"{name}: must be a number, and not below 0")
        return cls(
            provider=jws.name_of(payload, "iss"),
            request=jws.bytes_of(payload, "request", REQUEST),
            erased={name: payload[name] for name in COUNTED},
            issued_at=jws.time_of(payload, "iat"),
            token=token,
        )


def sign_receipt(
    *, provider: str, request: bytes, erased: Mapping[str, int], issued_at: int, key: jws.SigningKey
) -> ErasureReceipt:
    """Sign a receipt; the arguments are ErasureReceipt's. CredentialError if they are none (the caller's fault)."""
    payload = {"iss": provider, "iat": issued_at, "request": b64u(request), **erased}
    return ErasureReceipt.open(jws.sign(payload, typ=TYP, key=key), key.public)
