"""Queries, statements and their proofs."""

from dataclasses import replace

from token_topics import JWK, OTHER
from topics import Topic
from world import PAY, PERSON, peopled, query

from circuits.encoding import b64u
from circuits.query import Reasons

BOTH = 'monthly_pay > 4000 && country == "US"'


def query_cases(topic):
    asked = query()
    stated = asked.to_json()
    topic.accept(
        "query", "query.read", {"query": stated}, "every field, framed, and the digest that a proof is bound to"
    )
    other = replace(asked, reasons=Reasons.FAILED_CLAUSES, consent="", max_age=None).to_json()
    topic.accept("query-told", "query.read", {"query": other}, "with reasons, without an age, naming no consent")
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
    return [statement_topic()]
