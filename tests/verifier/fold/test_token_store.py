"""Tokens come back byte for byte, with their place."""

import pytest

from circuits.encoding import b64u_decode
from verifier.fold.token_store import Place, TokenStore

PERSON = bytes(range(16))


@pytest.fixture
def stored(people):
    store = TokenStore()
    for number, credential in enumerate(people.values()):
        store.put(b64u_decode(credential.id), Place(number, 100 + number, 200 + number, None, PERSON), credential.token)
    return store


def test_tokens_come_back(stored, people):
    assert len(stored) == 3
    for number, credential in enumerate(people.values()):
        key = b64u_decode(credential.id)
        assert stored.token(key) == credential.token
        assert stored.place(key) == Place(number, 100 + number, 200 + number, None, PERSON)


def test_an_end_is_noted_and_taken_back(stored, people):
    key = b64u_decode(people["bob"].id)
    stored.end(key, 7)
    assert stored.place(key) == Place(1, 101, 201, 7, PERSON)
    assert stored.token(key) == people["bob"].token
    stored.end(key, None)
    assert stored.place(key) == Place(1, 101, 201, None, PERSON)


def test_an_end_can_be_stored_at_once(stored, people):
    key = bytes(16)
    stored.put(key, Place(1, 2, 3, 4, PERSON), people["ada"].token)
    assert stored.place(key) == Place(1, 2, 3, 4, PERSON)


def test_unknown_and_removed(stored, people):
    assert stored.place(bytes(16)) is None
    with pytest.raises(KeyError):
        stored.token(bytes(16))
    stored.remove(b64u_decode(people["ada"].id))
    assert stored.place(b64u_decode(people["ada"].id)) is None
    assert len(stored) == 2
