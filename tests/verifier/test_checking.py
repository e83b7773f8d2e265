"""The one appraisal: a table of everything that must not pass, each beside the accepted baseline."""

from dataclasses import replace

import pytest

from circuits.encoding import b64u
from circuits.predicate import parse
from verifier import errors
from verifier.answered import Answered
from verifier.checking import MOST_WAITING, CheckedProof, appraise, check, check_batch
from verifier.errors import Blame, CheckFailed

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

ORIGIN = "verifier.example/log"


@pytest.fixture
def case(world, people):
    query = world.query()
    return {
        "query": query,
        "consent": world.token(query),
        "answered": world.company.prove(query, people["ada"]),
        "registry": world.registry,
        "audience": ORIGIN,
        "asked_at": world.log.size,
        "now": world.now + 1,
    }


def with_query(**changes):
    return lambda c, _w: c | {"query": replace(c["query"], **changes)}


def with_answered(**changes):
    return lambda c, _w: c | {"answered": replace(c["answered"], **changes)}


def put(query, at):
    return replace(query, issued_at=at, expires_at=at + 60)


def flipped(place):
    def change(c, _w):
        proof = bytearray(c["answered"].proof)
        proof[place] ^= 1
        return c | {"answered": replace(c["answered"], proof=bytes(proof))}

    return change


def asked(predicate, *, digest_of=None):
    def change(c, w):
        digest = parse(digest_of or predicate, w.company.schema).digest
        return c | {"query": replace(c["query"], predicate_text=predicate, predicate_digest=digest)}

    return change


def other_credential(name):
    return lambda c, w: c | {"answered": replace(c["answered"], credentials=(w.company.subjects[name].id,))}


MUTATIONS = {
    "answer": (with_answered(answer=False), errors.ProofRefused),
    "proof empty": (with_answered(proof=b""), errors.ProofRefused),
    "proof first byte": (flipped(0), errors.ProofRefused),
    "proof middle": (flipped(200), errors.ProofRefused),
    "proof last byte": (flipped(-1), errors.ProofRefused),
    "proof truncated": (lambda c, _w: with_answered(proof=c["answered"].proof[:-1])(c, _w), errors.ProofRefused),
    "proof extended": (lambda c, _w: with_answered(proof=c["answered"].proof + b"\0")(c, _w), errors.ProofRefused),
    "threshold": (asked("salary > 100001"), errors.ProofRefused),
    "operator": (asked("salary >= 100000"), errors.ProofRefused),
    "attribute": (asked("net_worth > 100000"), errors.DisclosedRefused),
    "text without its digest": (asked("salary > 5", digest_of="salary > 6"), errors.QueryRefused),
    "text that is no question": (with_query(predicate_text="salary >"), errors.QueryRefused),
    "nonce": (with_query(nonce=bytes(32)), errors.ProofRefused),
    "query id": (with_query(id=b64u(bytes(16))), errors.ProofRefused),
    "relying party": (with_query(relying_party="second-bank"), errors.ConsentUnfit),
    "subject": (with_query(subject="bob"), errors.ConsentUnfit),
    "purpose": (with_query(purpose="gossip"), errors.ConsentUnfit),
    "as of": (with_query(as_of="2026-11-17"), errors.ProofRefused),
    "max age": (with_query(max_age=None), errors.ProofRefused),
    "max age too short": (with_query(max_age=16), errors.CredentialStale),
    "consent": (with_query(consent="c"), errors.ConsentElsewhere),
    "audience of the query": (with_query(audience="other.example/log"), errors.QueryRefused),
    "another verifier": (lambda c, _w: c | {"audience": "other.example/log"}, errors.QueryRefused),
    "provider": (with_query(provider="other-kyc"), errors.ConsentUnfit),
    "schema unknown": (with_query(schema_digests=(bytes(32),)), errors.QueryRefused),
    "credential unknown": (with_answered(credentials=(b64u(bytes(16)),)), errors.CredentialUnknown),
    "credential malformed": (with_answered(credentials=("!",)), errors.CredentialUnknown),
    "credential of another person": (other_credential("bob"), errors.ProofRefused),
    "credential logged after the question": (lambda c, _w: c | {"asked_at": 2}, errors.CredentialLate),
    "credential expired": (
        lambda c, _w: c | {"query": put(c["query"], c["now"] + 86_400 * 366), "now": c["now"] + 86_400 * 366},
        errors.CredentialExpired,
    ),
    "query expired": (lambda c, _w: c | {"now": c["query"].expires_at}, errors.QueryRefused),
    "answered before asked": (lambda c, _w: c | {"now": c["query"].issued_at - 1}, errors.QueryRefused),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_check_rejects(case, world, name):
    assert isinstance(check(**case), CheckedProof)
    mutate, expected = MUTATIONS[name]
    with pytest.raises(CheckFailed) as caught:
        check(**mutate(case, world))
    assert type(caught.value) is expected
    assert caught.value.blame is (
        Blame.VERIFIER if expected in (errors.QueryRefused, errors.ConsentElsewhere) else Blame.PROVIDER
    )


def test_a_question_waits_an_hour_at_most(case, world, people):
    query = world.query(expires_at=world.now + MOST_WAITING)
    check(**case | {"query": query, "answered": world.company.prove(query, people["ada"])})
    query = world.query(expires_at=world.now + MOST_WAITING + 1)
    with pytest.raises(errors.QueryRefused):
        check(**case | {"query": query, "answered": world.company.prove(query, people["ada"])})


def test_both_engines_agree(case):
    good = check(**case)
    assert check(**case, engine="reference") == good
    wrong = case | {"answered": replace(case["answered"], answer=False)}
    for engine in ("fast", "reference"):
        with pytest.raises(errors.ProofRefused):
            check(**wrong, engine=engine)


def test_a_batch_names_the_guilty(case, world, people):
    queries = [world.query(f"salary > {threshold}") for threshold in range(99_000, 99_012)]
    settings = {key: case[key] for key in ("consent", "registry", "audience", "asked_at", "now")}
    answers = [world.company.prove(query, people["ada"]) for query in queries]
    claims = [appraise(query, answered, **settings) for query, answered in zip(queries, answers, strict=True)]
    assert all(isinstance(outcome, CheckedProof) for outcome in check_batch(claims, entropy=bytes(32)))
    for place in (3, 7):
        good = answers[place]
        wrong = Answered(
            good.answer, good.credentials, good.proof[:-1] + bytes([good.proof[-1] ^ 1]), None, good.disclosed
        )
        claims[place] = appraise(queries[place], wrong, **settings)
    outcomes = check_batch(claims, entropy=bytes(32))
    assert [place for place, outcome in enumerate(outcomes) if isinstance(outcome, errors.ProofRefused)] == [3, 7]
    assert check_batch([], entropy=bytes(32)) == []
