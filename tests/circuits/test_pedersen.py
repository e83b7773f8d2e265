"""Commitments and openings."""

import pytest

from circuits.errors import EncodingError, StatementError
from circuits.group.curve import N
from circuits.pedersen import Opening, commit, random_blinding


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_commitments_add_up(engine):
    a, b = Opening(5, 7), Opening(N - 3, 9)
    assert commit(a, engine=engine) == commit(Opening(5, 7))
    assert len({commit(a), commit(b), commit(Opening(5, 8)), commit(Opening(6, 7))}) == 4
    assert commit(Opening(2, 16), engine=engine) == commit(Opening((a.value + b.value) % N, 16), engine=engine)


def test_opening_bytes():
    opening = Opening(2**200, N - 1)
    assert Opening.from_bytes(opening.to_bytes()) == opening
    for encoded in b"", opening.to_bytes()[:-1], opening.to_bytes() + b"\x00", b"\xff" * 64:
        with pytest.raises(EncodingError):
            Opening.from_bytes(encoded)


@pytest.mark.parametrize(("value", "blinding"), [(N, 1), (-1, 1), (1, N), (1, -1), (1.0, 1), (True, 1), ("1", 1)])
def test_openings_are_reduced_integers(value, blinding):
    with pytest.raises(StatementError):
        Opening(value, blinding)


def test_openings_are_never_printed():
    assert repr(Opening(424242, 535353)) == "Opening(<redacted>)"


def test_the_trivial_opening_commits_to_nothing():
    with pytest.raises(StatementError):
        commit(Opening(0, 0))


def test_blindings():
    drawn = [random_blinding(entropy=bytes([i]) * 32) for i in range(16)]
    assert len(set(drawn)) == 16
    assert all(0 < s < N for s in drawn)
    assert random_blinding(entropy=bytes(32)) == drawn[0]
    for entropy in b"", bytes(31), bytes(33):
        with pytest.raises(StatementError):
            random_blinding(entropy=entropy)
