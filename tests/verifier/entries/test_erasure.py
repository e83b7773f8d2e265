"""An erasure entry names what is gone, in one form; and lines of credentials are forgotten whole."""

import pytest

from circuits.encoding import canonical_json
from verifier.entries.erasure import ERASABLE, MOST_ENTRIES, ErasureEntry
from verifier.entries.kinds import FOLDED_KINDS, decode, encode
from verifier.errors import EntryError, RegistryError
from verifier.fold.lines import Lines

NOW = 1_795_000_000  # 2026-11-18

BODY = {"at": "2026-11-18T11:06:40Z", "entries": [2, 5], "kind": "erasure", "token": "a.b.c"}


@pytest.mark.parametrize("entries", [(), (0,), (2, 5), tuple(range(MOST_ENTRIES))], ids=len)
def test_round_trip(entries):
    entry = ErasureEntry("a.b.c", entries)
    assert decode(encode(entry, NOW)) == (entry, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"entries": [5, 2]},
        {"entries": [2, 2]},
        {"entries": [-1, 2]},
        {"entries": ["2"]},
        {"entries": [True]},
        {"entries": 2},
        {"entries": list(range(MOST_ENTRIES + 1))},
        {"token": ""},
        {"token": None},
        {"subject": "ada"},
    ],
    ids=lambda change: str(change)[:30],
)
def test_rejects_another_form(change):
    decode(canonical_json(BODY))
    with pytest.raises(EntryError):
        decode(canonical_json(BODY | change))


def test_what_others_rely_on_is_never_erasable():
    assert set(FOLDED_KINDS) - set(ERASABLE) == {"attestor", "erasure", "party", "provider", "schema"}


def lines():
    """Two lines of ada's, 1-2-3 under one schema and 4 under another; one of bob's; one of nobody's."""
    made = Lines()
    made.extend(2, 1)
    made.extend(3, 2)
    made.bind("acme", "ada", [(b"s", 3), (b"t", 4)], 9)
    made.bind("acme", "bob", [(b"s", 5)], 9)
    return made


@pytest.mark.parametrize(
    ("subject", "indices", "fits"),
    [
        ("ada", [1, 2, 3, 4], True),
        ("ada", [1, 2, 3, 4, 6], True),
        ("ada", [1, 2, 3], False),
        ("ada", [1, 3, 4], False),
        ("ada", [4], False),
        ("ada", [], False),
        ("ada", [1, 2, 3, 4, 5], False),
        ("bob", [1, 2, 3, 4], False),
        ("bob", [5], True),
        ("eve", [6], True),
        ("eve", [5], False),
        ("eve", [], True),
    ],
)
def test_a_person_is_whole_or_not(subject, indices, fits):
    if fits:
        lines().require_whole("acme", subject, indices)
        return
    with pytest.raises(RegistryError):
        lines().require_whole("acme", subject, indices)


def test_what_is_forgotten_can_be_taken_back():
    made, as_it_was = lines(), lines()
    undo = made.forget([1, 2, 3, 4])
    made.require_whole("acme", "ada", [])
    made.require_whole("acme", "bob", [5])
    assert vars(made) != vars(as_it_was)
    undo()
    assert vars(made) == vars(as_it_was)
