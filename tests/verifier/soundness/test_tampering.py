"""One bit flipped anywhere, by chance: the check of the database or the replay of the export finds it.

Two kinds of flips in a database. In a value, written by SQL as whoever may write would, in every column of every table:
found without exception. In the bytes of the file or of its write-ahead log, as a disk would: found, or every row reads
as it did before.
"""

import random
import shutil
import sqlite3
from contextlib import suppress

import pytest

from api.audit.fsck import check
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.models import METADATA
from verifier.soundness.seals import Sealer

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
COLUMNS = [(table.name, column.name) for table in METADATA.sorted_tables for column in table.columns]
TABLES = [table.name for table in METADATA.sorted_tables]
FEW, MANY = 60, 1_000
ROUNDS = [pytest.param(FEW, id="few"), pytest.param(MANY, id="many", marks=pytest.mark.long)]


def flipped(octets, position):
    changed = bytearray(octets)
    changed[position // 8] ^= 1 << position % 8
    return bytes(changed)


def filled(file):
    """The columns that have a value in some row; of the others there is no bit."""
    connection = sqlite3.connect(file)
    found = [
        (table, name)
        for table, name in COLUMNS
        if connection.execute(f'SELECT 1 FROM {table} WHERE "{name}" IS NOT NULL').fetchone()  # noqa: S608 - names of ours
    ]
    connection.close()
    return found


def flip_value(connection, chance, table, name):
    """Flip one bit of one value; text stays text, a number stays a number."""
    rows = connection.execute(f'SELECT rowid, "{name}" FROM {table} WHERE "{name}" IS NOT NULL').fetchall()  # noqa: S608 - names of ours
    row, old = chance.choice(rows)
    if isinstance(old, int):
        new = old ^ 1 << chance.randrange(62)
    else:
        octets = old.encode() if isinstance(old, str) else old
        new = flipped(octets, chance.randrange(8 * len(octets)))
    cast = "CAST(? AS TEXT)" if isinstance(old, str) else "?"
    connection.execute(f'UPDATE {table} SET "{name}" = {cast} WHERE rowid = ?', (new, row))  # noqa: S608 - names of ours
    return row


@pytest.fixture
def file(recorded, engine, tmp_path):
    """The database as a stopped verifier leaves it: one file."""
    recorded.log.close()
    with engine.connect().execution_options(checkpointed=True) as connection:
        connection.exec_driver_sql("SELECT 1")
        connection.rollback()
    engine.dispose()
    (place,) = tmp_path.glob("*.sqlite")
    with sqlite3.connect(place) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    return place


@pytest.fixture
def sealer(signer):
    return Sealer.of(signer)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_bit_of_a_value(recorded, file, tmp_path, sealer, rounds):
    copy = tmp_path / "copy"
    assert sorted(filled(file)) == sorted(COLUMNS)
    missed = []
    for seed in range(rounds):
        chance = random.Random(seed)  # noqa: S311 - to be repeated
        shutil.copyfile(file, copy)
        table, name = COLUMNS[seed % len(COLUMNS)]
        connection = sqlite3.connect(copy)
        row = None
        while row is None:
            with suppress(sqlite3.IntegrityError), connection:  # no two rows have one number: another bit, then
                row = flip_value(connection, chance, table, name)
        connection.close()
        if not check(f"sqlite:///{copy}", trust=recorded.trust, sealer=sealer).faults:
            missed.append((seed, table, name, row))
    assert missed == []
    assert check(f"sqlite:///{file}", trust=recorded.trust, sealer=sealer).faults == ()


def content(file):
    """Every row as it reads, types included; None where it does not."""
    connection = sqlite3.connect(file)
    connection.text_factory = lambda octets: ("text", octets)
    try:
        return [connection.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall() for table in TABLES]  # noqa: S608 - names of ours
    except sqlite3.Error:
        return None
    finally:
        connection.close()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_bit_of_the_file(recorded, file, tmp_path, sealer, rounds):
    octets, before, copy = file.read_bytes(), content(file), tmp_path / "copy"
    missed = []
    for seed in range(rounds):
        position = random.Random(seed).randrange(8 * len(octets))  # noqa: S311 - to be repeated
        copy.write_bytes(flipped(octets, position))
        if not check(f"sqlite:///{copy}", trust=recorded.trust, sealer=sealer).faults and content(copy) != before:
            missed.append((seed, position))
    assert missed == []
    assert before is not None


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_bit_of_the_write_ahead_log(recorded, tmp_path, sealer, rounds):
    """A frame that is broken takes all later ones with it: a database as it once was, told by a kept checkpoint."""
    recorded.publish(recorded.company.entry(name="Acme"))  # what was written after the checkpoint, it cannot tell of
    (place,) = tmp_path.glob("*.sqlite")
    ahead = place.with_name(f"{place.name}-wal").read_bytes()
    octets, kept, copy = place.read_bytes(), recorded.log.note, tmp_path / "copy"
    written = tmp_path / "copy-wal"

    def faults(octets_ahead):
        tmp_path.joinpath("copy-shm").unlink(missing_ok=True)
        copy.write_bytes(octets)
        written.write_bytes(octets_ahead)
        return check(f"sqlite:///{copy}", trust=recorded.trust, sealer=sealer, since=kept).faults

    assert faults(ahead) == ()
    before = content(copy)
    missed = []
    for seed in range(rounds):
        position = random.Random(seed).randrange(8 * len(ahead))  # noqa: S311 - to be repeated
        if not faults(flipped(ahead, position)) and content(copy) != before:
            missed.append((seed, position))
    assert missed == []
    assert before is not None


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_bit_of_the_export(recorded, rounds):
    whole = b"".join(export_lines(recorded.log))
    missed = []
    for seed in range(rounds):
        position = random.Random(seed).randrange(8 * len(whole))  # noqa: S311 - to be repeated
        lines = flipped(whole, position).splitlines(keepends=True)
        if replay(lines, trust=recorded.trust).failure is None:
            missed.append((seed, position))
    assert missed == []
    assert replay(whole.splitlines(keepends=True), trust=recorded.trust).failure is None
