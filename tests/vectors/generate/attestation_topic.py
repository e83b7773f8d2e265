"""Attestations: the verifier's word, every member of it changed, signed by keys that change."""

import json

from asking import PINS, Asking
from bodies import NEXT_ATTESTING, changed, flip
from topics import Topic
from world import ATTESTING, NOW, ORIGIN, granted, peopled, query

from circuits import jws
from circuits.encoding import b64u, b64u_decode
from circuits.jws import SigningKey
from verifier.attestation import TYP
from verifier.entries.attestors import rotate


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
        "purpose": "tenancy",
        "consent": b64u(granted("bob").digest),
        "disclosed": [],
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
        ("signature", f"{head}.{payload}.{flip(signature)}", "one bit of the signature"),
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


def topics():
    return [attestation_topic()]
