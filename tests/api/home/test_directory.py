"""The home directory: private, whole or not at all, locked."""

import json
import stat
from pathlib import Path

import pytest

from api.home.bootstrap import bootstrap
from api.home.directory import Address, Home, HomeBusyError, HomeError, locked, read_json
from api.home.files import write_json


@pytest.fixture
def home(tmp_path) -> Home:
    made = Home(tmp_path / "home")
    made.create()
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_command_line_wins_over_the_environment_over_the_default(tmp_path):
    environment = {"ZKATTEST_HOME": str(tmp_path / "env")}
    assert Home.at(tmp_path / "given", environment=environment).root == tmp_path / "given"
    assert Home.at(None, environment=environment).root == tmp_path / "env"
    assert Home.at(None, environment={}).root == Path("~/.local/share/zkattest").expanduser()


def test_directories_are_private(home):
    assert {mode(path) for path in (home.root, home.prover, home.verifier, home.logs)} == {0o700}


@pytest.mark.parametrize("widened", ["root", "prover"])
def test_an_open_directory_is_refused_with_the_command_that_closes_it(home, widened):
    home.create()
    getattr(home, widened).chmod(0o755)
    with pytest.raises(HomeError, match="open to other users") as caught:
        home.create()
    assert caught.value.remedy == f"close it with: chmod 700 {getattr(home, widened)}"


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(HomeError, match="cannot create"):
        Home(tmp_path / "taken" / "home").create()


def test_nothing_set_up_says_what_to_do(home):
    with pytest.raises(HomeError) as caught:
        home.config()
    assert "attest up" in caught.value.remedy


def test_a_first_run_makes_everything_once(home):
    first = bootstrap(home)
    secret = {path: path.read_bytes() for path in home.root.rglob("*") if path.is_file()}
    assert bootstrap(home) == first == home.config()
    after = {path: path.read_bytes() for path in secret}
    assert {p for p in secret if secret[p] != after[p]} <= {home.log_database}
    assert {mode(path) for path in home.root.rglob("*") if path.is_file()} - {0o600} == {0o644}
    assert mode(home.trust_file) == 0o644
    assert set(home.keys()) == {"lender", "issue", "audit", "prove", "admin"}


def test_an_interrupted_first_run_is_completed(home):
    before = bootstrap(home)
    home.config_file.unlink()
    home.keys_file.unlink()
    after = bootstrap(home)
    assert after.origin == before.origin
    assert home.is_ready
    assert home.keys()


def test_another_port_of_the_prover_is_logged_and_kept(home):
    bootstrap(home)
    assert bootstrap(home, prover_port=9999).prover == Address(port=9999)
    assert bootstrap(home).prover.port == 9999


@pytest.mark.parametrize(("lost", "kept"), [("log_key", "log_database"), ("kek", "vault")])
def test_a_lost_key_is_not_replaced(home, lost, kept):
    bootstrap(home)
    getattr(home, kept).touch()
    getattr(home, lost).unlink()
    with pytest.raises(HomeError, match="is gone"):
        bootstrap(home)
    assert not getattr(home, lost).exists()


DAMAGE = {
    "not JSON": (b"{", "the whole file"),
    "unknown member": (b'{"version":1,"x":1}', "origin"),
    "port": (b'{"version":1,"origin":"o","prover":{"port":0},"verifier":{"port":1}}', "prover.port"),
}


@pytest.mark.parametrize(("content", "place"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_configuration_names_the_place(home, content, place):
    bootstrap(home)
    assert home.config()
    home.config_file.write_bytes(content)
    with pytest.raises(HomeError, match=place):
        home.config()


def test_keys_open_to_others_are_refused(home):
    bootstrap(home)
    assert home.keys()
    home.keys_file.chmod(0o640)
    with pytest.raises(HomeError, match="open to other users"):
        home.keys()


def test_a_lock_is_held_by_one_and_freed(tmp_path):
    path = tmp_path / "lock"
    with locked(path, what="busy", remedy="wait"), pytest.raises(HomeBusyError), locked(path, what="busy", remedy=""):
        pass
    with locked(path, what="busy", remedy="wait"):
        pass


def test_json_objects_come_back_and_nothing_else_does(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})
    assert read_json(path) == {"a": 1}
    for content in ("[1]", "nope", json.dumps("text")):
        path.write_text(content)
        with pytest.raises(HomeError, match="not a JSON object"):
            read_json(path)


def test_a_home_of_another_version_is_named_as_that(tmp_path):
    home = Home(tmp_path / "home")
    home.create()
    home.config_file.write_text('{"version": 9}')
    with pytest.raises(HomeError, match="another version"):
        home.config()
