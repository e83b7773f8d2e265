"""Withdrawals: a provider's signed word that a consent of one of its people no longer holds.

Payload of the JWS (`typ` zkattest-consent-revocation+jwt): `{"iss": provider, "iat": ..., "consent": b64u(digest)}`. It
names the consent by the SHA-256 of its token, so that it tells nobody anything who has not been shown the consent.
"""

from dataclasses import dataclass
from typing import Final, Self

from circuits import calendar, jws
from circuits.encoding import b64u, b64u_decode
from circuits.errors import ConsentError, EncodingError

TYP: Final = "zkattest-consent-revocation+jwt"
DIGEST: Final = 32
MAX_NAME: Final = 256
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
            ConsentError: signed, and still not a withdrawal (the provider's fault).
        """
        payload = jws.open_signed(token, typ=TYP, key=key)
        if set(payload) != _KEYS:
            raise ConsentError(f"a withdrawal has exactly the members {', '.join(sorted(_KEYS))}")
        provider, issued_at, consent = payload["iss"], payload["iat"], payload["consent"]
        if not isinstance(provider, str) or not 1 <= len(provider) <= MAX_NAME:
            raise ConsentError(f"iss: must be a text of 1 to {MAX_NAME} characters")
        if not isinstance(issued_at, int) or isinstance(issued_at, bool):
            raise ConsentError("iat: must be Unix seconds")
        try:
            calendar.rfc3339(issued_at)
            digest = b64u_decode(consent) if isinstance(consent, str) else b""
        except EncodingError as error:
            raise ConsentError(f"iat or consent: {error}") from error
        if len(digest) != DIGEST:
            raise ConsentError(f"consent: must be {DIGEST} bytes in base64url")
        return cls(provider, digest, issued_at, token)


def withdraw(*, provider: str, consent: bytes, issued_at: int, key: jws.SigningKey) -> Withdrawal:
    """Sign the withdrawal of a consent, named by its digest; ConsentError if that is none (the caller's fault)."""
    payload = {"iss": provider, "iat": issued_at, "consent": b64u(consent)}
    return Withdrawal.open(jws.sign(payload, typ=TYP, key=key), key.public)
