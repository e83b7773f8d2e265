"""Answer a query: fetch the proof, check it, attest it, log it; nothing leaves before the log has committed it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from circuits.jws import SigningKey
from circuits.query import Query
from verifier import checking
from verifier.answered import Answered, Declined, ProverResponse, Undetermined
from verifier.asked import require_asked
from verifier.attestation import LIFETIME, Attestation, attest
from verifier.checking import CheckedProof
from verifier.consented import Granted, require_usable
from verifier.entries.kinds import AnswerEntry, DeclinedEntry, Entry, UndeterminedEntry, encode
from verifier.entries.signed_request import SignedRequest
from verifier.errors import CredentialErased, LogUnavailable
from verifier.fold.registry import Registry
from verifier.log.writer import Draft, Log, Row


class ProofSource(Protocol):
    """Where proofs come from: the prover's address is the registry's, never a request's."""

    def fetch(self, query: Query) -> ProverResponse:
        """Put the query to its provider."""
        ...


@dataclass(frozen=True, slots=True)
class LoggedAttestation:
    """A proven answer that the log has committed: the only form in which one leaves."""

    attestation: Attestation
    index: int
    logged_at: int

    @property
    def checked(self) -> CheckedProof:
        """The proof that was checked."""
        return self.attestation.checked


@dataclass(frozen=True, slots=True)
class LoggedUndetermined:
    """A question without an answer, logged."""

    query: Query
    reason: str
    credential: str | None
    index: int
    logged_at: int


@dataclass(frozen=True, slots=True)
class LoggedDeclined:
    """A question the provider declined, logged."""

    query: Query
    index: int
    logged_at: int


Logged = LoggedAttestation | LoggedUndetermined | LoggedDeclined
# Rows to be written in the very transaction that logs the outcome: the query's record with the response in it.
Record = Callable[[Logged], Sequence[Row]]


def _no_rows(_logged: Logged) -> Sequence[Row]:
    return ()


def answer(
    query: Query,
    *,
    consent: str,
    source: ProofSource,
    log: Log,
    registry: Registry,
    signer: Callable[[], SigningKey],
    now: Callable[[], int],
    request: SignedRequest | None = None,
    record: Record = _no_rows,
    lifetime: int = LIFETIME,
    timeout: float = 30,
) -> Logged:
    """Answer a query, and return only once the outcome is committed and sequenced.

    Args:
        query: built by this verifier; its audience is the log's origin.
        consent: the token of the consent that the query names, as the relying party showed it.
        source: asks the provider.
        log: where the outcome goes.
        registry: what the log says.
        signer: the key of the attestations, asked for when all that was logged before is known: it may have changed.
        now: the clock, Unix seconds; read once after the proof has arrived.
        request: the question as its relying party signed it, if it did: it is logged with the outcome.
        record: extra rows for the same transaction. Called in the log's writer: it must be quick and touch no database.
        lifetime: seconds for which the attestation may be relied on.
        timeout: seconds to wait for the commit.

    Raises:
        RequestRefused: the request is not this question, or its key has just changed; nobody was asked.
        CheckFailed: the answer did not survive its appraisal; nothing is logged.
            CredentialErased among them: the person was erased meanwhile; asking again is answered anew.
        LogUnavailable: nothing was committed, or not in time: look the record up before asking again.
        LogRefused: the extra rows contradict stored ones.
    """
    asked_at = log.caught_up(timeout)
    require_asked(query, request, registry=registry, asked_at=asked_at, now=query.issued_at)
    # Whatever the consent says: what is declined comes from one place, at its own time.
    response = source.fetch(query)
    logged_at = now()
    granted: Granted | None = None
    conclude: Callable[[int], tuple[Entry, Logged]]
    match response:
        case Answered():
            checked = checking.check(
                query,
                response,
                consent=consent,
                registry=registry,
                audience=log.origin,
                asked_at=asked_at,
                now=logged_at,
                request=request,
            )
            granted = checked.claim.granted

            def conclude(index: int) -> tuple[Entry, Logged]:
                attestation = attest(
                    checked, signer=signer(), origin=log.origin, index=index, now=logged_at, lifetime=lifetime
                )
                entry = AnswerEntry(
                    query,
                    asked_at,
                    response.credentials,
                    response.answer,
                    response.proof,
                    attestation.token,
                    consent,
                    response.disclosed,
                    response.clauses,
                    request,
                )
                return entry, LoggedAttestation(attestation, index, logged_at)

        case Undetermined(reason, credential):
            granted = checking.require_consent(
                query, consent, registry=registry, audience=log.origin, asked_at=asked_at, now=logged_at
            )
            require_usable(granted, query, registry=registry, asked_at=asked_at)

            def conclude(index: int) -> tuple[Entry, Logged]:
                entry = UndeterminedEntry(query, asked_at, reason, credential, consent, request)
                return entry, LoggedUndetermined(query, reason, credential, index, logged_at)

        case Declined():

            def conclude(index: int) -> tuple[Entry, Logged]:
                return DeclinedEntry(query, asked_at, request), LoggedDeclined(query, index, logged_at)

    made: list[Logged] = []

    def build(index: int) -> Draft:
        entry, logged = conclude(index)
        body = encode(entry, logged_at)
        _require_not_erased(query, response, registry, asked_at)
        _require_again(query, logged, granted, registry, asked_at)
        rows = tuple(record(logged))
        undo = registry.enter(index, registry.admit(entry), logged_at)  # last: nothing may fail once it is entered
        made.append(logged)
        return Draft(entry.kind, body, logged_at, rows=rows, undo=undo)

    try:
        log.append(build).result(timeout)
    except TimeoutError as error:
        raise LogUnavailable("the log did not commit in time; it may still do so") from error
    return made[-1]


def _require_again(query: Query, logged: Logged, granted: Granted | None, registry: Registry, asked_at: int) -> None:
    """What another outcome may have changed that was just logged, looked at in the log's own order."""
    if isinstance(logged, LoggedAttestation):
        registry.require_lines(query, logged.checked.claim.registered)
    if granted is not None:
        require_usable(granted, query, registry=registry, asked_at=asked_at)


def _require_not_erased(query: Query, response: ProverResponse, registry: Registry, asked_at: int) -> None:
    """What tells of a person may not be logged after their erasure; that a question was declined tells of nobody."""
    if isinstance(response, Answered):
        erased = any(registry.erased_index(each) is not None for each in response.credentials)
    else:  # it need not name a credential: perhaps it is about the one who was erased
        newest = registry.last_erasure(query.provider)
        erased = isinstance(response, Undetermined) and newest is not None and newest >= asked_at
    if erased:
        raise CredentialErased("the person was erased while the question was under way")
