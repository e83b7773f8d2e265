"""What people are shown about themselves: who asked what, who knows what, who may ask; and what they may have done."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.wire.fields import Name, Wire
from api.wire.questions import Disclosure, FailedClause


class SubjectRequest(Wire):
    """Whom it is about."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"subject": "C-1001"}]})

    subject: Annotated[Name, Field(description="your reference for the person")]


class SubjectTokenView(Wire):
    """A token for a person; it is shown once."""

    token: str


class InquiryView(Wire):
    """A question about the person, and what became of it."""

    asked_at: str
    relying_party: Annotated[str, Field(description="who asked")]
    via: Annotated[str, Field(description="origin of the verifier they asked through")]
    purpose: Annotated[str, Field(examples=["credit-decision"])]
    purpose_words: Annotated[str, Field(examples=["to decide on a loan or a line of credit"])]
    predicate: Annotated[str, Field(examples=["salary > 100000"])]
    question: Annotated[str, Field(examples=["salary is more than 100,000.00 USD per year"])]
    as_of: str
    consent: Annotated[str, Field(description="id of the consent that it came under")]
    id: Annotated[str, Field(description="of the query: `jti` of the attestation, and `id` of the answer")]
    query: Annotated[str, Field(description="digest of the query as it was first put, as log and attestation name it")]
    outcome: Literal["answered", "undetermined", "declined"]
    answer: Literal["yes", "no"] | None
    failed: Annotated[list[FailedClause] | None, Field(description="the clauses that were told to fail")]
    reason: Annotated[str | None, Field(description="why there was no answer; of what is declined only you are told")]
    reason_words: str | None
    disclosed: Annotated[list[Disclosure], Field(description="what the answer told who asked")]


class InquiryPage(Wire):
    """A page of what was asked about the person, the newest first; `Link: rel="next"` and `next` lead on."""

    inquiries: list[InquiryView]
    next: str | None


class FactView(Wire):
    """What somebody can know of an attribute, or of several that were compared with each other."""

    attributes: Annotated[list[str], Field(examples=[["salary"]])]
    left: Annotated[list[list[str]], Field(description="what stays possible: intervals of encoded values")]
    narrowest: Annotated[int | None, Field(description="values in the narrowest set that was ever told apart")]
    words: Annotated[str, Field(examples=["at least 100,000.01 USD per year"])]
    narrowest_words: str | None


class InsightView(Wire):
    """What a relying party can know from all its answers; without one, what all of them could know together."""

    relying_party: str | None
    facts: list[FactView]


class KnowledgeView(Wire):
    """What everybody who had an answer can know of the person."""

    knowledge: list[InsightView]


class OwnConsent(Wire):
    """Who may ask what about the person, or might until it was taken back or expired."""

    id: str
    relying_party: str
    via: str
    purpose: str
    purpose_words: str
    reasons: Literal["outcome-only", "failed-clauses"]
    allowed: Annotated[dict[str, Any], Field(description="attributes, thresholds, questions")]
    frequency: Annotated[dict[str, int] | None, Field(description="at most `count` questions in any `seconds`")]
    granted_at: str
    expires_at: str
    revoked_at: str | None


class Me(Wire):
    """How things stand."""

    disputed_at: Annotated[str | None, Field(description="since when every answer is undetermined: disputed")]
    consents: list[OwnConsent]


class Disputed(Wire):
    """Since when the person disputes what is held of them: until that is settled every answer is undetermined."""

    disputed_at: str


class DisputeLine(Wire):
    """Somebody who disputes what is held of them."""

    subject: Annotated[str, Field(description="your reference for the person")]
    disputed_at: str


class DisputeList(Wire):
    """Who waits for the operator, the longest first."""

    disputes: list[DisputeLine]


class Settled(Wire):
    """That a dispute is settled: from now on there are answers again."""

    settled_at: str


class Erased(Wire):
    """That all is erased."""

    credentials: int
    receipt: Annotated[str, Field(description="`typ` zkattest-erasure-receipt+jwt: the provider's signed word")]
