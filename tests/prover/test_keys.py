import os

import pytest

from prover.errors import KeyRefused
from prover.keys import EnvironmentKeyProvider, FileKeyProvider, encode_key

SECRET = bytes(range(32))
KEY = b"k" * 32
NONCE = b"n" * 12


@pytest.fixture
def provider():
    return EnvironmentKeyProvider(encode_key(SECRET))


def test_a_wrapped_key_unwraps(provider):
    wrapped = provider.wrap(KEY, context=b"row 1", nonce=NONCE)
    assert KEY not in wrapped
    assert provider.unwrap(wrapped, context=b"row 1") == KEY


@pytest.mark.parametrize("position", range(8 + 12 + 32 + 16))
def test_no_byte_of_a_wrapped_key_can_change(provider, position):
    wrapped = bytearray(provider.wrap(KEY, context=b"row 1", nonce=NONCE))
    wrapped[position] ^= 1
    with pytest.raises(KeyRefused):
        provider.unwrap(bytes(wrapped), context=b"row 1")


@pytest.mark.parametrize("cut", [0, 7, 8, 19, 20, 67])
def test_a_cut_wrapped_key_is_refused(provider, cut):
    wrapped = provider.wrap(KEY, context=b"row 1", nonce=NONCE)
    with pytest.raises(KeyRefused):
        provider.unwrap(wrapped[:cut], context=b"row 1")


def test_another_row_or_another_key_is_refused(provider):
    wrapped = provider.wrap(KEY, context=b"row 1", nonce=NONCE)
    with pytest.raises(KeyRefused, match="moved"):
        provider.unwrap(wrapped, context=b"row 2")
    with pytest.raises(KeyRefused, match="another key-encryption key"):
        EnvironmentKeyProvider(encode_key(b"x" * 32)).unwrap(wrapped, context=b"row 1")


def test_a_key_file_opens_for_its_owner_only(tmp_path):
    path = tmp_path / "kek"
    made = FileKeyProvider.create(path, secret=SECRET)
    wrapped = made.wrap(KEY, context=b"", nonce=NONCE)
    assert FileKeyProvider(path).unwrap(wrapped, context=b"") == KEY
    with pytest.raises(FileExistsError):
        FileKeyProvider.create(path, secret=SECRET)
    path.chmod(0o640)
    with pytest.raises(KeyRefused, match="chmod 600"):
        FileKeyProvider(path)


def test_a_missing_key_file_is_refused(tmp_path):
    with pytest.raises(KeyRefused, match="FileNotFoundError"):
        FileKeyProvider(tmp_path / "kek")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "zkattest-kek-1",
        encode_key(SECRET).replace("-1", "-2"),
        encode_key(SECRET) + "=",
        encode_key(SECRET)[:-1],
        encode_key(SECRET[:31]),
        encode_key(SECRET + b"x"),
        "zkattest-kek-1 recognisable",
    ],
)
def test_other_texts_are_no_keys_and_are_not_repeated(text):
    with pytest.raises(KeyRefused) as caught:
        EnvironmentKeyProvider(text)
    assert "recognisable" not in str(caught.value)


def test_a_key_does_not_show(provider):
    assert SECRET.hex() not in repr(provider)
    assert "redacted" in repr(provider)
    assert os.fsencode(encode_key(SECRET)) not in repr(provider).encode()
