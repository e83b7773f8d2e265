"""A person is erased from the vault at once, and what the verifier has to be told is kept until it was told."""

import os
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import select, update

from circuits.attributes import Schema
from circuits.erasure import Erasure
from circuits.receipt import ErasureReceipt
from prover.erasing import Eraser
from prover.errors import SubjectUnknown, VaultError
from prover.models import CREDENTIALS, ERASURES
from prover.records import Record
from prover.terms import Terms

NOW = 1_795_000_000
SCHEMA = Schema.from_json(
    {"schema": "s", "version": 1, "attributes": [{"name": "first", "type": "integer", "min": 0, "max": 9}]}
)


@pytest.fixture
def eraser(engine, vault, signing_key):
    return Eraser(engine, vault, key=signing_key, provider="bank")


@pytest.fixture
def issued(issuer):
    """Alice has two credentials, bob one."""
    ids = []
    for subject, value in (("alice-planted", "1"), ("alice-planted", "2"), ("bob", "3")):
        ids.append(issuer.issue([Record(subject, {"first": value})], schema=SCHEMA, now=NOW, entropy=os.urandom)[0])
    return [each.credential for each in ids]


@pytest.fixture
def handles(consents, issued):
    """Alice has consented to two relying parties, to one of them twice, Bob to one."""
    assert issued
    parties = [("alice-planted", "one"), ("alice-planted", "two"), ("alice-planted", "one"), ("bob", "one")]
    given = [
        consents.grant(subject, Terms(party, "origin", "sandbox", NOW + 9), now=NOW, entropy=os.urandom).handle
        for subject, party in parties
    ]
    return tuple(sorted({*given[:3]}))


def test_what_is_to_be_told_names_all_handles_and_credentials_and_waits(eraser, issued, handles, issuer, signing_key):
    erased = eraser.erase("alice-planted", now=NOW, entropy=os.urandom)
    assert erased.credentials == 2
    receipt = ErasureReceipt.open(erased.receipt, signing_key.public)
    assert (receipt.request, receipt.erased) == (erased.id, {"credentials": 2, "consents": 3, "inquiries": 0})
    (pending,) = eraser.pending(now=NOW + 9)
    said = Erasure.open(pending.token, signing_key.public)
    assert (pending.id, pending.handles, len(handles)) == (erased.id, handles, 2)
    assert (said.provider, said.issued_at, said.credentials) == ("bank", NOW + 9, tuple(sorted(issued[:2])))
    assert [each.id for each in issuer.pending(9)] == issued[2:]
    assert "alice" not in repr(pending)


def test_who_comes_back_is_somebody_else(eraser, issued, handles, issuer, consents, engine):  # noqa: PLR0917 - fixtures
    eraser.erase("alice-planted", now=NOW, entropy=os.urandom)
    issuer.issue([Record("alice-planted", {"first": "1"})], schema=SCHEMA, now=NOW, entropy=os.urandom)
    for party in ("one", "two"):
        terms = Terms(party, "origin", "sandbox", NOW + 9)
        first, again = (consents.grant("alice-planted", terms, now=NOW, entropy=os.urandom).handle for _ in range(2))
        assert first == again not in handles
    with engine.connect() as connection:
        people = {row.id: row.subject_id for row in connection.execute(select(CREDENTIALS))}
    assert people[issued[0]] == people[issued[1]]
    assert len(set(people.values())) == 3


def test_told_it_is_forgotten(eraser, issued, engine):
    erased = eraser.erase("alice-planted", now=NOW, entropy=os.urandom)
    assert (issued[0] != issued[1], eraser.pending_count()) == (True, 1)
    for _ in range(2):
        eraser.mark_logged(erased.id, 41)
        assert eraser.pending_count() == 0
        assert eraser.pending(now=NOW) == []
    with engine.connect() as connection:
        (row,) = connection.execute(select(ERASURES))
    assert (bytes(row.id), row.sealed, row.entry_index) == (erased.id, None, 41)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_no_file_has_the_reference(eraser, issued, engine):
    assert issued
    erased = eraser.erase("alice-planted", now=NOW, entropy=os.urandom)
    eraser.mark_logged(erased.id, 41)
    file = Path(engine.url.database)
    for path in file.parent.iterdir():
        assert b"alice" not in path.read_bytes()
    assert file.with_name(f"{file.name}-wal").stat().st_size == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_whoever_reads_meanwhile_is_waited_for(eraser, issued, engine):
    assert issued
    reading, file = threading.Event(), Path(engine.url.database)

    def read():
        with engine.connect().execution_options(reading=True) as connection:
            connection.execute(select(ERASURES)).all()
            reading.set()
            time.sleep(1.5)

    reader = threading.Thread(target=read)
    reader.start()
    assert reading.wait(60)
    eraser.erase("alice-planted", now=NOW, entropy=os.urandom)
    assert file.with_name(f"{file.name}-wal").stat().st_size == 0
    reader.join()


def test_nobody_and_nobody_any_more_are_refused_and_others_stay(eraser, issued):
    assert issued
    eraser.erase("alice-planted", now=NOW, entropy=os.urandom)
    for reference in ("alice-planted", "nobody"):
        with pytest.raises(SubjectUnknown):
            eraser.erase(reference, now=NOW, entropy=os.urandom)
    eraser.erase("bob", now=NOW, entropy=os.urandom)
    assert eraser.pending_count() == 2


def test_one_that_was_tampered_with_does_not_open(eraser, issued, engine):
    assert issued
    eraser.erase("alice-planted", now=NOW, entropy=os.urandom)
    eraser.pending(now=NOW)
    with engine.begin() as connection:
        connection.execute(update(ERASURES).values(id=bytes(16)))
    with pytest.raises(VaultError):
        eraser.pending(now=NOW)


def test_a_crash_leaves_both_or_neither(eraser, issued, vault, monkeypatch):
    assert issued

    def broken(*_arguments, **_more):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(type(vault), "seal_request", broken)
        with pytest.raises(OSError, match="disk full"):
            eraser.erase("alice-planted", now=NOW, entropy=os.urandom)
    assert eraser.pending_count() == 0
    assert eraser.erase("alice-planted", now=NOW, entropy=os.urandom).credentials == 2
