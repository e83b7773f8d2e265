"""Entries of the log, and the appraisal of an answer with its attestation: every rule broken once."""

import json
from dataclasses import replace

from statement_topics import BOTH
from topics import Topic
from world import ATTESTING, NOW, ORIGIN, PAY, PERSON, PROVIDER, SIGNING, TRUST, peopled, query

from circuits import jws
from circuits.encoding import b64u, b64u_decode, canonical_json
from circuits.erasure import sign_erasure
from circuits.jws import SigningKey
from circuits.query import Reasons
from verifier.attestation import TYP
from verifier.entries.attestors import rotate
from verifier.entries.erasure import ErasureEntry
from verifier.entries.kinds import (
    CredentialEntry,
    DeclinedEntry,
    ProviderEntry,
    RevocationEntry,
    UndeterminedEntry,
    encode,
)
from verifier.entries.parties import PartyEntry
from verifier.entries.revocation import revoke
from verifier.entries.signed_request import Parameters, sign

PINS = TRUST.to_json()
BANK = SigningKey(bytes(31) + b"\x03")
NEXT_ATTESTING = SigningKey(bytes(31) + b"\x04")
NEXT_SIGNING = SigningKey(bytes(31) + b"\x05")
REQUEST = {"predicate": "salary > 100000", "subject": "ada", "audience": ORIGIN, "purpose": "loan", "max_age": 90}


def signed(
    body=REQUEST, *, key=BANK, uri="https://verifier.example/v1/queries", created=NOW - 2, nonce="vectors-nonce-0001"
):
    """A question as its relying party signs it."""
    parameters = Parameters(created, created + 60, nonce, key.kid)
    return sign("POST", uri, canonical_json(body), key=key, parameters=parameters)


def changed(body, **changes):
    return canonical_json(json.loads(body) | changes).decode()


def in_query(body, **changes):
    return changed(body, query=json.loads(body)["query"] | changes)


def entry_topic():
    topic = Topic("entry", "Bodies of the log's entries: every kind, and the one form of each.")
    world, held = peopled()
    ada = held["ada"][0]
    entries = {entry["kind"]: entry for entry in map(json.loads, world.bodies)}
    bodies = {kind: canonical_json(entry).decode() for kind, entry in entries.items()}
    revoked = revoke(provider=PROVIDER, credential=ada.id, reason="compromised", issued_at=NOW, key=SIGNING)
    ids = [credential.id for credential in held["ada"]]
    erased = sign_erasure(provider=PROVIDER, credentials=ids, issued_at=NOW, key=SIGNING)
    party = PartyEntry("first-bank", BANK.public, NOW)
    more = {
        "answer": world.answer(query(), ada),
        "answer-clauses": world.answer(
            query("salary > 100000 && owns_home", "bob", reasons=Reasons.FAILED_CLAUSES), held["bob"][0]
        ),
        "answer-signed": world.answer(query(), ada, request=signed()),
        "revocation": RevocationEntry(revoked.token),
        "undetermined": UndeterminedEntry(query(), 3, "stale", ada.id),
        "undetermined-absent": UndeterminedEntry(query(), 3, "absent", None),
        "declined": DeclinedEntry(query(), 3),
        "party": party,
        "party-gone": replace(party, key=None),
        "erasure": ErasureEntry(erased.token, (4, 5)),
        "attestor": rotate(origin=ORIGIN, key=NEXT_ATTESTING.public, by=ATTESTING, now=NOW),
    }
    bodies |= {name: encode(entry, NOW).decode() for name, entry in more.items()}
    topic.shared |= {name: body for name, body in bodies.items() if len(body) > 300}
    for name, body in bodies.items():
        topic.accept(name, "entry.read", {"body": body}, "RFC 8785 JSON; kind and at are in every body")
        for case, text, why in (
            ("extra", changed(body, more=1), "a member more"),
            ("kind", changed(body, kind="rumour"), "no such kind"),
            ("time", changed(body, at="2026-11-18 11:06:40Z"), "a time in another form"),
            ("no-time", _without(body, "at"), "no time"),
            ("cut", body[:-1], "it does not end"),
        ):
            topic.reject(f"{name}-{case}", "entry.read", {"body": text}, why, mutates=name)
        for member in sorted(set(json.loads(body)) - {"at", "kind"}):
            why = f"without {member}"
            topic.reject(f"{name}-no-{member}", "entry.read", {"body": _without(body, member)}, why, mutates=name)
    for name, base, change, why in (
        ("answer-maybe", "answer", {"answer": "maybe"}, "neither yes nor no"),
        ("answer-number", "answer", {"asked_at": -1}, "a negative number of entries"),
        ("answer-bool", "answer", {"asked_at": True}, "true is no number"),
        ("answer-none", "answer", {"credentials": []}, "from no credential"),
        ("answer-nine", "answer", {"credentials": [ada.id] * 9}, "from nine credentials"),
        ("answer-proof", "answer", {"proof": "A"}, "no base64url"),
        ("answer-query", "answer", {"query": None}, "no question"),
        ("undetermined-reason", "undetermined", {"reason": "busy"}, "no such reason"),
        ("erasure-order", "erasure", {"entries": [5, 4]}, "numbers out of order"),
        ("erasure-twice", "erasure", {"entries": [4, 4]}, "a number twice"),
        ("erasure-negative", "erasure", {"entries": [-1]}, "a negative number"),
        ("erasure-bool", "erasure", {"entries": [False, True]}, "false is no number"),
        ("party-empty", "party", {"party": ""}, "nobody"),
        ("attestor-lost", "attestor", {"reason": "lost"}, "a key that was lost has signed nothing"),
    ):
        topic.reject(name, "entry.read", {"body": changed(bodies[base], **change)}, why, mutates=base)
    return topic


def _without(body, name):
    members = json.loads(body)
    del members[name]
    return canonical_json(members).decode()


class Asking:
    """Cases of one topic against one log: its entries and the accepted answer stand once in the file."""

    def __init__(self, topic, world, name, entry, why):
        self.topic, self.world, self.name = topic, world, name
        self.body = encode(entry, NOW).decode()
        topic.shared |= {f"log-{name}": world.bodies, name: self.body}
        self.input = {"pins": PINS, "entries": world.bodies, "answer": self.body}
        topic.accept(name, "answer.check", self.input, why)

    def refused(self, name, answer, why, **changes):
        """Another answer's entry or body in the place of the accepted one."""
        body = answer if isinstance(answer, str) else encode(answer, NOW).decode()
        argument = self.input | {"entries": self.world.bodies, "answer": body} | changes
        self.topic.reject(f"{self.name}-{name}", "answer.check", argument, why, mutates=self.name)


def answer_topic():
    topic = Topic("answer", "Every rule for an answer: question, credentials, clauses, proof; who is to blame.")
    topic.shared["pins"] = PINS
    world, held = peopled()
    ada, bob = held["ada"][0], held["bob"][0]
    yes = Asking(topic, world, "yes", world.answer(query(), ada), "a proven yes")
    honest = world.answer(query("salary > 100000", "bob"), bob)
    no = Asking(topic, world, "no", honest, "a proven no: as good as a yes")
    no.refused("yes", changed(no.body, answer="yes"), "a NO that is called a YES")
    _question_rules(yes, world, ada)
    _credential_rules(topic, yes)
    yes.refused("proof", changed(yes.body, proof=_flip(json.loads(yes.body)["proof"])), "one bit of the proof")
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
    return topic


def _flip(text):
    content = bytearray(b64u_decode(text))
    content[-1] ^= 1
    return b64u(bytes(content))


def _question_rules(yes, world, ada):
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
    other = in_query(yes.body, provider="other-kyc")
    yes.refused("provider", other, "the credential is another provider's than the one that was asked")
    yes.refused("nonce", in_query(yes.body, nonce=b64u(bytes(32))), "a proof for another asking")
    yes.refused("party", in_query(yes.body, relying_party="second-bank"), "a proof for another relying party")
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
        "expired", world.answer(query(subject="carol"), expired), "the credential has expired", entries=world.bodies
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
    bound, held = peopled()
    bound.append(bound.answer(query(), held["ada"][0]))
    entry = bound.answer(query("salary > 100000", "ada"), held["bob"][0])
    yes.refused("elsewhere", entry, "the subject's answers come from another credential", entries=bound.bodies)
    entry = bound.answer(query("salary > 1", "bob"), held["ada"][0])
    yes.refused("someone-else", entry, "the credential speaks about someone else", entries=bound.bodies)
    again = encode(bound.answer(query("salary > 1", "ada"), held["ada"][0]), NOW).decode()
    argument = {"pins": PINS, "entries": bound.bodies, "answer": again}
    topic.accept("yes-again", "answer.check", argument, "the same subject, from the same credential")
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
        ("subject", signed(REQUEST | {"subject": "bob"}), "a question about someone else was signed"),
        ("audience", signed(REQUEST | {"audience": "other.example/log"}), "signed for another verifier"),
        ("purpose", signed(REQUEST | {"purpose": "gossip"}), "another purpose was signed"),
        ("member", signed(REQUEST | {"more": 1}), "a member that questions have not"),
        ("path", signed(uri="https://verifier.example/v1/verify"), "another request was signed"),
        ("old", signed(created=NOW - 3600), "the signature had expired"),
        ("future", signed(created=NOW + 3600), "the signature did not count yet"),
    ):
        asked.refused(name, replace(entry, request=request), why)
    stated = json.loads(asked.body)["request"]
    signature = _flip(stated["signature"])
    asked.refused(
        "signature", changed(asked.body, request=stated | {"signature": signature}), "one bit of the signature"
    )
    asked.refused("dropped", changed(asked.body, request=None), "attested as signed, and the signature is not there")
    without, _held = peopled()
    without.openings = world.openings
    entry = without.answer(query(), ada, request=signed())
    asked.refused("no-party", entry, "the party has no key in the log", entries=without.bodies)


def attestation_topic():
    topic = Topic("attestation", "The verifier's signed word: it says what was checked, and nothing else.")
    topic.shared["pins"] = PINS
    world, held = peopled()
    ada = held["ada"][0]
    good = Asking(topic, world, "yes", world.answer(query(), ada), "signed by the pinned key, member by member")
    token = json.loads(good.body)["attestation"]
    stated = json.loads(b64u_decode(token.split(".")[1]))
    other = SigningKey(bytes(32))
    for name, value in {
        "iss": "other.example/log",
        "aud": "second-bank",
        "sub": "bob",
        "jti": b64u(bytes(16)),
        "iat": NOW - 1,
        "exp": NOW,
        "provider": "other-kyc",
        "purpose": "gossip",
        "predicate": "salary > 1",
        "question": "salary is more than 1.00 USD per year",
        "answer": "no",
        "reasons": "failed-clauses",
        "request": "signed",
        "as_of": "2026-11-17",
        "asked_at": "2026-11-18T00:00:00Z",
        "sources": [],
        "predicate_digest": b64u(bytes(32)),
        "query_digest": b64u(bytes(32)),
        "schema_digests": [b64u(bytes(32))],
        "credential_digests": [b64u(bytes(32))],
        "proof_digest": b64u(bytes(32)),
        "log": {"origin": ORIGIN, "index": 0},
    }.items():
        said = jws.sign(stated | {name: value}, typ=TYP, key=ATTESTING)
        good.refused(name, changed(good.body, attestation=said), f"signed, and another {name}")
        less = {member: stated[member] for member in stated if member != name}
        said = jws.sign(less, typ=TYP, key=ATTESTING)
        good.refused(f"no-{name}", changed(good.body, attestation=said), f"signed, and without {name}")
    head, payload, signature = token.split(".")
    for name, said, why in (
        ("extra", jws.sign(stated | {"more": 1}, typ=TYP, key=ATTESTING), "a member more"),
        ("failed", jws.sign(stated | {"failed": []}, typ=TYP, key=ATTESTING), "failed clauses of a yes"),
        ("key", jws.sign(stated, typ=TYP, key=other), "another key's word"),
        ("typ", jws.sign(stated, typ="JWT", key=ATTESTING), "a token of another type"),
        ("signature", f"{head}.{payload}.{_flip(signature)}", "one bit of the signature"),
        ("cut", token[:-2], "a signature that is too short"),
    ):
        good.refused(name, changed(good.body, attestation=said), why)
    good.refused("pinned", good.body, "another key is pinned", pins=PINS | {"jwk": other.public.to_jwk()})
    _changed_key(topic)
    return topic


def _changed_key(topic):
    """The key that attestations are signed with was changed, signed over by the one before."""
    world, held = peopled()
    ada = held["ada"][0]
    world.append(rotate(origin=ORIGIN, key=NEXT_ATTESTING.public, by=ATTESTING, now=NOW))
    entry = world.answer(query(), ada, key=NEXT_ATTESTING)
    after = Asking(topic, world, "rotated", entry, "signed by the key that counts by now")
    after.refused("old", world.answer(query(), ada), "signed by the key that was given up")
    early, _held = peopled()
    early.openings = world.openings
    after.refused(
        "early", early.answer(query(), ada, key=NEXT_ATTESTING), "a key that nobody named", entries=early.bodies
    )


def rotated_provider():
    """A provider that changed its key between two credentials."""
    world, held = peopled()
    key = NEXT_SIGNING.public
    world.append(ProviderEntry(PROVIDER, "Acme KYC", key, "https://prover.example", NOW - 60))
    newer = world.issue("ada/newer", {"monthly_pay": "12000", "salary": "1"}, schema=PAY, key=NEXT_SIGNING)
    return world, (newer, held["ada"][0])


def topics():
    return [entry_topic(), answer_topic(), attestation_topic()]
