"""`attest verifier rotate-key` in a home whose verifier is stopped; for one that runs see test_signing."""

import fcntl
import json

import pytest

from api.cli.app import main
from api.home.bootstrap import bootstrap
from api.home.directory import Home, HomeError
from circuits.jws import SigningKey, VerifyKey
from verifier.trust import Trust


@pytest.fixture
def home(tmp_path):
    place = Home(tmp_path / "home")
    place.create()
    bootstrap(place, environment={})
    return place


@pytest.fixture
def rotate(home, monkeypatch, capsys):
    monkeypatch.setenv("ZKATTEST_HOME", str(home.root))

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["attest", "verifier", "rotate-key", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return int(ended.value.code or 0), said.out, said.err

    return run


def key(home):
    return SigningKey.from_pem(home.attestation_key.read_bytes()).public


def test_the_key_is_changed_and_the_pins_are_not(home, rotate):
    pins, before = home.trust_file.read_bytes(), key(home)
    code, out, _ = rotate("--json")
    told = json.loads(out)
    assert (code, told["accepted"], told["before"]["kid"], told["after"]["kid"]) == (
        *(0, False),
        *(before.kid, key(home).kid),
    )
    assert home.trust_file.read_bytes() == pins
    assert home.attestation_key.stat().st_mode & 0o777 == 0o600
    code, out, _ = rotate("--compromised")
    assert code == 0
    assert f"{key(home).kid} signs attestations after entry {told['index'] + 1}" in out
    assert told["after"]["kid"] in out
    bootstrap(home, environment={})  # as the next start does
    assert home.trust_file.read_bytes() == pins


def test_a_lost_key_takes_more(home, rotate):
    before = key(home)
    code, _, err = rotate("--lost")
    assert (code, key(home)) == (2, before)
    assert "not lost" in err
    home.attestation_key.unlink()
    code, _, err = rotate()
    assert code == 2
    assert "--lost" in err
    code, out, _ = rotate("--lost", "--json")
    told = json.loads(out)
    assert (code, told["accepted"], told["before"]["kid"]) == (0, True, before.kid)
    pins = Trust.from_json(home.trust_file.read_bytes())
    assert (pins.attestations, pins.accepted) == (before, {VerifyKey.from_jwk(told["after"]["jwk"])})
    assert key(home) in pins.accepted


def test_a_start_makes_no_key_in_the_place_of_a_lost_one(home, rotate):
    bootstrap(home, environment={})
    home.attestation_key.unlink()
    with pytest.raises(HomeError, match="the key that signs attestations is gone"):
        bootstrap(home, environment={})
    assert not home.attestation_key.exists()
    assert rotate("--lost")[0] == 0
    bootstrap(home, environment={})


def test_lost_and_compromised_are_two_things(home, rotate):
    before = home.attestation_key.read_bytes()
    code, _, err = rotate("--lost", "--compromised")
    assert (code, home.attestation_key.read_bytes()) == (2, before)
    assert "lost or compromised" in err


def test_while_it_runs_a_key_is_not_lost(home, rotate):
    home.attestation_key.unlink()
    with (home.verifier / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert rotate("--lost")[0] == 3
    assert rotate("--lost")[0] == 0
