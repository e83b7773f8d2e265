"""Tiles made again: exactly those that are wrong, and only from leaves that have the signed root."""

import pytest
from sqlalchemy import delete, insert, select, update

from api.audit.fsck import check
from verifier.errors import LogCorrupt
from verifier.log.note import NoteSigner
from verifier.models import CHECKPOINTS, ENTRIES, TILES
from verifier.soundness.retile import rebuild_tiles

HASHES = bytes(32)
CHANGES = {
    "nothing": (None, []),
    "a hash": (update(TILES).values(hashes=HASHES * 12), [(0, 0)]),
    "too short": (update(TILES).values(hashes=b""), [(0, 0)]),
    "missing": (delete(TILES), [(0, 0)]),
    "another": (insert(TILES).values(level=3, number=7, hashes=HASHES), [(3, 7)]),
    "moved": (update(TILES).values(number=1), [(0, 0), (0, 1)]),
}


@pytest.fixture
def rebuild(recorded, engine, signer):
    def make(change=None, *, log=signer.verifier):
        with engine.begin() as connection:
            if change is not None:
                connection.execute(change)
        with engine.begin() as connection:
            return rebuild_tiles(connection, log=log)

    assert recorded.log.size
    return make


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_wrong_is_written_again(recorded, rebuild, database, name):
    change, places = CHANGES[name]
    assert rebuild(change) == places
    assert check(database, trust=recorded.trust).faults == ()
    assert rebuild() == []


def test_a_log_of_several_tiles(log, draft, engine, signer):
    for future in [log.append(draft(b"%d" % number)) for number in range(600)]:
        future.result(10)
    with engine.begin() as connection:
        before = connection.execute(select(TILES).order_by(TILES.c.level, TILES.c.number)).all()
        connection.execute(delete(TILES))
    with engine.begin() as connection:
        assert rebuild_tiles(connection, log=signer.verifier) == [(0, 0), (0, 1), (0, 2), (1, 0)]
        assert connection.execute(select(TILES).order_by(TILES.c.level, TILES.c.number)).all() == before


REFUSED = {
    "a leaf": update(ENTRIES).where(ENTRIES.c.index == 3).values(leaf=HASHES),
    "a short leaf": update(ENTRIES).where(ENTRIES.c.index == 3).values(leaf=b""),
    "an entry missing": delete(ENTRIES).where(ENTRIES.c.index == 3),
    "no checkpoint": delete(CHECKPOINTS),
    "no note": update(CHECKPOINTS).values(note="x"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_leaves_that_do_not_have_the_signed_root_vouch_for_nothing(rebuild, engine, name):
    rebuild(update(TILES).values(hashes=HASHES))
    with engine.begin() as connection:
        connection.execute(update(TILES).values(hashes=HASHES))
    with pytest.raises(LogCorrupt):
        rebuild(REFUSED[name])
    with engine.connect().execution_options(reading=True) as connection:
        assert connection.scalars(select(TILES.c.hashes)).all() == [HASHES]


def test_another_logs_key(rebuild):
    with pytest.raises(LogCorrupt):
        rebuild(log=NoteSigner("other.example/log", HASHES).verifier)
