"""The terms of a consent, and whether they mean anything under the schemas a provider has issued under.

A misspelt attribute in a consent would be found out by a relying party whose questions are all declined, without a
reason. So it is refused when it is noted down.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from circuits import predicate as predicates
from circuits.attributes import Schema
from circuits.consent import Allowed, Frequency
from circuits.errors import CircuitsError
from circuits.leakage.cuts import alone, cuts_of, form_of
from circuits.predicate import Predicate
from circuits.predicate.nodes import Compare
from circuits.query import Reasons
from circuits.vocabulary import MAX_SCHEMAS, Vocabulary
from prover.errors import ConsentRefused


@dataclass(frozen=True, slots=True)
class Terms:
    """What is consented to; the members are circuits.consent.Consent's.

    Attributes:
        relying_party: who may ask, by the name their queries bear.
        via: origin of the verifier they ask through.
        purpose: one of circuits.consent.PURPOSES.
        expires_at: Unix seconds.
        allowed: what may be asked; anything, unless told.
        reasons: what a no may come with.
        frequency: how often may be asked; None: no limit.
    """

    relying_party: str
    via: str
    purpose: str
    expires_at: int
    allowed: Allowed = field(default_factory=Allowed)
    reasons: Reasons = Reasons.OUTCOME_ONLY
    frequency: Frequency | None = None


def require_meaning(allowed: Allowed, schemas: Sequence[Schema]) -> None:
    """Require that every attribute, threshold and question is one under some of a provider's schemas.

    Args:
        allowed: what is consented to.
        schemas: all of the provider's, the newest first.

    Raises:
        ConsentRefused: one is not; says which, and why (the operator's fault).
    """
    names = {attribute.name for schema in schemas for attribute in schema}
    for name in (*(allowed.attributes or ()), *allowed.thresholds):
        if name not in names:
            raise ConsentRefused(f"no schema of this provider has an attribute {name!r}: there are {_listed(names)}")
    for name in allowed.thresholds:
        if allowed.attributes is not None and name not in allowed.attributes:
            raise ConsentRefused(f"the thresholds of {name} mean nothing: it is not among the attributes")
    under: list[Schema | Vocabulary] = [*schemas]
    newest = list({schema.name: schema for schema in reversed(schemas)}.values())
    if 1 < len(newest) <= MAX_SCHEMAS:
        under.insert(0, Vocabulary(tuple(newest)))
    for name, texts in allowed.thresholds.items():
        for text in texts:
            _require_threshold(name, text, under, schemas)
    for text in allowed.questions:
        _require(text, f"the question {text!r}", under)


def _require_threshold(name: str, text: str, under: Iterable[Schema | Vocabulary], schemas: Sequence[Schema]) -> None:
    what = f"the threshold {text!r} of {name}"
    found = _require(f"{name} > {text}", what, under).ast
    # One that went on with `|| ...` would offer more than people see who look at the list.
    if not isinstance(found, Compare) or form_of(found) != alone(name):
        raise ConsentRefused(f"{what}: it is more than one amount, number or date")
    if not any(_on_offer(name, text, each) for each in schemas):
        raise ConsentRefused(f"{what}: the schema does not offer it; a question may, whatever the schema does")


def _require(question: str, what: str, under: Iterable[Schema | Vocabulary]) -> Predicate:
    """Some of them can read it; where none can, the first says why not."""
    reasons: list[str] = []
    for each in under:
        try:
            return predicates.parse(question, each)
        except CircuitsError as error:
            reasons.append(str(error))
    raise ConsentRefused(f"{what}: {next(iter(reasons), 'there is no schema yet')}")


def _on_offer(name: str, text: str, schema: Schema) -> bool:
    """Whether a schema knows a threshold, and has no ladder without it: it would be declined for ever."""
    try:
        cuts = cuts_of(predicates.parse(f"{name} > {text}", schema), schema, 0)
    except CircuitsError:
        return False
    promise = schema.attribute(name).disclosure
    rungs = promise.ladder if promise else ()
    return not rungs or all(cut - 1 in rungs for cut in cuts.get(alone(name), ()))


def _listed(names: Iterable[str], most: int = 12) -> str:
    found = sorted(names)
    more = "" if len(found) <= most else ", ..."
    return ", ".join(islice(found, most)) + more
