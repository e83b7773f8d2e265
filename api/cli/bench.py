"""`attest bench`: what proofs cost on this machine, beside the published figures of other systems."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import present
from api.cli.failures import CommandError
from api.cli.options import HomeOption, JsonOption
from api.cli.preparing import prepare_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.progress import Progress, TaskID

    from api.bench import Row

# 64-bit range proof of a committed value, all on one machine: prove ms, verify ms, batch-100 ms a proof, bytes, set-up.
PEERS = (
    ("dalek bulletproofs 5.0, AVX2", "5.94", "1.00", "-", "672", "no"),
    ("dalek bulletproofs 5.0, IFMA", "4.07", "0.741", "-", "672", "no"),
    ("Tari bulletproofs-plus 0.4.1, AVX2", "4.59", "0.786", "0.375", "577", "no"),
    ("Tari bulletproofs-plus 0.4.1, IFMA", "3.01", "0.495", "0.326", "577", "no"),
    ("secp256k1-zkp Bulletproofs++ (unmerged)", "6.06", "0.871", "-", "456", "no"),
    ("secp256k1-zkp Bulletproofs (2018)", "16.3", "2.10", "0.27", "675", "no"),
    ("zksk (OR proofs)", "26.7", "23.2", "-", "8,352", "no"),
    ("sigma-rangeproof", "5,564", "9,741", "-", "233,653", "no"),
    ("AnonCreds v1, one 32-bit predicate", "67.9", "62.9", "-", "4,894", "issuer key"),
    ("Dock BBS + Bulletproofs++ bound check", "570", "164", "-", "1,768", "no"),
    ("snarkjs Groth16, 64-bit comparison", "225", "18.8", "-", "128", "**yes**"),
    ("Longfellow, mdoc age_over_18", "795", "424", "-", "360,212", "no"),
)
LEAST_RUNS = 20


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("bench")(bench)


def bench(
    *,
    runs: Annotated[int, typer.Option("--runs", min=1, max=1000, help="Runs a figure; 20 or more to publish.")] = 25,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help="Only this row; repeatable.", show_default=False)
    ] = None,
    _home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure proving and verification; medians over the runs, as a Markdown table."""
    from statistics import median

    from api import bench as measuring
    from circuits.group import engine

    names = [case.name for case in measuring.cases()] + ["reference 64"]
    chosen = only or names
    if unknown := [name for name in chosen if name not in names]:
        raise CommandError(f"no row is named {unknown[0]!r}", where=f"the rows are: {', '.join(names)}")
    fast = prepare_tables(quiet=as_json)
    fast.prepare(measuring.GENERATORS)
    with present.progress(quiet=as_json) as shown:
        rows = []
        for case in measuring.cases():
            if case.name in chosen:
                task = shown.add_task(case.name, total=3 * runs)
                tick = _ticking(shown, task)
                rows.append(measuring.measure(case, engine=fast, entropy=os.urandom, runs=runs, progress=tick))
        if "reference 64" in chosen:
            task = shown.add_task("reference 64", total=runs)
            slow = engine("reference")
            tick = _ticking(shown, task)
            rows.append(
                measuring.measure_reference(engine=fast, reference=slow, entropy=os.urandom, runs=runs, progress=tick)
            )
    mul_ms = median(measuring.unit_seconds() for _ in range(LEAST_RUNS)) * 1000
    if as_json:
        present.print_json(measuring.as_json(rows, mul_ms=mul_ms))
        return
    for line in markdown(rows, mul_ms=mul_ms, runs=runs):
        present.out.print(line, markup=False)


def markdown(rows: "Sequence[Row]", *, mul_ms: float, runs: int) -> list[str]:
    """The table and the peers' beside it, as lines of Markdown."""
    lines = [
        f"One mul = {mul_ms:.4f} ms on this machine now; medians (minima) of {runs} runs; batch: a proof, of 100.",
        "",
        "| statement | prove ms | verify ms | batch ms | prove mul | verify mul | batch mul | bytes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        times = [
            _pair(row.prove_ms, row.prove_ms_min),
            _pair(row.verify_ms, row.verify_ms_min),
            _pair(row.batch_ms, row.batch_ms_min),
        ]
        ratios = [_number(row.prove_mul), _number(row.verify_mul), _number(row.batch_mul)]
        lines.append(f"| {row.name} | {' | '.join(times)} | {' | '.join(ratios)} | {row.bytes} |")
    lines += [
        "",
        "| others, 64-bit range (one other machine) | prove ms | verify ms | batch ms | bytes | trusted set-up |",
    ]
    lines += ["|---|---|---|---|---|---|"]
    lines += [f"| {' | '.join(peer)} |" for peer in PEERS]
    return lines


def _pair(value: float | None, least: float | None) -> str:
    return "-" if value is None else f"{value:.3f} ({least:.3f})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _ticking(shown: "Progress", task: "TaskID") -> "Callable[[], None]":
    return lambda: shown.advance(task)
