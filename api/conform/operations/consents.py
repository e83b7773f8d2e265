"""Consents, what they allow, and how they end."""

from typing import Any, Final

from api.conform.operations.members import Members, Operation
from circuits.attributes import Schema
from circuits.consent import Consent
from circuits.group import EngineName
from circuits.jws import VerifyKey
from circuits.permission import require_permitted
from circuits.predicate import parse
from circuits.query import Query
from circuits.receipt import ErasureReceipt
from circuits.vocabulary import Vocabulary
from circuits.withdrawal import Withdrawal


def _consent(members: Members, _engine: EngineName) -> dict[str, Any]:
    consent = Consent.open(members["token"], VerifyKey.from_jwk(members["jwk"]))
    limit = consent.frequency
    return {
        "id": consent.id,
        "provider": consent.provider,
        "handle": consent.handle,
        "relying_party": consent.relying_party,
        "via": consent.via,
        "purpose": consent.purpose,
        "allowed": consent.allowed.to_json(),
        "reasons": consent.reasons.value,
        "frequency": None if limit is None else {"count": limit.count, "seconds": limit.seconds},
        "issued_at": consent.issued_at,
        "expires_at": consent.expires_at,
        "digest": consent.digest.hex(),
    }


def _withdrawal(members: Members, _engine: EngineName) -> dict[str, Any]:
    withdrawal = Withdrawal.open(members["token"], VerifyKey.from_jwk(members["jwk"]))
    return {
        "provider": withdrawal.provider,
        "consent": withdrawal.consent.hex(),
        "issued_at": withdrawal.issued_at,
    }


def _receipt(members: Members, _engine: EngineName) -> dict[str, Any]:
    receipt = ErasureReceipt.open(members["token"], VerifyKey.from_jwk(members["jwk"]))
    return {
        "provider": receipt.provider,
        "request": receipt.request.hex(),
        "erased": dict(receipt.erased),
        "issued_at": receipt.issued_at,
    }


def _require(members: Members, _engine: EngineName) -> dict[str, Any]:
    consent = Consent.open(members["token"], VerifyKey.from_jwk(members["jwk"]))
    query = Query.from_json(members["query"])
    vocabulary = Vocabulary(tuple(Schema.from_json(schema) for schema in members["schemas"]))
    require_permitted(consent, query, parse(query.predicate_text, vocabulary), vocabulary, now=members["now"])
    return {}


OPERATIONS: Final[dict[str, Operation]] = {
    "consent.open": _consent,
    "withdrawal.open": _withdrawal,
    "receipt.open": _receipt,
    "consent.require": _require,
}
