"""What the verifier reads and writes on the wire, as the OpenAPI document shows it. Mathematics lives elsewhere."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from api.web.unfit import COMPACT_JWS, DATE, DIGEST, IDENTIFIER, PLAIN_TEXT, PROVIDER_ID
from circuits.predicate import Predicate
from circuits.vocabulary import MAX_SCHEMAS
from verifier.entries.kinds import MAX_CONSENT

Name = Annotated[str, Field(min_length=1, max_length=256, pattern=PLAIN_TEXT)]
ProviderId = Annotated[str, Field(min_length=1, max_length=63, pattern=PROVIDER_ID, examples=["acme-kyc"])]
Identifier = Annotated[str, Field(pattern=IDENTIFIER, examples=["Zk9hdHRlc3RhdGlvbi1pZA"])]
Digest = Annotated[str, Field(pattern=DIGEST, description="SHA-256, unpadded base64url")]
Token = Annotated[str, Field(min_length=1, max_length=131_072, pattern=COMPACT_JWS, description="compact JWS")]
Date = Annotated[str, Field(pattern=DATE, examples=["2026-11-22"])]
Instant = Annotated[str, Field(examples=["2026-11-22T15:46:17Z"], description="RFC 3339, UTC")]
Index = Annotated[int, Field(ge=0, description="number of the log entry")]
Handle = Annotated[str, Field(description="how you ask about this person; another relying party has another handle")]
ReasonsWord = Literal["outcome-only", "failed-clauses"]
MAX_BATCH = 256
MAX_CREDENTIALS = 10_000


class Wire(BaseModel):
    """A body: unknown members are refused, nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


_LANGUAGE: Final = (
    "The question: comparisons such as `salary > 100000`, `debt <= salary * 0.4`, `age(date_of_birth) >= 21`, "
    '`hired < date("2020-01-31")`, `country in ["US", "CA"]`, `!sanctioned`, joined with `&&`, `||`, parentheses or '
    "`at_least(2, ..., ..., ...)`. At most 16 of them, in 1,024 ASCII characters."
)


class QueryRequest(Wire):
    """A question about one person."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"predicate": "salary > 100000", "consent": "eyJhbGciOi..."},
                {"predicate": "age(date_of_birth) >= 21", "consent": "eyJhbGciOi...", "max_age": 90},
                {
                    "predicate": 'monthly_pay > 4000 && country == "US"',
                    "consent": "eyJhbGciOi...",
                    "schemas": ["payroll", "kyc-person"],
                    "reasons": "failed-clauses",
                },
            ]
        }
    )

    predicate: Annotated[str, Field(min_length=1, max_length=4096, description=_LANGUAGE)]
    consent: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_CONSENT,
            pattern=COMPACT_JWS,
            description="The person's consent, as the provider gave it to you: it says about whom, who is to answer, "
            "and for what purpose.",
        ),
    ]
    schema_: Annotated[
        str | None,
        Field(
            alias="schema", max_length=64, description="Name or digest; the provider's first that fits, if left out."
        ),
    ] = None
    schemas: Annotated[
        list[Annotated[str, Field(max_length=64)]] | None,
        Field(
            min_length=1,
            max_length=MAX_SCHEMAS,
            description="Several, as names or digests: where two have an attribute of one name, the first gives it. "
            "Those that the question does not need are left out. Not beside `schema`.",
        ),
    ] = None
    reasons: Annotated[
        ReasonsWord,
        Field(description="`failed-clauses`: a no says which clauses failed, if the person has consented to that."),
    ] = "outcome-only"
    audience: Annotated[
        Name | None, Field(description="Origin of the verifier that is asked; a signed question has to name it.")
    ] = None
    as_of: Annotated[Date | None, Field(description="Ages are counted on this day; today if left out.")] = None
    max_age: Annotated[int | None, Field(ge=0, le=36_525, description="Days the credential may be old.")] = None


class ProofSummary(Wire):
    """The zero-knowledge proof in a line."""

    bytes: Annotated[int, Field(ge=0, examples=[424])]
    digest: Digest


class Timing(Wire):
    """Where the time went."""

    prover: Annotated[float, Field(ge=0, description="asking the prover, its proof included")]
    verify: Annotated[float, Field(ge=0, description="checking, signing and logging")]
    total: Annotated[float, Field(ge=0)]


class LogPlace(Wire):
    """Where the answer stands in the log."""

    origin: str
    index: Index


class Links(Wire):
    """Where to go from here."""

    self: str
    attestation: str
    evidence: str


class FailedClause(Wire):
    """A part of the question that does not hold; proven like the answer."""

    predicate: Annotated[str, Field(examples=["monthly_pay > 4000.00"], description="In the language, its one way.")]
    question: Annotated[str, Field(examples=["monthly_pay is more than 4,000.00 USD per month"])]

    @classmethod
    def listed(cls, failed: Sequence[Predicate]) -> list[Self] | None:
        """The clauses that are told to have failed, or None if none is."""
        return [cls(predicate=clause.text, question=clause.english()) for clause in failed] or None


class Disclosure(Wire):
    """What an answer told of one attribute; the provider's word, which is in the attestation too."""

    attribute: str
    bits: Annotated[
        str, Field(examples=["1.00"], description="how many halvings fewer values are possible than before")
    ]
    left: Annotated[
        list[Annotated[list[str], Field(min_length=2, max_length=2)]],
        Field(description="what stays possible for you: intervals of encoded values, both ends inside"),
    ]
    narrowest: Annotated[
        int | None,
        Field(ge=0, description="values in the narrowest set you may tell apart; null where nothing is promised"),
    ]


class Answer(Wire):
    """A proven and logged answer. A NO is proven exactly like a YES."""

    id: Identifier
    outcome: Literal["answer"]
    answer: Literal["yes", "no"]
    question: Annotated[str, Field(examples=["salary is more than 100,000.00 USD per year"])]
    predicate: str
    subject: Handle
    provider: str
    consent: Digest
    as_of: Date
    reasons: ReasonsWord
    disclosed: list[Disclosure]
    failed: Annotated[
        list[FailedClause] | None,
        Field(min_length=1, description="Of a no that was asked with its reasons: the clauses that failed."),
    ] = None
    answered_at: Instant
    proof: ProofSummary
    timing_ms: Timing
    attestation: Token
    log: LogPlace
    links: Links


class Undetermined(Wire):
    """The provider knows the person but not the answer. Logged, not proven."""

    id: Identifier
    outcome: Literal["undetermined"]
    reason: Literal["absent", "stale", "disputed"]
    question: str
    predicate: str
    subject: Handle
    provider: str
    consent: Digest
    as_of: Date
    reasons: ReasonsWord
    answered_at: Instant
    log: LogPlace


class QueryLine(Wire):
    """One of your queries, in a list."""

    id: Identifier
    state: Literal["pending", "answered", "undetermined", "declined", "refused", "erased"]
    created_at: Instant
    index: Index | None
    self: str


class QueryPage(Wire):
    """A page of your queries, newest first; `Link: rel="next"` and `next` lead on."""

    queries: list[QueryLine]
    next: str | None


class BatchRequest(Wire):
    """Several questions at once; each is answered, logged and counted as if it had come alone."""

    queries: Annotated[list[QueryRequest], Field(min_length=1, max_length=MAX_BATCH)]


class BatchItem(Wire):
    """What became of one question of a batch: the body that it would have got alone."""

    status: Annotated[int, Field(ge=200, le=599)]
    body: dict[str, Any]


class BatchResponse(Wire):
    """In the order of the questions."""

    results: list[BatchItem]


class CredentialRequest(Wire):
    """A signed credential to be logged."""

    credential: Token


class CredentialBatchRequest(Wire):
    """Signed credentials to be logged in this order."""

    credentials: Annotated[list[Token], Field(min_length=1, max_length=MAX_CREDENTIALS)]


class CredentialReceipt(Wire):
    """Where a credential stands in the log. Registering it again gives the same receipt."""

    id: str
    index: Index


class CredentialReceipts(Wire):
    """In the order of the credentials."""

    credentials: list[CredentialReceipt]


class ErasureRequest(Wire):
    """One person's erasure, in the provider's signed words, and by which handles they were asked about: not logged."""

    erasure: Annotated[
        Token, Field(description="`typ` zkattest-erasure+jwt: names the person's credentials, no person")
    ]
    subjects: Annotated[
        list[Name], Field(max_length=MAX_CREDENTIALS, description="the handles of all consents the person ever gave")
    ]


class ErasureReceipt(Wire):
    """What was erased. Asking again gives the same receipt, or one more entry if something had come since."""

    indices: Annotated[list[Index], Field(min_length=1, description="The entries of the log that say so.")]
    erased: Annotated[dict[str, int], Field(description="How many bodies, by kind of entry.")]


class WithdrawalRequest(Wire):
    """The end of a consent before its time, in the provider's signed words."""

    withdrawal: Annotated[Token, Field(description="`typ` zkattest-consent-revocation+jwt: names the consent's digest")]


class WithdrawalReceipt(Wire):
    """Where a withdrawal stands in the log. Sending it again gives the same receipt."""

    index: Index


class SchemaRequest(Wire):
    """An attribute schema to be logged; immutable from then on."""

    schema_: Annotated[dict[str, Any], Field(alias="schema")]


class SchemaReceipt(Wire):
    """Where a schema stands in the log."""

    digest: Digest
    index: Index


class SchemaLine(Wire):
    """A registered schema."""

    schema_: Annotated[dict[str, Any], Field(alias="schema")]
    digest: Digest
    provider: str
    index: Index


class SchemaList(Wire):
    """All registered schemas, oldest first."""

    schemas: list[SchemaLine]


class ProviderLine(Wire):
    """A provider whose answers are accepted."""

    id: str
    name: str
    jwk: dict[str, Any]
    valid_from: Instant
    index: Index


class ProviderList(Wire):
    """All registered providers, oldest first."""

    providers: list[ProviderLine]


class VerifyRequest(Wire):
    """An evidence file (`.evidence.json`), as served or as changed since."""

    evidence: dict[str, Any]
    engine: Literal["fast", "reference"] = "fast"


class Verdict(Wire):
    """What an evidence file proves under this verifier's own keys. `valid: false` says what is wrong with it."""

    valid: bool
    engine: Literal["fast", "reference"]
    answer: Literal["yes", "no"] | None = None
    question: str | None = None
    failed: Annotated[list[FailedClause] | None, Field(description="The clauses that failed, where that is told.")] = (
        None
    )
    index: Index | None = None
    reason: str | None = None


class EntryLine(Wire):
    """A log entry with its salt and its exact bytes, both in base64url."""

    index: Index
    kind: str
    appended_at: Instant
    leaf_hash: Digest
    salt: str
    body: str


class ErasedLine(Wire):
    """A log entry whose salt and body were erased; the leaf stays, and with it the tree."""

    index: Index
    kind: Annotated[str, Field(description="As stated beside the leaf; nothing proves it any more.")]
    appended_at: Annotated[Instant, Field(description="As stated beside the leaf.")]
    leaf_hash: Digest
    leaf: Digest
    erased: Annotated[Index, Field(description="The entry that says so.")]


class EntryPage(Wire):
    """Entries from `start` on, under the newest checkpoint."""

    checkpoint: str
    entries: list[EntryLine | ErasedLine]
    next: Index | None


class JwkSet(Wire):
    """RFC 7517."""

    keys: list[dict[str, Any]]


class AttestorPeriod(Wire):
    """When a key signed attestations: in entries after `since_index`, up to `until_index`."""

    jwk: dict[str, Any]
    since_index: Index | None
    since: Instant | None
    until_index: Index | None
    until: Instant | None
    ended: Annotated[Literal["rotated", "compromised", "lost"] | None, Field(description="why it counts no longer")]
    signed: Annotated[bool, Field(description="whether the key before signed for it; true for the first")]


class VerifierCard(Wire):
    """What a client or an auditor has to know about this verifier."""

    service: Literal["verifier"]
    version: str
    origin: str
    log_vkey: Annotated[str, Field(description="C2SP signed-note verifier key of the log")]
    jwk: Annotated[dict[str, Any], Field(description="the first key that signed attestations")]
    attestors: Annotated[list[AttestorPeriod], Field(description="that key, and those that came after it")]
    witnesses: Annotated[list[str], Field(description="keys of the witnesses that are asked to cosign checkpoints")]
    suites: list[str]
