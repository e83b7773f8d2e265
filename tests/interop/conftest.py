"""Where Go with its sumdb packages, or Node, is missing, its tests are not collected; the end of the report says so."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog").is_dir() and shutil.which("go") is not None
NODE = shutil.which("node") is not None
collect_ignore = ([] if HERE else ["test_go.py", "test_tlog_proof.py"]) + ([] if NODE else ["test_node.py"])


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Builds one of the programs here."""
    folder = tmp_path_factory.mktemp("go")
    env = os.environ | {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(folder / "cache")}

    def build(source):
        program = folder / Path(source).stem
        command = ["go", "build", "-o", program, Path(__file__).with_name(source)]
        subprocess.run(command, env=env, check=True)  # noqa: S603 - our own source, the Go on the path
        return program

    return build


def pytest_terminal_summary(terminalreporter):
    if not HERE:
        terminalreporter.write_line("tests/interop: not collected, Go is not installed (make interop installs it)")
    if not NODE:
        terminalreporter.write_line("tests/interop: the second implementation was not asked, Node is not installed")
