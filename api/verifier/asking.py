"""One question from the request to the response: parse it, put it, record what was told.

The order is the promise: nothing is told before it is logged, and what is told again is what was told before.
"""

import hashlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from api.clock import now
from api.disclosures import in_words
from api.peers.outbound import PeerBroken
from api.verifier import meaning, records
from api.verifier.records import Told
from api.verifier.service import VerifierService
from api.web.auth import AuthenticationError
from api.web.problems import Problem
from api.wire.questions import Answer, FailedClause, Links, LogPlace, ProofSummary, QueryRequest, Timing, Undetermined
from circuits.calendar import day_number, rfc3339
from circuits.compiler import require_provable
from circuits.consent import Consent
from circuits.encoding import b64u, canonical_json
from circuits.errors import CredentialError, EncodingError, PredicateTypeError
from circuits.predicate import Predicate
from circuits.query import Query, Reasons
from verifier import answering
from verifier.answered import ProverResponse
from verifier.answering import Logged, LoggedAttestation, LoggedDeclined, LoggedUndetermined
from verifier.entries.signed_request import MAX_BODY, SignedRequest
from verifier.errors import Blame, CheckFailed, LogRefused, RequestRefused
from verifier.log import writer as log

_TIME_ZONES: Final = 1  # it may be tomorrow already where the question is asked


def ask(
    body: QueryRequest,
    *,
    party: str,
    key: str | None,
    service: VerifierService,
    request: SignedRequest | None = None,
) -> Told:
    """Answer a question, or tell again what was told.

    Args:
        body: the question.
        party: who asks.
        key: the idempotency key, if there is one.
        service: the open service.
        request: the question as the party signed it, if it did.

    Raises:
        AuthenticationError: the party's key has changed since the request was let in.
        Problem: it cannot be asked, was declined, or the key is taken.
        PredicateError: the question itself is wrong (the relying party's fault).
        CheckFailed, PeerBroken: the prover's answer proves nothing (the provider's fault); logged as an incident.
        PeerUnreachable, LogUnavailable: not now; nothing was told, and asking again is safe.
    """
    _require_addressed(body, request, service)
    digest = hashlib.sha256(canonical_json(body.model_dump(by_alias=True))).digest()
    with service.in_flight.once(party, key):
        told = _told_before(service, party, key, digest)
        if told is not None:
            return told
        query, predicate = _put(body, party, _id(service, party, key, digest), service)
        try:
            told = _answer(query, predicate, body.consent, key=key, digest=digest, service=service, request=request)
        except LogRefused:
            # Another process answered the same key first: what it told is what counts.
            told = _told_before(service, party, key, digest)
            if told is None:
                raise
        return told


def _require_addressed(body: QueryRequest, request: SignedRequest | None, service: VerifierService) -> None:
    """A signed question names the verifier it is put to: no other may log it as its own."""
    if body.audience not in {None, service.log.origin}:
        raise meaning.unfit("#/audience", f"this verifier is {service.log.origin}")
    if request is None:
        return
    if body.audience is None:
        raise meaning.unfit("#/audience", f"a signed question names the verifier it is put to: {service.log.origin}")
    if len(request.body) > MAX_BODY:
        raise Problem("too-large", f"a signed question has at most {MAX_BODY} bytes")


def _told_before(service: VerifierService, party: str, key: str | None, digest: bytes) -> Told | None:
    record = records.by_key(service.engine, party, key) if key is not None else None
    if record is None:
        return None
    if record.request_digest != digest:
        raise Problem("idempotency-key-reused")
    return record.told()


def _id(service: VerifierService, party: str, key: str | None, digest: bytes) -> str:
    """What a query is called: whatever became of the first, a repeated request is the same query to its provider.

    Unless what was told to that one has been erased since: then it is asked anew.
    """
    if key is not None:
        named = b64u(service.sealer.identifier(party.encode(), key.encode(), digest))
        before = records.by_id(service.engine, party, named)
        if before is None or before.state != records.ERASED:
            return named
    return b64u(os.urandom(16))


def _put(body: QueryRequest, party: str, query_id: str, service: VerifierService) -> tuple[Query, Predicate]:
    """The query as it will be proven about; nobody is refused for what another process has logged meanwhile."""
    known = service.log.size
    try:
        return _put_as_known(body, party, query_id, service)
    except (Problem, PredicateTypeError):
        if service.log.caught_up() == known:
            raise
    return _put_as_known(body, party, query_id, service)


def _put_as_known(body: QueryRequest, party: str, query_id: str, service: VerifierService) -> tuple[Query, Predicate]:
    consent = _consent(body, service)
    vocabulary, predicate = meaning.read(body, provider=consent.provider, registry=service.registry)
    at = now()
    today = rfc3339(at)[:10]
    as_of = _as_of(body, today)
    reasons = Reasons(body.reasons)
    # Here already: found by the prover, what cannot be proven would look like the provider's fault.
    require_provable(predicate, vocabulary, as_of=day_number(as_of), reasons=reasons)
    query = Query(
        id=query_id,
        nonce=os.urandom(32),
        audience=service.log.origin,
        relying_party=party,
        provider=consent.provider,
        subject=consent.handle,
        purpose=consent.purpose,
        predicate_text=body.predicate,
        predicate_digest=predicate.digest,
        schema_digests=tuple(schema.digest for schema in vocabulary.schemas),
        as_of=as_of,
        max_age=body.max_age,
        issued_at=at,
        expires_at=at + service.settings.query_lifetime,
        reasons=reasons,
        consent=b64u(consent.digest),
    )
    return query, predicate


def _consent(body: QueryRequest, service: VerifierService) -> Consent:
    """What the consent says; whether it is true, and allows the question, is found out when it is asked."""
    try:
        consent = Consent.peek(body.consent)
    except CredentialError as error:
        raise meaning.unfit("#/consent", f"it is no consent: {error}") from None
    if consent.provider not in {provider.id for provider in service.registry.providers()}:
        raise meaning.unfit("#/consent", "its provider is not registered here: GET /v1/providers lists them")
    return consent


def _as_of(body: QueryRequest, today: str) -> str:
    if body.as_of is None:
        return today
    try:
        ahead = day_number(body.as_of) - day_number(today)
    except EncodingError:
        raise meaning.unfit("#/as_of", "there is no such day") from None
    if ahead > _TIME_ZONES:
        raise meaning.unfit("#/as_of", "the day lies in the future")
    return body.as_of


@dataclass(slots=True)
class _Timed:
    """The provers, with a watch."""

    service: VerifierService
    seconds: float = 0.0

    def fetch(self, query: Query) -> ProverResponse:
        started = time.perf_counter()
        try:
            return self.service.provers.fetch(query)
        finally:
            self.seconds = time.perf_counter() - started


def _answer(
    query: Query,
    predicate: Predicate,
    consent: str,
    *,
    key: str | None,
    digest: bytes,
    service: VerifierService,
    request: SignedRequest | None,
) -> Told:
    started = time.perf_counter()
    source = _Timed(service)
    told: list[bytes] = []

    def record(logged: Logged) -> Sequence[log.Row]:
        total = time.perf_counter() - started
        state, body = _present(logged, query, predicate, prover=source.seconds, total=total)
        if body is not None:
            told.append(body)
        return (
            records.row(
                query_id=query.id,
                party=query.relying_party,
                key=key,
                request_digest=digest,
                state=state,
                created_at=query.issued_at,
                index=logged.index,
                response=body,
                sealer=service.sealer,
            ),
        )

    try:
        logged = answering.answer(
            query,
            consent=consent,
            source=source,
            log=service.log,
            registry=service.registry,
            signer=service.keys.current,
            now=now,
            request=request,
            record=record,
        )
    except RequestRefused:
        raise AuthenticationError from None
    except (CheckFailed, PeerBroken) as error:
        before = _told_before(service, query.relying_party, key, digest)
        if before is not None:  # another process answered the same key first, and one more would be one too many
            return before
        if not isinstance(error, CheckFailed) or error.blame is Blame.PROVIDER:
            service.metrics.incidents.labels("invalid-proof").inc()
            reason = error.code if isinstance(error, CheckFailed) else "broken-answer"
            service.logger.error("invalid-proof", provider=query.provider, query_id=query.id, reason=reason)  # noqa: TRY400 - a traceback would quote what the prover sent
        raise
    service.metrics.stages.labels("prover").observe(source.seconds)
    service.metrics.stages.labels("total").observe(time.perf_counter() - started)
    state = records.DECLINED if isinstance(logged, LoggedDeclined) else records.UNDETERMINED
    if isinstance(logged, LoggedAttestation):
        state = records.ANSWERED
    service.metrics.answers.labels(query.provider, state).inc()
    if isinstance(logged, LoggedDeclined):
        raise Problem("declined")
    return Told(201 if state == records.ANSWERED else 200, told[-1])


def _present(
    logged: Logged, query: Query, predicate: Predicate, *, prover: float, total: float
) -> tuple[str, bytes | None]:
    """State and response of an outcome. Runs in the log's writer: quick, and without the database."""
    common = {
        "id": query.id,
        "question": predicate.english(),
        "predicate": query.predicate_text,
        "subject": query.subject,
        "provider": query.provider,
        "consent": query.consent,
        "as_of": query.as_of,
        "reasons": query.reasons.value,
    }
    match logged:
        case LoggedDeclined():
            return records.DECLINED, None
        case LoggedUndetermined():
            place = LogPlace(origin=query.audience, index=logged.index)
            at = rfc3339(logged.logged_at)
            body = Undetermined.model_validate(
                {**common, "outcome": "undetermined", "reason": logged.reason, "answered_at": at, "log": place}
            )
            return records.UNDETERMINED, body.model_dump_json().encode()
        case LoggedAttestation():
            claim = logged.checked.claim
            proof = claim.answered.proof
            disclosed = claim.answered.disclosed
            self = f"/v1/queries/{query.id}"
            answer = Answer.model_validate(
                {
                    **common,
                    "outcome": "answer",
                    "answer": "yes" if logged.checked.answer else "no",
                    "disclosed": in_words(disclosed, claim.vocabulary, as_of=query.as_of_day, question=predicate),
                    "failed": FailedClause.listed(claim.failed),
                    "answered_at": rfc3339(logged.logged_at),
                    "proof": ProofSummary(bytes=len(proof), digest=b64u(hashlib.sha256(proof).digest())),
                    "timing_ms": Timing(prover=_ms(prover), verify=_ms(total - prover), total=_ms(total)),
                    "attestation": logged.attestation.token,
                    "log": LogPlace(origin=logged.attestation.origin, index=logged.index),
                    "links": Links(self=self, attestation=f"{self}/attestation", evidence=f"{self}/evidence"),
                }
            )
            return records.ANSWERED, answer.model_dump_json().encode()


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)  # finer than that nobody needs to see how long a secret took
