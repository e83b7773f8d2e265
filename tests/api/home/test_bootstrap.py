"""The first run of a home and those after it: what was chosen stays, and what cannot be is not kept."""

import pytest

from api.home.bootstrap import bootstrap
from api.home.directory import Home, HomeError
from circuits.jws import SigningKey


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


def test_a_key_that_was_replaced_in_the_log_is_not_put_back(home):
    bootstrap(home, verifier_port=9, prover_port=8, environment={})
    old = home.signing_key.read_bytes()
    new = SigningKey.generate(entropy=bytes(range(32))).to_pem()
    home.signing_key.write_bytes(new)
    config = bootstrap(home, environment={})  # another key: logged
    home.signing_key.write_bytes(old)
    with pytest.raises(HomeError, match="has been replaced in the log"):
        bootstrap(home, environment={})
    home.signing_key.write_bytes(new)
    assert bootstrap(home, environment={}) == config
