"""What can go wrong in the verifier, and who is to blame for it.

Every class says in its docstring whose fault it is. Messages name entries, identifiers and reasons; they never
carry a subject's reference, a token or a proof.
"""

from enum import StrEnum


class Blame(StrEnum):
    """The party whose doing a failure is, as an audit report names it."""

    PROVIDER = "provider"
    VERIFIER = "verifier"
    LOG = "log operator"
    AUDITOR = "auditor"


class VerifierError(Exception):
    """Base of everything this room raises."""


class NoteError(VerifierError):
    """A signed note, checkpoint or note key is malformed or its signature does not verify (blame: who presented it)."""


class MerkleError(VerifierError):
    """A tree position makes no sense, or an inclusion or consistency proof does not verify (blame: log operator)."""


class EntryError(VerifierError):
    """Bytes that are no canonical log entry (blame: log operator)."""


class RegistryError(VerifierError):
    """An entry that contradicts what the log already says (blame: who asked for it to be appended)."""


class AlreadyRegistered(RegistryError):  # noqa: N818 - the name says the outcome, and callers answer it with success
    """The very same thing is in the log already, at `index`: repeating a registration is harmless."""

    def __init__(self, what: str, index: int) -> None:
        super().__init__(f"{what} is already registered at entry {index}")
        self.index = index


class AttestationError(VerifierError):
    """An attestation is not signed by the pinned key or does not say what was checked (blame: verifier)."""


class EvidenceError(VerifierError):
    """An evidence file is malformed or proves nothing under the pinned trust (blame: who presented it)."""


class ExportError(VerifierError):
    """A line of a log export is malformed (blame: who made or carried the export)."""


class LogUnavailable(VerifierError):  # noqa: N818 - names the condition, as the HTTP answer does
    """The log could not commit: nothing was answered, and asking again is safe (blame: nobody, or the disk)."""


class LogRefused(VerifierError):  # noqa: N818 - names what became of the entry
    """The rows that belong to an entry contradict stored ones, so it was not logged (blame: who appended it)."""


class LogCorrupt(VerifierError):  # noqa: N818 - names the finding
    """Stored tiles, entries and checkpoint contradict each other: the log refuses to start (blame: log operator)."""


class BodyErased(VerifierError):  # noqa: N818 - names what became of it
    """The entry is in the log, and its body was erased at its provider's word (blame: nobody)."""


class CheckFailed(VerifierError):  # noqa: N818 - the family is named in the report as it is read
    """An answer did not survive its appraisal. `blame` names the party whose doing that is."""

    blame: Blame = Blame.PROVIDER
    code: str = "check-failed"


class ProofRefused(CheckFailed):
    """The zero-knowledge proof does not prove the statement rebuilt from the query (blame: provider)."""

    code = "proof-refused"


class CredentialUnknown(CheckFailed):
    """The answer names a credential that is not in the log (blame: provider; of a logged answer, verifier)."""

    code = "credential-unknown"


class CredentialLate(CheckFailed):
    """The credential was logged only after the question had been asked (blame: provider)."""

    code = "credential-late"


class CredentialSuperseded(CheckFailed):
    """The credential had been superseded or revoked when the question was asked (blame: provider)."""

    code = "credential-superseded"


class CredentialElsewhere(CheckFailed):
    """The credential speaks about someone else, or this subject's answers come from another one (blame: provider)."""

    code = "credential-elsewhere"


class CredentialExpired(CheckFailed):
    """The credential is outside its period of validity (blame: provider)."""

    code = "credential-expired"


class CredentialStale(CheckFailed):
    """The credential's values are older than the question allows (blame: provider)."""

    code = "credential-stale"


class WrongProvider(CheckFailed):
    """The credential is another provider's than the one that was asked (blame: provider)."""

    code = "wrong-provider"


class WrongSchema(CheckFailed):
    """The credential follows another schema than the question, or lacks an attribute it needs (blame: provider)."""

    code = "wrong-schema"


class ClausesRefused(CheckFailed):
    """Failed clauses that were not asked for, are not there, or do not make the answer a NO (blame: provider)."""

    code = "clauses-refused"


class ConsentRefusal(CheckFailed):
    """An answer that its consent does not cover (blame: provider)."""

    code = "consent-refused"


class ConsentUnfit(ConsentRefusal):
    """The consent is not the provider's, or does not allow the question (blame: provider, who answered)."""


class ConsentWithdrawn(ConsentRefusal):
    """The consent had been withdrawn when the question was put (blame: provider)."""

    code = "consent-withdrawn"


class ConsentExhausted(ConsentRefusal):
    """The consent had been used as often as it allows (blame: provider)."""

    code = "consent-exhausted"


class ConsentElsewhere(CheckFailed):
    """The consent beside the question is not the one that it names (blame: verifier)."""

    blame = Blame.VERIFIER
    code = "consent-elsewhere"


class DisclosedRefused(CheckFailed):
    """What an answer is said to disclose is not about the question's attributes, or nobody's (blame: provider)."""

    code = "disclosed-refused"


class QueryRefused(CheckFailed):
    """The query itself is not one this verifier could have asked at that time (blame: verifier)."""

    blame = Blame.VERIFIER
    code = "query-refused"


class RequestRefused(CheckFailed):
    """The signed request is not this question, or not its relying party's (blame: verifier, if it logged it)."""

    blame = Blame.VERIFIER
    code = "request-refused"


class CredentialErased(CheckFailed):
    """All about this person was erased since, so this could not be logged any more (blame: verifier, if it was)."""

    blame = Blame.VERIFIER
    code = "credential-erased"
