"""Signed requests: the base and the signature against RFC 9421 and another implementation; one form and no other."""

import base64
import datetime as dt
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms

from circuits.jws import SigningKey
from verifier.entries.signed_request import MAX_INPUT, Parameters, SignedRequest, content_digest, sign, signature_base
from verifier.errors import EntryError, RequestRefused

KEY = SigningKey(bytes(31) + b"\x07")
NOW = 1_795_000_000
URI = "https://verifier.example/v1/queries"
BODY = b'{"predicate": "salary > 100000", "subject": "ada", "note": "\xc3\xa9"}'
PARAMETERS = Parameters(NOW, NOW + 60, "c29tZXRoaW5nIGZyZXNo", KEY.kid)


def made(**changes):
    return sign("POST", URI, BODY, key=KEY, parameters=replace(PARAMETERS, **changes))


class Keys(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id):
        assert key_id == KEY.kid
        return Ed25519PrivateKey.from_private_bytes(KEY.seed)

    def resolve_public_key(self, key_id):
        return self.resolve_private_key(key_id).public_key()


def test_the_vector_of_rfc_9421_for_ed25519():
    """Appendix B.2.6, with the key test-key-ed25519 of B.1.4."""
    signature_input = (
        '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;'
        'keyid="test-key-ed25519"'
    )
    base = signature_base(
        [
            ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            ("@method", "POST"),
            ("@path", "/foo"),
            ("@authority", "example.com"),
            ("content-type", "application/json"),
            ("content-length", "18"),
        ],
        signature_input,
    )
    public = base64.urlsafe_b64decode("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs=")
    signature = base64.b64decode(
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    )
    Ed25519PublicKey.from_public_bytes(public).verify(signature, base)


def test_what_is_signed_reads_as_documented():
    assert made().base.decode() == (
        '"@method": POST\n'
        f'"@target-uri": {URI}\n'
        f'"content-digest": {content_digest(BODY)}\n'
        '"@signature-params": ("@method" "@target-uri" "content-digest");'
        f'created={NOW};expires={NOW + 60};nonce="c29tZXRoaW5nIGZyZXNo";keyid="{KEY.kid}";tag="zkattest"'
    )
    # RFC 9530, appendix A
    assert content_digest(b'{"hello": "world"}\n') == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


def message(request=None):
    headers = {}
    if request is not None:
        headers = {
            "Content-Digest": content_digest(request.body),
            "Signature-Input": f"sig={request.input}",
            "Signature": f"sig=:{base64.b64encode(request.signature).decode()}:",
        }
    return SimpleNamespace(method="POST", url=URI, headers=headers, body=BODY)


def test_another_implementation_verifies_what_we_sign():
    now = int(dt.datetime.now(dt.UTC).timestamp())
    request = made(created=now, expires=now + 60)
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=Keys())
    (result,) = verifier.verify(
        message(request),
        expect_tag="zkattest",
        require_components=("@method", "@target-uri", "content-digest"),
        body=request.body,
    )
    assert (result.body, result.nonce) == (request.body, PARAMETERS.nonce)


@pytest.mark.parametrize("include_alg", [True, False])
def test_we_verify_what_another_implementation_signs(include_alg):
    sent = message()
    HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=Keys()).sign(
        sent,
        key_id=KEY.kid,
        created=dt.datetime.fromtimestamp(NOW, dt.UTC),
        expires=dt.datetime.fromtimestamp(NOW + 60, dt.UTC),
        nonce=PARAMETERS.nonce,
        tag="zkattest",
        include_alg=include_alg,
        covered_component_ids=("@method", "@target-uri", "content-digest"),
        body=BODY,
    )
    headers = {name.lower(): value for name, value in sent.headers.items()}
    label, _, member = headers["signature-input"].partition("=")
    signature = base64.b64decode(re.fullmatch(rf"{label}=:(.*):", headers["signature"])[1])
    request = SignedRequest("POST", URI, BODY, member, signature)
    request.verify(KEY.public)
    assert request.parameters == PARAMETERS


def test_it_survives_its_encoding():
    request = made()
    assert SignedRequest.from_fields(request.to_fields()) == request
    assert request.to_fields()["body"] == BODY.decode()
    assert "ada" not in repr(request)


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "PUT"},
        {"target_uri": "https://verifier.example/v1/queries2"},
        {"target_uri": "http://verifier.example/v1/queries"},
        {"body": BODY.replace(b"ada", b"bob")},
        {"body": b""},
        {"signature": bytes(64)},
        {"input": made(nonce="c29tZXRoaW5nIGVsc2Uh").input},
        {"input": made(created=NOW + 1).input},
        {"input": made(expires=NOW + 61).input},
        {"input": made().input + ';alg="ed25519"'},
    ],
)
def test_a_change_breaks_the_signature(changes):
    request = made()
    request.verify(KEY.public)
    with pytest.raises(RequestRefused, match="does not verify"):
        replace(request, **changes).verify(KEY.public)


def test_another_key_is_no_key_of_this_request():
    other = SigningKey(bytes(31) + b"\x08")
    with pytest.raises(RequestRefused, match="another key"):
        made().verify(other.public)
    named = sign("POST", URI, BODY, key=KEY, parameters=replace(PARAMETERS, key_id=other.kid))
    with pytest.raises(RequestRefused, match="does not verify"):
        named.verify(other.public)


GOOD = PARAMETERS.to_text()


@pytest.mark.parametrize("order", [GOOD, GOOD + ';alg="ed25519"', re.sub(r"(;created=\d+)(.*)", r"\2\1", GOOD)])
def test_parameters_come_in_any_order(order):
    assert Parameters.parse(order) == PARAMETERS


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ('"@method" ', ""),
        ('"@target-uri" ', ""),
        (' "content-digest"', ""),
        ('"content-digest"', '"content-digest" "date"'),
        ('"@method" "@target-uri"', '"@target-uri" "@method"'),
        ('"@method"', '"@method";req'),
        (f";created={NOW}", ""),
        (f";expires={NOW + 60}", ""),
        (';nonce="c29tZXRoaW5nIGZyZXNo"', ""),
        (f';keyid="{KEY.kid}"', ""),
        (';tag="zkattest"', ""),
        (';tag="zkattest"', ';tag="other"'),
        (';tag="zkattest"', ';tag="zkattest";tag="zkattest"'),
        (';tag="zkattest"', ';tag="zkattest";alg="rsa-v1_5-sha256"'),
        (';tag="zkattest"', ';tag="zkattest";more="1"'),
        (';tag="zkattest"', ';tag="zkattest" '),
        (f";created={NOW}", f';created="{NOW}"'),
        (f";created={NOW}", f";created=-{NOW}"),
        (f";created={NOW}", f";created=0{NOW}"),
        (f";created={NOW}", f";created={NOW}.5"),
        (f";created={NOW}", f";created={NOW + 60}"),
        (f";created={NOW}", f";created={NOW - 241}"),
        ("c29tZXRoaW5nIGZyZXNo", "short"),
        ("c29tZXRoaW5nIGZyZXNo", "c29tZXRoaW5nIG\\ZyZXNo"),
        ("c29tZXRoaW5nIGZyZXNo", "x" * 129),
        (f'keyid="{KEY.kid}"', "keyid=7"),
        (")", ")" + " " * MAX_INPUT),
    ],
)
def test_parameters_in_another_form_are_refused(written, instead):
    assert Parameters.parse(GOOD) == PARAMETERS
    assert written in GOOD
    with pytest.raises(RequestRefused):
        Parameters.parse(GOOD.replace(written, instead, 1))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("method", "post"),
        ("method", ""),
        ("target_uri", "/v1/queries"),
        ("target_uri", URI + "\n"),
        ("target_uri", URI + "x" * 2048),
        ("body", ""),
        ("body", None),
        ("body", "x" * ((1 << 14) + 1)),
        ("body", "\ud800"),
        ("input", "()"),
        ("signature", "AAAA"),
        ("signature", 7),
    ],
)
def test_members_of_another_form_are_no_entry(member, value):
    fields = made().to_fields()
    assert SignedRequest.from_fields(fields) == made()
    with pytest.raises(EntryError):
        SignedRequest.from_fields({**fields, member: value})


def test_members_are_those_and_no_others():
    fields = made().to_fields()
    for name in fields:
        with pytest.raises(EntryError):
            SignedRequest.from_fields({key: value for key, value in fields.items() if key != name})
    with pytest.raises(EntryError):
        SignedRequest.from_fields({**fields, "created": NOW})
    assert SignedRequest.member_of({"request": None}) is None
    assert SignedRequest.member_of({"request": fields}) == made()
    with pytest.raises(EntryError):
        SignedRequest.member_of({"request": "signed"})
