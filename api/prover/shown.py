"""What people and the operator are shown of inquiries and knowledge: in words, beside what is kept."""

from functools import lru_cache
from typing import Final

from api.disclosures import consented, in_words
from api.wire.persons import FactView, InquiryPage, InquiryView, InsightView, OwnConsent
from api.wire.questions import Disclosure, FailedClause
from circuits import calendar
from circuits.consent import PURPOSES
from circuits.leakage.words import left_in_words, width_in_words
from circuits.predicate import Predicate, parse
from circuits.predicate.clauses import clauses
from circuits.vocabulary import Vocabulary
from prover.catalogue import Schemas
from prover.consent import Granted
from prover.inquiries import Inquiry, Page
from prover.insight import Fact, Insight

REASONS: Final = {
    "absent": "nothing is held about it",
    "stale": "what is held is too old",
    "disputed": "what is held is disputed",
    "revoked": "the consent had been taken back",
    "time": "the consent does not hold at that time",
    "frequency": "it was asked more often than the consent allows",
    "attributes": "the consent does not allow questions about this",
    "thresholds": "the consent does not allow this threshold",
    "reasons": "the consent is to yes or no, without reasons",
    "ladder": "the threshold is not one that is offered",
    "form": "such a comparison would be a way around what is promised",
    "residual": "the answer could have told more than is promised",
    "shared": "all who ask could have known more together than is promised",
    "work": "what an answer tells could not be worked out",
    "unlogged": "nothing about the person was in the log yet",
}
UNFIT: Final = "the question is not what the consent allows"
UNKNOWN: Final = "for a purpose that is none"
_MEANINGS: Final = 1024


class Shown:
    """Puts into words. Thread-safe."""

    def __init__(self, schemas: Schemas) -> None:
        """Args: where the provider's schemas are found."""
        self._schemas = schemas
        self._meaning = lru_cache(_MEANINGS)(self._read)

    def page(self, page: Page) -> InquiryPage:
        """A page of inquiries."""
        return InquiryPage(inquiries=[self.inquiry(each) for each in page.inquiries], next=page.next)

    def inquiry(self, inquiry: Inquiry) -> InquiryView:
        """One inquiry."""
        predicate, vocabulary = self._meaning(inquiry.question, inquiry.schemas)
        told = inquiry.told
        failed = zip(clauses(predicate), told.clauses or (), strict=False)
        as_of = calendar.day_number(inquiry.as_of)
        return InquiryView(
            asked_at=calendar.rfc3339(inquiry.asked_at),
            relying_party=inquiry.relying_party,
            via=inquiry.via,
            purpose=inquiry.purpose,
            purpose_words=PURPOSES.get(inquiry.purpose, UNKNOWN),  # what was declined may have named any
            predicate=inquiry.question,
            question=predicate.english(),
            as_of=inquiry.as_of,
            consent=inquiry.consent,
            id=inquiry.id,
            query=inquiry.query,
            outcome=told.outcome.value,
            answer=None if told.answer is None else "yes" if told.answer else "no",
            failed=FailedClause.listed([clause for clause, holds in failed if not holds]),
            reason=told.reason,
            reason_words=None if told.reason is None else REASONS.get(told.reason, UNFIT),
            disclosed=[
                Disclosure(**each) for each in in_words(told.disclosed, vocabulary, as_of=as_of, question=predicate)
            ],
        )

    def _read(self, text: str, digests: tuple[bytes, ...]) -> tuple[Predicate, Vocabulary]:
        vocabulary = Vocabulary(tuple(map(self._schemas, digests)))
        return parse(text, vocabulary), vocabulary


def insight(known: Insight, *, as_of: int) -> InsightView:
    """What a relying party knows; `as_of` is today's day number."""
    return InsightView(relying_party=known.relying_party, facts=[_fact(each, known, as_of) for each in known.facts])


def consent(granted: Granted) -> OwnConsent:
    """A consent, for whoever gave it: without the token, which is for the relying party."""
    revoked_at = None if granted.revoked_at is None else calendar.rfc3339(granted.revoked_at)
    return OwnConsent(**consented(granted.consent), revoked_at=revoked_at)


def _fact(fact: Fact, known: Insight, as_of: int) -> FactView:
    narrowest = None
    if fact.narrowest is not None:
        narrowest = width_in_words(known.schema.attribute(fact.form[0][1]), fact.narrowest)
    return FactView(
        attributes=[name for _, name in fact.form],
        left=[[str(low), str(high)] for low, high in fact.left],
        narrowest=fact.narrowest,
        words=left_in_words(fact.form, fact.left, known.schema, as_of=as_of),
        narrowest_words=narrowest,
    )
