import os
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from circuits import predicate as predicates
from circuits import statement as statements
from circuits.attributes import Schema
from circuits.credential import Credential
from circuits.encoding import b64u
from circuits.errors import PredicateSyntaxError, PredicateTypeError, ProofError, SignatureError
from circuits.jws import SigningKey
from circuits.query import Query
from circuits.vocabulary import Vocabulary
from prover.errors import Declined, ProverUnavailable, QueryRefused, VaultError
from prover.issuance import YEAR
from prover.models import CREDENTIALS, SCHEMAS, SUBJECTS
from prover.pool import ProvingPool
from prover.proving import Answered, Responder, Undetermined
from prover.records import Record

NOW = 1_800_000_000  # 2027-01-15
DAY = 86_400
ORIGIN = "https://verifier.example"
SCHEMA = Schema.from_json(
    {
        "schema": "small",
        "version": 1,
        "attributes": [
            {"name": "salary", "type": "money", "currency": "USD", "period": "year", "max": "1000000.00"},
            {"name": "balance", "type": "integer", "min": "-1000", "max": "1000"},
            {"name": "born", "type": "date"},
            {"name": "country", "type": "enum", "values": ["CA", "US"]},
            {"name": "sanctioned", "type": "bool"},
            {"name": "employer", "type": "text"},
        ],
    }
)
ALICE = Record(
    "alice",
    {
        "salary": "100000.01",
        "balance": "-7",
        "born": "2006-01-16",
        "country": "US",
        "sanctioned": "no",
        "employer": "Acme",
    },
)
BOB = Record("bob", {"salary": "99999.99"})


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    with ProvingPool(workers=1, tables=tmp_path_factory.mktemp("tables")) as pool:
        yield pool


@pytest.fixture
def responder(engine, vault, pool, signing_key):
    return Responder(engine, vault, pool, provider="bank", key=signing_key.public, audiences=frozenset({ORIGIN}))


@pytest.fixture
def issued(issuer):
    outcomes = issuer.issue([ALICE, BOB], schema=SCHEMA, now=NOW, entropy=os.urandom)
    register(issuer)
    return {"alice": outcomes[0].credential, "bob": outcomes[1].credential}


def register(issuer):
    waiting = issuer.pending(10)
    issuer.mark_registered([one.id for one in waiting], range(len(waiting)))


@pytest.fixture
def ask(under):
    def ask(text, subject="alice", **changes):
        query = Query(
            id=b64u(os.urandom(16)),
            nonce=os.urandom(32),
            audience=ORIGIN,
            relying_party="lender",
            provider="bank",
            subject=subject,
            purpose="sandbox",
            predicate_text=text,
            predicate_digest=predicates.parse(text, SCHEMA).digest,
            schema_digests=(SCHEMA.digest,),
            as_of="2027-01-15",
            max_age=None,
            issued_at=NOW,
            expires_at=NOW + 300,
        )
        return replace(under(query), **changes)

    return ask


def respond(responder, query, now=NOW):
    return responder.respond(query, now=now, entropy=os.urandom)


@pytest.fixture
def verify(engine, signing_key):
    def verify(query, answered, answer):
        chosen = select(CREDENTIALS.c.token).where(CREDENTIALS.c.id == answered.credentials[0])
        with engine.connect() as connection:
            credential = Credential.open(connection.scalar(chosen), signing_key.public)
        predicate = predicates.parse(query.predicate_text, SCHEMA)
        statement = statements.build(query, predicate, Vocabulary((SCHEMA,)), [credential], answer=answer)
        statements.verify(statement, answered.proof)

    return verify


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("salary > 100000", True),
        ("salary > 100000.01", False),
        ("salary >= 100000.01", True),
        ("salary < 100000", False),
        ("balance < 0", True),
        ("balance > -7", False),
        ("balance == -7", True),
        ("balance != -7", False),
        ("age(born) >= 21", False),
        ("age(born) >= 20", True),
        ('born < date("2008-11-22")', True),
        ('country == "US"', True),
        ('country == "CA"', False),
        ('employer == "Acme"', True),
        ('employer != "Acme"', False),
    ],
)
def test_a_yes_and_a_no_are_proven(responder, issued, verify, text, answer, ask):  # noqa: PLR0917 - fixtures
    query = ask(text)
    answered = respond(responder, query)
    assert isinstance(answered, Answered)
    assert (answered.answer, answered.credentials, answered.clauses) == (answer, (issued["alice"],), None)
    verify(query, answered, answer)
    with pytest.raises(ProofError):
        verify(query, answered, not answer)
    with pytest.raises(ProofError):
        verify(ask(text), answered, answer)


def test_nobody_elses_value_answers(responder, issued, ask):
    assert respond(responder, ask("salary > 100000", "bob")).answer is False
    assert respond(responder, ask("salary > 100000", "alice")).answer is True
    assert issued["alice"] != issued["bob"]


@pytest.mark.usefixtures("issued")
@pytest.mark.parametrize(
    ("changes", "now"),
    [
        ({"provider": "other"}, NOW),
        ({"audience": "https://other.example"}, NOW),
        ({"schema_digests": (b"x" * 32,)}, NOW),
        ({"predicate_digest": b"x" * 32}, NOW),
        ({"predicate_digest": predicates.parse("salary > 1", SCHEMA).digest}, NOW),
        ({"predicate_text": "salary > 100001"}, NOW),
        ({}, NOW + 600),
        ({}, NOW - 301),
    ],
)
def test_a_query_that_cannot_be_answered_is_refused_whoever_it_is_about(responder, changes, now, ask):
    query = ask("salary > 100000")
    assert isinstance(respond(responder, query), Answered)
    assert isinstance(respond(responder, query, NOW + 599), Answered)
    assert isinstance(respond(responder, query, NOW - 300), Answered)
    messages = set()
    for subject in ("alice", "nobody"):
        with pytest.raises(QueryRefused) as caught:
            respond(responder, replace(query, subject=subject, **changes), now)
        messages.add(str(caught.value))
    assert len(messages) == 1


@pytest.mark.usefixtures("issued")
@pytest.mark.parametrize(("text", "refusal"), [("salary >", PredicateSyntaxError), ("bonus > 1", PredicateTypeError)])
def test_a_question_that_means_nothing_is_refused_with_its_place(responder, text, refusal, ask):
    with pytest.raises(refusal) as caught:
        respond(responder, ask("salary > 1", predicate_text=text))
    assert isinstance(caught.value.position, int)


@pytest.mark.usefixtures("issued")
def test_declined_is_one_message_for_every_reason(engine, vault, issuer, responder, ask):
    query = ask("salary > 100000")
    assert isinstance(respond(responder, query), Answered)
    issuer.issue([Record("carol", {"salary": "1"})], schema=SCHEMA, now=NOW, entropy=os.urandom)
    asked = [ask("salary > 100000", subject) for subject in ("nobody", "bob", "carol")]
    vault.erase(engine, "bob", now=NOW)
    texts = set()
    for each in (*asked, replace(query, purpose="tenancy"), replace(query, nonce=bytes(32), relying_party="other")):
        with pytest.raises(Declined) as caught:
            respond(responder, each)
        texts.add((str(caught.value), repr(caught.value), caught.value.args))
    assert len(texts) == 1


def test_an_absent_attribute_is_undetermined_and_the_others_are_not(responder, issued, ask):
    assert respond(responder, ask("salary > 1", "bob")).answer is True
    assert respond(responder, ask("balance > 1", "bob")) == Undetermined("absent", issued["bob"])


@pytest.mark.parametrize(
    ("as_of", "max_age", "stale"),
    [("2027-01-15", 0, False), ("2027-01-16", 0, True), ("2027-02-14", 30, False), ("2027-02-15", 30, True)],
)
def test_a_credential_older_than_asked_for_is_stale(responder, issued, as_of, max_age, stale, ask):  # noqa: PLR0917 - fixtures
    outcome = respond(responder, ask("salary > 1", as_of=as_of, max_age=max_age))
    assert (outcome == Undetermined("stale", issued["alice"])) is stale


@pytest.mark.parametrize(
    ("now", "until", "stale"),
    [
        (NOW + YEAR - 9, NOW + YEAR, False),
        (NOW + YEAR - 9, NOW + YEAR + 1, True),  # the answer could be logged after the credential expired
        (NOW + YEAR - 1, NOW + YEAR - 100, False),
        (NOW + YEAR, NOW + YEAR - 100, True),
    ],
)
def test_an_expired_credential_is_stale(responder, issued, now, until, stale, ask):  # noqa: PLR0917 - fixtures
    outcome = respond(responder, ask("salary > 1", issued_at=until - 99, expires_at=until), now)
    assert (outcome == Undetermined("stale", issued["alice"])) is stale


def test_a_disputed_subject_is_undetermined_until_it_is_settled(engine, vault, responder, issued, ask):
    vault.dispute(engine, "alice", since=NOW)
    assert respond(responder, ask("salary > 1")) == Undetermined("disputed", issued["alice"])
    vault.dispute(engine, "alice", since=None)
    assert isinstance(respond(responder, ask("salary > 1")), Answered)


@pytest.mark.usefixtures("issued")
def test_a_superseded_value_is_never_spoken_for(issuer, responder, ask):
    assert respond(responder, ask("salary > 100000")).answer is True
    (newer,) = issuer.issue([Record("alice", {"salary": "1"})], schema=SCHEMA, now=NOW, entropy=os.urandom)
    assert respond(responder, ask("salary > 100000")) == Undetermined("stale", None)
    register(issuer)
    answered = respond(responder, ask("salary > 100000"))
    assert (answered.answer, answered.credentials) == (False, (newer.credential,))


def test_a_tampered_vault_answers_nothing(engine, responder, issued, ask):
    with engine.begin() as connection:
        mine = CREDENTIALS.c.id == issued["alice"]
        theirs = select(CREDENTIALS.c.sealed).where(CREDENTIALS.c.id == issued["bob"])
        connection.execute(update(CREDENTIALS).where(mine).values(sealed=connection.scalar(theirs)))
    with pytest.raises(VaultError):
        respond(responder, ask("salary > 1"))
    assert isinstance(respond(responder, ask("salary > 1", "bob")), Answered)


@pytest.mark.usefixtures("issued")
def test_a_closed_pool_is_unavailable(engine, vault, signing_key, ask):
    closed = ProvingPool(workers=1, tables=None)
    closed.close()
    responder = Responder(engine, vault, closed, provider="bank", key=signing_key.public, audiences=frozenset({ORIGIN}))
    with pytest.raises(ProverUnavailable):
        respond(responder, ask("salary > 1"))


def swapped(connection, table, column):
    """Exchange one column of the rows of the two subjects."""
    rows = connection.execute(select(table.c.id, column)).all()
    for (row, _), (_, content) in zip(rows, reversed(rows), strict=True):
        connection.execute(update(table).where(table.c.id == row).values({column: content}))


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (CREDENTIALS, CREDENTIALS.c.sealed),
        (CREDENTIALS, CREDENTIALS.c.token),
        (SUBJECTS, SUBJECTS.c.wrapped_key),
    ],
    ids=["sealed", "token", "wrapped_key"],
)
def test_one_persons_row_never_answers_for_another(engine, responder, issued, table, column, ask):  # noqa: PLR0917 - fixtures
    assert responder.respond(ask("salary > 100000"), now=NOW, entropy=os.urandom).credentials == (issued["alice"],)
    with engine.begin() as connection:
        swapped(connection, table, column)
    for subject in issued:
        with pytest.raises(VaultError):
            responder.respond(ask("salary > 100000", subject), now=NOW, entropy=os.urandom)


def test_whole_rows_given_to_another_person_answer_nothing(engine, responder, issued, ask):
    with engine.begin() as connection:
        whose = dict(connection.execute(select(CREDENTIALS.c.id, CREDENTIALS.c.subject_id)).all())
        connection.execute(update(CREDENTIALS).where(CREDENTIALS.c.id == issued["alice"]).values(superseded_at=NOW))
        connection.execute(
            update(CREDENTIALS).where(CREDENTIALS.c.id == issued["bob"]).values(subject_id=whose[issued["alice"]])
        )
    with pytest.raises(VaultError):
        responder.respond(ask("salary > 100000"), now=NOW, entropy=os.urandom)


def test_a_schema_that_was_changed_in_the_vault_is_noticed(engine, responder, issued, ask):
    other = SCHEMA.to_bytes().replace(b'"max":"1000"', b'"max":"9000"')
    assert issued
    with engine.begin() as connection:
        connection.execute(update(SCHEMAS).values(body=other))
    with pytest.raises(VaultError):
        responder.respond(ask("salary > 100000"), now=NOW, entropy=os.urandom)


def test_credentials_outlive_the_key_that_signed_them(engine, vault, pool, issued, signing_key, ask):  # noqa: PLR0917 - fixtures
    """A stolen key is replaced; what it signed before stays in the log, and can still be asked about."""
    newer = SigningKey(bytes(31) + b"\x09")
    responder = Responder(engine, vault, pool, provider="bank", key=newer.public, audiences=frozenset({ORIGIN}))
    query = ask("salary > 100000")
    answered = respond(responder, query)
    assert (answered.answer, answered.credentials) == (True, (issued["alice"],))
    with engine.connect() as connection:
        token = connection.scalar(select(CREDENTIALS.c.token).where(CREDENTIALS.c.id == issued["alice"]))
    logged = Credential.open(token, signing_key.public)
    built = statements.build(
        query, predicates.parse(query.predicate_text, SCHEMA), Vocabulary((SCHEMA,)), [logged], answer=True
    )
    statements.verify(built, answered.proof)


def test_a_token_that_was_changed_under_the_current_key_is_noticed(engine, responder, issued, ask):
    with engine.begin() as connection:
        token = connection.scalar(select(CREDENTIALS.c.token).where(CREDENTIALS.c.id == issued["alice"]))
        head, body, signature = token.split(".")
        forged = f"{head}.{body}.{'A' * len(signature)}"
        connection.execute(update(CREDENTIALS).where(CREDENTIALS.c.id == issued["alice"]).values(token=forged))
    with pytest.raises(SignatureError):
        respond(responder, ask("salary > 100000"))
