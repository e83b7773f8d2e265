"""Names of tiles: those of C2SP tlog-tiles, each tile under one only."""

import pytest

from verifier.errors import MerkleError
from verifier.log.layout import Place, places

NAMES = {
    "0/000": Place(0, 0),
    "0/x001/x234/067": Place(0, 1_234_067),
    "1/000.p/8": Place(1, 0, 8),
    "63/999.p/255": Place(63, 999, 255),
    "entries/x001/000": Place(None, 1000),
    "entries/003.p/17": Place(None, 3, 17),
}
WRONG = ["", "0", "0/0", "0/0000", "64/000", "00/000", "-1/000", "0/x000/001", "0/001/002", "0/x1/002", "0/000.p/0"]
WRONG += [
    "0/000.p/256",
    "0/000.p/257",
    "0/000.p/01",
    "0/000.p",
    "0/000/",
    "entries",
    "entries/-01",
    "Entries/000",
    "0/\N{ARABIC-INDIC DIGIT ONE}00",
]


@pytest.mark.parametrize("path", NAMES)
def test_a_name_and_its_place(path):
    assert Place.parse(path) == NAMES[path]
    assert NAMES[path].path == path


@pytest.mark.parametrize("path", WRONG)
def test_no_name(path):
    with pytest.raises(MerkleError):
        Place.parse(path)


def test_what_a_log_consists_of():
    assert list(places(0)) == []
    assert [place.path for place in places(1)] == ["entries/000.p/1", "0/000.p/1"]
    assert [place.path for place in places(600)] == [
        *("entries/000", "entries/001", "entries/002.p/88"),
        *("0/000", "0/001", "0/002.p/88", "1/000.p/2"),
    ]
    assert [place.path for place in places(65_536)][-3:] == ["0/255", "1/000", "2/000.p/1"]
