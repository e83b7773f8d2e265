"""What the operator and the provider's people send to the prover and get from it."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field

from api.disclosures import consented
from api.wire.fields import Name, Wire
from circuits import calendar
from circuits.consent import MOST, Allowed, Frequency
from circuits.query import MAX_TEXT, Reasons
from prover.consent import Granted
from prover.terms import Terms

Texts = Annotated[list[Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]], Field(max_length=MOST)]
MANY: Final = 999_999_999
Why = Literal["outcome-only", "failed-clauses"]


class AllowedTerms(Wire):
    """What may be asked; of an attribute with thresholds only these; the questions too, whatever the rest says."""

    attributes: Texts | None = None
    thresholds: Annotated[dict[str, Texts], Field(max_length=MOST, default_factory=dict)]
    questions: Annotated[Texts, Field(default_factory=list)]

    def read(self) -> Allowed:
        """As the rooms know it."""
        attributes = None if self.attributes is None else tuple(self.attributes)
        return Allowed(attributes, {name: tuple(each) for name, each in self.thresholds.items()}, tuple(self.questions))


class FrequencyTerms(Wire):
    """At most `count` questions in any `seconds`."""

    count: Annotated[int, Field(ge=1, le=MANY)]
    seconds: Annotated[int, Field(ge=1, le=MANY)]


class ConsentRequest(Wire):
    """What a person consented to, as the operator notes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "subject": "C-1001",
                    "relying_party": "first-bank",
                    "via": "verifier.example/log",
                    "purpose": "credit-decision",
                    "expires_at": "2027-11-22T00:00:00Z",
                    "allowed": {"attributes": ["salary", "debt"], "questions": ["debt * 100 <= salary * 40"]},
                    "frequency": {"count": 100, "seconds": 86400},
                }
            ]
        }
    )

    subject: Annotated[Name, Field(description="your reference for the person")]
    relying_party: Name
    via: Annotated[Name, Field(description="origin of the verifier they ask through")]
    purpose: Annotated[Name, Field(description="one of circuits.consent.PURPOSES: `credit-decision`")]
    expires_at: Annotated[str, Field(max_length=20, examples=["2027-11-22T00:00:00Z"])]
    allowed: Annotated[AllowedTerms, Field(default_factory=AllowedTerms)]
    reasons: Why = "outcome-only"
    frequency: FrequencyTerms | None = None

    def terms(self) -> Terms:
        """As the rooms know them. Raises EncodingError: `expires_at` is no time (the caller's fault)."""
        often = None if self.frequency is None else Frequency(self.frequency.count, self.frequency.seconds)
        return Terms(
            relying_party=self.relying_party,
            via=self.via,
            purpose=self.purpose,
            expires_at=calendar.unix(self.expires_at),
            allowed=self.allowed.read(),
            reasons=Reasons(self.reasons),
            frequency=often,
        )


class ConsentView(Wire):
    """A consent; `consent` is the token that the relying party shows with every question."""

    id: str
    subject: Annotated[str, Field(description="your reference for the person")]
    handle: Annotated[str, Field(description="by which this relying party, and no other, knows the person")]
    relying_party: str
    via: str
    purpose: str
    purpose_words: str
    reasons: Why
    allowed: Annotated[dict[str, Any], Field(description="attributes, thresholds, questions")]
    frequency: Annotated[dict[str, int] | None, Field(description="at most `count` questions in any `seconds`")]
    granted_at: str
    expires_at: str
    revoked_at: str | None
    consent: str

    @classmethod
    def of(cls, granted: Granted) -> Self:
        """A consent as shown."""
        consent = granted.consent
        return cls(
            subject=granted.subject,
            handle=consent.handle,
            revoked_at=None if granted.revoked_at is None else calendar.rfc3339(granted.revoked_at),
            consent=consent.token,
            **consented(consent),
        )


class ConsentList(Wire):
    """Consents, the oldest first."""

    consents: list[ConsentView]
