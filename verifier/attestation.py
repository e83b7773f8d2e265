"""Attestations: the verifier's signed word for one checked answer (JWS, `typ` zkattest-attestation+jwt).

Payload::

    {"iss": origin, "aud": "first-bank", "jti": query id, "iat": ..., "exp": ..., "sub": "b1Jm...",
     "provider": "acme-kyc", "predicate": "salary > 100000", "predicate_digest": "...",
     "question": "salary is more than 100,000.00 USD per year", "answer": "yes", "as_of": "2026-11-22",
     "asked_at": "2026-11-22T15:46:17Z", "purpose": "credit-decision", "query_digest": "...", "schema_digests": ["..."],
     "credential_digests": ["..."], "proof_digest": "...",
     "sources": [{"attribute": "salary", "source": "payroll", "verified_at": "2026-11-01"}],
     "reasons": "outcome-only", "request": "unsigned", "consent": "...", "log": {"origin": origin, "index": 413},
     "disclosed": [{"attribute": "salary", "bits": "1.00", "left": [["10000001", "1000000000"]], "narrowest": null}]}

`sub` is the handle by which this relying party asks about the person, `consent` the digest of the consent it asks
under, `disclosed` what the answer told (circuits.leakage), in the provider's word. Schemas and credentials are in the
query's order, each attribute's source is its own credential's. With the reasons
"failed-clauses" a NO has one more member, never empty: `"failed": [{"predicate": "salary > 100000.00", "question":
"salary is more than 100,000.00 USD per year"}]`, the predicate in its canonical text.

Nothing in it is free: every member but `exp` follows from the checked proof, its time and its place in the log, so that
`Attestation.open` can demand each one, byte for byte.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from circuits import calendar, jws
from circuits.encoding import b64u
from circuits.errors import CircuitsError
from circuits.jws import SigningKey, VerifyKey
from circuits.leakage import written
from verifier.checking import CheckedProof, Claim
from verifier.errors import AttestationError

TYP = "zkattest-attestation+jwt"
LIFETIME = 90 * 86_400


@dataclass(frozen=True, slots=True)
class Attestation:
    """A signed answer and the checked proof it stands for.

    Attributes:
        checked: the proof.
        origin, index: where the log has it.
        issued_at, expires_at: Unix seconds.
        token: the compact JWS.
    """

    checked: CheckedProof
    origin: str
    index: int
    issued_at: int
    expires_at: int
    token: str

    @classmethod
    def open(cls, token: str, key: VerifyKey, *, checked: CheckedProof, origin: str, index: int, now: int) -> Self:
        """Verify that a token says exactly what was checked, where and when.

        Args:
            token: the compact JWS.
            key: the verifier's pinned key.
            checked: the proof it must stand for.
            origin: the log it must name.
            index: the entry it must name.
            now: the time of that entry, Unix seconds.

        Raises:
            AttestationError: another key's, or it says something else (blame: verifier).
        """
        said = saying(checked.claim, origin=origin, index=index, now=now)
        return cls(checked, origin, index, now, require_saying(token, key, said), token)


def attest(
    checked: CheckedProof, *, signer: SigningKey, origin: str, index: int, now: int, lifetime: int = LIFETIME
) -> Attestation:
    """Sign a checked answer.

    Args:
        checked: the proof.
        signer: the verifier's key.
        origin: the log's name.
        index: the entry that will hold the answer.
        now: Unix seconds, the time of that entry.
        lifetime: seconds for which the attestation may be relied on.
    """
    said = saying(checked.claim, origin=origin, index=index, now=now)
    token = jws.sign(said | {"exp": now + lifetime}, typ=TYP, key=signer)
    return Attestation(checked, origin, index, now, now + lifetime, token)


def require_saying(token: str, key: VerifyKey, said: Mapping[str, Any]) -> int:
    """Verify that a token by this key says exactly this, and returns until when (Unix seconds).

    Args:
        token: the compact JWS.
        key: the verifier's pinned key.
        said: see saying.

    Raises:
        AttestationError: another key's, or it says something else (blame: verifier).
    """
    try:
        stated = jws.open_signed(token, typ=TYP, key=key)
    except CircuitsError as error:
        raise AttestationError(f"{type(error).__name__}: {error}") from error
    expires_at = stated.get("exp")
    if not isinstance(expires_at, int) or isinstance(expires_at, bool) or expires_at <= said["iat"]:
        raise AttestationError("exp: must be Unix seconds after iat")
    expected = {**said, "exp": expires_at}
    if stated != expected:
        wrong = sorted(name for name in stated.keys() | expected.keys() if stated.get(name) != expected.get(name))
        raise AttestationError(f"the attestation does not say what was checked: {', '.join(wrong)}")
    return expires_at


def saying(claim: Claim, *, origin: str, index: int, now: int) -> dict[str, Any]:
    """Write what an attestation of a claim says once its proof is verified: every member but `exp`.

    Args:
        claim: as appraised; that it is true is for the caller to see to.
        origin: the log's name.
        index: the entry with the answer.
        now: the time of that entry, Unix seconds.
    """
    query = claim.query
    said: dict[str, Any] = {
        "iss": query.audience,
        "aud": query.relying_party,
        "jti": query.id,
        "iat": now,
        "sub": query.subject,
        "provider": query.provider,
        "predicate": query.predicate_text,
        "predicate_digest": b64u(query.predicate_digest),
        "question": claim.predicate.english(),
        "answer": "yes" if claim.answered.answer else "no",
        "reasons": query.reasons.value,
        "request": "signed" if claim.signed else "unsigned",
        "as_of": query.as_of,
        "asked_at": calendar.rfc3339(query.issued_at),
        "purpose": query.purpose,
        "consent": query.consent,
        "disclosed": written.to_json(claim.answered.disclosed),
        "query_digest": b64u(query.digest),
        "schema_digests": [b64u(digest) for digest in query.schema_digests],
        "credential_digests": [b64u(each.credential.digest) for each in claim.registered],
        "proof_digest": b64u(hashlib.sha256(claim.answered.proof).digest()),
        "sources": [_source(claim, name) for name in claim.predicate.attributes],
        "log": {"origin": origin, "index": index},
    }
    if claim.failed:
        said["failed"] = [{"predicate": each.text, "question": each.english()} for each in claim.failed]
    return said


def _source(claim: Claim, attribute: str) -> dict[str, str]:
    provenance = claim.source(attribute).provenance[attribute]
    return {"attribute": attribute, "source": provenance.source, "verified_at": provenance.verified_at}
