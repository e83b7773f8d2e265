"""Measures the replay of a long log: what an answer costs, what a second process gains, and that memory stays flat.

    python tests/bench/replay.py [--answers 100000] [--runs 3] [--folder FOLDER]

Every replay is a process of its own. Writes `tests/bench/replay.md`; missed targets are written down like met ones.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from long_log import PEOPLE, QUESTIONS, LongLog, long_log
from platformdirs import user_cache_path

from api.audit.replaying import ReplayWorkers
from api.tables import fast_engine
from verifier.audit.replay import replay
from verifier.audit.settling import Batch, Waiting
from verifier.checking import refusals
from verifier.trust import Trust

RESULTS = Path(__file__).with_name("replay.md")
BATCH = 100
BATCHES = 30


def one(export: Path, pins: Path, jobs: int) -> dict[str, Any]:
    """Replay once, in this process and so many others; see it all from outside."""
    trust = Trust.from_json(pins.read_bytes())
    fast_engine()
    before, started, helping = time.process_time(), time.perf_counter(), 0.0
    with export.open("rb") as lines:
        if jobs == 1:
            report = replay(lines, trust=trust)
        else:
            with ReplayWorkers(jobs=jobs, engine="fast") as workers:
                report = replay(lines, trust=trust, settler=workers.settle, ahead=workers.ahead)
                helping = sum(map(cpu_seconds, workers.pids))
    wall, cpu = time.perf_counter() - started, time.process_time() - before
    if report.failure is not None:
        raise SystemExit(f"the log does not hold: {report.failure}")
    return {"answers": report.answers, "wall": wall, "cpu": cpu, "helping": helping, "peak_mb": peak_mb()}


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:13]) / os.sysconf("SC_CLK_TCK")


def peak_mb() -> float:
    """This process's greatest resident size; getrusage would tell that of the one it was forked from as well."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def batch_ms(log: LongLog, answers: int) -> float:
    """What a proof of this very log costs in batches of a hundred: median of some, CPU milliseconds."""
    kept: list[Waiting] = []

    def settler(batch: Batch) -> Any:
        kept.extend(batch[: max(0, BATCH * BATCHES - len(kept))])
        return lambda: ()

    replay(log.lines(answers), trust=log.trust, settler=settler)
    took = []
    for start in range(0, len(kept) - BATCH + 1, BATCH):
        proven = [(waiting.statement, waiting.proof) for waiting in kept[start : start + BATCH]]
        started = time.process_time()
        refused = refusals(proven, entropy=os.urandom(32))
        took.append((time.process_time() - started) * 1000 / BATCH)
        if any(refused):
            raise SystemExit("a proof does not hold")
    return median(took)


def measured(export: Path, pins: Path, jobs: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", str(export), str(pins), str(jobs)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this very file
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def row(what: str, target: str, told: str, met: bool | None) -> str:  # noqa: FBT001 - a cell
    return f"| {what} | {target} | {told} | {'' if met is None else 'yes' if met else '**no**'} |"


def speed(files: dict[int, Path], pins: Path, size: int, runs: int, batch: float) -> list[str]:
    """One process and two, in turns, so that whatever else the machine does meets both alike."""
    alone, both = [], []
    for _ in range(runs):
        alone.append(measured(files[size], pins, 1))
        both.append(measured(files[size], pins, 2))
    each = median(run["cpu"] for run in alone) * 1000 / size
    wall = [median(run["wall"] for run in of) for of in (alone, both)]
    gain = median(a["wall"] / b["wall"] for a, b in zip(alone, both, strict=True))
    best = min(run["wall"] for run in alone) / min(run["wall"] for run in both)
    reader = median(run["cpu"] for run in both) * 1000 / size
    more = median((b["cpu"] + b["helping"]) / a["cpu"] for a, b in zip(alone, both, strict=True))
    told = f"{each:.3f} ms, {each / batch:.2f} x {batch:.3f} ms"
    return [
        row("CPU per answer, one process", "<= 2 x batch verification", told, each <= 2 * batch),
        row(f"{size:,} answers, one process", "", f"{wall[0]:.1f} s, {size / wall[0]:,.0f} /s", None),
        row(f"{size:,} answers, two processes", "", f"{wall[1]:.1f} s, {size / wall[1]:,.0f} /s", None),
        row("two processes against one", ">= 1.7 x", f"{gain:.2f} x (of the fastest runs {best:.2f} x)", gain >= 1.7),
        row("CPU of all processes against one", "", f"{more:.2f} x: two cores gain {2 / more:.2f} x at most", None),
        row("CPU per answer of the one that reads", "", f"{reader:.3f} ms: with cores enough, the limit", None),
    ]


def memory(files: dict[int, Path], pins: Path, sizes: list[int]) -> list[str]:
    peaks = [measured(files[size], pins, 1)["peak_mb"] for size in sizes]
    rows = [row(f"peak memory, {n:,} answers", "", f"{mb:.1f} MB", None) for n, mb in zip(sizes, peaks, strict=True)]
    grown = peaks[-1] - peaks[0]
    each = grown * 1024 * 1024 / (sizes[-1] - sizes[0])
    return [*rows, row("grown by", "<= 10 MB", f"{grown:.1f} MB, {each:.0f} bytes an answer", grown <= 10)]


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    found = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    return f"{found[0] if found else platform.machine()}, {len(os.sched_getaffinity(0))} cores"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=user_cache_path("zkattest", appauthor=False) / "bench")
    parser.add_argument("--one", nargs=3)
    chosen = parser.parse_args()
    if chosen.one:
        export, pins, jobs = chosen.one
        sys.stdout.write(json.dumps(one(Path(export), Path(pins), int(jobs))))
        return
    sizes = [chosen.answers // 10, chosen.answers // 2, chosen.answers]
    load_before = os.getloadavg()[0]
    log = long_log(chosen.folder, sizes)
    files = {size: log.write(log.entries.with_name(f"{size}.jsonl"), size) for size in sizes}
    pins = log.entries.with_name("trust.json")
    pins.write_bytes(log.trust.to_bytes())
    fast_engine()
    batch = batch_ms(log, sizes[0])
    lines = [*speed(files, pins, sizes[1], chosen.runs, batch), *memory(files, pins, sizes)]
    for file in files.values():
        file.unlink()
    text = [
        "# Replay of a long log",
        "",
        f"{datetime.now(UTC).date()}, {processor()}, Python {platform.python_version()}, {platform.system()};",
        f"load average before the run {load_before:.1f} (other work on the machine makes everything slower).",
        f"Written by `make bench-replay`: {chosen.answers:,} answers, each proven for itself, about {PEOPLE:,} people,",
        f"{len(QUESTIONS)} questions of one comparison; medians of {chosen.runs} runs, one process and two in turns.",
        "Each person has consented to two of seven lenders. The cost of an answer has everything in it: reading, the",
        "tree, credentials, consents, attestation, consistency, what lenders know.",
        "",
        "| what | target | measured | met |",
        "|---|---|---|---|",
        *lines,
        "",
        "What grows with the log: eight bytes an entry for its time. What grows with the people, up to a limit each:",
        "half a kilobyte for a credential, what has been said about each of its attributes (eight at most), and what",
        "each lender knows from its answers (65,536 pairs of a lender and a person at most).",
        "Caches (4,096 opened credentials, 4,096 consents, 1,024 questions) fill up on the way.",
    ]
    RESULTS.write_text("\n".join(text) + "\n", encoding="utf-8")
    sys.stdout.write("\n".join(text) + "\n")


if __name__ == "__main__":
    main()
