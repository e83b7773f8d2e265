"""Which queries a consent permits, one change at a time."""

from dataclasses import replace

import pytest

from circuits import predicate as predicates
from circuits.attributes import default_schema
from circuits.consent import Allowed, Frequency, issue
from circuits.encoding import b64u
from circuits.errors import ConsentRefused
from circuits.jws import SigningKey
from circuits.leakage import Known, Question, Refusal, Rules, decide
from circuits.permission import offered, require_permitted
from circuits.query import Query, Reasons

KEY = SigningKey.generate(entropy=bytes(range(32)))
SCHEMA = default_schema()
NOW = 1_795_000_000
TERMS = {
    "id": bytes(16),
    "provider": "acme-kyc",
    "handle": bytes(range(16)),
    "relying_party": "first-bank",
    "via": "verifier.example/log",
    "purpose": "credit-decision",
    "allowed": Allowed(
        ("salary", "debt", "country"), {"salary": ("100000", "60000.00")}, ("debt * 100 <= salary * 40",)
    ),
    "reasons": Reasons.OUTCOME_ONLY,
    "frequency": Frequency(100, 86_400),
    "issued_at": NOW - 100,
    "expires_at": NOW + 100,
}
CONSENT = issue(**TERMS, key=KEY)


def predicate(text):
    return predicates.parse(text, SCHEMA)


def query(text="salary > 100000", **changed):
    asked = Query(
        id=b64u(bytes(16)),
        nonce=bytes(32),
        audience="verifier.example/log",
        relying_party="first-bank",
        provider="acme-kyc",
        subject=CONSENT.handle,
        purpose="credit-decision",
        predicate_text=text,
        predicate_digest=predicate(text).digest,
        schema_digests=(SCHEMA.digest,),
        as_of="2026-11-18",
        max_age=None,
        issued_at=NOW,
        expires_at=NOW + 60,
        consent=b64u(CONSENT.digest),
    )
    return replace(asked, **changed)


def require(asked, *, now=NOW, consent=CONSENT):
    require_permitted(consent, asked, predicate(asked.predicate_text), SCHEMA, now=now)


@pytest.mark.parametrize(
    "text",
    [
        "salary > 100000",
        "salary >= 60000",
        "!(salary <= 100000) && debt > 5",
        'country == "US"',
        "salary * 40 >= debt * 100",  # the allowed question, turned round
    ],
)
def test_allowed(text):
    require(query(text))


@pytest.mark.parametrize(
    ("text", "member"),
    [
        ("salary > 100001", "thresholds"),
        ("salary == 100000 || salary > 5", "thresholds"),
        ("salary - debt > 60000", "thresholds"),
        ("debt * 100 <= salary * 41", "thresholds"),
        ("debt * 100 <= salary * 40 && salary > 7", "thresholds"),
        ("owns_home", "attributes"),
        ("salary > 100000 && sanctioned", "attributes"),
    ],
)
def test_not_allowed(text, member):
    with pytest.raises(ConsentRefused) as refused:
        require(query(text))
    assert refused.value.member == member


@pytest.mark.parametrize(
    ("member", "found"),
    [
        ("consent", b64u(bytes(32))),
        ("consent", ""),
        ("provider", "other-kyc"),
        ("subject", "bob"),
        ("relying_party", "second-bank"),
        ("audience", "another.example/log"),
        ("purpose", "tenancy"),
        ("reasons", Reasons.FAILED_CLAUSES),
    ],
)
def test_another_query(member, found):
    require(query())
    with pytest.raises(ConsentRefused) as refused:
        require(query(**{member: found}))
    assert refused.value.member == member


@pytest.mark.parametrize(("now", "holds"), [(-101, False), (-100, True), (99, True), (100, False)])
def test_times(now, holds):
    if holds:
        require(query(), now=NOW + now)
        return
    with pytest.raises(ConsentRefused):
        require(query(), now=NOW + now)


def test_reasons_that_are_consented_to():
    consent = issue(**TERMS | {"reasons": Reasons.FAILED_CLAUSES}, key=KEY)
    asked = query(reasons=Reasons.FAILED_CLAUSES, consent=b64u(consent.digest))
    require(asked, consent=consent)
    require(query(consent=b64u(consent.digest)), consent=consent)


def test_no_limits():
    consent = issue(**TERMS | {"allowed": Allowed()}, key=KEY)
    require(query("owns_home || salary > 7", consent=b64u(consent.digest)), consent=consent)


def test_allowed_questions_are_offered_beside_the_ladder():
    question = Question(predicate("debt * 100 <= salary * 40"), SCHEMA, 739_000)
    assert decide(question, Known(), Rules()).refusal is Refusal.LADDER
    assert decide(question, Known(), Rules(offered(CONSENT, SCHEMA, 739_000))).refusal is None


@pytest.mark.parametrize(
    ("as_of", "allowed"),
    [("2026-11-17", True), ("2026-11-19", True), ("2026-11-16", False), ("2026-11-20", False), ("2016-11-18", False)],
)
def test_ages_are_counted_on_days_on_which_the_consent_holds(as_of, allowed):
    """Else a consent to one question would be one to as many as there are days: all birthdays, tried in turn."""
    consent = issue(**TERMS | {"allowed": Allowed((), {}, ("age(date_of_birth) >= 21", "debt < 5000"))}, key=KEY)
    asked = query("age(date_of_birth) >= 21", as_of=as_of, consent=b64u(consent.digest))
    require(query("debt < 5000", as_of=as_of, consent=b64u(consent.digest)), consent=consent)
    assert (((1, "date_of_birth"),) in offered(consent, SCHEMA, asked.as_of_day)) is allowed
    if allowed:
        require(asked, consent=consent)
        return
    with pytest.raises(ConsentRefused):
        require(asked, consent=consent)
    anything = issue(**TERMS | {"allowed": Allowed(("date_of_birth",))}, key=KEY)
    require(query(asked.predicate_text, as_of=as_of, consent=b64u(anything.digest)), consent=anything)
