"""The first run of a home and those after it: what was chosen stays, and what cannot be is not kept."""

import pytest

from api.home.bootstrap import bootstrap
from api.home.directory import Home, HomeError


@pytest.fixture
def home(tmp_path):
    place = Home(tmp_path / "home")
    place.create()
    return place


def test_ports_stay_until_others_are_named(home):
    first = bootstrap(home, verifier_port=9, prover_port=8, environment={})
    assert bootstrap(home, environment={}) == first == home.config()
    assert bootstrap(home, prover_port=7, environment={}).prover.port == home.config().prover.port == 7


@pytest.mark.parametrize("ports", [{"verifier_port": 8}, {"prover_port": 9}, {"verifier_port": 7, "prover_port": 7}])
def test_one_port_for_both_is_refused_and_not_kept(home, ports):
    first = bootstrap(home, verifier_port=9, prover_port=8, environment={})
    with pytest.raises(HomeError, match="both services"):
        bootstrap(home, **ports, environment={})
    assert bootstrap(home, environment={}) == first
