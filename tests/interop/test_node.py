"""A second implementation, in JavaScript without a line of ours, gives every answer of the kit that it supports."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from api.cli.app import main

TOPICS = {"consent", "credential", "encoding", "group", "json", "log", "merkle", "note", "transcript"}
PROGRAM = Path(__file__).with_name("conformer")


@pytest.fixture
def ask(monkeypatch, capsys):
    def run(program, *topics):
        command = [
            f"{shutil.which('node')} {program / 'main.mjs'}",
            "--json",
            *(f"--topic={topic}" for topic in topics),
        ]
        monkeypatch.setattr(sys, "argv", ["attest", "conform", *command])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), json.loads(capsys.readouterr().out)

    return run


def test_it_conforms(ask):
    code, told = ask(PROGRAM)
    assert (code, told["failures"]) == (0, [])
    supported = {name: count for name, count in told["topics"].items() if count["passed"]}
    assert set(supported) == TOPICS
    assert all(count["unsupported"] == 0 for count in supported.values())


@pytest.mark.parametrize(
    ("file", "line", "caught"),
    [
        ("bytes.mjs", 'need(!found.has(name), "a name stands twice");', "json/duplicate"),
        ("signed.mjs", 'need(expires_at > issued_at, "it ends when it begins");', "consent/signed-exp"),
        ("curve.mjs", 'need(x < P, "x is not reduced");', "group/point-x-p-plus-1"),
        ("notes.mjs", 'need(ours.length === 1, "not signed once by this key");', "note/twice"),
        ("tree.mjs", 'need(salt.length === 32, "a salt has 32 bytes");', "log/leaf-salt-short"),
        ("tree.mjs", 'need(index >= 0n && index < size, "no such entry");', "merkle/inclusion-0/leafIdx-plus-@1"),
    ],
)
def test_a_check_that_is_left_out_is_noticed(ask, tmp_path, file, line, caught):
    shutil.copytree(PROGRAM, tmp_path / "conformer")
    source = tmp_path / "conformer" / file
    assert source.read_text().count(line) == 1
    source.write_text(source.read_text().replace(line, ""))
    code, told = ask(tmp_path / "conformer", caught.partition("/")[0])
    assert code == 1
    assert caught in {failure["id"] for failure in told["failures"]}
