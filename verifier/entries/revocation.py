"""Revocations: a provider's signed word that one of its credentials is void from now on.

Payload of the JWS (`typ` zkattest-revocation+jwt): `{"iss": provider, "iat": ..., "credential": id, "reason": "..."}`.
"""

from dataclasses import dataclass
from typing import Self

from circuits import jws
from circuits.errors import CredentialError

TYP = "zkattest-revocation+jwt"
REASONS = ("superseded", "erroneous", "withdrawn", "compromised")
_KEYS = {"iss", "iat", "credential", "reason"}


@dataclass(frozen=True, slots=True)
class Revocation:
    """What a provider signed.

    Attributes:
        provider: who signed.
        credential: id of the credential that is void.
        reason: one of REASONS.
        issued_at: Unix seconds.
        token: the compact JWS.
    """

    provider: str
    credential: str
    reason: str
    issued_at: int
    token: str

    @classmethod
    def open(cls, token: str, key: jws.VerifyKey) -> Self:
        """Verify a token by its provider's key and read it.

        Raises:
            SignatureError: not signed by this key.
            CredentialError: signed, and still not a revocation (the provider's fault).
        """
        payload = jws.open_signed(token, typ=TYP, key=key)
        if set(payload) != _KEYS:
            raise CredentialError(f"a revocation has exactly the members {', '.join(sorted(_KEYS))}")
        provider, credential, reason = (payload[name] for name in ("iss", "credential", "reason"))
        if not isinstance(provider, str) or not isinstance(credential, str) or reason not in REASONS:
            raise CredentialError("a revocation names its issuer, a credential and a known reason")
        return cls(provider, credential, reason, jws.time_of(payload, "iat"), token)


def revoke(*, provider: str, credential: str, reason: str, issued_at: int, key: jws.SigningKey) -> Revocation:
    """Sign a revocation; CredentialError if the reason is unknown (the caller's fault)."""
    payload = {"iss": provider, "iat": issued_at, "credential": credential, "reason": reason}
    return Revocation.open(jws.sign(payload, typ=TYP, key=key), key.public)
