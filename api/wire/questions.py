"""Bodies of questions and their answers, one or many, and of answers that are checked again."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field

from api.web.unfit import COMPACT_JWS
from api.wire.fields import Date, Digest, Handle, Identifier, Index, Instant, Name, Token, Wire
from circuits.predicate import Predicate
from circuits.vocabulary import MAX_SCHEMAS
from verifier.entries.kinds import MAX_CONSENT

ReasonsWord = Literal["outcome-only", "failed-clauses"]
MAX_BATCH = 256
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
    words: Annotated[str, Field(examples=["at least 100,000.01 USD per year"], description="`left` in words")]
    narrowest_words: Annotated[
        str | None, Field(examples=["100,000.01 USD per year"], description="`narrowest` in words")
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
