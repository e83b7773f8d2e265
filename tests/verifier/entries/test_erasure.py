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
    assert set(FOLDED_KINDS) - set(ERASABLE) == {"attestor", "erasure", "party", "provider", "schema", "withdrawal"}


def lines():
    """Ada's line 1-2-3 under one schema and 4 under another; one of bob's; nobody has been asked about eve."""
    made = Lines()
    for index, person, schema, superseded in (
        (1, b"ada", b"s", None),
        (2, b"ada", b"s", 1),
        (3, b"ada", b"s", 2),
        (4, b"ada", b"t", None),
        (5, b"bob", b"s", None),
        (6, b"eve", b"s", None),
    ):
        made.enter(index, person, schema * 32, superseded)
    made.bind("acme", "bank", "ada at the bank", b"ada")
    made.bind("acme", "shop", "ada at the shop", b"ada")
    made.bind("acme", "bank", "bob at the bank", b"bob")
    return made


ADA = ["ada at the bank", "ada at the shop"]


@pytest.mark.parametrize(
    ("handles", "people", "indices", "fits"),
    [
        (ADA, [b"ada"], [1, 2, 3, 4], True),
        ([*ADA, "ada nowhere"], [b"ada"], [1, 2, 3, 4], True),
        (ADA[:1], [b"ada"], [1, 2, 3, 4], False),
        ([], [b"ada"], [1, 2, 3, 4], False),
        (ADA, [b"ada"], [1, 2, 3], False),
        (ADA, [b"ada"], [1, 3, 4], False),
        (ADA, [b"ada"], [4], False),
        (ADA, [], [], False),
        (ADA, [b"ada", b"bob"], [1, 2, 3, 4, 5], False),
        ([*ADA, "bob at the bank"], [b"ada"], [1, 2, 3, 4], False),
        (["bob at the bank"], [b"bob"], [5], True),
        ([], [b"eve"], [6], True),
        (["eve"], [b"eve"], [6], True),
        (["eve"], [], [], True),
    ],
)
def test_a_person_is_whole_or_not(handles, people, indices, fits):
    if fits:
        lines().require_whole("acme", handles, people, indices)
        return
    with pytest.raises(RegistryError):
        lines().require_whole("acme", handles, people, indices)


def test_what_is_forgotten_can_be_taken_back():
    made, as_it_was = lines(), lines()
    undo = made.forget([b"ada"] * 4)
    made.require_whole("acme", ADA, [], [])
    made.require_whole("acme", ["bob at the bank"], [b"bob"], [5])
    assert vars(made) != vars(as_it_was)
    undo()
    assert vars(made) == vars(as_it_was)
