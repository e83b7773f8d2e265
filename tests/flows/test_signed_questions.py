"""A lender makes a key, the verifier logs it, and from then on the lender cannot deny what it asked."""

import json

import pytest

from circuits.jws import peek

QUESTION = ("ask", "salary > 100000", "--subject", "C-1001")
GRANT = ("--purpose", "credit-decision")


@pytest.fixture(scope="module")
def lender(up, tmp_path_factory):
    """The lender's private key, and its key's id; the verifier knows nothing of it yet."""
    folder = tmp_path_factory.mktemp("lender")
    made = up.attest("keygen", folder / "bank.pem", "--json")
    (folder / "bank.json").write_text(made.out)
    return folder, made.json["kid"]


def test_a_lender_signs_and_everybody_can_see_it(up, lender):
    folder, kid = lender
    (folder / "consent.jws").write_text(up.attest.consent("C-1001", "signing-bank", *GRANT) + "\n")
    question = ("ask", "salary > 100000", "--consent", folder / "consent.jws")
    sign = ("--sign", folder / "bank.pem")
    assert "client add" in up.attest(*question, *sign, code=2).err
    told = up.attest("verifier", "client", "add", "signing-bank", "--public-key", folder / "bank.json", "--json").json
    assert (told["party"], told["kid"], told["new"]) == ("signing-bank", kid, True)

    answer = up.attest(*question, *sign, "--evidence", folder / "a.evidence.json", "--json").json
    said = peek(answer["attestation"])
    assert (said["aud"], said["request"]) == ("signing-bank", "signed")
    verdict = up.attest("evidence", "verify", folder / "a.evidence.json", "--json").json
    assert (verdict["signed"], verdict["relying_party"]) == (True, "signing-bank")
    assert peek(up.attest(*QUESTION, "--json").json["attestation"])["request"] == "unsigned"

    changed = json.loads((folder / "a.evidence.json").read_text()) | {"parties": []}
    (folder / "b.evidence.json").write_text(json.dumps(changed, separators=(",", ":"), sort_keys=True) + "\n")
    up.attest("evidence", "verify", folder / "b.evidence.json", code=1)

    up.attest("verifier", "client", "revoke", kid)
    up.attest(*question, *sign, code=2)
    up.attest("evidence", "verify", folder / "a.evidence.json")
    assert up.attest("audit", "replay", "--json").json["signed"] >= 1


def test_what_is_no_private_key_signs_nothing(up, lender):
    folder, _kid = lender
    up.attest(*QUESTION, "--sign", folder / "bank.json", code=2)
