import logging
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, func, select, update

from circuits.attributes import Schema
from circuits.credential import Credential
from circuits.errors import CredentialError
from circuits.pedersen import commit
from prover.errors import ImportRefused, VaultError
from prover.issuance import YEAR, Issuer, Status
from prover.models import CREDENTIALS, OUTBOX, SCHEMAS, SUBJECTS
from prover.records import Record
from prover.vault import SealedSubject

NOW = 1_800_000_000  # 2027-01-15
DAY = 86_400


def make_schema(version=1):
    return Schema.from_json(
        {
            "schema": "small",
            "version": version,
            "attributes": [
                {"name": "salary", "type": "money", "currency": "USD", "period": "year", "max": "1000000.00"},
                {"name": "balance", "type": "integer", "min": "-1000", "max": "1000"},
                {"name": "employer", "type": "text"},
            ],
        }
    )


SCHEMA = make_schema()
ALICE = Record("alice", {"salary": "100000.50", "balance": "-7", "employer": "Acme"}, 2)
BOB = Record("bob", {"salary": "1"}, 3)


def issue(issuer, *records, now=NOW, schema=SCHEMA, **arguments):
    return issuer.issue(records, schema=schema, now=now, entropy=os.urandom, **arguments)


def rows(engine, table):
    with engine.connect() as connection:
        return connection.execute(select(table)).all()


def opened(engine, vault, credential_id):
    with engine.connect() as connection:
        row = connection.execute(
            select(CREDENTIALS, SUBJECTS.c.lookup, SUBJECTS.c.sealed_reference, SUBJECTS.c.wrapped_key)
            .join(SUBJECTS, SUBJECTS.c.id == CREDENTIALS.c.subject_id)
            .where(CREDENTIALS.c.id == credential_id)
        ).one()
    subject = SealedSubject(row.subject_id, row.lookup, row.sealed_reference, row.wrapped_key)
    return row, vault.open(subject, row.sealed, credential_id=credential_id, schema=SCHEMA)


def test_an_issued_credential_commits_to_what_the_vault_opens(engine, vault, issuer, signing_key):
    alice, bob = issue(issuer, ALICE, BOB)
    assert (alice.line, alice.status, bob.line, bob.status) == (2, Status.ISSUED, 3, Status.ISSUED)
    row, openings = opened(engine, vault, alice.credential)
    credential = Credential.open(row.token, signing_key.public)
    assert {name: commit(opening) for name, opening in openings.items()} == credential.commitments
    assert openings["salary"].value == 10000050
    assert (credential.provider, credential.as_of, credential.supersedes) == ("bank", "2027-01-15", None)
    assert (credential.issued_at, credential.expires_at) == (NOW, NOW + YEAR)
    assert credential.provenance["salary"].source == "document"


def test_a_missing_cell_is_an_absent_commitment(engine, vault, issuer):
    _, bob = issue(issuer, ALICE, BOB)
    _, openings = opened(engine, vault, bob.credential)
    assert list(openings) == ["salary"]


def test_the_same_record_again_changes_nothing(engine, issuer):
    first = issue(issuer, ALICE, BOB)
    again = issue(issuer, replace(ALICE, line=9), replace(BOB, values={"salary": "1.00"}), now=NOW + DAY)
    assert [outcome.status for outcome in again] == [Status.UNCHANGED] * 2
    assert [outcome.credential for outcome in again] == [outcome.credential for outcome in first]
    assert len(rows(engine, CREDENTIALS)) == len(rows(engine, SUBJECTS)) == len(rows(engine, OUTBOX)) == 2


def test_a_changed_record_supersedes_with_fresh_blindings(engine, vault, issuer, signing_key):
    (first,) = issue(issuer, ALICE)
    changed = replace(ALICE, values=ALICE.values | {"balance": "8"})
    (second,) = issue(issuer, changed, now=NOW + DAY)
    assert second.status is Status.SUPERSEDED
    old, old_openings = opened(engine, vault, first.credential)
    new, new_openings = opened(engine, vault, second.credential)
    assert (old.superseded_at, new.superseded_at) == (NOW + DAY, None)
    assert Credential.open(new.token, signing_key.public).supersedes == first.credential
    assert old_openings["salary"].value == new_openings["salary"].value
    assert old_openings["salary"].blinding != new_openings["salary"].blinding
    (third,) = issue(issuer, changed, now=NOW + 2 * DAY)
    assert (third.status, third.credential) == (Status.UNCHANGED, second.credential)


def test_an_attribute_that_went_missing_supersedes(issuer):
    issue(issuer, ALICE)
    (outcome,) = issue(issuer, replace(ALICE, values={"salary": "100000.50"}))
    assert outcome.status is Status.SUPERSEDED


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ({"now": NOW + DAY}, Status.UNCHANGED),
        ({"now": NOW + YEAR - 1}, Status.UNCHANGED),
        ({"now": NOW + YEAR}, Status.SUPERSEDED),
        ({"now": NOW + DAY, "as_of": "2027-01-16"}, Status.SUPERSEDED),
        ({"now": NOW + DAY, "as_of": "2027-01-15"}, Status.UNCHANGED),
        ({"now": NOW + DAY, "as_of": "2027-01-01"}, Status.UNCHANGED),
        ({"now": NOW + DAY, "source": "payroll"}, Status.SUPERSEDED),
    ],
)
def test_when_the_same_values_are_issued_again(issuer, arguments, status):
    issue(issuer, ALICE)
    (outcome,) = issue(issuer, ALICE, **arguments)
    assert outcome.status is status


def test_an_older_record_does_not_replace_a_newer_one(engine, issuer):
    issue(issuer, ALICE, as_of="2027-01-10")
    changed = replace(ALICE, values={"salary": "2"})
    (older,) = issue(issuer, changed, as_of="2027-01-09")
    assert (older.status, older.reason) == (Status.REJECTED, "a record as of a later date is held already")
    assert len(rows(engine, CREDENTIALS)) == 1
    (newer,) = issue(issuer, changed, as_of="2027-01-11")
    assert newer.status is Status.SUPERSEDED


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        ({"as_of": "2027-01-16"}, ImportRefused),
        ({"as_of": "soon"}, CredentialError),
        ({"source": "rumour"}, CredentialError),
    ],
)
def test_terms_that_cannot_be_are_refused(engine, issuer, arguments, refusal):
    with pytest.raises(refusal):
        issue(issuer, ALICE, **arguments)
    assert rows(engine, CREDENTIALS) == []


def test_a_bad_record_is_rejected_and_its_neighbours_are_not(engine, issuer):
    bad = Record("carol", {"salary": "31337.123"}, 4)
    twice = Record("alice", {"salary": "31337"}, 5)
    outcomes = issue(issuer, ALICE, bad, twice, BOB)
    assert [o.status for o in outcomes] == [Status.ISSUED, Status.REJECTED, Status.REJECTED, Status.ISSUED]
    assert (outcomes[1].line, outcomes[1].column, outcomes[1].reason) == (4, "salary", "more than 2 decimals")
    assert outcomes[2].reason == "the subject comes twice in one batch"
    assert "31337" not in repr(outcomes)
    assert len(rows(engine, SUBJECTS)) == len(rows(engine, CREDENTIALS)) == 2


def test_one_subject_has_one_credential_per_schema(engine, issuer):
    (first,) = issue(issuer, ALICE)
    (second,) = issue(issuer, ALICE, schema=make_schema(2))
    assert (first.status, second.status) == (Status.ISSUED, Status.ISSUED)
    assert len(rows(engine, SUBJECTS)) == 1
    assert len(rows(engine, SCHEMAS)) == 2


def test_a_subject_who_was_erased_comes_back_as_another(engine, vault, issuer):
    (first,) = issue(issuer, ALICE)
    vault.erase(engine, "alice", now=NOW)
    (second,) = issue(issuer, ALICE)
    assert second.status is Status.ISSUED
    assert second.credential != first.credential
    assert len(rows(engine, SUBJECTS)) == 2


def test_a_failure_in_the_middle_of_a_batch_leaves_nothing_of_it(engine, issuer):
    issue(issuer, BOB)
    with engine.begin() as connection:
        connection.execute(update(SUBJECTS).values(wrapped_key=b"tampered"))
    with pytest.raises(VaultError):
        issue(issuer, ALICE, replace(BOB, values={"salary": "2"}))
    assert len(rows(engine, SUBJECTS)) == len(rows(engine, CREDENTIALS)) == len(rows(engine, OUTBOX)) == 1


def test_the_outbox_keeps_order_and_empties(engine, issuer):
    issue(issuer, *(Record(f"p{n}", {"salary": str(n)}, n) for n in range(5)))
    (newer,) = issue(issuer, Record("p1", {"salary": "9"}))
    waiting = issuer.pending(10)
    assert issuer.pending_count() == len(waiting) == 6
    assert waiting[-1].id == newer.credential
    assert issuer.pending(2) == waiting[:2]
    issuer.mark_registered([p.id for p in waiting[:2]], [10, 11])
    issuer.mark_registered([p.id for p in waiting[:2]], [10, 11])
    issuer.mark_registered([], [])
    assert issuer.pending(10) == waiting[2:]
    places = {row.id: row.entry_index for row in rows(engine, CREDENTIALS)}
    assert [places[p.id] for p in waiting[:3]] == [10, 11, None]


def test_a_schema_waits_until_it_is_registered(issuer):
    issue(issuer, ALICE)
    issuer.adopt(SCHEMA, now=NOW)
    assert issuer.pending_schemas() == [SCHEMA]
    issuer.mark_schema_registered(SCHEMA.digest, 3)
    issue(issuer, BOB)
    assert issuer.pending_schemas() == []


def test_a_changed_schema_needs_another_version(engine, issuer):
    issue(issuer, ALICE)
    wider = SCHEMA.to_json()
    wider["attributes"][0]["max"] = "2000000.00"
    with pytest.raises(ImportRefused, match="small version 1 is taken by a schema with other attributes or bounds"):
        issue(issuer, BOB, schema=Schema.from_json(wider))
    with pytest.raises(ImportRefused):
        issuer.adopt(Schema.from_json(wider), now=NOW)
    assert len(rows(engine, CREDENTIALS)) == 1
    (bob,) = issue(issuer, BOB, schema=Schema.from_json(wider | {"version": 2}))
    assert bob.status is Status.ISSUED


def test_two_issuers_at_once_issue_once(engine, vault, issuer, signing_key):
    other = Issuer(engine, vault, key=signing_key, provider="bank")
    records = [Record(f"p{n}", {"salary": str(n)}, n) for n in range(40)]
    outcomes = []

    def run(one):
        for start in range(0, 40, 10):
            outcomes.extend(issue(one, *records[start : start + 10]))

    threads = [threading.Thread(target=run, args=(one,)) for one in (issuer, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.status for outcome in outcomes) == [Status.ISSUED] * 40 + [Status.UNCHANGED] * 40
    assert len(rows(engine, CREDENTIALS)) == len(rows(engine, SUBJECTS)) == 40


def test_neither_the_database_nor_echoed_sql_shows_anyone(engine, vault, signing_key, caplog):
    loud = create_engine(engine.url, echo=True)
    planted = Record("recognisable-subject", {"salary": "314159.26", "employer": "recognisable-employer"})
    with caplog.at_level(logging.DEBUG, logger="sqlalchemy"):
        (outcome,) = issue(Issuer(loud, vault, key=signing_key, provider="bank"), planted)
    loud.dispose()
    stored = "".join(repr(row) for table in (SUBJECTS, CREDENTIALS, OUTBOX, SCHEMAS) for row in rows(engine, table))
    assert outcome.credential in caplog.text
    assert outcome.credential in stored
    for secret in ("recognisable", "314159", "31415926", (31415926).to_bytes(4, "big").hex()):
        assert secret not in caplog.text
        assert secret not in stored


CRASHING = """
import os, sys
from pathlib import Path
from api.database import open_engine
from circuits.attributes import Schema
from circuits.jws import SigningKey
from prover.issuance import Issuer
from prover.keys import EnvironmentKeyProvider
from prover.records import Record
from prover.vault import Vault

engine = open_engine(sys.argv[1])
vault = Vault.unlock(engine, EnvironmentKeyProvider(sys.argv[2]), entropy=os.urandom)
issuer = Issuer(engine, vault, key=SigningKey.from_pem(sys.argv[3].encode()), provider="bank")
schema = Schema.from_json(sys.argv[4])
for start in range(0, 20_000, 25):
    records = [Record(f"p{n}", {"salary": str(n)}, n) for n in range(start, start + 25)]
    issuer.issue(records, schema=schema, now=1_800_000_000, entropy=os.urandom)
    print(start, flush=True)
"""


def test_a_process_killed_in_the_middle_leaves_whole_batches_and_the_next_run_completes(
    engine, vault, issuer, signing_key, database
):
    key = "zkattest-kek-1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    arguments = [database, key, signing_key.to_pem().decode(), SCHEMA.to_bytes().decode()]
    with subprocess.Popen(  # noqa: S603 - this interpreter, the text above
        [sys.executable, "-c", CRASHING, *arguments], stdout=subprocess.PIPE
    ) as process:
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL

    with engine.connect() as connection:
        issued = connection.scalar(select(func.count()).select_from(CREDENTIALS))
        people = connection.scalar(select(func.count()).select_from(SUBJECTS))
        waiting = connection.scalar(select(func.count()).select_from(OUTBOX))
    assert issued == people == waiting
    assert 75 <= issued < 20_000
    assert issued % 25 == 0

    total = issued + 60
    outcomes = issue(issuer, *(Record(f"p{n}", {"salary": str(n)}, n) for n in range(total)))
    statuses = [outcome.status for outcome in outcomes]
    assert (statuses.count(Status.UNCHANGED), statuses.count(Status.ISSUED)) == (issued, 60)
    everyone = rows(engine, CREDENTIALS)
    assert len(everyone) == len(rows(engine, SUBJECTS)) == len(rows(engine, OUTBOX)) == total
    for row in everyone[:: max(1, total // 20)]:
        _, openings = opened(engine, vault, row.id)
        assert set(openings) == {"salary"}
