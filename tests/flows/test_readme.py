"""The commands of the README, run as written, in order, and what it says they answer."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from api.home.directory import Home
from api.home.services import free_ports

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PROGRAM = ".venv/bin/attest"
PATIENCE = 90


def blocks():
    """Every console block as [(command, what is written below it), ...]."""
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        commands = [part.partition("\n") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
        yield [(line, below) for line, _, below in commands]


COMMANDS = [command for block in blocks() for command in block if command[0].startswith(PROGRAM)]
SAID = re.compile(r"# (YES|NO|DECLINED)(?:: (.*))?$")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a reader stands: the sample is there, and there evidence is written."""
    path = tmp_path_factory.mktemp("readme")
    (path / "api").mkdir()
    shutil.copytree(ROOT / "api" / "samples", path / "api" / "samples")
    return path


@pytest.fixture(scope="module")
def fresh(start, tmp_path_factory):
    """A home of the README's own: it imports for the first time, and leaves a consent behind."""
    verifier, prover = free_ports("127.0.0.1", 2)
    home = Home(tmp_path_factory.mktemp("readme-home") / "home")
    running = start(home, "--verifier-port", verifier, "--prover-port", prover)
    try:
        yield home
    finally:
        running.process.terminate()
        running.process.communicate(timeout=PATIENCE)


@pytest.fixture(scope="module")
def run(fresh, folder):
    def attest(line, *options):
        words = shlex.split(line, comments=True)[1:]
        command = [sys.executable, "-m", "api.cli", *words, "--home", str(fresh.root), *options]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603 - ours

    return attest


def require_as_said(run, line, below):
    """Run a command; compare its answer with the remark beside it, or its output with what is written below it."""
    said = SAID.search(line)
    ran = run(line, *(["--json"] if said else []))
    if said is None:
        assert ran.returncode == 0, (line, ran.stderr)
        if below.strip():
            assert [shown.rstrip() for shown in ran.stdout.splitlines()] == below.rstrip().splitlines()
        return
    told = json.loads(ran.stdout)
    if said[1] == "DECLINED":
        assert (ran.returncode, told["error"]["kind"]) == (3, "declined"), line
        return
    assert (ran.returncode, told.get("answer")) == (0, said[1].lower()), line
    assert [clause["question"] for clause in told.get("failed") or ()] == [said[2]] * ("--why" in line)


def test_every_command_does_what_the_readme_says_one_after_the_other(run):
    assert len(COMMANDS) > 10
    for line, below in COMMANDS:
        require_as_said(run, line, below)


def test_the_readme_shows_what_it_should():
    told = {shlex.split(line, comments=True)[1] for line, _ in COMMANDS}
    assert {"ask", "explain", "evidence", "audit", "prover"} <= told
    assert all(word in README for word in ("at_least(", "debt * 100 <= salary * 40", "||", "!sanctioned", "--why"))
    assert all(
        f"prover {words}" in README for words in ("consent grant", "subject inquiries", "subject token", "erase")
    )


def test_every_other_command_is_a_target_of_make():
    targets = set(re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)[0].split())
    others = [line for block in blocks() for line, _ in block if not line.startswith(PROGRAM)]
    assert others
    assert {line.split()[1] for line in others if line.startswith("make ")} <= targets
    assert all(line.startswith("make ") for line in others)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_every_link_leads_somewhere(link):
    assert (ROOT / link).exists()


def test_the_size_of_the_first_proof_is_so(run):
    told = json.loads(run(f'{PROGRAM} explain "salary > 100000" --no-time --json').stdout)
    assert set(re.findall(r"(\d+)[- ]bytes?", README.partition("console")[0])) == {str(told["proof_bytes"])}
