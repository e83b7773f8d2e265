"""`attest verifier provider`: a provider is added, and its key changed, in the log of a home."""

import json

import pytest

from api.cli.app import main
from api.home.bootstrap import bootstrap
from api.home.directory import Home
from circuits.jws import SigningKey

NEW, NEWER = (SigningKey(bytes(31) + bytes([number])).public for number in (1, 2))


@pytest.fixture
def home(tmp_path):
    place = Home(tmp_path / "home")
    place.create()
    bootstrap(place, environment={})
    return place


@pytest.fixture
def provider(home, monkeypatch, capsys):
    monkeypatch.setenv("ZKATTEST_HOME", str(home.root))

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["attest", "verifier", "provider", *map(str, arguments), "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def jwk(tmp_path):
    def write(key):
        file = tmp_path / f"{key.kid}.json"
        file.write_text(json.dumps({"file": "elsewhere", "kid": key.kid, "jwk": key.to_jwk()}))
        return file

    return write


def periods(provider):
    told = provider("list")[1]["providers"]
    return [(each["id"], each["kid"], each["since_index"], each["until_index"]) for each in told]


def test_a_key_is_changed_by_adding_it(home, provider, jwk):
    first = SigningKey.from_pem(home.signing_key.read_bytes()).public
    assert periods(provider) == [("sandbox-kyc", first.kid, 0, None)]
    code, told = provider("add", "sandbox-kyc", "--key", jwk(NEW))
    assert (code, told) == (0, {"id": "sandbox-kyc", "index": 1, "kid": NEW.kid, "key_changed": True})
    code, told = provider("add", "sandbox-kyc", "--url", "https://moved.example")
    assert (code, told["index"], told["key_changed"]) == (0, 2, False)
    assert provider("add", "sandbox-kyc", "--key", jwk(NEWER))[1]["index"] == 3
    assert periods(provider) == [
        ("sandbox-kyc", first.kid, 0, 1),
        ("sandbox-kyc", NEW.kid, 1, 3),
        ("sandbox-kyc", NEWER.kid, 3, None),
    ]
    assert provider("list")[1]["providers"][2]["prover_url"] == "https://moved.example"


def test_periods_are_told_in_words(home, provider, jwk, monkeypatch, capsys):
    provider("add", "sandbox-kyc", "--key", jwk(NEW))
    monkeypatch.setattr("sys.argv", ["attest", "verifier", "provider", "list"])
    with pytest.raises(SystemExit):
        main()
    name, first, second = capsys.readouterr().out.splitlines()
    assert name == "sandbox-kyc"
    assert first.startswith(f"  {SigningKey.from_pem(home.signing_key.read_bytes()).kid}  after entry 0 (")
    assert ", up to entry 1, http://" in first
    assert second.startswith(f"  {NEW.kid}  after entry 1 (")


def test_another_provider_is_added(provider, jwk):
    whole = ("add", "other-kyc", "--key", jwk(NEW), "--url", "https://other.example", "--name", "Other KYC")
    for missing in range(2, len(whole), 2):
        code, told = provider(*whole[:missing], *whole[missing + 2 :])
        assert (code, told["error"]["what"]) == (2, "other-kyc is new here")
    assert provider(*whole)[0] == 0
    assert [each[0] for each in periods(provider)] == ["sandbox-kyc", "other-kyc"]
    code, told = provider(*whole)
    assert (code, told["error"]["what"]) == (2, "the log says so already")


def test_a_file_with_something_else_is_no_key(provider, tmp_path, jwk):
    assert provider("add", "sandbox-kyc", "--key", jwk(NEW))[0] == 0
    (tmp_path / "x.json").write_text(json.dumps({"kty": "OKP"}))
    code, told = provider("add", "sandbox-kyc", "--key", tmp_path / "x.json")
    assert (code, told["error"]["what"]) == (2, "not the JWK of a public Ed25519 key")
