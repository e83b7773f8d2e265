"""`attest verifier client add --public-key`: a lender's signing key in the log of a home, rotated, and given up."""

import json

import pytest

from api.cli import present
from api.cli.app import main
from api.home.bootstrap import bootstrap
from api.home.directory import Home
from circuits.jws import SigningKey

OLD, NEW = (SigningKey(bytes(31) + bytes([number])).public for number in (1, 2))


@pytest.fixture
def home(tmp_path):
    place = Home(tmp_path / "home")
    place.create()
    bootstrap(place, environment={})
    return place


@pytest.fixture
def client(home, monkeypatch, capsys):
    monkeypatch.setenv("ZKATTEST_HOME", str(home.root))

    def run(*arguments, as_json=True):
        asked = ["attest", "verifier", "client", *map(str, arguments), *(["--json"] if as_json else [])]
        monkeypatch.setattr("sys.argv", asked)
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr().out
        return int(ended.value.code or 0), json.loads(told) if as_json else told

    return run


def jwk(key):
    return json.dumps(key.to_jwk())


def signers(client):
    return [(each["party"], each["kid"], each["since_index"]) for each in client("list")[1]["signers"]]


def test_a_key_is_registered_rotated_and_given_up(client):
    assert signers(client) == []
    code, told = client("add", "first-bank", "--public-key", jwk(OLD))
    assert (code, told) == (0, {"party": "first-bank", "kid": OLD.kid, "index": 1, "new": True})
    code, told = client("add", "first-bank", "--public-key", jwk(OLD))
    assert (code, told["index"], told["new"]) == (0, 1, False)
    assert client("add", "first-bank", "--public-key", jwk(NEW))[1]["index"] == 2
    assert signers(client) == [("first-bank", NEW.kid, 2)]
    assert client("revoke", OLD.kid)[0] == 2
    assert client("revoke", NEW.kid) == (0, {"id": NEW.kid, "revoked": True})
    assert client("revoke", NEW.kid)[0] == 2
    assert signers(client) == []
    assert client("add", "first-bank", "--public-key", jwk(OLD))[0] == 2


def test_a_key_comes_from_a_file_as_keygen_prints_it(client, tmp_path):
    for name, written in (("bare", OLD.to_jwk()), ("keygen", {"file": "x", "kid": NEW.kid, "jwk": NEW.to_jwk()})):
        (tmp_path / name).write_text(json.dumps(written))
        assert client("add", name, "--public-key", tmp_path / name)[0] == 0
    assert [kid for _party, kid, _index in signers(client)] == [OLD.kid, NEW.kid]
    assert "signs questions" in client("list", as_json=False)[1]


def test_a_key_is_listed_in_one_piece_however_narrow_the_terminal(client, monkeypatch):
    client("add", "a-bank-with-a-rather-long-name.example", "--public-key", jwk(OLD))
    monkeypatch.setattr(present.out, "_width", 80)
    assert OLD.kid in client("list", as_json=False)[1]


@pytest.mark.parametrize("written", ["{", "{}", '{"kty":"RSA"}', json.dumps(OLD.to_jwk() | {"d": "AAAA"}), "nowhere"])
def test_what_is_no_public_key_is_refused(client, written):
    code, told = client("add", "first-bank", "--public-key", written)
    assert code == 2
    assert told["error"]["what"]
    assert client("add", "first-bank", "--public-key", jwk(OLD), "--scope", "query")[0] == 2
    assert signers(client) == []
    assert client("add", "first-bank", "--public-key", jwk(OLD))[0] == 0


def test_a_lender_with_an_api_key_is_listed_as_before(client):
    made = client("add", "second-bank")[1]
    assert made["id"] in {each["id"] for each in client("list")[1]["clients"]}
    assert client("revoke", made["id"]) == (0, {"id": made["id"], "revoked": True})
