"""Go's x/mod/sumdb {tlog, note} verifies our log from its static files, and refuses what was changed."""

import base64
import os
import subprocess

import pytest

from api.audit.tiling import write_tiles
from api.database import migrate, open_engine
from verifier.log.bundles import bundle, leaves_of
from verifier.log.note import NoteSigner
from verifier.log.writer import Draft, Log

SIGNER = NoteSigner("verifier.example/log", bytes(range(32)))


def flip(folder):
    tile = folder / "tile/0/002"
    tile.write_bytes(tile.read_bytes()[:-1] + bytes([tile.read_bytes()[-1] ^ 1]))


def resize(folder):
    note = folder / "checkpoint"
    note.write_text(note.read_text().replace("\n1123\n", "\n1122\n"))


@pytest.fixture(scope="module")
def program(built):
    return built("main.go")


@pytest.fixture
def static(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'log.sqlite'}")
    migrate(engine, "verifier")
    with Log(engine, SIGNER, entropy=os.urandom) as log:

        def grow(count):
            for future in [log.append(lambda index: Draft("declined", b"%d" % index, 1)) for _ in range(count)]:
                future.result(20)

        def fetch(place):
            if place.level is None:
                return bundle(leaves_of(log.bundle(place.number))[: place.width])
            return log.tile(place.level, place.number)[: place.width * 32]

        grow(700)
        old = log.checkpoint()
        grow(423)
        write_tiles(tmp_path / "static", log.note, fetch, verifier=SIGNER.verifier)
    engine.dispose()
    return tmp_path / "static", old


@pytest.mark.parametrize(
    ("change", "origin", "told"),
    [
        (lambda _folder: None, SIGNER.name, "OK 1000 inclusion; consistency from 700 to 1123"),
        (flip, SIGNER.name, "REFUSED: invalid transparency proof"),
        (resize, SIGNER.name, "REFUSED: invalid signature"),
        (lambda _folder: None, "other.example/log", "REFUSED: origin"),
    ],
)
def test_go_comes_to_the_same_result(program, static, change, origin, told):
    folder, old = static
    change(folder)
    command = [program, folder, SIGNER.verifier.vkey, origin, str(old.size), base64.b64encode(old.root).decode()]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the program just built
    assert ran.stdout.startswith(told), ran.stdout + ran.stderr
    assert (ran.returncode == 0) == told.startswith("OK")
