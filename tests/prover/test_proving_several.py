import os
from dataclasses import replace

import pytest
from sqlalchemy import select

from circuits import predicate as predicates
from circuits import statement as statements
from circuits.attributes import Schema
from circuits.credential import Credential
from circuits.encoding import b64u
from circuits.errors import ProofError
from circuits.predicate.clauses import concluded
from circuits.query import Query, Reasons
from circuits.vocabulary import Vocabulary
from prover.errors import Declined, QueryRefused
from prover.models import CREDENTIALS
from prover.pool import ProvingPool
from prover.proving import Answered, Responder, Undetermined
from prover.records import Record

NOW = 1_800_000_000  # 2027-01-15
ORIGIN = "https://verifier.example"
WHY = Reasons.FAILED_CLAUSES
PERSON = Schema.from_json(
    {
        "schema": "person",
        "version": 1,
        "attributes": [
            {"name": "salary", "type": "money", "currency": "USD", "period": "year", "max": "1000000.00"},
            {"name": "balance", "type": "integer", "min": "-1000", "max": "1000"},
            {"name": "born", "type": "date"},
            {"name": "country", "type": "enum", "values": ["CA", "US"]},
            {"name": "sanctioned", "type": "bool"},
        ],
    }
)
PAYROLL = Schema.from_json(
    {
        "schema": "payroll",
        "version": 1,
        "attributes": [
            {"name": "monthly_pay", "type": "money", "currency": "USD", "period": "month", "max": "100000.00"},
            {"name": "salary", "type": "integer", "min": "0", "max": "9"},
        ],
    }
)
ONE = Vocabulary((PERSON,))
BOTH = Vocabulary((PERSON, PAYROLL))
PAY_FIRST = Vocabulary((PAYROLL, PERSON))
ALICE = {"salary": "100000.01", "balance": "-7", "born": "2006-01-16", "country": "US", "sanctioned": "no"}


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    with ProvingPool(workers=1, tables=tmp_path_factory.mktemp("tables")) as pool:
        yield pool


@pytest.fixture
def ids(issuer):
    """The ids of Alice's credentials, by schema; Bob has one, under the first."""
    rows = [
        (PERSON, "alice", ALICE),
        (PERSON, "bob", {"salary": "99999.99"}),
        (PAYROLL, "alice", {"monthly_pay": "8333.33", "salary": "5"}),
    ]
    issued = {
        (schema, subject): issue(issuer, schema, subject, attributes).credential for schema, subject, attributes in rows
    }
    return {schema: issued[schema, "alice"] for schema in BOTH.schemas}


@pytest.fixture
def respond(engine, vault, pool, signing_key, ids):
    assert len(ids) == 2
    key, audiences = signing_key.public, frozenset({ORIGIN})
    responder = Responder(engine, vault, pool, provider="bank", key=key, audiences=audiences)

    def respond(query):
        return responder.respond(query, now=NOW, entropy=os.urandom)

    return respond


def issue(issuer, schema, subject, attributes):
    (outcome,) = issuer.issue([Record(subject, attributes)], schema=schema, now=NOW, entropy=os.urandom)
    waiting = issuer.pending(10)
    issuer.mark_registered([one.id for one in waiting], range(len(waiting)))
    return outcome


@pytest.fixture
def ask(under):
    def ask(text, vocabulary=ONE, **changes):
        query = Query(
            id=b64u(os.urandom(16)),
            nonce=os.urandom(32),
            audience=ORIGIN,
            relying_party="lender",
            provider="bank",
            subject=changes.pop("subject", "alice"),
            purpose="sandbox",
            predicate_text=text,
            predicate_digest=predicates.parse(text, vocabulary).digest,
            schema_digests=tuple(schema.digest for schema in vocabulary.schemas),
            as_of="2027-01-15",
            max_age=None,
            issued_at=NOW,
            expires_at=NOW + 300,
        )
        return replace(under(query), **changes)

    return ask


@pytest.fixture
def logged(engine, signing_key):
    def logged(answered):
        with engine.connect() as connection:
            tokens = dict(connection.execute(select(CREDENTIALS.c.id, CREDENTIALS.c.token)).all())
        return [Credential.open(tokens[each], signing_key.public) for each in answered.credentials]

    return logged


@pytest.fixture
def verify(logged):
    def verify(query, vocabulary, answered, *, credentials=None):
        statement = statements.build(
            query,
            predicates.parse(query.predicate_text, vocabulary),
            vocabulary,
            credentials or logged(answered),
            answer=answered.answer,
            clauses=answered.clauses,
        )
        statements.verify(statement, answered.proof)

    return verify


@pytest.mark.parametrize(
    ("text", "vocabulary", "answer"),
    [
        ('monthly_pay > 8000 && country == "US"', BOTH, True),
        ('monthly_pay > 9000 && country == "US"', BOTH, False),
        ('monthly_pay > 8000 && country == "CA"', PAY_FIRST, False),
        ("monthly_pay * 13 > salary", BOTH, True),
        ("monthly_pay * 12 > salary", BOTH, False),
        ("salary == 5 && balance < 0", PAY_FIRST, True),
        ("salary == 5", Vocabulary((PAYROLL,)), True),
    ],
)
def test_one_proof_is_about_a_credential_under_each_schema(respond, ids, verify, text, vocabulary, answer, ask):  # noqa: PLR0917 - fixtures
    query = ask(text, vocabulary)
    answered = respond(query)
    assert answered.credentials == tuple(ids[schema] for schema in vocabulary.schemas)
    assert (answered.answer, answered.clauses) == (answer, None)
    verify(query, vocabulary, answered)
    with pytest.raises(ProofError):
        verify(query, vocabulary, replace(answered, answer=not answer))


def test_a_proof_names_the_credentials_it_is_about(issuer, respond, logged, verify, ask):
    query = ask("monthly_pay > 8000 && balance < 0", BOTH)
    answered = respond(query)
    older = logged(answered)
    verify(query, BOTH, answered, credentials=older)
    issue(issuer, PAYROLL, "alice", {"monthly_pay": "8500"})
    assert logged(respond(query)) == older, "the same query has the same outcome"
    newer = logged(respond(ask("monthly_pay > 8000 && balance < 0", BOTH)))
    assert (newer[0], newer[1].supersedes) == (older[0], older[1].id)
    with pytest.raises(ProofError):
        verify(query, BOTH, answered, credentials=newer)


@pytest.mark.parametrize("text", ["balance < 0", "salary > 1 && balance < 0"])
def test_a_schema_the_question_does_not_need_is_refused_whoever_it_is_about(respond, text, ask):
    assert isinstance(respond(ask(text)), Answered)
    for subject in ("alice", "nobody"):
        with pytest.raises(QueryRefused, match="does not need"):
            respond(ask(text, BOTH, subject=subject))


def test_a_schema_the_provider_does_not_use_is_refused_wherever_it_stands(respond, ask):
    fair = ask("monthly_pay > 1 && balance < 0", BOTH)
    assert isinstance(respond(fair), Answered)
    for place in (0, 1):
        listed = list(fair.schema_digests)
        listed[place] = b"x" * 32
        with pytest.raises(QueryRefused, match="does not use"):
            respond(replace(fair, schema_digests=tuple(listed)))


def test_another_order_of_schemas_is_another_question(respond, ask):
    fair = ask("monthly_pay > 1 && balance < 0", BOTH)
    assert isinstance(respond(fair), Answered)
    text = "monthly_pay > 1 && salary > 1 && balance < 0"
    assert isinstance(respond(ask(text, BOTH)), Answered)
    with pytest.raises(QueryRefused, match="digest"):
        respond(replace(ask(text, BOTH), schema_digests=(PAYROLL.digest, PERSON.digest)))


def test_a_credential_that_is_not_there_leaves_the_question_undetermined(respond, ids, ask):
    query = ask("monthly_pay > 1 && salary > 1", BOTH)
    assert respond(query).credentials == (ids[PERSON], ids[PAYROLL])
    question = "monthly_pay > 1 && salary > 1"
    assert respond(ask(question, BOTH, subject="bob")) == Undetermined("absent", None)
    with pytest.raises(Declined):
        respond(ask(question, BOTH, subject="nobody"))


@pytest.mark.parametrize(
    ("text", "vocabulary", "clauses"),
    [
        ('salary > 100000 && country == "CA" && balance < 0', ONE, (True, False, True)),
        ("salary > 200000 || balance > 0", ONE, (False, False)),
        ("at_least(2, sanctioned, balance < 0, age(born) >= 21)", ONE, (False, True, False)),
        ("salary > 200000", ONE, (False,)),
        ("!(salary > 100000)", ONE, (False,)),
        ("monthly_pay > 9000 && (salary > 200000 || balance < 0)", BOTH, (False, True)),
        ("salary > 100000 && balance < 0", ONE, None),
    ],
)
def test_a_no_with_its_reasons_says_of_each_clause_whether_it_holds(respond, verify, text, vocabulary, clauses, ask):  # noqa: PLR0917 - fixtures
    query = ask(text, vocabulary, reasons=WHY)
    answered = respond(query)
    assert (answered.answer, answered.clauses) == (clauses is None, clauses)
    verify(query, vocabulary, answered)
    plain = respond(ask(text, vocabulary))
    assert (plain.answer, plain.clauses) == (answered.answer, None)


def test_a_proof_of_some_clauses_is_none_of_others(respond, verify, ask):
    text = 'salary > 100000 && country == "CA" && balance < 0'
    query = ask(text, reasons=WHY)
    answered = respond(query)
    verify(query, ONE, answered)
    node = predicates.parse(text, ONE).ast
    for place in range(3):
        lie = tuple(holds != (place == which) for which, holds in enumerate(answered.clauses))
        if not concluded(node, lie):
            with pytest.raises(ProofError):
                verify(query, ONE, replace(answered, clauses=lie))


def test_reasons_need_a_consent_to_them_that_stands(respond, consents, under, ask):
    query = ask("salary > 200000", reasons=WHY)
    assert respond(query).clauses == (False,)
    plain = under(replace(query, id=b64u(os.urandom(16)), subject="alice"), reasons=Reasons.OUTCOME_ONLY)
    with pytest.raises(Declined):
        respond(plain)
    assert respond(replace(plain, reasons=Reasons.OUTCOME_ONLY)).clauses is None
    for each in consents.listing():
        consents.revoke(each.consent.id, now=NOW)
    for withheld in (query, replace(query, nonce=bytes(32)), replace(plain, reasons=Reasons.OUTCOME_ONLY)):
        with pytest.raises(Declined):
            respond(withheld)


def test_a_gap_is_told_to_those_who_may_ask_and_to_nobody_else(respond, ids, ask):
    question = "monthly_pay > 1 && salary > 1"
    assert respond(ask(question, BOTH, reasons=WHY)).answer is True
    late = {"as_of": "2027-03-01", "max_age": 1, "reasons": WHY}
    assert respond(ask(question, BOTH, **late)) == Undetermined("stale", ids[PERSON])
    with pytest.raises(Declined):
        respond(replace(ask(question, BOTH, **late), relying_party="other"))
