"""The witnesses of a home: named once and kept, named again in place of those before, refused if they cannot be."""

import pytest

from api.home.bootstrap import bootstrap
from api.home.directory import Home, HomeError
from api.home.settings import verifier_settings
from api.settings import WitnessAddress
from verifier.witnesses.cosigning import Cosigner


def address(number):
    vkey = Cosigner(f"witness.example/w{number}", bytes([number]) * 32).verifier.vkey
    return WitnessAddress(url=f"https://witness.example/{number}", vkey=vkey)


W1, W2, W3 = map(address, (1, 2, 3))


@pytest.fixture
def start(tmp_path):
    home = Home(tmp_path / "home")
    home.create()

    def again(*witnesses, **more):
        bootstrap(home, verifier_port=9, prover_port=8, environment={}, witnesses=witnesses, **more)
        return verifier_settings(home, environment={})

    return again


def test_they_are_kept_until_others_are_named(start):
    assert start().quorum is None
    assert (start(W1, W2).witnesses, start().quorum.needed) == ((W1, W2), 2)
    assert (start(cosigned_by=1).witnesses, start().quorum.needed) == ((W1, W2), 1)
    assert (start(W3).witnesses, start().quorum.needed) == ((W3,), 1)


@pytest.mark.parametrize(
    ("witnesses", "cosigned_by"), [((), 1), ((W1, W2), 3), ((W1, W1), None), ((W1, W1), 1)], ids=str
)
def test_a_quorum_that_cannot_be_is_refused(start, witnesses, cosigned_by):
    with pytest.raises(HomeError, match=r"quorum|twice"):
        start(*witnesses, cosigned_by=cosigned_by)
    assert start(W1, W2, cosigned_by=2).quorum.needed == 2
