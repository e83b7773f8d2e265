import os

import pytest
from sqlalchemy import select, update

from api.database import migrate, open_engine
from api.web.auth import KeyRecord, Scope, make_key
from api.web.keyring import FileKeys, KeyringError, TableKeys, read_callers, write_callers
from verifier.models import API_KEYS
from verifier.soundness.seals import Sealer, SealError


@pytest.fixture
def record():
    return make_key(owner="verifier-1", scopes=frozenset({Scope.PROVE, Scope.ADMIN})).record


def test_a_table_keeps_finds_and_revokes(database, record):
    engine = open_engine(database)
    migrate(engine, "verifier")
    keys = TableKeys(engine, API_KEYS, Sealer(bytes(32)))
    assert keys.find(record.id) is None
    keys.add(record, now=1_000)
    assert keys.find(record.id) == record
    assert keys.revoke(record.id, now=2_000)
    assert keys.find(record.id).revoked_at == 2_000
    assert not keys.revoke(record.id, now=3_000)
    assert keys.find(record.id).revoked_at == 2_000
    assert not keys.revoke("0" * 16, now=3_000)
    engine.dispose()


def test_a_file_keeps_and_is_read_again_when_replaced(tmp_path, record):
    path = tmp_path / "callers.json"
    write_callers(path, [record])
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_callers(path) == (record,)
    keys = FileKeys(path)
    assert keys.find(record.id) == record
    assert keys.find("0" * 16) is None
    write_callers(path, [KeyRecord(record.id, record.digest, record.owner, record.scopes, revoked_at=5)])
    assert keys.find(record.id).revoked_at == 5


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"callers": [1]}',
        b'{"callers": [{"id": "0", "digest": "00", "owner": "x", "scopes": []}]}',
        b'{"callers": [{"id": "0", "digest": "' + b"0" * 64 + b'", "owner": "x", "scopes": ["root"]}]}',
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path, record, content):
    path = tmp_path / "callers.json"
    write_callers(path, [record])
    keys = FileKeys(path)
    path.write_bytes(content)
    os.utime(path, ns=(1, 1))
    with pytest.raises(KeyringError, match=r"callers\.json"):
        keys.find(record.id)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(KeyringError, match="cannot be read"):
        FileKeys(tmp_path / "callers.json")


def test_a_changed_row_is_revoked_but_not_sealed_anew(database, record):
    engine, sealer = open_engine(database), Sealer(bytes(32))
    migrate(engine, "verifier")
    keys = TableKeys(engine, API_KEYS, sealer)
    keys.add(record, now=1_000)
    with engine.begin() as connection:
        row = dict(connection.execute(select(API_KEYS)).mappings().one())
        sealer.verify(API_KEYS.name, row)
        connection.execute(update(API_KEYS).values(owner="somebody-else"))
    assert keys.revoke(record.id, now=2_000)
    assert keys.find(record.id).revoked_at == 2_000
    with engine.connect().execution_options(reading=True) as connection:
        row = dict(connection.execute(select(API_KEYS)).mappings().one())
    with pytest.raises(SealError):
        sealer.verify(API_KEYS.name, row)
    engine.dispose()
