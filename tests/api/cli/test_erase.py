"""How an erasure is counted for people; that it happens: tests/flows/test_erasure.py."""

import pytest

from api.cli.erase import counted


@pytest.mark.parametrize(
    ("erased", "said"),
    [
        ({}, "nothing was there"),
        ({"answer": 1, "credential": 1}, "1 answer, 1 credential"),
        ({"answer": 3, "credential": 1, "declined": 2}, "3 answers, 1 credential, 2 declined"),
        ({"credential": 1200, "undetermined": 1}, "1,200 credentials, 1 undetermined"),
    ],
)
def test_what_was_erased_is_counted_in_words(erased, said):
    assert counted(erased) == said
