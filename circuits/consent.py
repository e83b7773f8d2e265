"""A consent: which questions about one person one relying party may ask, for what, until when; signed by the provider.

Shaped after the ReBIT consent artefact. Payload of the JWS (`typ` zkattest-consent+jwt)::

    {"iss": "acme-kyc", "sub": "b1Jm...", "aud": "first-bank", "via": "verifier.example/log", "jti": "Xk2e...",
     "iat": 1795000000, "exp": 1826536000, "purpose": "credit-decision", "mode": "answers-only",
     "reasons": "outcome-only", "frequency": {"count": 100, "seconds": 86400},
     "allowed": {"attributes": ["salary", "debt"], "thresholds": {"salary": ["100000"]},
                 "questions": ["100 * debt <= 40 * salary"]}}

`sub` is the handle by which this relying party asks about this person: another one for every relying party, and nothing
else than random to look at. A person's consent is told by whoever presents the token; it says nothing about them but
what may be asked. Which queries that allows is in circuits.permission.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Self

from circuits import jws
from circuits.encoding import b64u
from circuits.errors import CredentialError, EncodingError
from circuits.query import Reasons

TYP: Final = "zkattest-consent+jwt"
MODE: Final = "answers-only"
"""Yes or no and nothing else: the only mode there is."""
PURPOSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "credit-decision": "to decide on a loan or a line of credit",
        "credit-monitoring": "to watch over a loan that has been granted",
        "tenancy": "to decide on a lease",
        "employment": "to decide on hiring",
        "insurance": "to decide on an insurance",
        "age-check": "to keep an age limit",
        "residence-check": "to keep a rule about residence or nationality",
        "sanctions-check": "to keep a sanctions list",
        "fraud-prevention": "to prevent fraud",
        "sandbox": "to try this service out",
    }
)
HANDLE: Final = 16
"""Bytes of a handle and of a consent's id."""
MOST: Final = 64
"""Attributes, thresholds of one attribute, and questions."""
_KEYS = {"iss", "sub", "aud", "via", "jti", "iat", "exp", "purpose", "mode", "reasons", "frequency", "allowed"}
_ALLOWED = {"attributes", "thresholds", "questions"}


@dataclass(frozen=True, slots=True)
class Frequency:
    """At most `count` questions in any `seconds`."""

    count: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be asked, as the consent writes it.

    Attributes:
        attributes: about which attributes; None: about any.
        thresholds: of attributes with thresholds only these, as the language writes them; from both sides.
        questions: these too, whatever the two above say; a question is the same if its meaning is. One that counts ages
            only as of days on which the consent holds: as of any day it would be as many questions as there are days.
    """

    attributes: tuple[str, ...] | None = None
    thresholds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    questions: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Write as JSON."""
        return {
            "attributes": None if self.attributes is None else list(self.attributes),
            "thresholds": {name: list(texts) for name, texts in self.thresholds.items()},
            "questions": list(self.questions),
        }


@dataclass(frozen=True, slots=True)
class Consent:
    """What a provider signed for a person.

    Attributes:
        id: 16 random bytes in base64url.
        provider: who signed, and will answer.
        handle: the person, for this relying party: 16 bytes in base64url.
        relying_party: who may ask.
        via: origin of the verifier they may ask through.
        purpose: one of PURPOSES.
        allowed: what they may ask.
        reasons: what a no may come with.
        frequency: how often; None: no limit.
        issued_at, expires_at: Unix seconds; it holds from the first until before the second.
        token: the compact JWS.
        digest: SHA-256 of the token: what a query names.
    """

    id: str
    provider: str
    handle: str
    relying_party: str
    via: str
    purpose: str
    allowed: Allowed
    reasons: Reasons
    frequency: Frequency | None
    issued_at: int
    expires_at: int
    token: str = field(repr=False)
    digest: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Fix the digest."""
        object.__setattr__(self, "digest", hashlib.sha256(self.token.encode()).digest())

    @classmethod
    def open(cls, token: str, key: jws.VerifyKey) -> Self:
        """Verify a token by its provider's key and read it.

        Raises:
            SignatureError: not signed by this key.
            CredentialError: signed, and still not a consent (the provider's fault).
        """
        return cls._read(jws.open_signed(token, typ=TYP, key=key), token)

    @classmethod
    def recall(cls, token: str, key: jws.VerifyKey) -> Self:
        """Read a consent from its provider's own records, where it may be signed by a key that was since changed.

        Raises:
            SignatureError: said to be signed by this key, and it is not.
            CredentialError: not a consent (whoever changed the records is to blame).
        """
        if jws.peek_kid(token) == key.kid:
            return cls.open(token, key)
        return cls._read(jws.peek(token), token)

    @classmethod
    def peek(cls, token: str) -> Self:
        """Read a token WITHOUT verifying who signed it, to put the question that it is shown with.

        Raises:
            CredentialError: it is no consent (whoever shows it is to blame).
        """
        return cls._read(jws.peek(token), token)

    @classmethod
    def _read(cls, payload: Mapping[str, Any], token: str) -> Self:
        if set(payload) != _KEYS:
            raise CredentialError(f"a consent has exactly the members {', '.join(sorted(_KEYS))}")
        if payload["mode"] != MODE:
            raise CredentialError(f"mode: must be {MODE}")
        if payload["purpose"] not in list(PURPOSES):  # whoever signed it may have put a list there
            raise CredentialError(f"purpose: must be one of {', '.join(PURPOSES)}")
        if payload["reasons"] not in list(Reasons):
            raise CredentialError(f"reasons: must be one of {', '.join(Reasons)}")
        issued_at, expires_at = jws.time_of(payload, "iat"), jws.time_of(payload, "exp")
        if expires_at <= issued_at:
            raise CredentialError("exp: must be after iat")
        return cls(
            id=b64u(jws.bytes_of(payload, "jti", HANDLE)),
            provider=jws.name_of(payload, "iss"),
            handle=b64u(jws.bytes_of(payload, "sub", HANDLE)),
            relying_party=jws.name_of(payload, "aud"),
            via=jws.name_of(payload, "via"),
            purpose=payload["purpose"],
            allowed=_allowed(payload["allowed"]),
            reasons=Reasons(payload["reasons"]),
            frequency=_frequency(payload["frequency"]),
            issued_at=issued_at,
            expires_at=expires_at,
            token=token,
        )


def issue(
    *,
    id: bytes,  # noqa: A002  # the field's name
    provider: str,
    handle: bytes,
    relying_party: str,
    via: str,
    purpose: str,
    allowed: Allowed,
    reasons: Reasons,
    frequency: Frequency | None,
    issued_at: int,
    expires_at: int,
    key: jws.SigningKey,
) -> Consent:
    """Sign a consent; the arguments are Consent's, `id` and `handle` 16 bytes each.

    Raises:
        CredentialError: one of them is in another form (the caller's fault).
    """
    payload = {
        "iss": provider,
        "sub": b64u(handle),
        "aud": relying_party,
        "via": via,
        "jti": b64u(id),
        "iat": issued_at,
        "exp": expires_at,
        "purpose": purpose,
        "mode": MODE,
        "reasons": reasons.value,
        "frequency": None if frequency is None else {"count": frequency.count, "seconds": frequency.seconds},
        "allowed": allowed.to_json(),
    }
    try:
        token = jws.sign(payload, typ=TYP, key=key)
    except EncodingError as error:
        raise CredentialError(str(error)) from error
    return Consent.open(token, key.public)


def _allowed(found: object) -> Allowed:
    if not isinstance(found, dict) or set(found) != _ALLOWED:
        raise CredentialError(f"allowed: must have exactly the members {', '.join(sorted(_ALLOWED))}")
    thresholds = found["thresholds"]
    if not isinstance(thresholds, dict) or len(thresholds) > MOST:
        raise CredentialError(f"allowed.thresholds: must be an object of at most {MOST} attributes")
    return Allowed(
        None if found["attributes"] is None else _texts(found["attributes"], "attributes"),
        {name: _texts(thresholds[name], "thresholds") for name in _texts([*thresholds], "thresholds")},
        _texts(found["questions"], "questions"),
    )


def _texts(found: object, where: str) -> tuple[str, ...]:
    """Read texts for people to see: none does anything to the terminal that shows it."""
    texts = (
        [each for each in found if isinstance(each, str) and each.isprintable()] if isinstance(found, list) else None
    )
    if texts is None or texts != found or len(texts) > MOST:
        raise CredentialError(f"allowed.{where}: must be a list of at most {MOST} texts of printable characters")
    return tuple(texts)


def _frequency(found: object) -> Frequency | None:
    if found is None:
        return None
    if not isinstance(found, dict) or set(found) != {"count", "seconds"}:
        raise CredentialError("frequency: must have exactly the members count, seconds")
    for name in ("count", "seconds"):
        if not isinstance(found[name], int) or isinstance(found[name], bool) or found[name] < 1:
            raise CredentialError(f"frequency.{name}: must be a number above 0")
    return Frequency(found["count"], found["seconds"])
