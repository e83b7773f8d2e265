"""What a provider and its verifier log against a consent is found in replay, and named; what keeps to it is not.

Whoever logs has every key: nothing is checked before it is logged, and all but one thing is in order.
"""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from circuits.consent import Allowed, Frequency
from circuits.encoding import b64u, canonical_json
from circuits.leakage import Disclosed, written
from circuits.query import Reasons
from circuits.withdrawal import withdraw
from verifier.attestation import attest
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.checking import CheckedProof, appraise
from verifier.entries.kinds import AnswerEntry, CredentialEntry, UndeterminedEntry, encode
from verifier.entries.withdrawal import WithdrawalEntry
from verifier.errors import Blame
from verifier.log.writer import Draft

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ORIGIN = "verifier.example/log"
RATIO = "debt * 100 <= salary * 40"


@pytest.fixture
def people(company):
    """Ada and Bob, who have salaries and debts."""
    return {
        "ada": company.issue("ada", {"salary": "129000", "debt": "20000"}),
        "bob": company.issue("bob", {"salary": "58000.50", "debt": "30000"}),
    }


def findings(world):
    report = replay(export_lines(world.log), trust=world.trust)
    return [(each.index, each.blame, each.code) for each in report.findings]


def log(world, entry_at):
    def make(index):
        entry = entry_at(index)
        return Draft(entry.kind, encode(entry, world.now), world.now)

    return world.log.append(make).result(20)


def plant(world, query, *, consent=None, subject="ada", **changes):
    """Log an answer, whatever its consent says; its attestation says what is logged."""
    fair = world.query(query.predicate_text, subject, reasons=query.reasons)
    told = world.company.prove(fair, world.company.subjects[subject])
    settings = {"registry": world.registry, "audience": ORIGIN, "asked_at": world.log.size, "now": world.now}
    claim = appraise(fair, told, consent=world.token(fair), **settings)
    told = replace(world.company.prove(query, world.company.subjects[subject]), **changes)
    token = consent or world.token(query)

    def entry(index):
        said = CheckedProof(replace(claim, query=query, answered=told))
        signed = attest(said, signer=world.key, origin=ORIGIN, index=index, now=world.now)
        rest = (told.credentials, told.answer, told.proof, signed.token, token, told.disclosed, told.clauses)
        return AnswerEntry(query, settings["asked_at"], *rest)

    return log(world, entry)


def plant_undetermined(world, query, *, consent=None, **_more):
    """Log that there is no answer, whatever its consent says."""
    token, asked_at = consent or world.token(query), world.log.size
    return log(world, lambda _index: UndeterminedEntry(query, asked_at, "stale", None, token))


PLANTS = {"answer": plant, "undetermined": plant_undetermined}


def under(text="salary > 100000", asking=None, **terms):
    """A question about Ada under a consent of hers in these terms."""
    return lambda w: {"query": w.query(text, consent=w.company.consent("ada", **terms), **asking or {})}


def asked_under(world, granted):
    return {"query": world.query("salary > 100000", consent=granted)}


def another_persons(world):
    query = world.query(consent=world.company.consent("bob"))
    return {"query": replace(query, subject=world.company.handle("ada", "first-bank"))}


def by_another_key(world):
    other = type(world.company)(name=world.company.name)
    other.key = type(other.key)(bytes(31) + b"\x07")
    granted = other.consent("ada")
    world.company.tokens[b64u(granted.digest)] = granted
    return asked_under(world, granted)


def no_token(world):
    query = world.query()
    return {"query": replace(query, consent=""), "consent": world.token(query)}


def withdrawn(world):
    granted = world.company.consent("ada", purpose="tenancy")
    word = {"provider": granted.provider, "consent": granted.digest, "issued_at": world.now, "key": world.company.key}
    world.publish(WithdrawalEntry(withdraw(**word).token))
    return asked_under(world, granted)


def used_up(world):
    granted = world.company.consent("ada", frequency=Frequency(1, 3_600))
    plant_undetermined(world, **asked_under(world, granted))
    assert findings(world) == []
    return asked_under(world, granted)


NOW = 1_795_000_000
ALLOWED = {
    "attributes": Allowed(attributes=("salary",)),
    "thresholds": Allowed(thresholds={"salary": ("100000",)}),
    "question": Allowed(attributes=("country",), questions=(RATIO,)),
}
KEPT = {
    "to anything": under(),
    "its purpose": under(purpose="tenancy"),
    "at the end of its period": under(expires_at=NOW + 1),
    "from a clock that is ahead": under(issued_at=NOW + 300),
    "attribute": under(allowed=ALLOWED["attributes"]),
    "threshold": under(allowed=ALLOWED["thresholds"]),
    "question": under(RATIO, allowed=ALLOWED["question"]),
    "reasons": under("salary > 200000", {"reasons": Reasons.FAILED_CLAUSES}),
    "once": under(frequency=Frequency(1, 3_600)),
}
BROKEN = {
    "signed by somebody else": (by_another_key, "consent-refused"),
    "none": (no_token, "consent-elsewhere"),
    "another person's": (another_persons, "consent-refused"),
    "another lender's": (lambda w: asked_under(w, w.company.consent("ada", "second-bank")), "consent-refused"),
    "another verifier's": (under(via="other.example/log"), "consent-refused"),
    "for another purpose": (under(asking={"purpose": "employment"}), "consent-refused"),
    "from before the key": (under(issued_at=NOW - 86_400 * 2), "consent-refused"),
    "not yet": (under(issued_at=NOW + 301), "consent-refused"),
    "no longer": (under(expires_at=NOW), "consent-refused"),
    "to another attribute": (under("debt > 100000", allowed=ALLOWED["attributes"]), "consent-refused"),
    "to another threshold": (under("salary > 120000", allowed=ALLOWED["thresholds"]), "consent-refused"),
    "to another question": (under("debt * 100 <= salary * 36", allowed=ALLOWED["question"]), "consent-refused"),
    "without reasons": (
        under("salary > 200000", {"reasons": Reasons.FAILED_CLAUSES}, reasons=Reasons.OUTCOME_ONLY),
        "consent-refused",
    ),
    "withdrawn before": (withdrawn, "consent-withdrawn"),
    "used up": (used_up, "consent-exhausted"),
}


@pytest.mark.parametrize("kind", PLANTS)
@pytest.mark.parametrize("name", KEPT)
def test_what_keeps_to_a_consent_is_no_finding(world, name, kind):
    PLANTS[kind](world, **KEPT[name](world))
    assert findings(world) == []


@pytest.mark.parametrize("kind", PLANTS)
@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_is_found_with_who_is_to_blame(world, name, kind):
    make, code = BROKEN[name]
    PLANTS[kind](world, world.query())
    index = PLANTS[kind](world, **make(world))
    PLANTS[kind](world, world.query())
    blame = Blame.VERIFIER if code == "consent-elsewhere" else Blame.PROVIDER
    assert findings(world) == [(index, blame, code)]


def test_a_consent_withdrawn_while_the_question_was_under_way_is_no_finding(world):
    granted = world.company.consent("ada", purpose="tenancy")
    query, asked_at = world.query(consent=granted), world.log.size
    word = {"provider": granted.provider, "consent": granted.digest, "issued_at": world.now, "key": world.company.key}
    world.publish(WithdrawalEntry(withdraw(**word).token))
    log(world, lambda _index: UndeterminedEntry(query, asked_at, "stale", None, granted.token))
    assert findings(world) == []
    index = plant(world, query)
    assert findings(world) == [(index, Blame.PROVIDER, "consent-withdrawn")]


LOW, HIGH = 0, 1_000_000_000
DISCLOSED = {
    "nothing": (),
    "another attribute": (Disclosed("debt", ((LOW, HIGH),), Decimal(0), None),),
    "one more": tuple(Disclosed(name, ((LOW, HIGH),), Decimal(0), None) for name in ("salary", "debt")),
    "out of bounds": (Disclosed("salary", ((LOW, 10**30),), Decimal(0), None),),
}


@pytest.mark.parametrize("name", DISCLOSED)
def test_what_is_said_to_be_disclosed_has_to_be_of_the_question(world, name):
    plant(world, world.query())
    assert findings(world) == []
    index = plant(world, world.query(), disclosed=DISCLOSED[name])
    ((found, blame, code),) = findings(world)
    assert (found, blame) == (index, Blame.PROVIDER)
    assert code == "disclosed-refused"


FAIR = {"attribute": "salary", "bits": "0.00", "left": [["0", "5"]], "narrowest": None}
MALFORMED = (None, {}, [[]], [{"attribute": "salary"}], [FAIR | {"bits": 1}], [FAIR | {"left": []}])


@pytest.mark.parametrize("disclosed", MALFORMED, ids=repr)
def test_what_is_not_even_of_the_form_is_the_log_operators_fault(world, disclosed):
    plant(world, world.query(), disclosed=written.from_json([FAIR]))
    assert findings(world) == []
    (answered,) = (json.loads(each.body) for each in world.log.read(0, kinds=("answer",)))
    body = canonical_json(answered | {"disclosed": disclosed})
    index = world.log.append(lambda _index: Draft("answer", body, world.now)).result(20)
    assert findings(world) == [(index, Blame.LOG, "entry")]


def test_a_handle_is_one_persons(world):
    plant(world, world.query())
    plant(world, world.query(subject="bob"), subject="bob")
    assert findings(world) == []
    index = plant(world, world.query(), subject="bob")  # asked about Ada, answered from Bob's credential
    assert findings(world) == [(index, Blame.PROVIDER, "credential-elsewhere")]


def test_a_person_has_one_handle_for_a_lender(world):
    plant(world, world.query())
    world.company.handles["alias"] = "ada"
    alias = world.company.consent("ada", handle=b"another handle--")
    index = plant(world, world.query(consent=alias))
    assert findings(world) == [(index, Blame.PROVIDER, "credential-elsewhere")]


def test_a_person_has_one_line(world, company, people):
    successor = company.issue("ada/2", {"salary": "5"}, supersedes=people["ada"].id)
    world.register(successor)
    assert findings(world) == []
    second = company.issue("ada/3", {"salary": "7"})
    index = log(world, lambda _index: CredentialEntry(second.token))
    assert findings(world) == [(index, Blame.VERIFIER, "registry")]


def test_answers_within_their_consents_may_still_tell_too_much(world):
    granted = world.company.consent("ada", allowed=ALLOWED["attributes"], frequency=Frequency(9, 60))
    told = [plant(world, world.query(f"salary > {amount}", consent=granted)) for amount in (100_000, 140_000, 130_000)]
    assert findings(world) == []
    index = plant(world, world.query("salary > 125000", consent=granted))
    assert findings(world) == [(index, Blame.PROVIDER, "overrun")]
    (found,) = replay(export_lines(world.log), trust=world.trust).findings
    assert found.evidence == (*told, index)
