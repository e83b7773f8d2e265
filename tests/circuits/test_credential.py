"""A credential says what was signed, and nothing that is not one can be opened."""

import copy

import pytest

from circuits import jws
from circuits.attributes import default_schema
from circuits.credential import TYP, Credential, Provenance, issue, peek_provider
from circuits.encoding import b64u
from circuits.errors import CredentialError, SignatureError
from circuits.pedersen import Opening, commit

KEY = jws.SigningKey.generate(entropy=bytes(range(32)))
OTHER = jws.SigningKey.generate(entropy=bytes(32))
SCHEMA = default_schema()
FIELDS = {
    "id": bytes(16),
    "provider": "kyc",
    "person": b"\x02" * 16,
    "schema": SCHEMA,
    "commitments": {"debt": commit(Opening(1, 2)), "salary": commit(Opening(3, 4))},
    "provenance": {"salary": Provenance("payroll", "2026-10-31"), "debt": Provenance("bank", "2026-11-01")},
    "as_of": "2026-11-01",
    "issued_at": 1795362377,
    "expires_at": 1795362377 + 86_400,
    "supersedes": b64u(b"\x01" * 16),
}
CREDENTIAL = issue(**FIELDS, key=KEY)
PAYLOAD = jws.peek(CREDENTIAL.token)


def test_what_was_issued_is_what_is_opened():
    opened = Credential.open(CREDENTIAL.token, KEY.public)
    assert opened == CREDENTIAL
    assert opened.digest == CREDENTIAL.digest
    assert list(opened.commitments) == ["salary", "debt"]
    assert opened.commitments == FIELDS["commitments"]
    assert opened.provenance["debt"] == Provenance("bank", "2026-11-01")
    assert opened.person == b64u(FIELDS["person"])
    assert opened.schema_digest == SCHEMA.digest
    assert opened.supersedes == FIELDS["supersedes"]
    assert peek_provider(CREDENTIAL.token) == "kyc"
    assert issue(**FIELDS | {"supersedes": None}, key=KEY).supersedes is None


def test_another_key_or_type_is_refused():
    with pytest.raises(SignatureError):
        Credential.open(CREDENTIAL.token, OTHER.public)
    with pytest.raises(SignatureError):
        Credential.open(jws.sign(PAYLOAD, typ="zkattest-attestation+jwt", key=KEY), KEY.public)


@pytest.mark.parametrize(
    "change",
    [
        {"id": bytes(15)},
        {"person": bytes(17)},
        {"provider": ""},
        {"provider": "a\nb"},
        {"commitments": {}, "provenance": {}},
        {"commitments": {"wage": commit(Opening(1, 2))}, "provenance": {"wage": Provenance("self", "2026-01-01")}},
        {"provenance": {"salary": Provenance("payroll", "2026-10-31")}},
        {"commitments": FIELDS["commitments"] | {"debt": b"\x02" + bytes(32)}},
        {"commitments": FIELDS["commitments"] | {"debt": bytes(33)}},
        {"as_of": "2026-11-31"},
        {"expires_at": 1795362377},
        {"issued_at": 2**60},
        {"supersedes": "x"},
    ],
)
def test_nothing_malformed_is_issued(change):
    assert issue(**FIELDS, key=KEY) == CREDENTIAL
    with pytest.raises(CredentialError):
        issue(**FIELDS | change, key=KEY)


def _item(**change):
    payload = copy.deepcopy(PAYLOAD)
    payload["attributes"][1] |= change
    return payload


@pytest.mark.parametrize(
    "payload",
    [
        *({k: v for k, v in PAYLOAD.items() if k != key} for key in PAYLOAD if key != "supersedes"),
        PAYLOAD | {"extra": 1},
        *(PAYLOAD | {key: wrong} for key in PAYLOAD for wrong in (None, [], {}, True, "\x00")),
        PAYLOAD | {"attributes": PAYLOAD["attributes"] * 2},
        PAYLOAD | {"attributes": [1]},
        _item(extra=1),
        _item(name="Salary"),
        _item(name=7),
        _item(source="rumour"),
        _item(source=["self"]),
        _item(verified_at="yesterday"),
        _item(verified_at=None),
        _item(commitment=b64u(b"\x04" + bytes(32))),
        _item(commitment=b64u(b"\x02" + b"\xff" * 32)),
        _item(commitment="AA"),
        _item(commitment=None),
    ],
)
def test_nothing_malformed_is_opened_even_when_signed(payload):
    assert Credential.open(jws.sign(PAYLOAD, typ=TYP, key=KEY), KEY.public) == CREDENTIAL
    with pytest.raises(CredentialError):
        Credential.open(jws.sign(payload, typ=TYP, key=KEY), KEY.public)


@pytest.mark.parametrize(
    "token", ["", "a.b.c", jws.sign({"jti": "x"}, typ=TYP, key=KEY), jws.sign({"iss": 1}, typ=TYP, key=KEY)]
)
def test_no_provider_is_read_from_what_names_none(token):
    with pytest.raises(CredentialError):
        peek_provider(token)
