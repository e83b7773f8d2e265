"""One algorithm, one key, one type: everything else a token could say is refused."""

import json
import pickle

import pytest
from joserfc import jws as jose
from joserfc.jwk import OctKey, OKPKey

from circuits import jws
from circuits.encoding import b64u, b64u_decode
from circuits.errors import CredentialError, SignatureError

KEY = jws.SigningKey.generate(entropy=bytes(range(32)))
OTHER = jws.SigningKey.generate(entropy=bytes(32))
PAYLOAD = {"iss": "provider", "n": [1, 2], "ü": "ö"}
TYP = "zkattest-test+jwt"
TOKEN = jws.sign(PAYLOAD, typ=TYP, key=KEY)
HEADER = {"alg": "Ed25519", "kid": KEY.kid, "typ": TYP}


def _resigned(header, payload=b'{"a":1}'):
    """Sign any header text honestly, with the right key."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    signed = f"{b64u(raw)}.{b64u(payload)}"
    return f"{signed}.{b64u(KEY._key.private_key.sign(signed.encode()))}"


def test_what_was_signed_is_what_is_opened():
    assert jws.open_signed(TOKEN, typ=TYP, key=KEY.public) == PAYLOAD == jws.peek(TOKEN)
    assert jws.open_signed(_resigned(HEADER), typ=TYP, key=KEY.public) == {"a": 1}
    assert jws.sign(PAYLOAD, typ=TYP, key=KEY) == TOKEN


def test_an_independent_library_verifies_it():
    public = OKPKey.import_key(KEY.public.to_jwk())
    assert json.loads(jose.deserialize_compact(TOKEN, public, algorithms=["Ed25519"]).payload) == PAYLOAD


def test_rfc_8037_thumbprint():
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert jws.VerifyKey.from_jwk(jwk).kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_keys_survive_files_and_processes_and_hide_in_a_repr():
    again = jws.SigningKey.from_pem(KEY.to_pem())
    assert again.seed == KEY.seed
    assert pickle.loads(pickle.dumps(KEY)).kid == KEY.kid  # noqa: S301  # our own bytes
    assert pickle.loads(pickle.dumps(KEY.public)) == KEY.public  # noqa: S301  # our own bytes
    assert jws.VerifyKey.from_jwk(KEY.public.to_jwk()) == KEY.public != OTHER.public
    assert KEY.seed.hex() not in repr(KEY)
    assert str(KEY.seed) not in repr(KEY)


@pytest.mark.parametrize(
    ("header", "error"),
    [
        (HEADER | {"alg": "none"}, SignatureError),
        (HEADER | {"alg": "EdDSA"}, SignatureError),
        (HEADER | {"alg": "HS256"}, SignatureError),
        (HEADER | {"alg": ["Ed25519"]}, SignatureError),
        (HEADER | {"kid": OTHER.kid}, SignatureError),
        ({k: v for k, v in HEADER.items() if k != "kid"}, SignatureError),
        (HEADER | {"typ": "JWT"}, SignatureError),
        (HEADER | {"crit": ["exp"], "exp": 1}, CredentialError),
        (HEADER | {"jwk": KEY.public.to_jwk()}, CredentialError),
        (HEADER | {"b64": False, "crit": ["b64"]}, CredentialError),
        (json.dumps(HEADER).replace("{", '{"alg":"none",', 1).encode(), CredentialError),
        (b"[]", CredentialError),
        (b"\xff", CredentialError),
        (b"", CredentialError),
    ],
)
def test_a_header_may_choose_nothing_even_when_signed(header, error):
    assert jws.open_signed(_resigned(HEADER), typ=TYP, key=KEY.public) == {"a": 1}
    with pytest.raises(error):
        jws.open_signed(_resigned(header), typ=TYP, key=KEY.public)


@pytest.mark.parametrize("payload", [b"", b"[]", b'"x"', b'{"a":1,"a":2}', b'{"a":1.5}', b"\xff", b"[" * 100_000])
def test_a_payload_is_one_strict_object(payload):
    with pytest.raises(CredentialError):
        jws.open_signed(_resigned(HEADER, payload), typ=TYP, key=KEY.public)


def test_every_flipped_character_is_refused():
    for i in range(len(TOKEN)):
        flipped = TOKEN[:i] + ("A" if TOKEN[i] != "A" else "B") + TOKEN[i + 1 :]
        with pytest.raises(CredentialError):
            jws.open_signed(flipped, typ=TYP, key=KEY.public)


@pytest.mark.parametrize(
    "mutate",
    [
        lambda t: t + "=",
        lambda t: t + ".",
        lambda t: "." + t,
        lambda t: t + "\n",
        lambda t: t.rsplit(".", 1)[0] + ".",
        lambda t: t.replace(".", "..", 1),
        lambda t: t[:-1],
        lambda t: t + "A" * (1 << 17),
        lambda t: t.replace(".", ". ", 1),
        lambda _: "",
        lambda _: "ü.ü.ü",
    ],
)
def test_any_other_spelling_is_refused(mutate):
    with pytest.raises(CredentialError):
        jws.open_signed(mutate(TOKEN), typ=TYP, key=KEY.public)


def test_s_plus_the_group_order_is_refused():
    head, signature = TOKEN.rsplit(".", 1)
    raw = b64u_decode(signature)
    larger = int.from_bytes(raw[32:], "little") + 2**252 + 27742317777372353535851937790883648493
    forged = f"{head}.{b64u(raw[:32] + larger.to_bytes(32, 'little'))}"
    with pytest.raises(SignatureError):
        jws.open_signed(forged, typ=TYP, key=KEY.public)


def test_a_public_key_is_no_shared_secret():
    secret = OctKey.import_key(KEY.public.x)
    token = jose.serialize_compact(HEADER | {"alg": "HS256"}, b"{}", secret, algorithms=["HS256"])
    with pytest.raises(CredentialError):
        jws.open_signed(token, typ=TYP, key=KEY.public)


@pytest.mark.parametrize(
    "change",
    [
        *({"kty": "EC"}, {"crv": "X25519"}, {"x": "AA"}, {"x": 5}, {"x": "!"}, {"kid": "x"}, {"d": "AA"}),
        *({"alg": "EdDSA"}, {"use": "enc"}),
    ],
)
def test_another_jwk_is_refused(change):
    assert jws.VerifyKey.from_jwk(KEY.public.to_jwk()) == KEY.public
    with pytest.raises(CredentialError):
        jws.VerifyKey.from_jwk(KEY.public.to_jwk() | change)


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", b"x" * 1000])
def test_another_pem_is_refused(pem):
    with pytest.raises(CredentialError):
        jws.SigningKey.from_pem(pem)
