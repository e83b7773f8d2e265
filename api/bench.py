"""Measuring the proof system: milliseconds and, in the same run, multiples of one scalar multiplication (mul).

Machines are shared and noisy, so every run times the unit beside the thing; the ratio is formed run by run, and medians
and minima are taken over the runs.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from itertools import cycle
from statistics import median
from typing import Any, Final

from circuits.arithmetic import Item, prove, verify, verify_batch
from circuits.attributes import Schema
from circuits.compiler import compile_predicate
from circuits.constraints import Circuit
from circuits.gadgets import GE, predicate_circuit, predicate_witness
from circuits.group import Engine, mul_timing
from circuits.pedersen import Opening, commit, random_blinding
from circuits.predicate import parse
from circuits.prover import Wires
from circuits.range import range_circuit, range_witness

RUNS: Final = 25
BATCH: Final = 100
PROOFS_A_RUN: Final = 5
MULS_A_RUN: Final = 40
CONTEXT: Final = b"zkattest/bench"
HIDDEN_WIDTH: Final = 32
GENERATORS: Final = 8 + 80
"""What the largest statement, eight hidden clauses, needs."""
Entropy = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Case:
    """One statement to measure, with honest values."""

    name: str
    circuit: Circuit
    wires: Wires
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Medians over the runs, and minima; milliseconds, and multiples of one scalar multiplication."""

    name: str
    prove_ms: float | None
    verify_ms: float
    batch_ms: float | None
    prove_mul: float | None
    verify_mul: float
    batch_mul: float | None
    bytes: int
    prove_ms_min: float | None
    verify_ms_min: float
    batch_ms_min: float | None


@dataclass(frozen=True, slots=True)
class Series:
    """Timings of one thing over the runs, each with the unit timed beside it; seconds."""

    seconds: tuple[float, ...]
    units: tuple[float, ...]

    @property
    def ms(self) -> float:
        """Median in milliseconds."""
        return round(median(self.seconds) * 1000, 4)

    @property
    def least_ms(self) -> float:
        """Minimum in milliseconds."""
        return round(min(self.seconds) * 1000, 4)

    def shared_by(self, count: int) -> "Series":
        """The same runs, per item of a batch."""
        return Series(tuple(s / count for s in self.seconds), self.units)

    @property
    def muls(self) -> float:
        """Median of the ratios to the unit of the same run."""
        return round(median(s / u for s, u in zip(self.seconds, self.units, strict=True)), 2)


def cases() -> Iterable[Case]:
    """The statements of the published table, in its order."""
    yield _range("range 32", 32, (3_141_592_653,))
    yield _range("range 64", 64, (12_345_678_901_234_567_890,))
    yield _range("range 4x64", 64, (0, 1, 2**63, 2**64 - 1))
    yield _hidden("1 hidden 32", 1)
    yield _hidden("3 hidden 32", 3)
    yield _hidden("8 hidden 32", 8)


def measure(
    case: Case, *, engine: Engine, entropy: Entropy, runs: int = RUNS, progress: Callable[[], None] = lambda: None
) -> Row:
    """Measures proving, verifying and batch verification of 100 proofs of one statement.

    Args:
        case: the statement.
        engine: whose tables are ready.
        entropy: a source of random bytes.
        runs: at least 20 for figures that are published.
        progress: told after each run.
    """
    openings = [Opening(value, random_blinding(entropy=entropy(32))) for value in case.values]
    commitments = tuple(commit(opening, engine=engine) for opening in openings)

    def make() -> bytes:
        return prove(case.circuit, commitments, openings, case.wires, CONTEXT, entropy=entropy(32), engine=engine)

    items: list[Item] = [(case.circuit, commitments, CONTEXT, make()) for _ in range(BATCH)]
    size = len(items[0][3])
    proofs = cycle(proof for _, _, _, proof in items)

    def verify_next() -> None:
        verify(case.circuit, commitments, CONTEXT, next(proofs), engine=engine)

    proving = series(make, PROOFS_A_RUN, runs=runs, progress=progress)
    verifying = series(verify_next, PROOFS_A_RUN, runs=runs, progress=progress)
    batching = series(lambda: verify_batch(items, entropy=entropy(32), engine=engine), 1, runs=runs, progress=progress)
    batching = batching.shared_by(BATCH)
    return Row(
        name=case.name,
        prove_ms=proving.ms,
        verify_ms=verifying.ms,
        batch_ms=batching.ms,
        prove_mul=proving.muls,
        verify_mul=verifying.muls,
        batch_mul=batching.muls,
        bytes=size,
        prove_ms_min=proving.least_ms,
        verify_ms_min=verifying.least_ms,
        batch_ms_min=batching.least_ms,
    )


def measure_reference(
    *,
    engine: Engine,
    reference: Engine,
    entropy: Entropy,
    runs: int = RUNS,
    progress: Callable[[], None] = lambda: None,
) -> Row:
    """Measures verification of a 64-bit range by the reference engine."""
    case = next(case for case in cases() if case.name == "range 64")
    opening = Opening(case.values[0], random_blinding(entropy=entropy(32)))
    commitments = (commit(opening, engine=engine),)
    proof = prove(case.circuit, commitments, [opening], case.wires, CONTEXT, entropy=entropy(32), engine=engine)
    verifying = series(
        lambda: verify(case.circuit, commitments, CONTEXT, proof, engine=reference), 1, runs=runs, progress=progress
    )
    return Row(
        "reference 64", None, verifying.ms, None, None, verifying.muls, None, len(proof), None, verifying.least_ms, None
    )


def series(
    work: Callable[[], object], times: int, *, runs: int = RUNS, progress: Callable[[], None] = lambda: None
) -> Series:
    """Times one thing in a loop of its own, the unit beside every run; the first run warms up and does not count.

    Args:
        work: what to time; another proof at every call, so that no run profits from the one before.
        times: how often a run does it; the run counts as the mean.
        runs: how many.
        progress: told after each.
    """
    seconds, units = [], []

    def many() -> None:
        for _ in range(times):
            work()

    many()
    for _ in range(runs):
        units.append(unit_seconds())
        seconds.append(_seconds(many) / times)
        progress()
    return Series(tuple(seconds), tuple(units))


def unit_seconds() -> float:
    """One scalar multiplication through the binding: the mean of a few dozen, seconds."""
    mul = mul_timing()

    def many() -> None:
        for _ in range(MULS_A_RUN):
            mul()

    return _seconds(many) / MULS_A_RUN


def as_json(rows: Iterable[Row], *, mul_ms: float) -> dict[str, Any]:
    """The table for scripts."""
    return {"mul_ms": round(mul_ms, 5), "rows": [asdict(row) for row in rows]}


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _range(name: str, bits: int, values: tuple[int, ...]) -> Case:
    return Case(name, range_circuit(len(values), bits), range_witness(values, bits), values)


def _hidden(name: str, clauses: int) -> Case:
    """Compile a question of so many comparisons of 32 bits; a single one is hidden here, though none needs to be."""
    values = tuple(100_000 + 1_000 * k for k in range(clauses))
    if clauses == 1:
        atoms = (GE(((0, 1),), 101_500, HIDDEN_WIDTH),)
        return Case(name, predicate_circuit(1, atoms, 0, 0), predicate_witness(values, atoms, 0, 0), values)
    integers = [{"name": f"a{k}", "type": "integer", "min": 0, "max": 2**HIDDEN_WIDTH - 1} for k in range(clauses)]
    schema = Schema.from_json({"schema": "bench", "version": 1, "attributes": integers})
    predicate = parse(" || ".join(f"a{k} >= 101500" for k in range(clauses)), schema)
    relation = compile_predicate(predicate, schema, as_of=0, answer=True)
    return Case(name, relation.circuit, relation.wires(values), values)
