"""Every rule for an answer, broken once; those about consents and people are in consent_rules."""

import json
from dataclasses import replace

from asking import PINS, Asking
from bodies import BANK, NEXT_SIGNING, REQUEST, changed, flip, in_query, signed
from consent_rules import consent_rules, disclosed_rules, person_rules
from statement_topics import BOTH
from topics import Topic
from world import NOW, PAY, PERSON, PROVIDER, SIGNING, granted, other_company, peopled, query

from circuits.encoding import b64u, b64u_decode
from circuits.erasure import sign_erasure
from circuits.jws import SigningKey
from circuits.query import Reasons
from verifier.entries.erasure import ErasureEntry
from verifier.entries.kinds import CredentialEntry, ProviderEntry, RevocationEntry, encode
from verifier.entries.parties import PartyEntry
from verifier.entries.revocation import revoke


def answer_topic():
    topic = Topic("answer", "Every rule for an answer: question, credentials, clauses, proof; who is to blame.")
    topic.shared["pins"] = PINS
    world, held = peopled()
    ada, bob = held["ada"][0], held["bob"][0]
    yes = Asking(topic, world, "yes", world.answer(query(), ada), "a proven yes")
    honest = world.answer(query("salary > 100000", "bob"), bob)
    no = Asking(topic, world, "no", honest, "a proven no: as good as a yes")
    no.refused("yes", changed(no.body, answer="yes"), "a NO that is called a YES")
    _question_rules(yes, world, held)
    _credential_rules(topic, yes)
    yes.refused("proof", changed(yes.body, proof=flip(json.loads(yes.body)["proof"])), "one bit of the proof")
    short = b64u(b64u_decode(json.loads(yes.body)["proof"])[:-1])
    yes.refused("proof-cut", changed(yes.body, proof=short), "a proof cut short")
    yes.refused("proof-of-bob", changed(yes.body, proof=json.loads(no.body)["proof"]), "the proof of another answer")
    asked = query("salary > 100000 && owns_home", "bob", reasons=Reasons.FAILED_CLAUSES)
    clauses = Asking(topic, world, "clauses", world.answer(asked, bob), "a no that says which clauses failed")
    clauses.refused("untold", changed(clauses.body, clauses=None), "a no that does not say so, though it was asked")
    clauses.refused("hold", changed(clauses.body, clauses=[True, True]), "clauses that do not fail the question")
    clauses.refused("one", changed(clauses.body, clauses=[False, True]), "one of two is said to hold, and does not")
    clauses.refused("three", changed(clauses.body, clauses=[False] * 3), "three clauses of two")
    yes.refused("told", changed(yes.body, clauses=[True]), "clauses that nobody asked for")
    both = query(BOTH, schemas=(PAY, PERSON))
    entry = world.answer(both, held["ada"][1], ada, schemas=(PAY, PERSON))
    two = Asking(topic, world, "two-schemas", entry, "one statement over two credentials")
    two.refused("swapped", changed(two.body, credentials=list(entry.credentials[::-1])), "credentials in another order")
    two.refused("one", changed(two.body, credentials=list(entry.credentials[:1])), "one credential for two schemas")
    two.refused("twice", changed(two.body, credentials=[entry.credentials[0]] * 2), "one credential twice")
    _request_rules(topic)
    consent_rules(topic, yes)
    disclosed_rules(yes, clauses)
    person_rules(topic)
    return topic


def _question_rules(yes, world, held):
    ada = held["ada"][0]
    for name, change, why in (
        ("audience", {"audience": "other.example/log"}, "put by another verifier"),
        ("early", {"issued_at": NOW + 1}, "answered before it was put"),
        ("late", {"issued_at": NOW - 120, "expires_at": NOW}, "answered when it had expired"),
        ("long", {"expires_at": NOW + 3600}, "put for longer than questions are"),
        ("stale", {"max_age": 16}, "the credential is 17 days old, and may be 16"),
    ):
        yes.refused(name, world.answer(query(**change), ada), why)
    digest = b64u(query("salary > 1").predicate_digest)
    yes.refused("digest", in_query(yes.body, predicate_digest=digest), "the digest of another question")
    yes.refused("text", in_query(yes.body, predicate="salary > 1"), "another question than the digest's")
    yes.refused("no-sentence", in_query(yes.body, predicate="salary >"), "no sentence of the language")
    unknown = [b64u(bytes(32))]
    yes.refused("schema", in_query(yes.body, schemas=unknown), "a schema that was never logged")
    yes.refused("nonce", in_query(yes.body, nonce=b64u(bytes(32))), "a proof for another asking")
    second = encode(world.answer(query(under=granted(party="second-bank")), ada), NOW).decode()
    proof = json.loads(yes.body)["proof"]
    yes.refused("party", changed(second, proof=proof), "a proof for another relying party")
    others, given = other_company()
    later = changed(yes.body, consent=given.token, asked_at=len(others.logged))
    entry = in_query(later, provider=given.provider, consent=b64u(given.digest))
    yes.refused("provider", entry, "the credential is another provider's than the one asked", entries=others.bodies)
    yes.refused("id", in_query(yes.body, id=b64u(bytes(16))), "another id")


def _credential_rules(topic, yes):
    unknown = changed(yes.body, credentials=[b64u(bytes(16))])
    yes.refused("unknown", unknown, "a credential that is not in the log")
    index = next(place for place, body in enumerate(yes.world.bodies) if json.loads(body)["kind"] == "credential")
    yes.refused("asked-at", changed(yes.body, asked_at=index), "the credential was logged only after the question")
    yes.refused("future", changed(yes.body, asked_at=len(yes.world.bodies) + 1), "asked later than it was answered")
    world, held = peopled()
    expired = world.issue("carol", {"salary": "129000"}, expires_at=NOW)
    yes.refused(
        "expired", world.answer(query(who="carol"), expired), "the credential has expired", entries=world.bodies
    )
    ada = held["ada"][0]
    successor = world.issue("ada/2", {"salary": "130000"}, supersedes=ada.id, log=False)
    revoked = revoke(provider=PROVIDER, credential=ada.id, reason="compromised", issued_at=NOW, key=SIGNING)
    for name, end in (("superseded", CredentialEntry(successor.token)), ("revoked", RevocationEntry(revoked.token))):
        ended, _held = peopled()
        ended.openings = world.openings
        before = len(ended.logged)
        ended.append(end)
        body = encode(ended.answer(query(), ada), NOW).decode()
        why = f"the credential had been {name} when the question was put"
        yes.refused(name, body, why, entries=ended.bodies)
        in_time = {"pins": PINS, "entries": ended.bodies}
        entry = encode(ended.answer(query(), ada, asked_at=before), NOW).decode()
        topic.accept(
            f"yes-not-yet-{name}", "answer.check", in_time | {"answer": entry}, "it ended while the proof was made"
        )
    _erased_credential(yes)
    payslip = changed(yes.body, credentials=[held["ada"][1].id])
    yes.refused("payslip", payslip, "a credential under another schema")


def _erased_credential(yes):
    """The provider has erased the person: what the log held of them is gone, and nothing is answered from it."""
    world, held = peopled()
    ids = [credential.id for credential in held["ada"]]
    places = tuple(index for index, body in enumerate(world.bodies) if _registers(body, held["ada"]))
    erased = sign_erasure(provider=PROVIDER, credentials=ids, issued_at=NOW, key=SIGNING)
    world.append(ErasureEntry(erased.token, places))
    left = [None if index in places else body for index, body in enumerate(world.bodies)]
    yes.refused("erased", world.answer(query(), held["ada"][0]), "the credential was erased", entries=left)
    entry = encode(world.answer(query("salary > 100000", "bob"), held["bob"][0]), NOW).decode()
    argument = {"pins": PINS, "entries": left, "answer": entry}
    yes.topic.accept("no-others-erased", "answer.check", argument, "someone else was erased")


def _registers(body, credentials):
    return json.loads(body).get("token") in {credential.token for credential in credentials}


def _request_rules(topic):
    """A question that its relying party has signed."""
    world, held = peopled()
    ada = held["ada"][0]
    world.append(PartyEntry("first-bank", BANK.public, NOW))
    entry = world.answer(query(), ada, request=signed())
    asked = Asking(topic, world, "signed", entry, "the question as its relying party signed it is kept with it")
    for name, request, why in (
        ("key", signed(key=SigningKey(bytes(31) + b"\x06")), "signed by a key that is not the party's"),
        ("predicate", signed(REQUEST | {"predicate": "salary > 1"}), "another question was signed"),
        ("consent", signed(REQUEST | {"consent": granted("bob").token}), "a question about someone else was signed"),
        ("audience", signed(REQUEST | {"audience": "other.example/log"}), "signed for another verifier"),
        ("no-consent", signed({name: REQUEST[name] for name in REQUEST if name != "consent"}), "no consent was signed"),
        ("member", signed(REQUEST | {"more": 1}), "a member that questions have not"),
        ("path", signed(uri="https://verifier.example/v1/verify"), "another request was signed"),
        ("old", signed(created=NOW - 3600), "the signature had expired"),
        ("future", signed(created=NOW + 3600), "the signature did not count yet"),
    ):
        asked.refused(name, replace(entry, request=request), why)
    stated = json.loads(asked.body)["request"]
    signature = flip(stated["signature"])
    asked.refused(
        "signature", changed(asked.body, request=stated | {"signature": signature}), "one bit of the signature"
    )
    asked.refused("dropped", changed(asked.body, request=None), "attested as signed, and the signature is not there")
    without, _held = peopled()
    without.openings = world.openings
    entry = without.answer(query(), ada, request=signed())
    asked.refused("no-party", entry, "the party has no key in the log", entries=without.bodies)


def rotated_provider():
    """A provider that changed its key between two credentials."""
    world, held = peopled()
    key = NEXT_SIGNING.public
    world.append(ProviderEntry(PROVIDER, "Acme KYC", key, "https://prover.example", NOW - 60))
    changes = {"schema": PAY, "key": NEXT_SIGNING, "supersedes": held["ada"][1].id}
    newer = world.issue("ada/newer", {"monthly_pay": "12000", "salary": "1"}, **changes)
    return world, (newer, held["ada"][0])


def topics():
    return [answer_topic()]
