"""Rules for an answer that are about consents, what was disclosed, and whom credentials and handles are about."""

import hashlib
import json
from decimal import Decimal

from asking import PINS, Asking
from bodies import NEXT_SIGNING, changed, in_query, lacking
from statement_topics import BOTH
from world import (
    NOW,
    OTHER_PROVIDER,
    OTHER_SIGNING,
    PAY,
    PERSON,
    PROVIDER,
    SIGNING,
    granted,
    other_company,
    peopled,
    query,
    seeded,
)

from circuits.consent import Allowed, Frequency
from circuits.encoding import b64u
from circuits.leakage import Disclosed, written
from circuits.query import Reasons
from circuits.withdrawal import withdraw
from verifier.entries.kinds import CredentialEntry, ProviderEntry, UndeterminedEntry, encode
from verifier.entries.withdrawal import WithdrawalEntry

AHEAD = 300
"""Seconds by which a provider's clock may be ahead."""
SLACK = 120
"""Seconds by which an auditor's window is shorter than the consent's."""
WHOLE = ((0, 1_000_000_000),)


def consent_rules(topic, yes):
    """What an answer is given under."""
    world, ada = yes.world, peopled()[1]["ada"][0]
    yes.refused("consent-none", lacking(yes.body, "consent"), "without a consent there is no answer")
    yes.refused("consent-of-bob", changed(yes.body, consent=granted("bob").token), "another consent than the named one")
    cut = changed(yes.body, consent=json.loads(yes.body)["consent"][:-2])
    yes.refused("consent-cut", cut, "another text than the named one")
    renamed = in_query(yes.body, consent=b64u(granted("bob").digest))
    yes.refused("consent-renamed", renamed, "another consent is named")
    other = in_query(yes.body, provider=OTHER_PROVIDER)
    yes.refused("consent-provider", other, "the consent is another provider's than the one asked")
    unnamed = in_query(yes.body, consent="")
    yes.refused("consent-unnamed", unnamed, "no consent is named")
    named = b64u(hashlib.sha256(b"nonsense").digest())
    yes.refused("consent-nonsense", in_query(changed(yes.body, consent="nonsense"), consent=named), "it is none")
    anything = granted()
    for name, given, change, why in (
        ("subject", anything, {"subject": granted("bob").handle}, "the consent is somebody else's"),
        ("party", anything, {"relying_party": "second-bank"}, "the consent is for another relying party"),
        ("purpose", anything, {"purpose": "tenancy"}, "the consent is for another purpose"),
        ("via", granted(via="other.example/log"), {}, "the consent is for another verifier"),
        ("signed", granted(key=OTHER_SIGNING), {}, "signed with a key that is not the provider's"),
        ("early", granted(issued_at=NOW + AHEAD), {}, "the consent is of later, by more than clocks differ"),
        ("over", granted(expires_at=NOW - 1), {}, "the consent had expired when the question was put"),
        ("before", granted(issued_at=NOW - 86_401 - AHEAD), {}, "signed before the key counted"),
        ("attributes", granted(allowed=Allowed(attributes=("debt",))), {}, "not about this attribute"),
        ("thresholds", granted(allowed=Allowed(thresholds={"salary": ("75000",)})), {}, "not about this threshold"),
        (
            "reasons",
            granted(reasons=Reasons.OUTCOME_ONLY),
            {"reasons": Reasons.FAILED_CLAUSES},
            "the consent is to yes or no, without reasons",
        ),
    ):
        yes.refused(f"consent-{name}", world.answer(query(under=given, **change), ada), why)
    for name, given, why in (
        ("ahead", granted(issued_at=NOW - 1 + AHEAD), "a clock that is five minutes ahead"),
        ("last", granted(expires_at=NOW), "it held when the question was put"),
        ("allowed", granted(allowed=Allowed(("salary",), {"salary": ("100000",)})), "this attribute and threshold"),
        ("question", granted(allowed=Allowed((), {}, ("salary > 100000",))), "this question"),
    ):
        yes.accepted(f"consent-{name}", world.answer(query(under=given), ada), why)
    _ended(topic)
    _used_up(topic)
    _keys(topic)
    _undetermined(topic)


def withdrawn(given, *, provider=PROVIDER, key=SIGNING):
    """The entry by which a consent ends."""
    return WithdrawalEntry(withdraw(provider=provider, consent=given.digest, issued_at=NOW, key=key).token)


def _ended(topic):
    """A withdrawal binds from the next question on."""
    world, held = peopled()
    ada, before = held["ada"][0], len(world.logged)
    world.append(withdrawn(granted()))
    entry = world.answer(query(), ada, asked_at=before)
    in_time = Asking(topic, world, "withdrawn-later", entry, "the consent was withdrawn when the question was out")
    in_time.refused("earlier", changed(in_time.body, asked_at=before + 1), "the consent had been withdrawn")
    renewed = granted(id=seeded("renewed", 16))
    in_time.accepted("renewed", world.answer(query(under=renewed), ada), "another consent of the same person holds")
    others, _given = other_company()
    others.openings = world.openings
    others.append(withdrawn(granted(), provider=OTHER_PROVIDER, key=OTHER_SIGNING))
    entry = others.answer(query(), ada)
    in_time.accepted("other", entry, "another provider has no say in it", entries=others.bodies)


def _used_up(topic):
    """How often a consent may be used; a question counts at the time it was put, undetermined ones as well."""
    world, held = peopled()
    ada = held["ada"][0]
    twice = granted(frequency=Frequency(2, 3600))
    world.append(world.answer(query("salary > 50000", under=twice), ada))
    second = world.answer(query(under=twice), ada)
    often = Asking(topic, world, "twice", second, "the second of two questions in an hour")
    world.append(UndeterminedEntry(query("debt > 5000", under=twice), len(world.logged), "absent", None, twice.token))
    third = world.answer(query(under=twice), ada)
    often.refused("third", third, "one question too many", entries=world.bodies)
    for name, ago in (("window", 3600 - SLACK), ("within", 3599 - SLACK)):
        later, _held = peopled()
        later.openings = world.openings
        put = {"issued_at": NOW - 1 - ago, "expires_at": NOW - ago + 60}
        for text in ("salary > 50000", "salary > 75000"):
            later.append(later.answer(query(text, under=twice, **put), ada))
        entry = later.answer(query(under=twice), ada)
        if name == "window":
            why = "an hour later, and less by what clocks differ: what is refused here, no honest prover has answered"
            often.accepted(name, entry, why, entries=later.bodies)
        else:
            often.refused(name, entry, "a second sooner", entries=later.bodies)


def _keys(topic):
    """The key that signed a consent counts by the date in it."""
    world, held = peopled()
    changed_key = ProviderEntry(PROVIDER, "Acme KYC", NEXT_SIGNING.public, "https://prover.example", NOW - 1000)
    world.append(changed_key, NOW - 900)
    ada = held["ada"][0]
    newer = granted(issued_at=NOW - 500, key=NEXT_SIGNING)
    entry = world.answer(query(under=newer), ada)
    rotated = Asking(topic, world, "rotated-consent", entry, "signed with the key that was registered since")
    rotated.accepted("before", world.answer(query(), ada), "a consent of before outlives its key")
    in_time = granted(issued_at=NOW - 901 + AHEAD)
    rotated.accepted("last", world.answer(query(under=in_time), ada), "clocks differ by up to five minutes")
    late = granted(issued_at=NOW - 900 + AHEAD)
    rotated.refused("old", world.answer(query(under=late), ada), "signed with the key that had been given up")
    early = granted(issued_at=NOW - 1001 - AHEAD, key=NEXT_SIGNING)
    rotated.refused("early", world.answer(query(under=early), ada), "signed before the key counted")


def _undetermined(topic):
    """No yes or no, and no less a consent."""
    world, _held = peopled()
    size = len(world.logged)

    def argument(asked, given, **changes):
        entry = UndeterminedEntry(asked, size, "stale", None, given.token)
        body = encode(entry, NOW).decode()
        return {"pins": PINS, "entries": world.bodies, "undetermined": body} | changes

    base, operation = argument(query(), granted()), "undetermined.check"
    topic.accept("undetermined", operation, base, "it names a consent that holds")
    ended, _held = peopled()
    ended.append(withdrawn(granted()))
    late = changed(base["undetermined"], asked_at=size + 1)
    once = granted(frequency=Frequency(1, 3600))
    used, _held = peopled()
    used.append(UndeterminedEntry(query("debt > 5000", under=once), size, "absent", None, once.token))
    for name, given, why in (
        ("of-bob", argument(query(), granted("bob")), "another consent than the named one"),
        ("purpose", argument(query(purpose="tenancy"), granted()), "the consent is for another purpose"),
        ("expired", argument(query(issued_at=NOW - 61, expires_at=NOW), granted()), "the question had expired"),
        ("withdrawn", base | {"entries": ended.bodies, "undetermined": late}, "the consent had been withdrawn"),
        ("exhausted", argument(query(under=once), once, entries=used.bodies), "the consent was used up"),
        ("asked-at", base | {"undetermined": late}, "put in a later state of the log than its own"),
    ):
        topic.reject(f"undetermined-{name}", operation, given, why, mutates="undetermined")


def disclosed_rules(yes, clauses):
    """What an answer is said to disclose is its provider's word, and about the question's attributes."""
    one, other = Disclosed("salary", WHOLE, Decimal(0), None), Disclosed("owns_home", ((0, 1),), Decimal(0), None)
    for name, told, why in (
        ("nothing", (), "nothing is told of the attribute"),
        ("another", (other,), "of another attribute"),
        ("more", (one, other), "of an attribute that the question is not about"),
        ("twice", (one, one), "of the attribute twice"),
        ("below", (Disclosed("salary", ((-1, 5),), Decimal(0), None),), "a value that the schema has not"),
        ("beyond", (Disclosed("salary", ((0, 1_000_000_001),), Decimal(0), None),), "a value beyond the schema's"),
    ):
        yes.refused(f"disclosed-{name}", changed(yes.body, disclosed=written.to_json(told)), why)
    said = changed(yes.body, disclosed=written.to_json((one,)))
    yes.refused("disclosed-said", said, "the attestation says that something else was disclosed")
    turned = changed(clauses.body, disclosed=written.to_json((other, one)))
    clauses.refused("disclosed-turned", turned, "not in the question's order")


def person_rules(topic):
    """A handle is one person's, whose credentials are one line for each schema."""
    world, held = peopled()
    (ada, payslip), bob = held["ada"], held["bob"][0]
    world.append(world.answer(query("salary > 50000"), ada))
    again = Asking(topic, world, "again", world.answer(query(), ada), "the same person under the same handle")
    entry = world.answer(query(), bob)
    again.refused("elsewhere", entry, "the handle was answered about from somebody else's credential")
    entry = world.answer(query(under=granted("bob")), ada)
    again.refused("renamed", entry, "the person has another handle for this relying party")
    entry = world.answer(query(under=granted(party="second-bank")), ada)
    again.accepted("other-party", entry, "another relying party has another handle for the same person")
    entry = world.answer(query(under=granted("bob")), bob)
    again.accepted("other-person", entry, "another person has another handle")
    both = query(BOTH, schemas=(PAY, PERSON))
    entry = world.answer(both, payslip, ada, schemas=(PAY, PERSON))
    again.accepted("both", entry, "from two credentials of the person")
    entry = world.answer(both, payslip, bob, schemas=(PAY, PERSON))
    again.refused("mixed", entry, "from credentials of two people")
    _lines(topic)


def _lines(topic):
    world, held = peopled()
    ada, bob = held["ada"][0], held["bob"][0]
    successor = world.issue("ada/2", {"salary": "130000"}, supersedes=ada.id)
    entry = world.answer(query(), successor)
    line = Asking(topic, world, "line", entry, "from the newest of the person's line")
    line.refused("older", world.answer(query(), ada), "from one that was superseded")
    carol = world.issue("carol", {"salary": "130000"}, log=False)
    for name, who, before, why in (
        ("fork", "ada", None, "the log holds two lines of one person"),
        ("crossed", "ada", bob.id, "the log holds one that succeeds somebody else's, not the person's own"),
        ("taken", "dave", bob.id, "the log holds a person's first that succeeds somebody else's"),
        ("stranger", "dave", carol.id, "the log holds one that succeeds what it never held"),
    ):
        other, _held = peopled()
        other.openings = world.openings
        credential = other.issue(f"{who}/3", {"salary": "130000"}, supersedes=before, log=False)
        other.append(CredentialEntry(credential.token), folded=False)
        line.refused(name, other.answer(query(who=who), credential), why, entries=other.bodies)
    first, _held = peopled()
    credential = first.issue("dave/3", {"salary": "130000"})
    entry = first.answer(query(who="dave"), credential)
    line.accepted("first", entry, "from a person's first", entries=first.bodies)
