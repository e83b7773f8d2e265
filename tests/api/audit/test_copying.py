"""A log is copied only under its own signed checkpoint: what else is served costs nothing."""

import pytest

from api.audit.copying import copy_log
from verifier.errors import NoteError
from verifier.log.note import NoteSigner


class Served:
    """Any web server, which states a log of ten billion entries."""

    name = "anybody"
    note = "verifier.example/log\n9999999999\nF7vxN1xdsLTMpjz5pI/CP5u1Zd0fNqN4XzG4Mz1WovQ=\n"

    def fetch(self, place):
        raise AssertionError(place)

    def lines(self, start, end):
        raise AssertionError(start, end)


def test_what_nobody_signed_is_not_even_counted(tmp_path):
    told = []
    verifier = NoteSigner("verifier.example/log", bytes(31) + b"\x01").verifier
    with pytest.raises(NoteError):
        copy_log(tmp_path, Served(), verifier=verifier, bodies=True, progress=lambda *done: told.append(done))
    assert (told, list(tmp_path.iterdir())) == ([], [])
