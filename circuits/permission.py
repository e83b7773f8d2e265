"""What a consent permits: whether a query may be answered under it, and what it offers beside a schema's ladder.

A question is allowed if the consent has it as such, or if all it asks about is among the consent's attributes, at none
but its thresholds. Both sides decide by this: the prover before it answers, the verifier and every replay after that.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Final

from circuits import calendar
from circuits import predicate as predicates
from circuits.attributes import Attributes
from circuits.consent import Consent
from circuits.encoding import b64u
from circuits.errors import CircuitsError, ConsentRefused
from circuits.leakage.cuts import alone, cuts_of
from circuits.predicate import Predicate, nodes
from circuits.predicate.nodes import Age, Form
from circuits.query import Query, Reasons

_TIME_ZONES: Final = 1
"""Days by which the date may differ where the consent is given, or the question asked."""


def require_permitted(consent: Consent, query: Query, predicate: Predicate, schema: Attributes, *, now: int) -> None:
    """Require that a query may be answered under a consent.

    How often that was used, and whether it has been revoked, is for whoever keeps count.

    Args:
        consent: as its provider signed it.
        query: as put.
        predicate: its question.
        schema: what that was typed under.
        now: Unix seconds.

    Raises:
        ConsentRefused: it may not, and why (the relying party's fault, or the verifier's).
    """
    for name, has, due in (
        ("consent", query.consent, b64u(consent.digest)),
        ("provider", query.provider, consent.provider),
        ("subject", query.subject, consent.handle),
        ("relying_party", query.relying_party, consent.relying_party),
        ("audience", query.audience, consent.via),
        ("purpose", query.purpose, consent.purpose),
    ):
        if has != due:
            raise ConsentRefused(name, f"the query's {name} is not the consent's")
    if not consent.issued_at <= now < consent.expires_at:
        raise ConsentRefused("time", "the consent does not hold at this time")
    if query.reasons is Reasons.FAILED_CLAUSES and consent.reasons is not Reasons.FAILED_CLAUSES:
        raise ConsentRefused("reasons", "the consent is to yes or no, without reasons")
    _require_allowed(consent, predicate, schema, query.as_of_day)


def offered(consent: Consent, schema: Attributes, as_of: int) -> Mapping[Form, frozenset[int]]:
    """List the cuts of the questions that a consent has as such (circuits.leakage), as far as the schema has them."""
    return _offered(_questions(consent, schema, as_of), schema, as_of)


def _require_allowed(consent: Consent, predicate: Predicate, schema: Attributes, as_of: int) -> None:
    if any(predicate.digest == question.digest for question in _questions(consent, schema, as_of)):
        return
    names, thresholds = consent.allowed.attributes, consent.allowed.thresholds
    if names is not None and not set(predicate.attributes) <= set(names):
        raise ConsentRefused("attributes", "the consent does not allow questions about this attribute")
    for form, cuts in cuts_of(predicate, schema, as_of).items():
        for _, name in form:
            if name not in thresholds:
                continue
            # A threshold of one attribute is none of a form of several.
            texts = thresholds[name] if form == alone(name) else ()
            if not _rungs(name, texts, schema, as_of).issuperset(cuts):
                raise ConsentRefused("thresholds", "the consent does not allow this threshold")


def _questions(consent: Consent, schema: Attributes, as_of: int) -> tuple[Predicate, ...]:
    """The questions that are allowed as such, as of a day."""
    begin, end = (calendar.day_number(calendar.rfc3339(at)[:10]) for at in (consent.issued_at, consent.expires_at))
    holds = begin - _TIME_ZONES <= as_of <= end + _TIME_ZONES
    return tuple(each for each in _parsed(consent.allowed.questions, schema) if holds or not _counts_ages(each))


def _counts_ages(question: Predicate) -> bool:
    return any(isinstance(atom, Age) for atom in nodes.atoms(question.ast))


# Everybody's consent to one relying party is in the same words.
@lru_cache(maxsize=256)
def _parsed(texts: tuple[str, ...], schema: Attributes) -> tuple[Predicate, ...]:
    """Those of the questions that are about this schema's attributes."""
    found: list[Predicate] = []
    for text in texts:
        with suppress(CircuitsError):
            found.append(predicates.parse(text, schema))
    return tuple(found)


@lru_cache(maxsize=256)
def _offered(questions: tuple[Predicate, ...], schema: Attributes, as_of: int) -> Mapping[Form, frozenset[int]]:
    """List the cuts of questions."""
    found: dict[Form, set[int]] = {}
    for question in questions:
        for form, cuts in cuts_of(question, schema, as_of).items():
            found.setdefault(form, set()).update(cuts)
    return {form: frozenset(cuts) for form, cuts in found.items()}


@lru_cache(maxsize=256)
def _rungs(name: str, texts: tuple[str, ...], schema: Attributes, as_of: int) -> frozenset[int]:
    """The cuts of an attribute's thresholds, on both of their sides."""
    questions = [predicates.parse(f"{name} {operator} {text}", schema) for text in texts for operator in (">", ">=")]
    return frozenset(cut for question in questions for cut in cuts_of(question, schema, as_of).get(alone(name), ()))
