"""The house's rules on who may import whom, and the proof that the checker would notice."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONTRACTS = """
[importlinter]
root_packages =
    circuits
    verifier
include_external_packages = True

[importlinter:contract:1]
name = {name}
type = forbidden
source_modules = {source}
forbidden_modules = {target}
"""


def lint(*arguments):
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(  # noqa: S603 - the linter installed beside this interpreter
        [program, "--no-cache", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_contracts_are_kept():
    done = lint()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(("source", "target"), [("verifier.log.writer", "sqlalchemy"), ("circuits.group", "py_ecc")])
def test_the_checker_sees_what_is_forbidden_elsewhere(tmp_path, source, target):
    config = tmp_path / "contracts.ini"
    config.write_text(CONTRACTS.format(name="must break", source=source, target=target))
    done = lint("--config", str(config))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 broken" in done.stdout


def test_an_auditor_loads_no_database_and_no_web_framework():
    program = (
        "import sys, verifier.audit.replay, verifier.evidence.evidence;"
        "print(sorted({'sqlalchemy', 'sqlmodel', 'fastapi', 'starlette', 'psycopg', 'alembic'} & set(sys.modules)))"
    )
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
