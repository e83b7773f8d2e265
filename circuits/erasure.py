"""Erasures: a provider's signed word that all that is logged about one person goes.

Payload of the JWS (`typ` zkattest-erasure+jwt): `{"iss": provider, "iat": ..., "credentials": [id, ...]}`: the ids of
all credentials that person ever had, in ascending order. Ids are random: the token names nobody, and no reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from circuits import jws
from circuits.encoding import b64u_decode
from circuits.errors import CredentialError, EncodingError

TYP = "zkattest-erasure+jwt"
MOST_CREDENTIALS = 3_000
ID = 16
"""Bytes of a credential's id."""
_KEYS = {"iss", "iat", "credentials"}


@dataclass(frozen=True, slots=True)
class Erasure:
    """What a provider signed.

    Attributes:
        provider: who signed.
        credentials: ids of the credentials of one person, ascending, at least one.
        issued_at: Unix seconds.
        token: the compact JWS.
    """

    provider: str
    credentials: tuple[str, ...]
    issued_at: int
    token: str

    @classmethod
    def open(cls, token: str, key: jws.VerifyKey) -> Self:
        """Verify a token by its provider's key and read it.

        Raises:
            SignatureError: not signed by this key.
            CredentialError: signed, and still not an erasure (the provider's fault).
        """
        payload = jws.open_signed(token, typ=TYP, key=key)
        if set(payload) != _KEYS:
            raise CredentialError(f"an erasure has exactly the members {', '.join(sorted(_KEYS))}")
        provider = payload["iss"]
        if not isinstance(provider, str):
            raise CredentialError("iss: must be a text")
        issued_at = jws.time_of(payload, "iat")
        return cls(provider, _ids(payload["credentials"]), issued_at, token)


def sign_erasure(*, provider: str, credentials: Iterable[str], issued_at: int, key: jws.SigningKey) -> Erasure:
    """Sign an erasure of one person's credentials, named in any order; CredentialError if they are none or no ids."""
    payload = {"iss": provider, "iat": issued_at, "credentials": sorted(set(credentials))}
    return Erasure.open(jws.sign(payload, typ=TYP, key=key), key.public)


def _ids(found: object) -> tuple[str, ...]:
    if not isinstance(found, list) or not 1 <= len(found) <= MOST_CREDENTIALS:
        raise CredentialError(f"credentials: must be a list of 1 to {MOST_CREDENTIALS} ids")
    for each in found:
        try:
            fits = isinstance(each, str) and len(b64u_decode(each)) == ID
        except EncodingError:
            fits = False
        if not fits:
            raise CredentialError(f"credentials: an id is {ID} bytes in base64url")
    if any(one >= next_one for one, next_one in pairwise(found)):
        raise CredentialError("credentials: must be in ascending order, each once")
    return tuple(found)
