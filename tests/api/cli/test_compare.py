"""`attest audit compare`: a fork is named, with what was signed; what cannot be told is not called a fork."""

import json

import pytest

from api.cli.app import main
from circuits.encoding import b64u, canonical_json
from circuits.jws import SigningKey
from verifier.audit.export import parse_entry_line
from verifier.log.merkle import Frontier
from verifier.log.note import Checkpoint, NoteSigner
from verifier.trust import Trust
from verifier.witnesses.cosigning import Cosigner, Quorum, WitnessedVerifier

ORIGIN = "verifier.example/log"
SIGNER = NoteSigner(ORIGIN, bytes(range(32)))
PARTED = 3


def export(path, last, *, size=5):
    """A log whose entries from the fourth on are of one history or another; returns its roots by size."""
    tree, lines, roots = Frontier(), [], [Frontier().root()]
    for index in range(size):
        body = {"at": "2026-11-18T11:06:40Z", "kind": "note", "text": "both" if index < PARTED else last}
        line = {
            "appended_at": body["at"],
            "body": canonical_json(body).decode(),
            "index": index,
            "kind": "note",
            "salt": b64u(bytes(32)),
        }
        lines.append(canonical_json(line) + b"\n")
        tree.append(parse_entry_line(lines[-1], index).leaf_hash)
        roots.append(tree.root())
    note = Checkpoint(ORIGIN, size, roots[-1]).sign(SIGNER)
    path.write_bytes(canonical_json({"checkpoint": note}) + b"\n" + b"".join(lines))
    return roots


@pytest.fixture
def compare(monkeypatch, capsys, tmp_path):
    """Runs the command on checkpoints of (history, size) with some export: exit code, stdout, stderr."""
    monkeypatch.setenv("ZKATTEST_HOME", str(tmp_path / "home"))
    (tmp_path / "trust.json").write_bytes(Trust(SIGNER.verifier, SigningKey(bytes(31) + b"\x02").public).to_bytes())
    roots = {name: export(tmp_path / f"{name}.jsonl", name) for name in ("one", "other")}

    def run(*shown, log=None, signer=SIGNER):
        files = []
        for place, (name, size) in enumerate(shown):
            files.append(str(tmp_path / f"{place}.checkpoint"))
            (tmp_path / f"{place}.checkpoint").write_text(Checkpoint(ORIGIN, size, roots[name][size]).sign(signer))
        more = ["--log", str(tmp_path / f"{log}.jsonl")] if log else []
        pins = ["--trust", str(tmp_path / "trust.json")]
        monkeypatch.setattr("sys.argv", ["attest", "audit", "compare", *files, *pins, *more, "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_one_log(compare):
    for shown, log in (((("one", 5), ("one", 5)), None), ((("one", 2), ("one", 5)), "one"), ((("one", 3),) * 2, None)):
        code, out, _ = compare(*shown, log=log)
        assert (code, json.loads(out)["one_log"]) == (0, True)


@pytest.mark.parametrize(
    ("shown", "log"),
    [((("one", 5), ("other", 5)), None), ((("one", 4), ("other", 5)), "other"), ((("one", 5), ("other", 4)), "one")],
)
def test_a_fork_is_named(compare, shown, log):
    code, out, err = compare(*shown, log=log)
    assert code == 1
    assert "forked" in out + err
    assert "log operator" in out + err


@pytest.mark.parametrize(
    ("shown", "log"),
    [((("one", 4), ("other", 5)), None), ((("one", 4), ("other", 5)), "one")],
    ids=["no copy", "wrong"],
)
def test_what_cannot_be_told(compare, shown, log):
    code, out, err = compare(*shown, log=log)
    assert code == 3
    assert "forked" not in out + err


def test_a_checkpoint_that_the_log_did_not_sign(compare):
    code, out, err = compare(("one", 5), ("other", 5), signer=NoteSigner(ORIGIN, bytes(32)))
    assert code == 1
    assert "no checkpoint of the pinned log" in out + err


def test_checkpoints_in_folders_and_an_address_where_nobody_is(compare, tmp_path, monkeypatch, capsys):
    assert compare(("one", 4), ("other", 4))[0] == 1
    for place in (0, 1):
        (tmp_path / f"folder{place}").mkdir()
        (tmp_path / f"folder{place}/checkpoint").write_text((tmp_path / f"{place}.checkpoint").read_text())

    def run(*named):
        pins = ["--trust", str(tmp_path / "trust.json")]
        monkeypatch.setattr("sys.argv", ["attest", "audit", "compare", *named, *pins, "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), capsys.readouterr().out

    one, other = str(tmp_path / "folder0"), str(tmp_path / "folder1")
    assert run(one, one)[0] == 0
    code, out = run(one, other)
    assert (code, "forked" in out) == (1, True)
    assert run(one, "http://127.0.0.1:1")[0] == 3
    assert run(one, str(tmp_path))[0] == 2


def test_a_fork_that_no_witness_has_cosigned_is_named_to_who_pins_witnesses(compare, tmp_path):
    quorum = Quorum((Cosigner("witness.example/w1", bytes(31) + b"\x09").verifier,), 1)
    log = WitnessedVerifier(ORIGIN, SIGNER.verifier.public, quorum)
    (tmp_path / "trust.json").write_bytes(Trust(log, SigningKey(bytes(31) + b"\x02").public).to_bytes())
    assert compare(("one", 3), ("one", 5), log="one")[0] == 0
    code, out, _ = compare(("one", 5), ("other", 5))
    assert (code, json.loads(out)["error"]["kind"]) == (1, "fork")
