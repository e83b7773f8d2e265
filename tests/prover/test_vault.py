import os
from dataclasses import replace

import pytest
from sqlalchemy import insert, select

from api.database import open_engine
from circuits.attributes import Schema
from circuits.pedersen import Opening
from prover.errors import KeyRefused, SubjectUnknown, VaultError
from prover.keys import EnvironmentKeyProvider, encode_key
from prover.models import CREDENTIALS, OUTBOX, SCHEMAS, SUBJECTS, VAULT_KEYS
from prover.records import Record
from prover.vault import Vault


def schema(version):
    attributes = [{"name": name, "type": "integer", "min": "-5", "max": "1000"} for name in ("first", "second")]
    return Schema.from_json({"schema": "two", "version": version, "attributes": attributes})


SCHEMA = schema(1)
OPENINGS = {"second": Opening(value=7, blinding=2**255)}


@pytest.fixture
def keys():
    return EnvironmentKeyProvider(encode_key(b"k" * 32))


@pytest.fixture
def vault(keys):
    return Vault(keys, b"i" * 32)


@pytest.fixture
def alice(vault):
    return vault.seal_subject("alice", entropy=os.urandom)


@pytest.fixture
def sealed(vault, alice):
    subject, key = alice
    return vault.seal(key, OPENINGS, subject_id=subject.id, credential_id="c-1", schema=SCHEMA, entropy=os.urandom)


def test_what_was_sealed_opens(vault, alice, sealed):
    subject, _ = alice
    assert vault.open(subject, sealed, credential_id="c-1", schema=SCHEMA) == OPENINGS
    assert vault.reference(subject) == "alice"
    assert vault.lookup("alice") == subject.lookup != vault.lookup("bob")


def test_absent_attributes_stay_absent_and_order_is_the_schemas(vault, alice):
    subject, key = alice
    both = {"second": Opening(value=2, blinding=1), "first": Opening(value=1, blinding=2)}
    for openings in ({}, both):
        sealed = vault.seal(
            key, openings, subject_id=subject.id, credential_id="c-1", schema=SCHEMA, entropy=os.urandom
        )
        opened = vault.open(subject, sealed, credential_id="c-1", schema=SCHEMA)
        assert opened == openings
        assert list(opened) == sorted(openings)


def flip(content, position):
    changed = bytearray(content)
    changed[position] ^= 1
    return bytes(changed)


@pytest.mark.parametrize(
    ("change", "arguments"),
    [
        (lambda subject, sealed: (subject, flip(sealed, 0)), {}),
        (lambda subject, sealed: (subject, flip(sealed, 11)), {}),
        (lambda subject, sealed: (subject, flip(sealed, 12)), {}),
        (lambda subject, sealed: (subject, flip(sealed, -17)), {}),
        (lambda subject, sealed: (subject, flip(sealed, -1)), {}),
        (lambda subject, sealed: (subject, sealed[:-1]), {}),
        (lambda subject, sealed: (subject, sealed + b"\x00"), {}),
        (lambda subject, sealed: (subject, sealed[:12]), {}),
        (lambda subject, sealed: (subject, sealed[:0]), {}),
        (lambda subject, sealed: (subject, sealed), {"credential_id": "c-2"}),
        (lambda subject, sealed: (subject, sealed), {"schema": schema(2)}),
        (lambda subject, sealed: (replace(subject, id=flip(subject.id, 0)), sealed), {}),
        (lambda subject, sealed: (replace(subject, lookup=flip(subject.lookup, 0)), sealed), {}),
        (lambda subject, sealed: (replace(subject, wrapped_key=flip(subject.wrapped_key, 30)), sealed), {}),
        (lambda subject, sealed: (replace(subject, wrapped_key=b""), sealed), {}),
    ],
)
def test_a_changed_or_moved_seal_does_not_open(vault, alice, sealed, change, arguments):
    subject, _ = alice
    place = {"credential_id": "c-1", "schema": SCHEMA}
    assert vault.open(subject, sealed, **place) == OPENINGS
    changed, blob = change(subject, sealed)
    with pytest.raises(VaultError):
        vault.open(changed, blob, **(place | arguments))


def test_nothing_swaps_between_two_subjects(vault, alice, sealed):
    subject, _ = alice
    other, _ = vault.seal_subject("bob", entropy=os.urandom)
    place = {"credential_id": "c-1", "schema": SCHEMA}
    for mixed in (
        other,
        replace(other, wrapped_key=subject.wrapped_key),
        replace(other, wrapped_key=subject.wrapped_key, id=subject.id),
        replace(other, wrapped_key=subject.wrapped_key, lookup=subject.lookup),
    ):
        with pytest.raises(VaultError):
            vault.open(mixed, sealed, **place)
    with pytest.raises(VaultError):
        vault.reference(replace(other, sealed_reference=subject.sealed_reference))
    assert vault.reference(other) == "bob"


def test_another_key_encryption_key_opens_nothing(alice, sealed):
    subject, _ = alice
    other = Vault(EnvironmentKeyProvider(encode_key(b"x" * 32)), b"i" * 32)
    with pytest.raises(VaultError, match="another key-encryption key"):
        other.open(subject, sealed, credential_id="c-1", schema=SCHEMA)


def test_nothing_sealed_shows(vault, alice, sealed):
    subject, _ = alice
    blobs = b"".join((subject.id, subject.lookup, subject.sealed_reference, subject.wrapped_key, sealed))
    assert b"alice" not in blobs
    assert OPENINGS["second"].to_bytes()[:32] not in blobs
    assert "alice" not in f"{vault!r}{subject!r}"
    assert "redacted" in repr(vault)
    assert "redacted" in repr(subject)


def test_two_seals_of_the_same_differ(vault, alice, sealed):
    subject, key = alice
    again = vault.seal(key, OPENINGS, subject_id=subject.id, credential_id="c-1", schema=SCHEMA, entropy=os.urandom)
    assert again != sealed


def test_a_vault_unlocks_again_and_only_with_its_key(database, engine, keys):
    first = Vault.unlock(engine, keys, entropy=os.urandom)
    again = open_engine(database)
    assert Vault.unlock(again, keys, entropy=os.urandom).lookup("alice") == first.lookup("alice")
    with pytest.raises(KeyRefused, match="another key-encryption key"):
        Vault.unlock(again, EnvironmentKeyProvider(encode_key(b"x" * 32)), entropy=os.urandom)
    with again.connect() as connection:
        assert connection.execute(select(VAULT_KEYS.c.name)).scalars().all() == ["index"]
    again.dispose()


def test_erasing_destroys_the_key_and_every_seal(engine, vault, alice, sealed):
    subject, _ = alice
    other, _ = vault.seal_subject("bob", entropy=os.urandom)
    with engine.begin() as connection:
        connection.execute(insert(SCHEMAS).values(digest=SCHEMA.digest, body=SCHEMA.to_bytes(), created_at=1))
        for person, name in ((subject, "c-1"), (other, "c-2")):
            connection.execute(
                insert(SUBJECTS).values(
                    id=person.id,
                    lookup=person.lookup,
                    sealed_reference=person.sealed_reference,
                    wrapped_key=person.wrapped_key,
                    created_at=1,
                )
            )
            connection.execute(
                insert(CREDENTIALS).values(
                    id=name,
                    subject_id=person.id,
                    schema_digest=SCHEMA.digest,
                    fingerprint=b"f",
                    token="t",
                    sealed=sealed,
                    as_of="2026-01-01",
                    issued_at=1,
                    expires_at=2,
                )
            )
            connection.execute(insert(OUTBOX).values(credential_id=name))

    assert vault.erase(engine, "alice", now=5) == 1

    with engine.connect() as connection:
        rows = {row.id: row for row in connection.execute(select(CREDENTIALS))}
        people = {bytes(row.id): row for row in connection.execute(select(SUBJECTS))}
        waiting = connection.execute(select(OUTBOX.c.credential_id)).scalars().all()
    assert (rows["c-1"].sealed, rows["c-1"].fingerprint, rows["c-1"].superseded_at) == (None, None, 5)
    assert bytes(rows["c-2"].sealed) == sealed
    gone = people[subject.id]
    assert (gone.lookup, gone.wrapped_key, gone.sealed_reference, gone.erased_at) == (None, None, None, 5)
    assert people[other.id].erased_at is None
    assert waiting == ["c-2"]
    with pytest.raises(SubjectUnknown):
        vault.erase(engine, "alice", now=6)


def test_a_dispute_is_noted_and_settled_for_those_who_exist(engine, issuer, vault):
    issuer.issue([Record("alice", {"first": "1"})], schema=SCHEMA, now=1_800_000_000, entropy=os.urandom)
    for since in (7, None):
        vault.dispute(engine, "alice", since=since)
        with engine.connect() as connection:
            assert connection.scalar(select(SUBJECTS.c.disputed_at)) == since
    with pytest.raises(SubjectUnknown):
        vault.dispute(engine, "bob", since=7)
