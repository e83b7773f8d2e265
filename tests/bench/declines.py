"""Measures how long each kind of refusal takes, at the verifier's door: alone, and among others who are answered.

    python tests/bench/declines.py [--each 200] [--answering 4]

All kinds are asked in one shuffled order. Writes `tests/bench/declines.md`, whatever comes out.
"""

import argparse
import io
import os
import platform
import random
import sys
import tempfile
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from typing import Any

from api.tables import GENERATORS
from circuits.group import use_tables

sys.path.insert(0, str(Path(__file__).parents[1] / "api"))  # the tests are no package
import declining  # type: ignore[import-not-found]  # found by the path above
from conftest import World  # type: ignore[import-not-found]  # found by the path above

RESULTS = Path(__file__).with_name("declines.md")
CLIENTS = 8
KOLMOGOROV = 1.95
"""Times sqrt(1/n + 1/m): two samples of one distribution are further apart once in a thousand pairs."""

LEGEND = (
    "*later* is how often one of this kind takes longer than one of another kind: 0.5 tells nothing. *apart* is the",
    "greatest distance of its distribution function from that of all others; two samples of one and the same",
    "distribution are further apart than *by chance* once in a thousand.",
)


def measure(world: Any, bodies: Mapping[str, Any], each: int) -> dict[str, list[float]]:
    """Milliseconds that every kind took, each that often, by several clients at once."""
    order = [name for name in bodies for _ in range(each)]
    random.shuffle(order)
    took: dict[str, list[float]] = {name: [] for name in bodies}

    def ask(name: str) -> None:
        started = time.perf_counter()
        status = world.lender.post("/v1/queries", json=bodies[name]).status_code
        took[name].append((time.perf_counter() - started) * 1000)
        if status != 403:
            raise SystemExit(f"{name}: HTTP {status}")

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(ask, order))
    return took


@contextmanager
def answered(world: Any, clients: int) -> Iterator[list[int]]:
    """So many clients ask and are answered, as fast as they can; the list has one member for each answer."""
    over, told = threading.Event(), []
    body = {"predicate": declining.QUESTION, "consent": world.consent("fine")}

    def ask() -> None:
        with world.verifier_server.client(world.verifier.lender) as lender:
            while not over.is_set():
                told.append(lender.post("/v1/queries", json=body).status_code)

    with ThreadPoolExecutor(max(clients, 1)) as threads:
        for _ in range(clients):
            threads.submit(ask)
        yield told
        over.set()


def apart(one: list[float], other: list[float]) -> float:
    """The greatest distance of two samples' distribution functions (Kolmogorov-Smirnov)."""
    one, other = sorted(one), sorted(other)
    return max(abs(bisect_right(one, x) / len(one) - bisect_right(other, x) / len(other)) for x in one + other)


def later(one: list[float], other: list[float]) -> float:
    """How often one of the first takes longer than one of the second, of all pairs (Mann-Whitney)."""
    other = sorted(other)
    return sum(bisect_right(other, x) for x in one) / (len(one) * len(other))


def table(took: dict[str, list[float]]) -> list[str]:
    """A line for each kind, beside all others."""
    lines = [
        "| kind | p5 ms | p50 ms | p95 ms | later | apart | by chance |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, mine in took.items():
        others = [each for kind, times in took.items() if kind != name for each in times]
        quantiles = " | ".join(f"{sorted(mine)[int(share * (len(mine) - 1))]:.1f}" for share in (0.05, 0.5, 0.95))
        chance = KOLMOGOROV * sqrt(1 / len(mine) + 1 / len(others))
        shown = f"{later(mine, others):.3f} | {apart(mine, others):.3f} | {chance:.3f}"
        lines.append(f"| {name} | {quantiles} | {shown} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--each", type=int, default=200)
    parser.add_argument("--answering", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zkattest-") as folder:
        tables = Path(folder) / "tables"
        tables.mkdir()
        use_tables(tables).prepare(GENERATORS)
        quiet = redirect_stdout(io.StringIO())
        with quiet, World(Path(folder), tables, prover={"proving_timeout": 60}, prover_timeout=60).running() as world:
            bodies = declining.kinds(world)
            alone = measure(world, bodies, options.each)
            with answered(world, options.answering) as told:
                among = measure(world, bodies, options.each)
    where = f"{os.cpu_count()} cores of {platform.machine()}, Python {platform.python_version()}"
    report = [
        "# How long each refusal takes",
        "",
        f"Made by `make bench-declines` on {datetime.now(UTC):%Y-%m-%d}, on {where}.",
        "Prover and verifier are in one process, on sockets and SQLite.",
        f"{CLIENTS} clients ask every kind {options.each} times, shuffled, and wait for what the verifier says.",
        "",
        *LEGEND,
        "",
        "## Nobody else asks",
        "",
        *table(alone),
        "",
        f"## While {options.answering} others are answered ({len(told)} answers meanwhile)",
        "",
        *table(among),
    ]
    RESULTS.write_text("\n".join(report) + "\n")
    print("\n".join(report))  # noqa: T201 - a script


if __name__ == "__main__":
    main()
