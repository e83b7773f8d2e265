import os
from dataclasses import replace

import pytest
from sqlalchemy import event, select, update

from circuits import predicate as predicates
from circuits.attributes import Schema
from circuits.encoding import b64u
from circuits.query import Query
from circuits.vocabulary import Vocabulary
from prover import holdings
from prover.errors import VaultError
from prover.holdings import Held
from prover.issuance import YEAR
from prover.models import CREDENTIALS
from prover.records import Record

NOW = 1_800_000_000  # 2027-01-15


def schema(name, *attributes):
    listed = [{"name": each, "type": "integer", "min": "0", "max": "1000"} for each in attributes]
    return Schema.from_json({"schema": name, "version": 1, "attributes": listed})


PERSON = schema("person", "age", "score")
PAYROLL = schema("payroll", "pay", "score")
BOTH = Vocabulary((PERSON, PAYROLL))


@pytest.fixture
def ask(under):
    def ask(text="age > 1 && pay > 1", vocabulary=BOTH, **changes):
        query = Query(
            id=b64u(os.urandom(16)),
            nonce=os.urandom(32),
            audience="https://verifier.example",
            relying_party="lender",
            provider="bank",
            subject=changes.pop("subject", "alice"),
            purpose="sandbox",
            predicate_text=text,
            predicate_digest=predicates.parse(text, vocabulary).digest,
            schema_digests=tuple(each.digest for each in vocabulary.schemas),
            as_of="2027-01-15",
            max_age=None,
            issued_at=NOW,
            expires_at=NOW + 300,
        )
        return replace(under(query), **changes)

    return ask


@pytest.fixture
def issue(issuer):
    """Issue values under a schema; `logged` puts all that waits into the log."""

    def issue(schema, values, *, subject="alice", logged=True, **terms):
        record = Record(subject, {name: str(value) for name, value in values.items()})
        (outcome,) = issuer.issue([record], schema=schema, now=terms.pop("now", NOW), entropy=os.urandom, **terms)
        if logged:
            waiting = issuer.pending(10)
            issuer.mark_registered([one.id for one in waiting], range(len(waiting)))
        return outcome.credential

    return issue


@pytest.fixture
def find(engine, vault, signing_key):
    def find(query, vocabulary=BOTH):
        with engine.begin() as connection:
            asked = holdings.locked(connection, vault, query)
            return holdings.find(connection, asked, vocabulary, key=signing_key.public)

    return find


@pytest.fixture
def gap(find):
    def gap(query, vocabulary=BOTH, now=NOW):
        predicate = predicates.parse(query.predicate_text, vocabulary)
        return find(query, vocabulary).gap(query, predicate, vocabulary, now)

    return gap


def test_one_credential_is_found_under_each_schema_in_the_querys_order(issue, find, gap, ask):
    person, payroll = issue(PERSON, {"age": 30}), issue(PAYROLL, {"pay": 5})
    issue(PERSON, {"age": 31}, subject="bob")
    reversed_ = Vocabulary((PAYROLL, PERSON))
    for vocabulary, ids in ((BOTH, (person, payroll)), (reversed_, (payroll, person))):
        query = ask(vocabulary=vocabulary)
        assert gap(query, vocabulary) is None
        assert tuple(each.id for each in find(query, vocabulary).credentials()) == ids
    one = Vocabulary((PAYROLL,))
    assert [each.id for each in find(ask("pay > 1", one), one).credentials()] == [payroll]


def test_each_name_opens_from_the_schema_that_gives_it(vault, issue, find, ask):
    issue(PERSON, {"age": 30, "score": 1})
    issue(PAYROLL, {"pay": 5, "score": 2})
    for vocabulary, score in ((BOTH, 1), (Vocabulary((PAYROLL, PERSON)), 2)):
        opened = find(ask(vocabulary=vocabulary), vocabulary).open(vault, vocabulary)
        assert {name: opening.value for name, opening in opened.items()} == {"age": 30, "pay": 5, "score": score}


def test_a_name_that_the_first_schema_gives_is_not_taken_from_the_second(vault, issue, find, gap, ask):
    issue(PERSON, {"age": 30})
    issue(PAYROLL, {"pay": 5, "score": 2})
    assert gap(ask("age > 1 && pay > 1")) is None
    assert gap(ask("score > 1 && pay > 1"))[0] == "absent"
    assert "score" not in find(ask()).open(vault, BOTH)


def test_a_gap_is_told_of_the_first_credential_that_has_one(issue, gap, ask):
    person, payroll = issue(PERSON, {"score": 1}), issue(PAYROLL, {"score": 2})
    assert gap(ask("score > 1 && pay > 1")) == ("absent", payroll)
    assert gap(ask("age > 1 && pay > 1")) == ("absent", person)
    reversed_ = Vocabulary((PAYROLL, PERSON))
    assert gap(ask("age > 1 && pay > 1", reversed_), reversed_) == ("absent", payroll)


def test_someone_without_a_credential_under_one_of_the_schemas_lacks_its_attributes(issue, gap, ask):
    issue(PERSON, {"age": 30})
    assert gap(ask()) == ("absent", None)
    issue(PAYROLL, {"pay": 5}, logged=False)
    assert gap(ask()) == ("absent", None), "nothing may be said about what is not in the log yet"
    issue(PAYROLL, {"pay": 6})
    assert gap(ask()) is None
    issue(PAYROLL, {"pay": 7}, logged=False)
    assert gap(ask()) == ("stale", None)


@pytest.mark.parametrize(("which", "as_of"), [(0, {PERSON: "2026-12-01"}), (1, {PAYROLL: "2026-12-01"})])
def test_every_credential_is_as_fresh_as_asked_for(issue, gap, which, as_of, ask):
    ids = [issue(each, {"age": 9} if each is PERSON else {"pay": 9}, as_of=as_of.get(each)) for each in BOTH.schemas]
    assert gap(ask(max_age=45)) is None
    assert gap(ask(max_age=44)) == ("stale", ids[which])


@pytest.mark.parametrize("which", [0, 1])
def test_every_credential_is_unexpired(issue, gap, which, ask):
    ids = [
        issue(each, {"age": 9} if each is PERSON else {"pay": 9}, now=NOW + (place != which))
        for place, each in enumerate(BOTH.schemas)
    ]
    assert gap(ask(), now=NOW + YEAR - 1) is None
    assert gap(ask(), now=NOW + YEAR) == ("stale", ids[which])


def test_a_dispute_is_about_all_that_is_held(engine, vault, issue, gap, ask):
    person = issue(PERSON, {"age": 30})
    payroll = issue(PAYROLL, {"pay": 5})
    one = Vocabulary((PAYROLL,))
    vault.dispute(engine, "alice", since=NOW)
    assert gap(ask()) == ("disputed", person)
    assert gap(ask("pay > 1", one), one) == ("disputed", payroll)
    vault.dispute(engine, "alice", since=None)
    assert gap(ask()) is None


def test_a_token_kept_under_another_schema_is_noticed(engine, issue, find, ask):
    person, payroll = issue(PERSON, {"age": 30}), issue(PAYROLL, {"pay": 5})
    assert all(isinstance(each, Held) for each in find(ask()).held)
    with engine.begin() as connection:
        other = connection.scalar(select(CREDENTIALS.c.token).where(CREDENTIALS.c.id == person))
        connection.execute(update(CREDENTIALS).where(CREDENTIALS.c.id == payroll).values(token=other))
    with pytest.raises(VaultError):
        find(ask())


def test_a_consent_nobody_gave_is_looked_for_as_any_other_is(engine, vault, issue, ask):
    for name in ("alice", "erased"):
        issue(PERSON, {"age": 30}, subject=name)
    one = Vocabulary((PERSON,))
    asked = {name: ask("age > 1", one, subject=name) for name in ("alice", "erased", "nobody")}
    asked["garbage"] = replace(asked["alice"], consent="")
    vault.erase(engine, "erased", now=NOW)
    done = []

    def note(_connection, _cursor, statement, _parameters, _context, _many):
        done.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    found, work = {}, set()
    for name, query in asked.items():
        done.clear()
        with engine.begin() as connection:
            found[name] = holdings.locked(connection, vault, query)
        work.add(tuple(done))
    event.remove(engine, "before_cursor_execute", note)
    assert [name for name, each in found.items() if each is not None] == ["alice"]
    assert len(work) == 1


def test_the_credentials_of_before_are_found_again(engine, vault, signing_key, issue, find, ask):  # noqa: PLR0917 - fixtures
    first = issue(PERSON, {"age": 30})
    one = Vocabulary((PERSON,))
    query = ask("age > 1", one)
    newer = issue(PERSON, {"age": 31})
    assert find(query, one).current(one) == {"age": newer, "score": newer}
    with engine.begin() as connection:
        asked = holdings.locked(connection, vault, query)
        again = holdings.find_again(connection, asked, [first], one, key=signing_key.public)
    assert [each.id for each in again.credentials()] == [first]
    assert again.open(vault, one)["age"].value == 30


def test_nothing_found_shows(issue, find, ask):
    issue(PERSON, {"age": 30})
    issue(PAYROLL, {"pay": 5})
    found = find(ask())
    assert f"{found!r} {found.held!r} {found.asked!r}".count("redacted") == 4
