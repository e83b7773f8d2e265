"""Where Go and its sumdb packages are not installed, these tests are not collected, and the report's end says so."""

import shutil
from pathlib import Path

HERE = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog").is_dir() and shutil.which("go") is not None
collect_ignore = [] if HERE else ["test_go.py"]


def pytest_terminal_summary(terminalreporter):
    if not HERE:
        terminalreporter.write_line("tests/interop: not collected, Go is not installed (make interop installs it)")
