"""A credential: one commitment per attribute of one person, signed by the provider before anyone asks.

Payload of the JWS (`typ` zkattest-credential+jwt):
`{"iss": provider, "jti": id, "person": "...", "iat": ..., "exp": ..., "as_of": "2026-11-01", "schema": b64u(digest),
"supersedes": id, "attributes": [{"name": "salary", "commitment": b64u(33 bytes), "source": "payroll",
"verified_at": "2026-10-31"}]}`.

`person` is 16 random bytes, the same in all credentials of one person at one provider, and nothing else: so the log can
hold a provider to one line of credentials for each person and schema, and names nobody.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from circuits import calendar, jws
from circuits.attributes import Schema
from circuits.encoding import b64u
from circuits.errors import CredentialError, EncodingError
from circuits.group import is_point

TYP = "zkattest-credential+jwt"
SOURCES = ("payroll", "bank", "document", "self")
MAX_ATTRIBUTES = 64

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
_KEYS = {"iss", "jti", "person", "iat", "exp", "as_of", "schema", "attributes"}
_ITEM_KEYS = {"name", "commitment", "source", "verified_at"}


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a value comes from.

    Attributes:
        source: payroll, bank, document or self.
        verified_at: ISO date on which the provider verified it.
    """

    source: str
    verified_at: str

    def __post_init__(self) -> None:
        """Raise CredentialError unless both are in their one form."""
        if self.source not in SOURCES:
            raise CredentialError(f"source: must be one of {', '.join(SOURCES)}")
        _require_date("verified_at", self.verified_at)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a provider signed. Make one with issue or open: both leave nothing unchecked.

    Attributes:
        id: 16 random bytes in base64url.
        provider: who signed.
        person: the provider's name for whom it is about: 16 random bytes in base64url.
        schema_digest: the schema the attributes belong to.
        commitments: attribute name -> 33 bytes, in the order of the schema; an attribute not known is absent.
        provenance: attribute name -> where its value comes from.
        as_of: ISO date the values hold for.
        issued_at, expires_at: Unix seconds.
        supersedes: id of the credential it replaces, or None.
        token: the compact JWS.
    """

    id: str
    provider: str
    person: str
    schema_digest: bytes
    commitments: Mapping[str, bytes]
    provenance: Mapping[str, Provenance]
    as_of: str
    issued_at: int
    expires_at: int
    supersedes: str | None
    token: str

    def __hash__(self) -> int:
        return hash(self.token)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the token."""
        return hashlib.sha256(self.token.encode()).digest()

    @classmethod
    def open(cls, token: str, key: jws.VerifyKey) -> "Credential":
        """Verify a token by its provider's key and read it; every commitment is a point of the curve.

        Raises:
            SignatureError: not signed by this key.
            CredentialError: signed, and still not a credential (the provider's fault).
        """
        return _read(jws.open_signed(token, typ=TYP, key=key), token)

    @classmethod
    def recall(cls, token: str, key: jws.VerifyKey) -> "Credential":
        """Read a credential from its issuer's own records, where it may be signed by a key that was since changed.

        Of an earlier key nothing is left to verify it by here. Whoever checks a proof about it does not take it from
        the issuer, but from the log, with the key that was current there.

        Raises:
            SignatureError: said to be signed by this key, and it is not.
            CredentialError: not a credential (whoever changed the records is to blame).
        """
        if jws.peek_kid(token) == key.kid:
            return cls.open(token, key)
        return _read(jws.peek(token), token)


def issue(
    *,
    id: bytes,  # noqa: A002  # the field's name
    provider: str,
    person: bytes,
    schema: Schema,
    commitments: Mapping[str, bytes],
    provenance: Mapping[str, Provenance],
    as_of: str,
    issued_at: int,
    expires_at: int,
    supersedes: str | None = None,
    key: jws.SigningKey,
) -> Credential:
    """Sign the commitments of one person.

    Args:
        id: 16 fresh random bytes.
        provider: the provider's id in the verifier's registry.
        person: 16 random bytes, the same in every credential of this person.
        schema: the attributes' schema.
        commitments: attribute name -> 33 bytes; attributes that are not known are left out.
        provenance: one for each commitment.
        as_of: ISO date the values hold for.
        issued_at: Unix seconds.
        expires_at: Unix seconds.
        supersedes: id of the credential it replaces.
        key: the provider's.

    Raises:
        CredentialError: an attribute that is not in the schema or has no provenance, or a field in another form (the
            caller's fault).
    """
    unknown = [name for name in commitments if name not in schema]
    if unknown or set(commitments) != set(provenance):
        raise CredentialError("every commitment is to an attribute of the schema and has its provenance")
    attributes = [
        {
            "name": attribute.name,
            "commitment": b64u(commitments[attribute.name]),
            "source": provenance[attribute.name].source,
            "verified_at": provenance[attribute.name].verified_at,
        }
        for attribute in schema
        if attribute.name in commitments
    ]
    payload: dict[str, Any] = {
        "iss": provider,
        "jti": b64u(id),
        "person": b64u(person),
        "iat": issued_at,
        "exp": expires_at,
        "as_of": as_of,
        "schema": b64u(schema.digest),
        "attributes": attributes,
    }
    if supersedes is not None:
        payload["supersedes"] = supersedes
    try:
        token = jws.sign(payload, typ=TYP, key=key)
    except EncodingError as error:
        raise CredentialError(str(error)) from error
    return _read(payload, token)


def peek_provider(token: str) -> str:
    """Read who claims to have signed a token, only to look up the key that must verify it.

    Raises:
        CredentialError: not a compact JWS that names an issuer (the sender's fault).
    """
    provider = jws.peek(token).get("iss")
    if not isinstance(provider, str):
        raise CredentialError("iss: must be a text")
    return provider


def _read(payload: Mapping[str, Any], token: str) -> Credential:
    if not _KEYS <= set(payload) <= _KEYS | {"supersedes"}:
        raise CredentialError(f"a credential has exactly the members {', '.join(sorted(_KEYS))}, and supersedes")
    provider, as_of = jws.name_of(payload, "iss"), payload["as_of"]
    _require_date("as_of", as_of)
    issued_at, expires_at = jws.time_of(payload, "iat"), jws.time_of(payload, "exp")
    if expires_at <= issued_at:
        raise CredentialError("exp: must be after iat")
    items = payload["attributes"]
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_ATTRIBUTES:
        raise CredentialError(f"attributes: must be a list of 1 to {MAX_ATTRIBUTES}")
    commitments: dict[str, bytes] = {}
    provenance: dict[str, Provenance] = {}
    for item in items:
        if not isinstance(item, dict) or set(item) != _ITEM_KEYS:
            raise CredentialError(f"attributes: each has exactly the members {', '.join(sorted(_ITEM_KEYS))}")
        name = item["name"]
        if not isinstance(name, str) or not _NAME.match(name) or name in commitments:
            raise CredentialError("attributes: a name is malformed or there twice")
        commitments[name] = jws.bytes_of(item, "commitment", 33)
        provenance[name] = Provenance(item["source"], item["verified_at"])
    if not all(is_point(commitment) for commitment in commitments.values()):
        raise CredentialError("commitment: not a point of the curve")
    return Credential(
        id=b64u(jws.bytes_of(payload, "jti", 16)),
        provider=provider,
        person=b64u(jws.bytes_of(payload, "person", 16)),
        schema_digest=jws.bytes_of(payload, "schema", 32),
        commitments=commitments,
        provenance=provenance,
        as_of=as_of,
        issued_at=issued_at,
        expires_at=expires_at,
        supersedes=None if "supersedes" not in payload else b64u(jws.bytes_of(payload, "supersedes", 16)),
        token=token,
    )


def _require_date(name: str, date: object) -> None:
    try:
        calendar.day_number(date if isinstance(date, str) else "")
    except EncodingError as error:
        raise CredentialError(f"{name}: {error}") from error
