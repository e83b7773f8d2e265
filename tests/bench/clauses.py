"""Does the time of a proof tell which clause of a question failed, or whether one did?

One question of six clauses is proven about eight people: one of whom all is so, one of whom everything fails, and one
for each clause that fails alone. They are proven in turns, in an order drawn anew for every round, and each time is set
against the first person's in the same round, so that whatever else the machine does meets all of them alike. The first
is measured a second time beside them: what differs between those two is noise.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from circuits.arithmetic import prove
from circuits.attributes import default_schema
from circuits.calendar import day_number
from circuits.compiler import compile_predicate
from circuits.group import Engine
from circuits.group.curve import N
from circuits.pedersen import Opening, commit, random_blinding
from circuits.predicate import evaluate, parse
from circuits.predicate.clauses import clauses

QUESTION = (
    'salary > 100000 && age(date_of_birth) >= 21 && country in ["US","CA"]'
    " && debt * 100 <= salary * 40 && !sanctioned && tenure_months >= 24"
)
AS_OF = day_number("2026-11-22")
GOOD = {
    "salary": "150000.00",
    "date_of_birth": "1990-02-03",
    "country": "US",
    "debt": "20000.00",
    "sanctioned": "false",
    "tenure_months": "60",
}
BAD = {
    "salary": "90000.00",
    "date_of_birth": "2015-02-03",
    "country": "DE",
    "debt": "120000.00",
    "sanctioned": "true",
    "tenure_months": "3",
}


@dataclass(frozen=True)
class Timed:
    """Milliseconds of the witness and the proof about one person.

    Attributes:
        failed: what is not so about them, in English.
        answer: the answer.
        bytes: size of the proof.
        ms: of each run.
    """

    failed: str
    answer: bool
    bytes: int
    ms: tuple[float, ...]

    @property
    def median_ms(self) -> float:
        """The run in the middle."""
        return median(self.ms)


def measure(engine: Engine, *, runs: int, progress: Callable[[], None] = lambda: None) -> list[Timed]:
    """Prove the question about all of them in turns; the first once more at the end, for comparison."""
    proofs = list(_people(engine))
    proofs.append(proofs[0])
    times: list[list[float]] = [[] for _ in proofs]
    sizes = [len(make()) for _, _, make in proofs]
    for run in range(runs):
        for place in random.Random(run).sample(range(len(proofs)), len(proofs)):  # noqa: S311  # an order, no secret
            started = time.perf_counter()
            proofs[place][2]()
            times[place].append((time.perf_counter() - started) * 1000)
        progress()
    return [
        Timed(failed, answer, size, tuple(ms))
        for (failed, answer, _), size, ms in zip(proofs, sizes, times, strict=True)
    ]


def report(timed: list[Timed]) -> list[str]:
    """Markdown: the table, and in one line what it says."""
    first, again = timed[0], timed[-1]
    ratios = [median(ms / beside for ms, beside in zip(one.ms, first.ms, strict=True)) for one in timed]
    lines = [
        f"`{QUESTION}`",
        "",
        "| what fails | answer | bytes | median ms | least ms | of the first |",
        "|---|---|---|---|---|---|",
    ]
    for one, ratio in zip(timed, ratios, strict=True):
        name = one.failed if one is not again else "nothing, once more (noise)"
        answer = "YES" if one.answer else "NO"
        lines.append(f"| {name} | {answer} | {one.bytes} | {one.median_ms:.3f} | {min(one.ms):.3f} | {ratio:.3f} |")
    sizes = "One size" if len({one.bytes for one in timed}) == 1 else "NOT one size"
    spread, noise = max(ratios) - min(ratios), abs(ratios[-1] - 1)
    lines += [
        "",
        f"{sizes}. Over {len(first.ms)} rounds the typical proof of any of them is within {spread:.2%} of any other's;",
        f"the same person's two are {noise:.2%} apart.",
    ]
    return lines


def _people(engine: Engine) -> Iterator[tuple[str, bool, Callable[[], bytes]]]:
    schema = default_schema()
    predicate = parse(QUESTION, schema)
    parts = clauses(predicate)
    names = list(GOOD)
    for failing in ([], *([name] for name in names), names):
        texts = {name: (BAD if name in failing else GOOD)[name] for name in names}
        values = {name: schema.attribute(name).encode(text) for name, text in texts.items()}
        truths = [evaluate(part, {name: values[name] for name in part.attributes}, AS_OF) for part in parts]
        failed = "; ".join(part.english() for part, holds in zip(parts, truths, strict=True) if not holds)
        if sum(not holds for holds in truths) > 1:
            failed = f"{sum(not holds for holds in truths)} of the clauses"
        answer = evaluate(predicate, values, AS_OF)
        relation = compile_predicate(predicate, schema, as_of=AS_OF, answer=answer)
        ordered = [values[name] for name in relation.attributes]
        openings = [Opening(value % N, random_blinding(entropy=os.urandom(32))) for value in ordered]
        V = [commit(opening, engine=engine) for opening in openings]

        def make(relation=relation, ordered=ordered, openings=openings, V=V) -> bytes:  # type: ignore[no-untyped-def]  # bound now, not when called
            return prove(
                relation.circuit, V, openings, relation.wires(ordered), b"", entropy=os.urandom(32), engine=engine
            )

        yield failed or "nothing", answer, make
