"""Keys, credentials, queries, statements and their proofs."""

import json
from dataclasses import replace

from topics import Topic
from world import PAY, PERSON, SIGNING, peopled, query

from circuits import jws
from circuits.credential import TYP
from circuits.encoding import b64u, b64u_decode, canonical_json
from circuits.jws import SigningKey
from circuits.query import Reasons

JWK = SIGNING.public.to_jwk()
OTHER = SigningKey(bytes(32)).public.to_jwk()
BOTH = 'monthly_pay > 4000 && country == "US"'


def key_cases(topic):
    topic.accept("key", "key.read", {"jwk": JWK}, "kid is the RFC 7638 thumbprint")
    bare = {name: JWK[name] for name in ("kty", "crv", "x")}
    topic.accept("key-bare", "key.read", {"jwk": bare}, "nothing but the key")
    for name, change, why in (
        ("private", {"d": JWK["x"]}, "a private key is not to be shown around"),
        ("kty", {"kty": "EC"}, "another type of key"),
        ("crv", {"crv": "X25519"}, "another curve"),
        ("alg", {"alg": "ES256"}, "another algorithm"),
        ("use", {"use": "enc"}, "another use"),
        ("kid", {"kid": OTHER["kid"]}, "the thumbprint of another key"),
        ("short", {"x": b64u(bytes(31))}, "31 bytes"),
        ("padded", {"x": JWK["x"] + "="}, "there is no padding"),
        ("weak-0", {"x": b64u(bytes(32))}, "a point of small order: anyone can sign"),
        ("weak-1", {"x": b64u(b"\x01" + bytes(31))}, "the neutral element"),
        ("number", {"x": 5}, "not a text"),
    ):
        topic.reject(f"key-{name}", "key.read", {"jwk": bare | change}, why, mutates="key-bare")


def credential_topic():
    topic = Topic("credential", "Keys (RFC 8037) and credentials: compact JWS, Ed25519, one acceptable header.")
    key_cases(topic)
    world, held = peopled()
    token = held["ada"][0].token
    topic.shared["ada"] = token
    topic.accept("open", "credential.open", {"token": token, "jwk": JWK}, "commitments to what a provider verified")
    successor = world.issue("ada/2", {"salary": "130000"}, supersedes=held["ada"][0].id, log=False).token
    topic.accept("supersedes", "credential.open", {"token": successor, "jwk": JWK}, "one that replaces another")
    head, payload, signature = token.split(".")
    stated, flipped = json.loads(b64u_decode(payload)), bytearray(b64u_decode(signature))
    flipped[0] ^= 1
    names = {"alg": "Ed25519", "kid": SIGNING.kid, "typ": TYP}
    for name, changed, why in (
        ("signature", f"{head}.{payload}.{b64u(bytes(flipped))}", "one bit of the signature"),
        ("signature-cut", f"{head}.{payload}.{signature[:-2]}", "a signature that is too short"),
        ("unsigned", f"{head}.{payload}.", "no signature"),
        ("none", f"{_header(names | {'alg': 'none'})}.{payload}.", "the algorithm none"),
        ("alg", f"{_header(names | {'alg': 'EdDSA'})}.{payload}.{signature}", "another name of the algorithm"),
        ("kid", f"{_header(names | {'kid': OTHER['kid']})}.{payload}.{signature}", "another key is named"),
        ("typ", f"{_header(names | {'typ': 'JWT'})}.{payload}.{signature}", "another type is named"),
        ("crit", f"{_header(names | {'crit': ['x']})}.{payload}.{signature}", "a header with more in it"),
        ("four-parts", f"{token}.", "four parts"),
        ("two-parts", f"{head}.{payload}", "two parts"),
        ("padded", f"{head}.{payload}.{signature}=", "there is no padding"),
        ("resigned", jws.sign(stated, typ="JWT", key=SIGNING), "signed, as a token of another type"),
        ("attestation", jws.sign(stated, typ="zkattest-attestation+jwt", key=SIGNING), "signed, as an attestation"),
    ):
        topic.reject(name, "credential.open", {"token": changed, "jwk": JWK}, why, mutates="open")
    topic.reject(
        "other-key", "credential.open", {"token": token, "jwk": OTHER}, "signed by another key", mutates="open"
    )
    _signed_nonsense(topic, stated)
    return topic


def _header(members):
    return b64u(canonical_json(members))


def _signed_nonsense(topic, stated):
    """What the provider's own key signed, and what is no credential all the same."""
    first = stated["attributes"][0]
    for name, change, why in (
        ("extra", {"note": "x"}, "a member more"),
        ("exp", {"exp": stated["iat"]}, "it ends when it begins"),
        ("iat", {"iat": "now"}, "a time that is no number"),
        ("jti", {"jti": b64u(bytes(15))}, "an id of 15 bytes"),
        ("schema", {"schema": b64u(bytes(31))}, "a digest of 31 bytes"),
        ("as-of", {"as_of": "2026-02-30"}, "no such day"),
        ("empty", {"attributes": []}, "no attribute"),
        ("twice", {"attributes": [first, first]}, "an attribute twice"),
        ("source", {"attributes": [first | {"source": "hearsay"}]}, "no such source"),
        ("verified-at", {"attributes": [first | {"verified_at": "yesterday"}]}, "no date"),
        ("point", {"attributes": [first | {"commitment": b64u(b"\x02" + bytes(31) + b"\x05")}]}, "not on the curve"),
        ("point-short", {"attributes": [first | {"commitment": b64u(bytes(32))}]}, "a commitment of 32 bytes"),
        ("item-extra", {"attributes": [first | {"value": "129000"}]}, "an attribute with a member more"),
        ("supersedes", {"supersedes": None}, "it supersedes nothing, and says so"),
    ):
        token = jws.sign(stated | change, typ=TYP, key=SIGNING)
        topic.reject(f"signed-{name}", "credential.open", {"token": token, "jwk": JWK}, why, mutates="open")
    without = {name: stated[name] for name in stated if name != "as_of"}
    token = jws.sign(without, typ=TYP, key=SIGNING)
    topic.reject("signed-missing", "credential.open", {"token": token, "jwk": JWK}, "a member less", mutates="open")


def query_cases(topic):
    asked = query()
    stated = asked.to_json()
    topic.accept(
        "query", "query.read", {"query": stated}, "every field, framed, and the digest that a proof is bound to"
    )
    consented = query(reasons=Reasons.FAILED_CLAUSES, consent="c-1", max_age=None).to_json()
    topic.accept("query-consent", "query.read", {"query": consented}, "with a consent, with reasons, without an age")
    for name, change, why in (
        ("id", {"id": b64u(bytes(15))}, "an id has 16 bytes"),
        ("nonce", {"nonce": b64u(bytes(31))}, "a nonce has 32 bytes"),
        ("digest", {"predicate_digest": "x"}, "not base64url"),
        ("no-schemas", {"schemas": []}, "there is at least one schema"),
        ("schema-twice", {"schemas": stated["schemas"] * 2}, "a schema twice"),
        ("nine-schemas", {"schemas": [b64u(bytes([n]) * 32) for n in range(9)]}, "more than eight schemas"),
        ("reasons", {"reasons": "all"}, "no such reasons"),
        ("subject-empty", {"subject": ""}, "nobody"),
        ("subject-control", {"subject": "a\nb"}, "a control character"),
        ("subject-long", {"subject": "x" * 257}, "257 characters"),
        ("predicate-empty", {"predicate": ""}, "no question"),
        ("predicate-unicode", {"predicate": "salary > \u0665"}, "a question is ASCII"),
        ("as-of", {"as_of": "2026-11-31"}, "no such day"),
        ("max-age", {"max_age": -1}, "a negative age"),
        ("max-age-bool", {"max_age": True}, "true is no number"),
        ("max-age-text", {"max_age": "90"}, "a text is no number"),
        ("expires", {"expires_at": stated["issued_at"]}, "it ends when it begins"),
        ("time", {"issued_at": "2026-11-18T11:06:40"}, "a time without its zone"),
        ("extra", {"more": 1}, "a member more"),
    ):
        topic.reject(f"query-{name}", "query.read", {"query": stated | change}, why, mutates="query")
    without = {name: stated[name] for name in stated if name != "consent"}
    topic.reject("query-missing", "query.read", {"query": without}, "a member less", mutates="query")


def statement_topic():
    topic = Topic("statement", "Queries, and what a proof is about: query, schemas, credentials, answer, clauses.")
    topic.shared |= {"kyc-person": PERSON.to_json(), "payroll": PAY.to_json()}
    query_cases(topic)
    world, held = peopled()
    for name, pair in held.items():
        topic.shared |= {f"{name}-passport": pair[0].token, f"{name}-payslip": pair[1].token}
    both, ada, bob = (PAY, PERSON), held["ada"], held["bob"]
    why = {"reasons": Reasons.FAILED_CLAUSES}
    asked = {
        "yes": (query(), [ada[0]], (PERSON,)),
        "no": (query("salary > 100000", "bob"), [bob[0]], (PERSON,)),
        "equal": (query("salary == 129000"), [ada[0]], (PERSON,)),
        "age": (query("age(date_of_birth) >= 21"), [ada[0]], (PERSON,)),
        "compound": (query('salary > 100000 && (country in ["US", "CA"] || owns_home)'), [ada[0]], (PERSON,)),
        "at-least": (query("at_least(2, salary > 50000, owns_home, salary > 90000)", "bob"), [bob[0]], (PERSON,)),
        "two-schemas": (query(BOTH, schemas=both), [ada[1], ada[0]], both),
        "clauses": (query("salary > 100000 && age(date_of_birth) >= 21", "bob", **why), [bob[0]], (PERSON,)),
        "clauses-yes": (query("salary > 100000 && age(date_of_birth) >= 21", **why), [ada[0]], (PERSON,)),
    }
    inputs = {}
    for name, (question, credentials, schemas) in asked.items():
        answered, _predicate, _vocabulary, _built = world.prove(question, credentials, schemas)
        inputs[name] = argument = {
            "query": question.to_json(),
            "schemas": [schema.to_json() for schema in schemas],
            "jwk": JWK,
            "credentials": [credential.token for credential in credentials],
            "answer": "yes" if answered.answer else "no",
            "clauses": None if answered.clauses is None else list(answered.clauses),
        }
        topic.accept(name, "statement.build", argument, "commitments, context and circuit")
        proven = argument | {"proof": answered.proof.hex()}
        topic.accept(f"{name}-proof", "statement.verify", proven, "and a proof of it", known={})
        for case, change, reason in _broken(question, proven, held):
            topic.reject(f"{name}-{case}", "statement.verify", proven | change, reason, mutates=f"{name}-proof")
    _not_built(topic, inputs, held)
    return topic


def _broken(question, proven, held):
    proof = bytearray.fromhex(proven["proof"])
    proof[-1] ^= 1
    other = replace(question, nonce=bytes(32)).to_json()
    yield "flipped", {"proof": bytes(proof).hex()}, "one bit of the proof"
    yield "cut", {"proof": proven["proof"][:-2]}, "a proof that is too short"
    yield "nonce", {"query": other}, "the same question, asked another time"
    yield "party", {"query": replace(question, relying_party="second-bank").to_json()}, "asked by someone else"
    if proven["clauses"] is None:
        answer = "no" if proven["answer"] == "yes" else "yes"
        clauses = None if question.reasons is Reasons.OUTCOME_ONLY else [False, True]
        yield "answer", {"answer": answer, "clauses": clauses}, "the other answer"
    else:
        yield "told", {"clauses": [not holds for holds in proven["clauses"]]}, "other clauses are said to fail"
    if len(proven["credentials"]) == 1:
        others = [pair[0].token for pair in held.values() if pair[0].token not in proven["credentials"]]
        yield "person", {"credentials": others}, "another person's credential"


def _not_built(topic, inputs, held):
    """Statements that mean nothing, or something else than the query."""
    one, two, told = inputs["yes"], inputs["two-schemas"], inputs["clauses"]
    digest = {"query": one["query"] | {"predicate_digest": b64u(bytes(32))}}
    provider = {"query": one["query"] | {"provider": "other-kyc"}}
    for name, base, change, why in (
        ("digest", "yes", digest, "the digest is another question's"),
        ("provider", "yes", provider, "someone else is asked"),
        ("schema", "yes", {"schemas": two["schemas"][:1]}, "another schema than the query's"),
        ("no-credential", "yes", {"credentials": []}, "no credential"),
        ("two-credentials", "yes", {"credentials": one["credentials"] * 2}, "one credential too many"),
        ("payslip", "yes", {"credentials": [held["ada"][1].token]}, "a credential under another schema"),
        ("key", "yes", {"jwk": OTHER}, "the credential is not signed by this key"),
        ("clauses", "yes", {"clauses": [True]}, "clauses that nobody asked for"),
        ("swapped", "two-schemas", {"credentials": two["credentials"][::-1]}, "credentials in another order"),
        ("schemas-swapped", "two-schemas", {"schemas": two["schemas"][::-1]}, "schemas in another order"),
        ("untold", "clauses", {"clauses": None}, "a NO to a query with reasons tells its clauses"),
        ("all-hold", "clauses", {"clauses": [True, True]}, "the clauses do not fail the question"),
        ("three", "clauses", {"clauses": [False, True, True]}, "the question has two clauses"),
        ("yes-told", "clauses", {"answer": "yes"}, "a YES tells no clauses"),
    ):
        base_input = {"yes": one, "two-schemas": two, "clauses": told}[base]
        topic.reject(f"build-{name}", "statement.build", base_input | change, why, mutates=base)


def topics():
    return [credential_topic(), statement_topic()]
