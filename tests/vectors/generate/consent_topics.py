"""Consents and what they allow, their withdrawals, and receipts of erasures."""

from statement_topics import BOTH
from token_topics import JWK, OTHER, forged, signed_nonsense, stated_in
from topics import Topic
from world import NOW, PAY, PERSON, PROVIDER, SIGNING, granted, query, seeded

from circuits import consent, receipt, withdrawal
from circuits.consent import Allowed, Frequency
from circuits.encoding import b64u
from circuits.query import Reasons
from circuits.receipt import sign_receipt
from circuits.withdrawal import withdraw

LIMITED = Allowed(
    attributes=("salary", "date_of_birth"),
    thresholds={"salary": ("50000", "100000")},
    questions=("debt * 100 <= salary * 40",),
)


def consent_topic():
    topic = Topic("consent", "Consents, withdrawals and receipts of erasures: compact JWS of their providers.")
    token = granted(allowed=LIMITED, reasons=Reasons.OUTCOME_ONLY, frequency=Frequency(100, 86_400)).token
    topic.shared["ada"] = token
    topic.accept("open", "consent.open", {"token": token, "jwk": JWK}, "what one relying party may ask about a person")
    anything = {"token": granted().token, "jwk": JWK}
    topic.accept("open-anything", "consent.open", anything, "to any question, with reasons, however often")
    forged(topic, "consent.open", token, consent.TYP, base="open")
    signed_nonsense(topic, "consent.open", token, consent.TYP, _consents(stated_in(token)), base="open")
    _withdrawals(topic)
    _receipts(topic)
    return topic


def _consents(stated):
    """What is no consent, though a provider signed it."""
    allowed, limit = stated["allowed"], stated["frequency"]
    yield "extra", {"note": "x"}, "a member more"
    yield "mode", {"mode": "values"}, "there is one mode: yes or no"
    yield "purpose", {"purpose": "gossip"}, "no such purpose"
    yield "purpose-list", {"purpose": ["sandbox"]}, "a list is no purpose"
    yield "purpose-object", {"purpose": {}}, "an object is no purpose"
    yield "reasons", {"reasons": "all"}, "no such reasons"
    yield "exp", {"exp": stated["iat"]}, "it ends when it begins"
    yield "iat", {"iat": "now"}, "a time that is no number"
    yield "iat-bool", {"iat": True}, "true is no time"
    yield "exp-far", {"exp": 1 << 50}, "a time of no day"
    yield "jti", {"jti": b64u(bytes(15))}, "an id of 15 bytes"
    yield "sub", {"sub": b64u(bytes(17))}, "a handle of 17 bytes"
    yield "sub-name", {"sub": "ada"}, "a handle is no name"
    for member in ("iss", "aud", "via"):
        yield f"{member}-empty", {member: ""}, "nobody"
        yield f"{member}-control", {member: "a\nb"}, "a control character"
        yield f"{member}-long", {member: "x" * 257}, "257 characters"
    yield "never", {"frequency": limit | {"count": 0}}, "no question at all"
    yield "frequency-bool", {"frequency": limit | {"count": True}}, "true is no number"
    yield "frequency-seconds", {"frequency": limit | {"seconds": 0}}, "in no time"
    yield "frequency-extra", {"frequency": limit | {"more": 1}}, "a frequency with a member more"
    yield "frequency-list", {"frequency": [100, 86_400]}, "a list is no frequency"
    yield "allowed-null", {"allowed": None}, "nothing is said of what is allowed"
    yield "allowed-extra", {"allowed": allowed | {"more": []}}, "something else is allowed"
    yield "attributes-text", {"allowed": allowed | {"attributes": "salary"}}, "a text is no list"
    yield "attributes-number", {"allowed": allowed | {"attributes": [1]}}, "a number is no attribute"
    yield "attributes-many", {"allowed": allowed | {"attributes": ["salary"] * 65}}, "more than 64 attributes"
    yield "attributes-escape", {"allowed": allowed | {"attributes": ["salary\x1b[2J"]}}, "a control character"
    yield "questions-lines", {"allowed": allowed | {"questions": ["owns_home ||\nsanctioned"]}}, "a line break"
    yield "questions-null", {"allowed": allowed | {"questions": None}}, "null is no list of questions"
    yield "questions-many", {"allowed": allowed | {"questions": ["owns_home"] * 65}}, "more than 64 questions"
    yield "thresholds-list", {"allowed": allowed | {"thresholds": ["100000"]}}, "thresholds of no attribute"
    yield "thresholds-number", {"allowed": allowed | {"thresholds": {"salary": [100_000]}}}, "thresholds are texts"
    many = {"salary": ["100000"] * 65}
    yield "thresholds-many", {"allowed": allowed | {"thresholds": many}}, "more than 64 thresholds"


def _withdrawals(topic):
    token = withdraw(provider=PROVIDER, consent=granted().digest, issued_at=NOW, key=SIGNING).token
    topic.shared["withdrawal"] = token
    why = "the consent of this digest does not hold any more"
    topic.accept("withdrawal", "withdrawal.open", {"token": token, "jwk": JWK}, why)
    settings = {"base": "withdrawal", "prefix": "withdrawal-"}
    forged(topic, "withdrawal.open", token, withdrawal.TYP, **settings)
    changes = (
        ("extra", {"reason": "x"}, "a member more"),
        ("consent", {"consent": b64u(bytes(31))}, "a digest of 31 bytes"),
        ("consent-token", {"consent": granted().token}, "a consent, not its digest"),
        ("consent-null", {"consent": None}, "of no consent"),
        ("iat", {"iat": "now"}, "a time that is no number"),
        ("iat-bool", {"iat": True}, "true is no time"),
        ("iat-far", {"iat": 1 << 50}, "a time of no day"),
        ("iss", {"iss": ""}, "nobody"),
    )
    signed_nonsense(topic, "withdrawal.open", token, withdrawal.TYP, changes, **settings)


def _receipts(topic):
    erased = {"credentials": 2, "consents": 1, "inquiries": 17}
    token = sign_receipt(
        provider=PROVIDER, request=seeded("request", 16), erased=erased, issued_at=NOW, key=SIGNING
    ).token
    topic.shared["receipt"] = token
    topic.accept("receipt", "receipt.open", {"token": token, "jwk": JWK}, "how much was erased; about nobody in words")
    settings = {"base": "receipt", "prefix": "receipt-"}
    forged(topic, "receipt.open", token, receipt.TYP, **settings)
    changes = (
        ("extra", {"subject": "ada"}, "a member more"),
        ("request", {"request": b64u(bytes(15))}, "a request of 15 bytes"),
        ("iat", {"iat": "now"}, "a time that is no number"),
        ("iss", {"iss": None}, "nobody"),
        ("negative", {"inquiries": -1}, "fewer than none"),
        ("bool", {"consents": True}, "true is no number"),
    )
    signed_nonsense(topic, "receipt.open", token, receipt.TYP, changes, **settings)


def permission_topic():
    topic = Topic("permission", "Which questions a consent allows: whose, for what, when, about which values.")
    topic.shared |= {"kyc-person": PERSON.to_json(), "payroll": PAY.to_json()}
    cases = _Permissions(topic)
    cases.of_the_query()
    cases.of_what_is_allowed()
    return topic


class _Permissions:
    def __init__(self, topic):
        self.topic = topic

    def _input(self, given, asked, schemas=(PERSON,), now=NOW):
        schemas = [schema.to_json() for schema in schemas]
        return {"token": given.token, "jwk": JWK, "query": asked.to_json(), "schemas": schemas, "now": now}

    def accept(self, name, given, text, why, *, schemas=(PERSON,), now=NOW, **changes):
        asked = query(text, schemas=schemas, under=given, **changes)
        self.topic.accept(name, "consent.require", self._input(given, asked, schemas, now), why, known={})

    def reject(self, name, given, text, why, *, mutates, schemas=(PERSON,), now=NOW, **changes):
        asked = query(text, schemas=schemas, under=given, **changes)
        argument = self._input(given, asked, schemas, now)
        self.topic.reject(name, "consent.require", argument, why, mutates=mutates)

    def of_the_query(self):
        given, text = granted(), "salary > 100000"
        self.accept("any", given, text, "any question of this relying party about this person")
        for name, change, why in (
            ("consent", {"consent": b64u(granted("bob").digest)}, "the question names another consent"),
            ("no-consent", {"consent": ""}, "the question names none"),
            ("provider", {"provider": "other-kyc"}, "someone else is asked"),
            ("subject", {"subject": granted("bob").handle}, "about someone else"),
            ("party", {"relying_party": "second-bank"}, "asked by someone else"),
            ("audience", {"audience": "other.example/log"}, "asked through another verifier"),
            ("purpose", {"purpose": "tenancy"}, "for another purpose"),
        ):
            self.reject(f"any-{name}", given, text, why, mutates="any", **change)
        self.accept("first", given, text, "its first second", now=given.issued_at)
        self.reject("early", given, text, "a second before", mutates="first", now=given.issued_at - 1)
        self.accept("last", given, text, "its last second", now=given.expires_at - 1)
        self.reject("over", given, text, "a second later", mutates="last", now=given.expires_at)
        told = {"reasons": Reasons.FAILED_CLAUSES}
        self.accept("reasons", given, text, "a no with the clauses that failed", **told)
        bare = granted(reasons=Reasons.OUTCOME_ONLY)
        self.accept("outcome", bare, text, "yes or no")
        self.reject("outcome-reasons", bare, text, "and nothing else", mutates="outcome", **told)
        wrong = self._input(given, query(text)) | {"jwk": OTHER}
        self.topic.reject("any-key", "consent.require", wrong, "signed by another key", mutates="any")

    def of_what_is_allowed(self):
        some, rungs, asked = "attributes", "thresholds", "questions"
        limits = {
            some: granted(allowed=Allowed(attributes=("salary", "date_of_birth"))),
            rungs: granted(allowed=Allowed(thresholds={"salary": ("50000", "100000.00")})),
            asked: granted(allowed=Allowed(attributes=(), questions=("debt * 100 <= salary * 40", "owns_home"))),
        }
        self._of_ages()
        for name, limit, text, why in (
            ("attribute", some, "salary > 123456", "about this one, any threshold"),
            ("attributes", some, "salary > 1 && age(date_of_birth) >= 21", "about both"),
            ("threshold", rungs, "salary > 100000", "a threshold that was named"),
            ("threshold-same", rungs, "salary >= 100000.00", "in another text, from the other side"),
            ("threshold-below", rungs, "salary <= 50000", "and from below"),
            ("threshold-not", rungs, "!(salary < 50000)", "whatever it is combined to"),
            ("threshold-other", rungs, "debt > 123456", "nothing was said of this one's thresholds"),
            ("threshold-free", rungs, "salary >= 0.00", "what is always so has no threshold"),
            ("question", asked, "debt * 100 <= salary * 40", "a question that was named"),
            ("question-same", asked, " (debt*100<=40*salary) ", "in another text"),
        ):
            self.accept(name, limits[limit], text, why)
        for name, base, limit, text, why in (
            ("attribute-other", "attribute", some, "debt > 123456", "not about this one"),
            ("attribute-one-of-two", "attributes", some, "salary > 1 && owns_home", "not about one of the two"),
            ("threshold-cent", "threshold", rungs, "salary > 100000.01", "a cent beside it"),
            ("threshold-at", "threshold", rungs, "salary > 75000", "another threshold"),
            ("threshold-equal", "threshold", rungs, "salary == 123456", "two others"),
            ("threshold-one-of-two", "threshold", rungs, "salary > 100000 || salary > 75000", "one of two is another"),
            ("threshold-form", "threshold", rungs, "salary + debt > 100000", "with something else in the sum"),
            ("question-more", "question", asked, "debt * 100 <= salary * 41", "another question"),
            ("question-reduced", "question", asked, "debt * 5 <= salary * 2", "with the numbers of another question"),
            ("question-not", "question", asked, "!(debt * 100 <= salary * 40)", "the opposite is another question"),
            ("question-and", "question", asked, "debt * 100 <= salary * 40 && owns_home", "two named ones in one"),
        ):
            self.reject(name, limits[limit], text, why, mutates=base)
        both = granted(allowed=Allowed(attributes=("monthly_pay", "country")))
        self.accept("two-schemas", both, BOTH, "under two schemas", schemas=(PAY, PERSON))
        one = granted(allowed=Allowed(attributes=("monthly_pay",)))
        self.reject("two-schemas-one", one, BOTH, "about one of two", mutates="two-schemas", schemas=(PAY, PERSON))

    def _of_ages(self):
        """A question about an age is another one every day; one day is given for time zones."""
        days = {"issued_at": NOW - 86_400, "expires_at": NOW + 86_400}
        named, adult = Allowed(attributes=(), questions=("age(date_of_birth) >= 21",)), "age(date_of_birth) >= 21"
        given = granted(allowed=named, **days)
        self.accept("age", given, adult, "counted today")
        self.accept("age-first", given, adult, "the day before it was given", as_of="2026-11-16")
        self.accept("age-last", given, adult, "the day after it ends", as_of="2026-11-20")
        self.reject("age-before", given, adult, "a day earlier", mutates="age-first", as_of="2026-11-15")
        self.reject("age-after", given, adult, "a day later", mutates="age-last", as_of="2026-11-21")
        other = granted(allowed=Allowed(attributes=("date_of_birth",)), **days)
        self.accept("age-any", other, adult, "whatever is asked of this attribute, any day", as_of="2016-11-15")


def topics():
    return [consent_topic(), permission_topic()]
