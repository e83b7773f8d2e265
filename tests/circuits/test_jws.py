"""One algorithm, one key, one type: everything else a token could say is refused."""

import json
import pickle

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
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


ORDER_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
P = 2**255 - 19
WEAK = [
    (y | sign << 255).to_bytes(32, "little")
    for y in (0, 1, P - 1, P, P + 1, int.from_bytes(ORDER_8, "little"), P - int.from_bytes(ORDER_8, "little"))
    for sign in (0, 1)
]


def test_under_a_weak_key_one_signature_fits_every_message():
    """Why such keys are refused: their owner could deny all that was signed."""
    identity = (1).to_bytes(32, "little")
    for message in (b"salary is 1", b"salary is 2"):
        Ed25519PublicKey.from_public_bytes(identity).verify(identity + bytes(32), message)
    assert identity in WEAK


@pytest.mark.parametrize("x", WEAK)
def test_weak_keys_are_no_keys(x):
    assert jws.VerifyKey(KEY.public.x) == KEY.public
    with pytest.raises(CredentialError):
        jws.VerifyKey(x)
    with pytest.raises(CredentialError):
        jws.VerifyKey.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": b64u(x)})


@pytest.mark.parametrize("time", [None, True, "1795000000", 1.5, -(10**12), 10**12, 10**30])
def test_a_time_is_whole_seconds_of_a_day_there_is(time):
    assert jws.time_of({"iat": 1_795_000_000}, "iat") == 1_795_000_000
    for payload in ({"iat": time}, {}):
        with pytest.raises(CredentialError, match="iat"):
            jws.time_of(payload, "iat")


@pytest.mark.parametrize("name", [None, 7, "", "x" * 257, "a\nb"])
def test_a_name_is_printable(name):
    assert jws.name_of({"iss": "x" * 256}, "iss") == "x" * 256
    for payload in ({"iss": name}, {}):
        with pytest.raises(CredentialError, match="iss"):
            jws.name_of(payload, "iss")


@pytest.mark.parametrize("text", [None, 7, "", "?", b64u(bytes(15)), b64u(bytes(17)), "A" * 21 + "B", "A" * 22 + "=="])
def test_bytes_are_as_many_as_there_must_be(text):
    assert jws.bytes_of({"jti": "A" * 22}, "jti", 16) == bytes(16)
    for payload in ({"jti": text}, {}):
        with pytest.raises(CredentialError, match="jti"):
            jws.bytes_of(payload, "jti", 16)
