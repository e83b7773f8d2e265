"""The log as static files: whole, resumable, only what is new, and never another log's."""

import os

import pytest

from api.audit.tiling import read_tiles, write_tiles
from api.database import migrate, open_engine
from verifier.errors import LogCorrupt, NoteError
from verifier.log.bundles import bundle, leaves_of
from verifier.log.layout import Place, places
from verifier.log.note import NoteSigner
from verifier.log.writer import Draft, Log

SIGNER = NoteSigner("verifier.example/log", bytes(range(32)))


@pytest.fixture
def log(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'log.sqlite'}")
    migrate(engine, "verifier")
    with Log(engine, SIGNER, entropy=os.urandom) as opened:
        yield opened
    engine.dispose()


def grow(log, count):
    futures = [log.append(lambda index: Draft("declined", b"body %d" % index, 1)) for _ in range(count)]
    for future in futures:
        future.result(20)


def fetch_of(log):
    def fetch(place):
        if place.level is None:
            return bundle(leaves_of(log.bundle(place.number))[: place.width])
        return log.tile(place.level, place.number)[: place.width * 32]

    return fetch


def write(log, folder, fetch=None, signer=SIGNER):
    return write_tiles(folder, log.note, fetch or fetch_of(log), verifier=signer.verifier)


def names(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_files_are_what_the_service_serves_and_only_new_ones_are_written(log, tmp_path):
    folder = tmp_path / "static"
    assert write(log, folder) == 1  # an empty log is a checkpoint
    grow(log, 300)
    assert write(log, folder) == 6
    assert names(folder) == {"checkpoint", *(f"tile/{place.path}" for place in places(300))}
    assert (folder / "checkpoint").read_text() == log.note
    assert all(read_tiles(folder)(place) == fetch_of(log)(place) for place in places(300))
    assert not any(b"body" in (folder / name).read_bytes() for name in names(folder))
    assert write(log, folder) == 0
    grow(log, 1)
    assert write(log, folder) == 3  # one bundle, one tile, the checkpoint


def test_one_that_was_cut_off_goes_on(log, tmp_path):
    grow(log, 300)
    folder, asked = tmp_path / "static", []

    def broken(place):
        asked.append(place)
        if len(asked) == 4:
            raise ConnectionError
        return fetch_of(log)(place)

    with pytest.raises(ConnectionError):
        write(log, folder, broken)
    assert "checkpoint" not in names(folder)
    assert write(log, folder) == 3
    assert len(names(folder)) == 6


@pytest.mark.parametrize("place", list(places(300)), ids=lambda place: place.path)
def test_a_wrong_byte_keeps_the_checkpoint_back(log, tmp_path, place):
    grow(log, 300)

    def bent(asked):
        content = bytearray(fetch_of(log)(asked))
        content[-1] ^= asked == place
        return bytes(content)

    with pytest.raises(LogCorrupt):
        write(log, tmp_path / "static", bent)
    assert "checkpoint" not in names(tmp_path / "static")
    assert write(log, tmp_path / "other") == 6


def test_another_log_is_not_written_over_this_one(log, tmp_path):
    grow(log, 3)
    folder = tmp_path / "static"
    write(log, folder)
    before = (folder / "checkpoint").read_bytes()
    engine = open_engine(f"sqlite:///{tmp_path / 'fork.sqlite'}")
    migrate(engine, "verifier")
    with Log(engine, SIGNER, entropy=os.urandom) as fork:
        with pytest.raises(LogCorrupt, match="only 0"):
            write(fork, folder)
        grow(fork, 5)
        with pytest.raises(LogCorrupt, match="does not extend"):
            write(fork, folder)
    engine.dispose()
    with pytest.raises(NoteError):
        write(log, folder, signer=NoteSigner("other.example/log", bytes(range(32))))
    assert (folder / "checkpoint").read_bytes() == before


def test_a_file_that_is_missing_or_short_is_named(log, tmp_path):
    grow(log, 3)
    folder = tmp_path / "static"
    write(log, folder)
    file = folder / "tile/0/000.p/3"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(LogCorrupt, match=r"0/000\.p/3"):
        read_tiles(folder)(Place(0, 0, 3))
    assert write(log, folder) == 1
    file.unlink()
    with pytest.raises(LogCorrupt, match="missing"):
        read_tiles(folder)(Place(0, 0, 3))
