"""Measure how long the slowest texts take: `python tests/circuits/cel/slowest.py [texts]`, or `make slowest`.

Time is that of one core, and the smallest of several runs, since a machine has other things to do. The test suite
asserts no times: tests/circuits/test_predicate_refusals.py counts calls instead.
"""

import sys
import time
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent))

from agreement import World
from mutations import mutated
from random_questions import random_question

from circuits.attributes import default_schema
from circuits.errors import PredicateError
from circuits.predicate import parse

REPEATED = 7
SHOWN = 5
HOSTILE = {
    "a name of 10,000 letters": "a" * 10_000,
    "a million digits": "salary > " + "9" * 10**6,
    "1,000 parentheses": "(" * 1000,
    "1,000 negations": "!" * 1000,
    "1,000 minus signs": "salary > " + "-" * 1000,
    "1,000 quotes": "'" * 1000,
    "1,000 backslashes": "country == '" + "\\" * 1000,
    "a word of 1,000 letters": "country == '" + "x" * 1000 + "'",
    "80 calls within one another": "at_least(1, " * 80,
    "85 questions in a row": "&&".join(["salary"] * 85),
    "31 smallest decimals multiplied": "salary > " + "*".join(["0.000000000000000001"] * 31),
    "as many, with an attribute": "salary * " + "*".join(["0.000000000000000001"] * 30) + " > 1",
    "31 largest integers multiplied": "salary > " + "*".join(["9223372036854775807"] * 31),
    "a list of 64 and no attribute after it": "salary in [" + "5," * 63 + "5] && x",
    "16 sums, the last one wrong": " || ".join(["salary" + " + 1" * 4 + " > 1"] * 15 + ["x > 5"]),
    "16 products, the last one wrong": " || ".join(["salary * 2 * 2 * 0.5 * 2 > debt * 3"] * 15 + ["x > 5"]),
    "60 words, one unknown": "employer in [" + ",".join(['"\\u00e9"'] * 60) + "] && x",
}


def measured(text: str, world: World | None = None) -> tuple[float, bool]:
    """Return the milliseconds a text takes, and whether it is accepted."""
    best, accepted = float("inf"), True
    schema = default_schema() if world is None else world.schema
    for _ in range(REPEATED):
        start = time.process_time_ns()
        try:
            parse(text, schema)
        except PredicateError:
            accepted = False
        best = min(best, (time.process_time_ns() - start) / 1e6)
    return best, accepted


def main() -> None:
    """Print the slowest of so many mutated texts, and every hostile one."""
    texts = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
    rng = Random(1)  # noqa: S311  # reproducible, not secret
    times: list[tuple[float, bool, str]] = []
    for number in range(texts):
        if number % 40 == 0:
            world, last = World.random(rng), "true"
        text = random_question(rng, world.schema, world.as_of.toordinal()).text(rng)
        mutant = mutated(rng, text, last)
        times.append((*measured(mutant, world), mutant))
        last = text
    times.sort(key=lambda one: -one[0])
    middle = times[len(times) // 2][0]
    sys.stdout.write(f"{texts} mutated texts: median {middle:.3f} ms\n")
    for accepted in (True, False):
        sys.stdout.write(f"slowest {'accepted' if accepted else 'refused'}:\n")
        for taken, _, text in [one for one in times if one[1] is accepted][:SHOWN]:
            sys.stdout.write(f"  {taken:.3f} ms  {len(text)} characters  {text[:60]!a}\n")
    sys.stdout.write("hostile, under the default schema:\n")
    for name, text in HOSTILE.items():
        taken, accepted = measured(text)
        sys.stdout.write(f"  {taken:.3f} ms  {'accepted' if accepted else 'refused'}  {name}\n")


if __name__ == "__main__":
    main()
