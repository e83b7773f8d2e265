"""What a dishonest provider or verifier plants in a log is found and named by an auditor's command line, exit code 1.

Each is made from our own classes with one step changed; the auditor has an export and the pins, and no database.
"""

import json
import os
from dataclasses import replace

import pytest

from api.cli import main
from api.database import migrate, open_engine
from circuits.attributes import Schema
from verifier.audit.export import export_lines
from verifier.entries.kinds import SchemaEntry, decode_logged
from verifier.errors import CheckFailed
from verifier.fold.registry import Registry
from verifier.log.writer import Log
from verifier.publishing import publish

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PAYSLIP = Schema.from_json(
    {
        "schema": "payslip",
        "version": 1,
        "attributes": [{"name": "salary", "type": "money", "currency": "USD", "period": "year", "max": "10000000"}],
    }
)


class Auditor:
    """Somebody with the pins and the command line, without a home."""

    def __init__(self, folder, monkeypatch, capsys):
        self.folder = folder
        self.monkeypatch = monkeypatch
        self.capsys = capsys

    def __call__(self, *words, code):
        command = ["attest", *map(str, words), "--trust", str(self.folder / "trust.json"), "--json"]
        self.monkeypatch.setattr("sys.argv", command)
        self.monkeypatch.setenv("ZKATTEST_HOME", str(self.folder / "no-home"))
        with pytest.raises(SystemExit) as ended:
            main()
        said = self.capsys.readouterr()
        assert int(ended.value.code or 0) == code, said
        return json.loads(said.out)

    def export(self, name, log):
        file = self.folder / name
        file.write_bytes(b"".join(export_lines(log)))
        return file


@pytest.fixture
def auditor(tmp_path, world, monkeypatch, capsys):
    (tmp_path / "trust.json").write_bytes(world.trust.to_bytes())
    return Auditor(tmp_path, monkeypatch, capsys)


def test_one_person_two_values_two_lenders(world, auditor):
    """The provider commits to another salary under another schema, and picks for each lender which one answers."""
    world.publish(SchemaEntry(world.company.name, PAYSLIP))
    first = world.ask("salary > 100000", "ada", relying_party="first-bank").index
    assert auditor("audit", "replay", auditor.export("before.jsonl", world.log), code=0)["clean"]
    world.register(world.company.issue("ada/payslip", {"salary": "58000"}, schema=PAYSLIP))
    second = world.ask("salary > 60000", "ada", schemas=(PAYSLIP,), relying_party="second-bank").index
    folder = auditor.folder / "for the judge"
    words = ("audit", "replay", auditor.export("after.jsonl", world.log), "--evidence", folder)
    told = auditor(*words, "--report", auditor.folder / "report.html", code=1)
    (found,), (drawn,) = told["findings"], told["contradictions"]
    assert (found["code"], found["blame"], found["evidence"]) == ("contradiction", "provider", [first, second])
    assert (drawn["attribute"], drawn["left"]) == ("salary", [])
    assert drawn["subject"] == world.company.handle("ada", "first-bank")
    assert sorted(row["indices"] for row in drawn["rows"]) == [[first], [second]]
    assert ">nothing</text>" in (auditor.folder / "report.html").read_text()
    assert f"entry {first} for first-bank" in found["reason"]
    assert f"entry {second} for second-bank" in found["reason"]
    files = [folder / f"{index}.evidence.json" for index in (first, second)]
    assert sorted(folder.iterdir()) == sorted([*files, folder / "README.txt"])
    assert f"{first}.evidence.json, {second}.evidence.json" in (folder / "README.txt").read_text()
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())
    told = auditor("evidence", "contradict", *files, code=1)  # the judge has these files and the pins, and no log
    assert told["contradict"]
    assert [each["entries"] for each in told["contradictions"]] == [[first, second]]
    assert not auditor("evidence", "contradict", files[0], files[0], code=0)["contradict"]
    files[1].write_bytes(files[1].read_bytes().replace(b"second-bank", b"second-tank"))
    assert "does not hold" in auditor("evidence", "contradict", *files, code=1)["error"]["what"]


class Backdating(Registry):
    """A verifier's registry that says every credential was there from the beginning."""

    def credential(self, credential_id):
        return replace(super().credential(credential_id), index=0)


def test_a_commitment_made_after_the_question(world, auditor):
    """The provider reads the question, then commits to what answers it; the verifier lets it."""
    late = world.company.issue("zoe", {"salary": "150000"})

    class CommitsLate:
        def fetch(self, query):
            world.register(late)
            return world.company.prove(query, late)

    with pytest.raises(CheckFailed, match="logged"):  # an honest verifier
        world.ask("salary > 100000", "zoe", source=CommitsLate())
    late = world.company.issue("yan", {"salary": "150000"})
    honest, world.registry = world.registry, Backdating()
    for logged in world.log.read(0):
        world.registry.recall(logged)
    assert len(honest) == len(world.registry)
    index = world.ask("salary > 100000", "yan", source=CommitsLate()).index
    (found,) = auditor("audit", "replay", auditor.export("log.jsonl", world.log), code=1)["findings"]
    assert (found["index"], found["code"]) == (index, "credential-late")
    assert "logged" in found["reason"]


def test_a_log_that_was_forked_and_shown_to_two_auditors(world, auditor, signer):
    """The operator keeps two histories under one name and key; each of them alone is clean."""
    engine = open_engine(f"sqlite:///{auditor.folder / 'fork.sqlite'}")
    migrate(engine, "verifier")
    with Log(engine, signer, entropy=os.urandom) as other:
        registry = Registry()
        for logged in list(world.log.read(0)):
            publish(decode_logged(logged), log=other, registry=registry, now=logged.appended_at)
        world.ask("salary > 100000", "ada")
        shown = auditor.export("one.jsonl", world.log)
        honest, world.log, world.registry = (world.log, world.registry), other, registry
        world.ask("salary > 100000", "bob")
        hidden = auditor.export("other.jsonl", world.log)
        world.log, world.registry = honest
    engine.dispose()
    kept = [auditor.folder / "one.checkpoint", auditor.folder / "other.checkpoint"]
    for file, checkpoint in zip((shown, hidden), kept, strict=True):
        assert auditor("audit", "replay", file, "--keep", checkpoint, code=0)["clean"]
    error = auditor("audit", "compare", *kept, code=1)["error"]
    assert "forked" in error["what"]
    assert "log operator" in error["remedy"]
    (found,) = auditor("audit", "replay", hidden, "--since", kept[0], code=1)["findings"]
    assert (found["code"], found["blame"]) == ("since", "log operator")
