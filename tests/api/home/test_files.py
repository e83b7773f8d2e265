"""Files: whole or not at all, and closed to others unless somebody says so."""

import stat

import pytest

from api.home.files import PUBLIC_FILE, write_file, write_json, write_lines


def test_files_are_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "file"
    write_file(path, b"old")

    def broken():
        yield b"new"
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - any failure of the source will do
        write_lines(path, broken())
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert write_lines(path, [b"1\n", b"2\n"]) == 2
    assert path.read_bytes() == b"1\n2\n"


@pytest.mark.parametrize(("write", "content"), [(write_file, b"1"), (write_json, {"a": 1}), (write_lines, [b"1"])])
def test_only_what_is_for_everybody_is_open_to_others(tmp_path, write, content):
    path = tmp_path / "file"
    write(path, content, mode=PUBLIC_FILE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    write(path, content)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_written_is_named_as_the_caller_named_it(tmp_path):
    write_file(tmp_path / "x", b"1")
    with pytest.raises(FileNotFoundError) as refused:
        write_file(tmp_path / "missing" / "x", b"1")
    assert refused.value.filename == str(tmp_path / "missing" / "x")
