"""The cached tables: shared, compared with a constant, refused when others could change them."""

import shutil
import stat

import pytest

from circuits.errors import TableError
from circuits.group import engine
from circuits.group.curve import N
from circuits.group.digests import CHUNK_DIGESTS
from circuits.group.tables import TABLE, chunk_range

FILE = "bpp-secp256k1-1-00.table"
SUM = ((0, 1, 23), (N - 5, 77, 2**255))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """One directory with chunk 0, and what building it reported."""
    directory = tmp_path_factory.mktemp("tables") / "made"
    heard = []
    group = engine("fast", tables=directory, progress=lambda done, total: heard.append((done, total)))
    group.prepare(24)
    return directory, heard, group.fixed_sum(*SUM)


@pytest.fixture
def cached(built, tmp_path):
    directory = tmp_path / "tables"
    shutil.copytree(built[0], directory)
    return directory


def fresh(directory):
    heard = []
    group = engine("fast", tables=directory, progress=lambda done, total: heard.append((done, total)))
    return group, heard


def test_built_once_with_progress(built):
    directory, heard, total = built
    assert heard[0] == (0, 24)
    assert heard[-1] == (24, 24)
    assert total == engine("reference").fixed_sum(*SUM)
    file = directory / FILE
    assert file.stat().st_size == 24 * TABLE
    assert stat.S_IMODE(file.stat().st_mode) == 0o444
    assert [f.name for f in directory.iterdir()] == [FILE]


def test_loaded_without_building(built, cached):
    group, heard = fresh(cached)
    assert group.fixed_sum(*SUM) == built[2]
    assert heard == [(24, 24)]


@pytest.mark.parametrize("offset", [0, 12345678, 24 * TABLE - 1])
def test_poisoned_file_is_replaced(built, cached, offset):
    path = cached / FILE
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(offset)
        (byte,) = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ 1]))
    group, heard = fresh(cached)
    assert group.fixed_sum(*SUM) == built[2]
    assert len(heard) > 1  # rebuilt
    assert path.read_bytes() == (built[0] / FILE).read_bytes()


@pytest.mark.parametrize("content", [b"", b"\x00" * 4096])
def test_truncated_file_is_replaced(built, cached, content):
    (cached / FILE).unlink()
    (cached / FILE).write_bytes(content)
    group, _ = fresh(cached)
    assert group.fixed_sum(*SUM) == built[2]
    assert (cached / FILE).stat().st_size == 24 * TABLE


@pytest.mark.parametrize("mode", [0o464, 0o446, 0o666])
def test_file_others_may_write_is_refused(cached, mode):
    (cached / FILE).chmod(mode)
    group, _ = fresh(cached)
    with pytest.raises(TableError, match="written by others"):
        group.fixed_sum(*SUM)


def test_unwritable_cache_only_costs_time(built, tmp_path):
    (tmp_path / "file").write_bytes(b"in the way")
    group, _ = fresh(tmp_path / "file" / "tables")
    assert group.fixed_sum(*SUM) == built[2]


def test_chunks_cover_every_generator_once():
    assert [i for c in range(len(CHUNK_DIGESTS)) for i in chunk_range(c)] == list(range(520))
