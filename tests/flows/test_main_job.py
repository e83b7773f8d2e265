"""The main job with real processes: import, ask, evidence, replay; and everything that must be refused on the way."""

import json
import time
from pathlib import Path

import pytest

from api.cli.demo_lender import tampered
from circuits.attributes import default_schema
from circuits.encoding import canonical_json
from circuits.jws import peek


def ask(up, predicate, subject="C-1001", *options, code=0):
    return up.attest("ask", predicate, "--subject", subject, "--json", *options, code=code)


YES_AND_NO = [
    ("salary > 100000", "C-1001", "yes"),
    ("salary > 100000", "C-1002", "no"),
    ("60000 < salary", "C-1002", "yes"),
    ("salary <= 100000.00", "C-1001", "no"),
    ("age(date_of_birth) >= 21", "C-1001", "yes"),
    ('date_of_birth < date("1960-01-01")', "C-1003", "yes"),
    ('date_of_birth < date("1960-01-01")', "C-1001", "no"),
    ('country == "US"', "C-1001", "yes"),
    ('country == "US"', "C-1002", "no"),
    ("owns_home", "C-1001", "yes"),
    ("sanctioned", "C-1001", "no"),
    ('employer == "Northwind Dental"', "C-1002", "yes"),
    ('employer == "Northwind Dentist"', "C-1002", "no"),
]


@pytest.mark.parametrize(("predicate", "subject", "expected"), YES_AND_NO)
def test_yes_and_no_are_proven(up, predicate, subject, expected):
    answer = ask(up, predicate, subject).json
    assert (answer["outcome"], answer["answer"]) == ("answer", expected)
    assert answer["proof"]["bytes"] > 300


TO_THE_CENT = [
    ("salary >= 61250.50", "C-1002", "yes"),
    ("salary > 61250.50", "C-1002", "no"),
    ("61250.50 >= salary", "C-1002", "yes"),
    ("salary == 128400", "C-1001", "yes"),
    ("salary != 128400.00", "C-1001", "no"),
]


@pytest.fixture(scope="module")
def unpromised(up, tmp_path_factory):
    """The sample once more, under a schema that promises nobody anything: any threshold may be asked about."""
    schema = default_schema().to_json()
    attributes = [{name: part for name, part in each.items() if name != "disclosure"} for each in schema["attributes"]]
    file = tmp_path_factory.mktemp("unpromised") / "schema.json"
    file.write_text(json.dumps(schema | {"schema": "unpromised", "attributes": attributes}))
    options = ("--schema", file, "--subject", "customer_id", "--rejects", file.with_name("rejects.csv"))
    assert up.attest("prover", "import", up.attest.home.root / "people.csv", *options, "--json").json["issued"] == 300
    return "--schema", "unpromised"


@pytest.mark.parametrize(("predicate", "subject", "expected"), TO_THE_CENT)
def test_where_nothing_is_promised_answers_are_exact_and_elsewhere_there_are_none(
    up, unpromised, predicate, subject, expected
):
    answer = ask(up, predicate, subject, *unpromised).json
    assert (answer["outcome"], answer["answer"]) == ("answer", expected)
    declined = ask(up, predicate, subject, "--schema", "kyc-person", code=3).json["error"]
    assert declined["kind"] == "declined"


def test_people_read_a_big_answer_with_question_time_and_size(up):
    size = ask(up, "salary > 100000").json["proof"]["bytes"]
    ran = up.attest("ask", "salary > 100000", "--subject", "C-1001")
    assert "█" in ran.out
    assert "salary is more than 100,000.00 USD per year" in ran.out
    assert f"{size} bytes" in ran.out
    assert " ms" in ran.out


def test_exit_code_makes_no_a_one_only_when_asked(up):
    assert ask(up, "salary > 100000", "C-1002").code == 0
    assert ask(up, "salary > 100000", "C-1002", "--exit-code", code=1).json["answer"] == "no"
    assert ask(up, "salary > 100000", "C-1001", "--exit-code").json["answer"] == "yes"


def test_undetermined_is_a_three_with_the_reason(up):
    answer = ask(up, "salary > 100000", "C-1003", code=3).json
    assert (answer["outcome"], answer["reason"]) == ("undetermined", "absent")
    told = up.attest("ask", "salary > 100000", "--subject", "C-1003", code=3)
    assert "no such attribute on file" in told.err


def test_an_unknown_subject_is_declined_with_a_three(up):
    assert ask(up, "salary > 100000", "nobody", code=3).json["error"]["kind"] == "declined"


BAD = {
    "syntax": ("salary > > 1", "predicate-syntax", 9),
    "unknown attribute": ("wage > 1", "predicate-type", 0),
    "type": ('salary > date("2001-01-01")', "predicate-type", 9),
    "decimals": ("salary > 1.001", "predicate-type", 9),
}


@pytest.mark.parametrize(("predicate", "kind", "position"), BAD.values(), ids=BAD)
def test_a_bad_predicate_is_a_two_with_a_caret(up, predicate, kind, position):
    assert ask(up, "salary > 25000").code == 0
    error = ask(up, predicate, "C-1001", "--schema", "kyc-person", code=2).json["error"]
    assert error["kind"] == kind
    line, caret = error["where"].split("\n")
    assert line == predicate
    assert caret == " " * position + "^"


@pytest.fixture(scope="module")
def evidence(up, tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("evidence") / "no.evidence.json"
    assert ask(up, "salary > 100000", "C-1002", "--evidence", file).json["answer"] == "no"
    assert up.attest("evidence", "verify", file, "--json").json["verified"]  # what every forgery is made from
    return file


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_evidence_is_verified_offline_by_both_engines(up, evidence, engine):
    told = up.attest("evidence", "verify", evidence, "--engine", engine, "--json").json
    assert (told["verified"], told["answer"], told["engine"]) == (True, "no", engine)


def turned_around(content: bytes) -> bytes:
    return tampered(content)


def another_subject(content: bytes) -> bytes:
    handle = peek(json.loads(json.loads(content)["answer"]["body"])["attestation"])["sub"].encode()
    assert len(handle) == 22
    return content.replace(handle, bytes(reversed(handle)))


def flipped_proof(content: bytes) -> bytes:
    file = json.loads(content)
    body = json.loads(file["answer"]["body"])
    body["proof"] = body["proof"][:50] + ("A" if body["proof"][50] != "A" else "B") + body["proof"][51:]
    file["answer"]["body"] = canonical_json(body).decode()
    return canonical_json(file) + b"\n"


def cut(content: bytes) -> bytes:
    return content[:-100]


def nothing(_content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("mutation", [turned_around, another_subject, flipped_proof, cut, nothing])
def test_tampered_evidence_is_refused_with_a_one(up, evidence, tmp_path, mutation):
    forged = tmp_path / "forged.evidence.json"
    forged.write_bytes(mutation(evidence.read_bytes()))
    assert forged.read_bytes() != evidence.read_bytes()
    ran = up.attest("evidence", "verify", forged, "--json", code=1)
    assert "does not hold" in ran.json["error"]["what"]


def test_evidence_needs_a_pin(up, evidence, tmp_path):
    pinned = up.attest(
        "evidence", "verify", evidence, "--trust", up.attest.home.trust_file, "--home", tmp_path, home=False
    )
    assert "verified" in pinned.out
    ran = up.attest("evidence", "verify", evidence, "--home", tmp_path, "--json", home=False, code=2)
    assert ran.json["error"]["kind"] == "no-trust"
    assert "--trust" in ran.json["error"]["remedy"]


@pytest.fixture(scope="module")
def export(up, evidence, tmp_path_factory) -> Path:
    assert evidence.exists()
    file = tmp_path_factory.mktemp("export") / "log.jsonl"
    assert up.attest("verifier", "log", "export", file, "--json").json["entries"] > 300
    assert up.attest("audit", "replay", file, "--json").json["clean"]  # what every forgery is made from
    return file


def test_the_running_log_replays_clean_with_both_engines(up):
    fast = up.attest("audit", "replay", "--json").json
    slow = up.attest("audit", "replay", "--engine", "reference", "--json").json
    assert fast["clean"]
    assert fast["answers"] >= 1
    assert slow["answers"] >= fast["answers"]


def test_an_export_replays_offline(up, export, tmp_path):
    told = up.attest(
        "audit", "replay", export, "--trust", up.attest.home.trust_file, "--home", tmp_path, "--json", home=False
    )
    assert told.json["clean"]


def edited(lines: list[bytes], kind: str, edit) -> list[bytes]:
    for number, line in enumerate(lines):
        entry = json.loads(line)
        if entry.get("kind") == kind:
            lines[number] = canonical_json(edit(entry)) + b"\n"
            return lines
    raise AssertionError(kind)


def answer_turned(lines):
    def edit(entry):
        body = json.loads(entry["body"])
        body["answer"] = "no" if body["answer"] == "yes" else "yes"
        return entry | {"body": canonical_json(body).decode()}

    return edited(lines, "answer", edit)


def entry_dropped(lines):
    return lines[:5] + lines[6:]


def tail_dropped(lines):
    return lines[:-1]


def salt_changed(lines):
    return edited(lines, "credential", lambda entry: entry | {"salt": "A" * 43})


def note_changed(lines):
    return [lines[0].replace(b"zkattest.local/", b"zkattest.other/"), *lines[1:]]


@pytest.mark.parametrize("mutation", [answer_turned, entry_dropped, tail_dropped, salt_changed, note_changed])
def test_a_tampered_export_is_refused_with_a_one(up, export, tmp_path, mutation):
    forged = tmp_path / "forged.jsonl"
    forged.write_bytes(b"".join(mutation(export.read_bytes().splitlines(keepends=True))))
    assert up.attest("audit", "replay", forged, "--json", code=1).out


def test_since_accepts_a_kept_checkpoint_and_refuses_another_history(up, tmp_path):
    kept = tmp_path / "checkpoint"
    up.attest("audit", "replay", "--keep", kept)
    ask(up, "salary > 100000")
    assert up.attest("audit", "replay", "--since", kept, "--json").json["clean"]
    size = int(kept.read_text().split("\n")[1])
    assert f"it extends the checkpoint of {size:,} entries" in up.attest("audit", "replay", "--since", kept).out
    note = kept.read_text().split("\n")
    assert up.attest("audit", "replay", "--since", tmp_path / "none", "--json", code=2).json["error"]["where"]
    kept.write_text("\n".join([note[0], str(int(note[1]) - 1), *note[2:]]))
    told = up.attest("audit", "replay", "--since", kept, "--json", code=1).json["error"]
    assert (told["kind"], told["where"]) == ("since", f"--since {kept}")
    kept.write_bytes(b"\xff\x00")
    assert up.attest("audit", "replay", "--since", kept, "--json", code=1).json["error"]["kind"] == "since"
    away = tmp_path / "none" / "checkpoint"
    assert up.attest("audit", "replay", "--keep", away, "--json", code=2).json["error"]["where"] == str(away.parent)


def test_importing_again_changes_nothing(up):
    file = up.attest.home.root / "people.csv"
    told = up.attest("prover", "import", file, "--subject", "customer_id", "--json").json
    assert (told["unchanged"], told["issued"], told["rejected"]) == (300, 0, 0)
    assert (told["unused_columns"], told["absent_attributes"]) == ([], [])


def test_a_changed_row_supersedes_and_a_bad_one_is_rejected(up, tmp_path):
    file = tmp_path / "more.csv"
    file.write_text("customer_id,salary\nN-1,50000.00\nN-2,lots\n")
    told = up.attest("prover", "import", file, "--subject", "customer_id", "--json").json
    assert (told["issued"], told["rejected"]) == (1, 1)
    assert Path(told["rejects"]).read_text().splitlines()[1].startswith("3,salary,")
    assert ask(up, "salary > 60000", "N-1").json["answer"] == "no"
    file.write_text("customer_id,salary\nN-1,70000.00\n")
    assert up.attest("prover", "import", file, "--subject", "customer_id", "--json").json["superseded"] == 1
    file.write_text("customer_id,salary,pay\nN-1,70000.00,1\n")
    told = up.attest("prover", "import", file, "--subject", "customer_id", "--json").json
    assert (told["unchanged"], told["unused_columns"], told["absent_attributes"][0]) == (1, ["pay"], "net_worth")
    assert ask(up, "salary > 60000", "N-1").json["answer"] == "yes"


def test_a_file_with_nothing_to_import_is_a_one(up, tmp_path):
    file = tmp_path / "bad.csv"
    file.write_text("customer_id,salary\nN-9,lots\n")
    assert up.attest("prover", "import", file, "--subject", "customer_id", "--json", code=1).json["rejected"] == 1


def test_a_second_up_says_so(up):
    ran = up.attest("up", code=3)
    assert "already running" in ran.err


def test_a_second_lender_gets_a_key_asks_and_loses_it(up, monkeypatch):
    made = up.attest("verifier", "client", "add", "second-bank", "--json").json
    assert made["scopes"] == ["query"]
    monkeypatch.setenv("ZKATTEST_KEY", made["key"])
    question = ("ask", "salary > 100000", "--subject", "C-1001", "--json")
    assert up.attest(*question, code=3).json["error"]["kind"] == "declined"  # what another lender may ask
    question += ("--relying-party", "second-bank")
    assert "grant" in up.attest(*question, code=3).json["error"]["remedy"]
    up.attest.consent("C-1001", "second-bank", "--purpose", "credit-decision")
    assert up.attest(*question).json["answer"] == "yes"
    listed = up.attest("verifier", "client", "list", "--json")
    assert made["key"].rsplit("_", 1)[1] not in listed.out
    mine = {each["id"]: each for each in listed.json["clients"]}[made["id"]]
    assert (mine["owner"], mine["revoked_at"]) == ("second-bank", None)

    assert up.attest("verifier", "client", "revoke", made["id"], "--json").json["revoked"]
    time.sleep(1.5)  # a found key is trusted for a second
    refused = up.attest(*question, code=2)
    assert "unauthenticated" in refused.out + refused.err
    up.attest("verifier", "client", "revoke", made["id"], code=2)
    assert "second-bank" in up.attest("verifier", "client", "list").out


@pytest.mark.parametrize("wrong", [("",), ("bank", "--scope", "prove"), ("bank", "--scope", "everything")])
def test_a_key_that_cannot_be_made_is_a_two(up, wrong):
    up.attest("verifier", "client", "add", *wrong, code=2)
