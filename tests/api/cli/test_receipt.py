"""A person checks the receipt of their erasure, with nothing but the provider's published keys."""

import json

import pytest

from api.cli.app import main
from circuits.jws import SigningKey
from circuits.receipt import sign_receipt

KEY, OLDER = (SigningKey.generate(entropy=bytes([seed]) * 32) for seed in (1, 2))
ERASED = {"credentials": 2, "consents": 1, "inquiries": 17}
FAIR = sign_receipt(provider="acme", request=bytes(16), erased=ERASED, issued_at=1_795_000_000, key=KEY).token


@pytest.fixture
def verify(tmp_path, monkeypatch, capsys):
    """Runs the command over a receipt and keys; exit code and what was said."""

    def verify(content=FAIR, keys=None, *more):
        (tmp_path / "receipt").write_text(content, encoding="utf-8")
        published = {"keys": [KEY.public.to_jwk()]} if keys is None else keys
        text = published if isinstance(published, str) else json.dumps(published)
        (tmp_path / "jwks.json").write_text(text, encoding="utf-8")
        words = ["receipt", "verify", str(tmp_path / "receipt"), "--keys", str(tmp_path / "jwks.json"), *more]
        monkeypatch.setattr("sys.argv", ["attest", "prover", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return int(ended.value.code or 0), said.out + said.err

    return verify


@pytest.mark.parametrize(
    "keys",
    [
        {"keys": [KEY.public.to_jwk()]},
        {"keys": [OLDER.public.to_jwk(), KEY.public.to_jwk()]},
        KEY.public.to_jwk(),
        {"service": "prover", "provider": "acme", "jwk": KEY.public.to_jwk()},
    ],
    ids=["a set", "two keys", "a key", "a card"],
)
def test_what_the_provider_signed_holds(verify, keys):
    code, said = verify(f"{FAIR}\n", keys, "--json")
    assert code == 0
    assert json.loads(said) == {
        "verified": True,
        "provider": "acme",
        "issued_at": "2026-11-18T11:06:40Z",
        "erased": ERASED,
        "request": "A" * 22,
    }
    code, said = verify(FAIR, keys)
    assert code == 0
    assert all(word in said for word in ("acme", "17 erased", "verified"))


HEAD, BODY, SIGNATURE = FAIR.split(".")


@pytest.mark.parametrize(
    "content",
    ["", "receipt", f"{HEAD}.{BODY}.{'A' * 86}", f"{HEAD}.{BODY[:-2]}AA.{SIGNATURE}", FAIR * 400, "é"],
    ids=["nothing", "a word", "another signature", "other words", "too long", "no ASCII"],
)
def test_what_it_did_not_sign_does_not(verify, content):
    assert verify()[0] == 0
    code, said = verify(content)
    assert code != 0
    assert "error" in said


@pytest.mark.parametrize("keys", ["", "[]", "{}", '{"keys": [{}]}', '{"keys": 1}', "null"])
def test_what_is_no_key_is_told(verify, keys):
    assert verify()[0] == 0
    code, said = verify(FAIR, keys)
    assert code == 2
    assert "there are no keys in it" in said


def test_another_key_is_named(verify):
    code, said = verify(FAIR, {"keys": [OLDER.public.to_jwk()]})
    assert code == 1
    assert KEY.public.kid in said
