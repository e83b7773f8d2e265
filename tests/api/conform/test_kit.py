"""The vectors are what the generator writes, and the format is read strictly."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from api.conform.kit import KitError, default_folder, read_kit, read_topic
from verifier.errors import CheckFailed

ROOT = Path(__file__).parents[3]
GENERATOR = ROOT / "tests" / "vectors" / "generate"
FILE = {
    "format": "zkattest-vectors/1",
    "topic": "t",
    "about": "",
    "shared": {"text": "abcdef", "object": {"x": [1]}},
    "cases": [
        {"id": "t/good", "operation": "o", "input": {"a": {"$shared": "object"}}, "expect": {"accept": {}}, "why": ""},
        {"id": "t/bad", "operation": "o", "input": {}, "expect": {"reject": {}}, "why": "", "mutates": "t/good"},
    ],
}


def test_the_files_are_what_the_generator_writes(tmp_path):
    subprocess.run([sys.executable, GENERATOR, tmp_path], cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - ours
    written, kept = (
        {file.name: file.read_text() for file in folder.iterdir()} for folder in (tmp_path, default_folder())
    )
    changed = sorted(name for name in written.keys() | kept.keys() if written.get(name) != kept.get(name))
    assert changed == [], "python tests/vectors/generate writes them anew"


def test_refusals_stand_beside_what_is_accepted():
    cases = read_kit(default_folder())
    assert len(cases) > 1600
    operations = Counter((case.operation, case.accepted) for case in cases)
    assert all(operations[name, True] for name, accepted in operations if not accepted)
    baselines = {case.id: case for case in cases if case.accepted}
    for case in cases:
        assert case.why
        if case.mutates is not None:
            assert baselines[case.mutates].operation == case.operation
        elif not case.accepted:
            assert case.topic == "merkle"  # as published


def rules(family=CheckFailed):
    """Every rule, and those that are a kind of another."""
    return {each for rule in family.__subclasses__() for each in (rule, *rules(rule))}


def test_every_rule_for_an_answer_is_broken_somewhere():
    told = {case.told.get("code") for case in read_kit(default_folder()) if case.operation == "answer.check"}
    assert len(rules()) > len(CheckFailed.__subclasses__())
    assert told >= {rule.code for rule in rules()}
    assert "attestation" in told


def test_every_part_of_a_consent_is_gone_against_somewhere():
    """Whatever it goes against: `consent-` and the member of the query, or what the consent says."""
    told = {case.told.get("code") for case in read_kit(default_folder()) if case.operation == "consent.require"}
    members = {"consent", "provider", "subject", "relying-party", "audience", "purpose"}
    limits = {"time", "reasons", "attributes", "thresholds"}
    assert told - {None} == {f"consent-{name}" for name in members | limits}


def changed(place, change):
    file = json.loads(json.dumps(FILE))
    change(file if place is None else file["cases"][place])
    return json.dumps(file).encode()


def test_what_is_shared_is_put_in_its_place(tmp_path):
    good, bad = read_topic(changed(1, lambda case: case.update(input={"b": [EDIT]})), "file")
    assert good.input == {"a": {"x": [1]}}
    assert bad.input == {"b": ["a-bXYef"]}
    assert (good.accepted, bad.accepted, bad.mutates) == (True, False, "t/good")
    (tmp_path / "t.json").write_bytes(changed(None, lambda _file: None))
    assert [case.id for case in read_kit(tmp_path)] == ["t/good", "t/bad"]


EDIT = {"$shared": "text", "edits": [[1, 0, "-"], [2, 2, "XY"]]}
MALFORMED = {
    "format": changed(None, lambda file: file.update(format="zkattest-vectors/2")),
    "member": changed(None, lambda file: file.update(more=1)),
    "missing": changed(None, lambda file: file.pop("about")),
    "shared": changed(None, lambda file: file.update(shared=[])),
    "float": b'{"format":1.5}',
    "list": b"[]",
    "cut": changed(None, lambda _file: None)[:-1],
    "case": changed(0, lambda case: case.pop("why")),
    "case member": changed(0, lambda case: case.update(more=1)),
    "topic": changed(0, lambda case: case.update(id="u/good")),
    "both": changed(0, lambda case: case.update(expect={"accept": {}, "reject": {}})),
    "neither": changed(0, lambda case: case.update(expect={})),
    "unknown": changed(0, lambda case: case.update(input={"$shared": "nothing"})),
    "edit of no text": changed(0, lambda case: case.update(input=EDIT | {"$shared": "object"})),
    "half an edit": changed(0, lambda case: case.update(input={"$shared": "text", "at": 2})),
    "two of one name": changed(1, lambda case: case.update(id="t/good")),
    "mutates nothing": changed(1, lambda case: case.update(mutates="t/bad")),
    "no case": changed(None, lambda file: file.update(cases=[])),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_in_the_format_is_refused(tmp_path, name):
    (tmp_path / "t.json").write_bytes(MALFORMED[name])
    with pytest.raises(KitError):
        read_kit(tmp_path)
