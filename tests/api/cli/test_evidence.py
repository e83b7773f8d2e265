"""`attest evidence`: what a file proves, in words and in JSON, and its inclusion alone for other tools."""

import json

import pytest

from api.cli.app import main
from circuits.encoding import b64u, b64u_decode
from verifier.evidence.file import EvidenceFile
from verifier.evidence.tlog_proof import TlogProof
from verifier.log.merkle import leaf_hash
from verifier.witnesses.cosigning import Cosigner

WITNESS = Cosigner("witness.example/w1", bytes(31) + b"\x09")
ENDLESS = (1 << 63) - 1


@pytest.fixture
def attest(monkeypatch, capsys, tmp_path):
    """Runs one command in this process: exit code, stdout, stderr."""
    monkeypatch.setenv("ZKATTEST_HOME", str(tmp_path / "home"))

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["attest", "evidence", *map(str, arguments)])
        capsys.readouterr()  # what the services have logged
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return int(ended.value.code or 0), said.out, said.err

    return run


@pytest.fixture(scope="module")
def evidence(world):
    return world.lender.get(world.ask().json()["links"]["evidence"]).content


@pytest.fixture
def file(world, evidence, tmp_path):
    (tmp_path / "trust.json").write_bytes(world.verifier.service.trust.to_bytes())
    path = tmp_path / "answer.evidence.json"
    path.write_bytes(evidence)
    return path


def test_keys_periods_checkpoint_and_witnesses_are_told(attest, file, world):
    service = world.verifier.service
    trust = file.with_name("trust.json")
    code, out, _ = attest("verify", file, "--trust", trust, "--json")
    told = json.loads(out)
    assert (code, told["verified"], told["witnesses"], told["signed"]) == (0, True, [], False)
    provider = service.registry.providers()[0]
    assert [(key["role"], key["kid"], key["index"]) for key in told["keys"]] == [
        ("attestation", service.keys.current().kid, None),
        ("provider", provider.entry.key.kid, provider.index),
    ]
    (credential,) = told["credentials"]
    assert credential["issued_at"] <= told["answered_at"] < credential["expires_at"]
    assert credential["revoked"] is None  # which one file cannot say
    checkpoint = EvidenceFile.from_bytes(file.read_bytes()).require_included(service.trust.log)
    assert told["checkpoint"] == {"size": checkpoint.size, "root": b64u(checkpoint.root)}
    code, out, _ = attest("verify", file, "--trust", trust)
    assert code == 0
    kid = service.keys.current().kid
    for words in (kid, "pinned", f"(entry {provider.index})", "replay the log", "none are pinned", "unsigned"):
        assert words in out
    for words in (told["relying_party"], f"{told['subject']} at {told['provider']}", f"entry {told['index']}"):
        assert words in out
    assert "_" not in out.partition("attestation key")[0].replace(told["origin"], "")  # names for people, not of JSON


def test_what_was_consented_to_and_what_was_disclosed_is_told(attest, file):
    trust = file.with_name("trust.json")
    told = json.loads(attest("verify", file, "--trust", trust, "--json")[1])
    consent = told["consent"]
    assert (consent["relying_party"], consent["withdrawn"]) == (told["relying_party"], None)
    assert consent["granted_at"] <= told["answered_at"] < consent["expires_at"]
    (salary,) = told["disclosed"]
    assert (salary["attribute"], salary["words"]) == ("salary", "at least 100,000.01 USD per year")
    out = attest("verify", file, "--trust", trust)[1]
    for words in (consent["purpose_words"], consent["expires_at"], f"salary: {salary['words']} ("):
        assert words in out


@pytest.mark.parametrize(("time", "words"), [(1_795_000_000, "2026-11-18T11:06:40Z"), (ENDLESS, f"{ENDLESS} s")])
def test_the_pinned_witnesses_are_told(attest, file, time, words):
    trust = file.with_name("trust.json")
    pins = json.loads(trust.read_bytes()) | {"witnesses": [WITNESS.verifier.vkey], "quorum": 1}
    trust.write_text(json.dumps(pins))
    assert attest("verify", file, "--trust", trust, "--json")[0] == 1
    content = json.loads(file.read_bytes())
    text = content["tlog_proof"].split("\n\n")[1].encode() + b"\n"
    content["tlog_proof"] += WITNESS.cosign(text, now=time)
    file.write_text(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n", "utf-8")
    code, out, _ = attest("verify", file, "--trust", trust)
    assert code == 0
    assert "witness.example/w1" in out
    assert words in out


def test_the_inclusion_alone_is_what_other_tools_read(attest, file, world):
    code, out, _ = attest("tlog-proof", file)
    assert (code, out) == (0, json.loads(file.read_bytes())["tlog_proof"])
    code, told, _ = attest("tlog-proof", file, "--json")
    told = json.loads(told)
    assert (code, told["tlog_proof"]) == (0, out)
    proof = TlogProof.from_text(out)
    assert told["index"] == proof.index
    proof.verify(leaf_hash(b64u_decode(told["leaf"])), log=world.verifier.service.trust.log)
    file.write_bytes(file.read_bytes()[:-1])
    code, out, _ = attest("tlog-proof", file, "--json")
    assert (code, json.loads(out)["error"]["kind"]) == (1, "EvidenceError")
