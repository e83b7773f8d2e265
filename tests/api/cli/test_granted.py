"""What a person consented to, in words; the lists themselves are tested with the command."""

import pytest

from api.cli.granted import allowed_in_words
from circuits.consent import Allowed


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        (Allowed(), "anything"),
        (Allowed(None, {"salary": ("1", "2")}), "anything, but salary at 1 or 2 only"),
        (Allowed((), {}, ("owns_home", "debt > 1")), "owns_home; debt > 1"),
    ],
)
def test_what_is_allowed_in_words(allowed, words):
    assert allowed_in_words(allowed) == words
