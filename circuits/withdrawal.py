"""Withdrawals: a provider's signed word that a consent of one of its people no longer holds.

Payload of the JWS (`typ` zkattest-consent-revocation+jwt): `{"iss": provider, "iat": ..., "consent": b64u(digest)}`. It
names the consent by the SHA-256 of its token, so that it tells nobody anything who has not been shown the consent.
"""

from dataclasses import dataclass
from typing import Final, Self

from circuits import jws
from circuits.encoding import b64u
from circuits.errors import CredentialError

TYP: Final = "zkattest-consent-revocation+jwt"
DIGEST: Final = 32
_KEYS: Final = {"iss", "iat", "consent"}


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What a provider signed.

    Attributes:
        provider: who signed.
        consent: the consent's digest, 32 bytes.
        issued_at: Unix seconds.
        token: the compact JWS.
    """

    provider: str
    consent: bytes
    issued_at: int
    token: str

    @classmethod
    def open(cls, token: str, key: jws.VerifyKey) -> Self:
        """Verify a token by its provider's key and read it.

        Raises:
            SignatureError: not signed by this key.
            CredentialError: signed, and still not a withdrawal (the provider's fault).
        """
        payload = jws.open_signed(token, typ=TYP, key=key)
        if set(payload) != _KEYS:
            raise CredentialError(f"a withdrawal has exactly the members {', '.join(sorted(_KEYS))}")
        return cls(
            provider=jws.name_of(payload, "iss"),
            consent=jws.bytes_of(payload, "consent", DIGEST),
            issued_at=jws.time_of(payload, "iat"),
            token=token,
        )


def withdraw(*, provider: str, consent: bytes, issued_at: int, key: jws.SigningKey) -> Withdrawal:
    """Sign the withdrawal of a consent, named by its digest; CredentialError if that is none (the caller's fault)."""
    payload = {"iss": provider, "iat": issued_at, "consent": b64u(consent)}
    return Withdrawal.open(jws.sign(payload, typ=TYP, key=key), key.public)
