"""What the registry asks of a credential before it enters: which it is, whose, and that it is not from the future."""

from dataclasses import dataclass

from circuits import calendar, jws
from circuits.credential import Credential
from circuits.encoding import b64u_decode
from verifier.errors import RegistryError

CLOCK_SKEW = 300
"""Seconds by which a provider's clock may be ahead of the log's."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What the registry needs to know of a credential that was verified when it was appended."""

    id: str
    provider: str
    person: str
    schema_digest: bytes
    supersedes: str | None
    token: str


def claims_of(token: str) -> Claims:
    """Read a token from our own log.

    Raises:
        RegistryError: it is no credential (blame: log operator).
    """
    payload = jws.peek(token)
    try:
        digest = b64u_decode(payload["schema"])
        return Claims(payload["jti"], payload["iss"], payload["person"], digest, payload.get("supersedes"), token)
    except (KeyError, TypeError) as error:
        raise RegistryError("a token in the log is no credential") from error


def require_past(credential: Credential, appended_at: int) -> None:
    """Require that a credential was issued, and its values verified, before it is logged (Unix seconds).

    One from the future would be younger than every question allows, and never be stale.

    Raises:
        RegistryError: it is from the future (blame: the provider).
    """
    latest = calendar.day_number(calendar.rfc3339(appended_at)[:10]) + 1  # where it was issued it may be tomorrow
    dates = [credential.as_of, *(where.verified_at for where in credential.provenance.values())]
    if credential.issued_at > appended_at + CLOCK_SKEW or any(calendar.day_number(date) > latest for date in dates):
        raise RegistryError("the credential is dated after the day it was to be logged")
