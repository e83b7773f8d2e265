import pytest

from api.web.auth import AuthenticationError, Authenticator, KeyRecord, Scope, digest, make_key


class Keys(dict):
    looked_up = 0

    def find(self, key_id):
        self.looked_up += 1
        return self.get(key_id)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def key():
    return make_key(owner="acme-bank", scopes=frozenset({Scope.QUERY}))


@pytest.fixture
def store(key):
    return Keys({key.record.id: key.record})


def test_a_key_opens_and_names_its_owner(key, store):
    principal = Authenticator(store, keep=0).authenticate(f"Bearer {key.text}")
    assert principal.owner == "acme-bank"
    assert principal.scopes == {Scope.QUERY}


def test_neither_record_nor_repr_holds_the_secret(key):
    secret = key.text.split("_", 2)[2]
    assert secret not in repr(key)
    assert secret.encode() not in key.record.digest
    assert key.record.digest == digest(key.text)


def forged(key):
    _, key_id, secret = key.text.split("_", 2)
    other = make_key(owner="acme-bank", scopes=frozenset({Scope.QUERY})).text
    last = "A" if secret[-1] != "A" else "E"
    return {
        "no header": None,
        "empty": "",
        "scheme only": "Bearer",
        "scheme and blank": "Bearer ",
        "other scheme": f"Basic {key.text}",
        "no scheme": key.text,
        "two blanks": f"Bearer  {key.text}",
        "trailing blank": f"Bearer {key.text} ",
        "twice": f"Bearer {key.text}, Bearer {key.text}",
        "other prefix": f"Bearer xka_{key_id}_{secret}",
        "upper-case id": f"Bearer zka_{'A' * 16}_{secret}",
        "short id": f"Bearer zka_{key_id[:-1]}_{secret}",
        "unknown id": f"Bearer zka_{'0' * 16}_{secret}",
        "id of another key": f"Bearer {other}",
        "secret of another key": f"Bearer zka_{key_id}_{other.split('_', 2)[2]}",
        "secret changed in its last character": f"Bearer zka_{key_id}_{secret[:-1]}{last}",
        "secret short": f"Bearer zka_{key_id}_{secret[:-1]}",
        "secret long": f"Bearer zka_{key_id}_{secret}A",
        "secret empty": f"Bearer zka_{key_id}_",
        "digest as secret": f"Bearer zka_{key_id}_{digest(key.text).hex()[:43]}",
        "not ASCII": f"Bearer zka_{key_id}_{'é' * 43}",
        "digits of another script": f"Bearer zka_{'٣' * 16}_{secret}",
        "line break": f"Bearer {key.text}\n",
    }


@pytest.mark.parametrize("case", list(forged(make_key(owner="x", scopes=frozenset()))))
def test_anything_else_is_refused_in_the_same_words(key, store, case):
    authenticator = Authenticator(store, keep=60)
    authenticator.authenticate(f"Bearer {key.text}")
    header = forged(key)[case]
    assert authenticator.cached(header) is None
    with pytest.raises(AuthenticationError) as refused:
        authenticator.authenticate(header)
    assert str(refused.value) == str(AuthenticationError())


def test_scheme_is_case_insensitive(key, store):
    assert Authenticator(store, keep=0).authenticate(f"bearer {key.text}").owner == "acme-bank"


def test_a_found_key_is_kept_for_a_moment_and_a_revoked_one_no_longer(key, store):
    clock = Clock()
    authenticator = Authenticator(store, keep=1.0, clock=clock)
    header = f"Bearer {key.text}"
    assert authenticator.cached(header) is None
    authenticator.authenticate(header)
    old = key.record
    store[old.id] = KeyRecord(old.id, old.digest, old.owner, old.scopes, revoked_at=1)
    clock.now = 0.9
    assert authenticator.cached(header).owner == "acme-bank"
    clock.now = 1.1
    assert authenticator.cached(header) is None
    with pytest.raises(AuthenticationError):
        authenticator.authenticate(header)
    clock.now = 0.9
    assert authenticator.cached(header) is None
