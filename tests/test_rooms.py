"""Every room's README names every file of the room."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OF_A_FOLDER = ("migrations", "cli", "operations")  # named as a folder: one file is like another


def named(room):
    readme = (ROOT / room / "README.md").read_text(encoding="utf-8")
    return {word for span in re.findall(r"`([^`\n]+)`", readme) for word in re.findall(r"\w+", span)}


def files(room, *, deep):
    found = (ROOT / room).rglob("*.py") if deep else (ROOT / room).glob("*.py")
    return {file.stem for file in found if not set(file.relative_to(ROOT).parts) & set(OF_A_FOLDER)} - {"__init__"}


@pytest.mark.parametrize(("room", "deep"), [("circuits", False), ("prover", True), ("verifier", True), ("api", True)])
def test_readme_names_every_file(room, deep):
    assert files(room, deep=deep) - named(room) == set()
