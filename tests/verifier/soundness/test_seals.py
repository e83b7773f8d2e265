"""Seals of rows: every column counts, by name, type and value; nothing shows the secret."""

import pytest
from sqlalchemy import insert, select

from verifier.log.note import NoteSigner
from verifier.models import API_KEYS, COUNTS
from verifier.soundness.seals import Sealer, SealError, count_one_more

SEALER = Sealer.of(NoteSigner("verifier.example/log", bytes(range(32))))
ROW = {"id": "a", "digest": b"1", "count": 1, "nothing": None}


def test_a_row_as_it_was_written():
    sealed = SEALER.sealed("table", ROW)
    SEALER.verify("table", sealed)
    assert len(sealed["seal"]) == 32
    assert {**sealed, "seal": None} == {**ROW, "seal": None}
    SEALER.verify("table", dict(reversed(sealed.items())))


CHANGES = {
    "value": {"id": "b"},
    "empty": {"id": ""},
    "bytes": {"digest": b"2"},
    "number": {"count": 2},
    "text for number": {"count": "1"},
    "text for bytes": {"digest": "1"},
    "bytes for nothing": {"nothing": b""},
    "text for nothing": {"nothing": "-"},
    "a column more": {"more": None},
    "a kind that is never written": {"count": 1.0},
    "no text": {"id": "a\udc80"},
    "no seal": {"seal": None},
    "another seal": {"seal": bytes(32)},
    "a seal that is a text": {"seal": "0"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_breaks_it(change):
    sealed = SEALER.sealed("table", ROW)
    SEALER.verify("table", sealed)
    with pytest.raises(SealError):
        SEALER.verify("table", sealed | CHANGES[change])


def test_a_seal_belongs_to_its_table_and_its_secret():
    sealed = SEALER.sealed("table", ROW)
    with pytest.raises(SealError):
        SEALER.verify("other", sealed)
    with pytest.raises(SealError):
        Sealer(bytes(32)).verify("table", sealed)
    with pytest.raises(SealError):
        SEALER.verify("table", {name: value for name, value in sealed.items() if name != "nothing"})


def test_the_secret_follows_from_the_logs_key_and_is_not_shown():
    again = Sealer.of(NoteSigner("another.example/log", bytes(range(32))))
    again.verify("table", SEALER.sealed("table", ROW))
    assert repr(again) == "Sealer(<redacted>)"


def test_rows_are_counted(engine):
    with engine.begin() as connection:
        count_one_more(connection, API_KEYS, SEALER)
    with engine.begin() as connection:
        count_one_more(connection, API_KEYS, SEALER)
        connection.execute(insert(COUNTS).values(SEALER.sealed(COUNTS.name, {"name": "other", "rows": 7})))
    with engine.connect().execution_options(reading=True) as connection:
        for row in connection.execute(select(COUNTS)).mappings():
            SEALER.verify(COUNTS.name, dict(row))
        assert dict(connection.execute(select(COUNTS.c.name, COUNTS.c.rows)).all()) == {"api_key": 2, "other": 7}


def test_an_identifier_is_the_same_for_the_same_parts_and_secret_only():
    made = SEALER.identifier(b"bank", b"key-1")
    assert made == SEALER.identifier(b"bank", b"key-1")
    assert len(made) == 16
    others = (
        SEALER.identifier(b"bank", b"key-2"),
        SEALER.identifier(b"bankkey-1"),
        SEALER.identifier(b"bankk", b"ey-1"),
    )
    assert made not in {*others, Sealer(bytes(32)).identifier(b"bank", b"key-1")}
