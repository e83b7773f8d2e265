"""The fuzz target, for a bounded number of inputs; `make fuzz` runs it for minutes.

Where atheris does not exist, the target mutates the same corpus without guidance, so that this test runs everywhere.
"""

import subprocess
import sys
from pathlib import Path

TARGET = Path(__file__).parent / "language.py"
RUNS = 30_000


def _fuzz(folder, *program, runs):
    return subprocess.run(  # noqa: S603  # our own program
        [sys.executable, *program, "--runs", str(runs), "--found", str(folder)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=300,
    )


def test_no_input_breaks_the_language(tmp_path):
    result = _fuzz(tmp_path, str(TARGET), runs=RUNS)
    assert result.returncode == 0, result.stderr[-4000:]
    assert f"Done {RUNS} runs" in result.stderr or "no crash, unguided" in result.stderr


def test_a_language_that_computes_beyond_64_bits_is_found_out(tmp_path):
    broken = (
        f"import sys; sys.path.insert(0, {str(TARGET.parent)!r})\n"
        "import language\n"
        "from circuits.predicate import linear\n"
        "linear.MAX_INTEGER = 2**80\n"
        "language.main(sys.argv[1:])\n"
    )
    result = _fuzz(tmp_path, "-c", broken, runs=200)
    assert result.returncode != 0
    assert "integer overflow" in result.stdout + result.stderr
