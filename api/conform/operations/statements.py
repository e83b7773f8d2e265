"""Keys, credentials and how they end, queries, and the statement that a proof is about."""

from typing import Any, Final

from api.conform.operations.members import Members, Operation, hex_all, unhex
from circuits import statement
from circuits.attributes import Schema
from circuits.credential import Credential
from circuits.erasure import Erasure
from circuits.group import EngineName
from circuits.jws import VerifyKey
from circuits.predicate import parse
from circuits.query import Query
from circuits.statement import Statement
from circuits.vocabulary import Vocabulary
from verifier.entries.revocation import Revocation


def _key(members: Members, _engine: EngineName) -> dict[str, Any]:
    key = VerifyKey.from_jwk(members["jwk"])
    return {"kid": key.kid, "public": key.x.hex()}


def _credential(members: Members, _engine: EngineName) -> dict[str, Any]:
    credential = Credential.open(members["token"], VerifyKey.from_jwk(members["jwk"]))
    return {
        "id": credential.id,
        "provider": credential.provider,
        "person": credential.person,
        "schema": credential.schema_digest.hex(),
        "digest": credential.digest.hex(),
        "commitments": {name: commitment.hex() for name, commitment in credential.commitments.items()},
        "as_of": credential.as_of,
        "issued_at": credential.issued_at,
        "expires_at": credential.expires_at,
        "supersedes": credential.supersedes,
    }


def _revocation(members: Members, _engine: EngineName) -> dict[str, Any]:
    revocation = Revocation.open(members["token"], VerifyKey.from_jwk(members["jwk"]))
    return {
        "provider": revocation.provider,
        "credential": revocation.credential,
        "reason": revocation.reason,
        "issued_at": revocation.issued_at,
    }


def _erasure(members: Members, _engine: EngineName) -> dict[str, Any]:
    erasure = Erasure.open(members["token"], VerifyKey.from_jwk(members["jwk"]))
    return {
        "provider": erasure.provider,
        "credentials": list(erasure.credentials),
        "issued_at": erasure.issued_at,
    }


def _query(members: Members, _engine: EngineName) -> dict[str, Any]:
    query = Query.from_json(members["query"])
    return {"bytes": query.to_bytes().hex(), "digest": query.digest.hex()}


def _built(members: Members) -> Statement:
    query = Query.from_json(members["query"])
    vocabulary = Vocabulary(tuple(Schema.from_json(schema) for schema in members["schemas"]))
    key = VerifyKey.from_jwk(members["jwk"])
    return statement.build(
        query,
        parse(query.predicate_text, vocabulary),
        vocabulary,
        [Credential.open(token, key) for token in members["credentials"]],
        answer=members["answer"] == "yes",
        clauses=None if members["clauses"] is None else tuple(members["clauses"]),
    )


def _build(members: Members, _engine: EngineName) -> dict[str, Any]:
    built = _built(members)
    return {
        "attributes": list(built.attributes),
        "commitments": hex_all(built.V),
        "context": built.context.hex(),
        "circuit": built.circuit.digest.hex(),
        "proof_bytes": built.proof_bytes,
    }


def _verify(members: Members, engine: EngineName) -> dict[str, Any]:
    statement.verify(_built(members), unhex(members["proof"]), engine=engine)
    return {}


OPERATIONS: Final[dict[str, Operation]] = {
    "key.read": _key,
    "credential.open": _credential,
    "revocation.open": _revocation,
    "erasure.open": _erasure,
    "query.read": _query,
    "statement.build": _build,
    "statement.verify": _verify,
}
