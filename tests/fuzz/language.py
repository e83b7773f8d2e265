"""Coverage-guided fuzzing of the language: parse, type, canonical text, English, and whether CEL accepts it too.

    python tests/fuzz/language.py --seconds 300        (or --runs N, the same with the same --seed)

Every input is a text under one rich schema; an input is a crash if the language raises anything but its own errors,
points outside the text, accepts what CEL refuses, refuses for no documented reason, words two questions alike, or if a
canonical text does not mean the same. Exits with 0 if none was found; a crash is printed, with the input.

atheris instruments what is imported, so this is a program of its own. It exists for Linux on x86-64 only; elsewhere the
same inputs are mutated at random, without guidance: a weaker search for the same defects, with the same exit code.
"""

import argparse
import sys
import tempfile
import time
from contextlib import nullcontext
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from random import Random

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
sys.path.insert(0, str(HERE.parent / "circuits" / "cel"))  # the comparison with CEL is plain modules there

GUIDED = find_spec("atheris") is not None
if GUIDED:
    import atheris

with atheris.instrument_imports(include=["circuits.predicate"]) if GUIDED else nullcontext():
    from agreement import Count, World, compare_text
    from cel_oracle import Cel, Money
    from mutations import mutated

    from circuits.attributes import Schema

AS_OF = date(2026, 11, 22)
REMEMBERED = 20_000
SCHEMA = {
    "schema": "fuzz",
    "version": 1,
    "attributes": [
        {"name": "salary", "type": "money", "currency": "USD", "period": "year", "max": "10000000.00"},
        {"name": "debt", "type": "money", "currency": "USD", "min": "-5.00", "max": "92233720368547758.07"},
        {"name": "yen", "type": "money", "currency": "JPY", "max": "1000"},
        {"name": "n", "type": "integer", "min": "-9", "max": "9"},
        {"name": "big", "type": "integer", "min": "-9223372036854775807", "max": "9223372036854775807"},
        {"name": "born", "type": "date"},
        {"name": "date", "type": "date", "min": "0001-01-01", "max": "9999-12-31"},
        {"name": "country", "type": "enum", "values": ["CA", "US", "Zo\u00eb", 'a"b\\']},
        {"name": "b", "type": "bool"},
        {"name": "type", "type": "text"},
    ],
}


class Target:
    """What is run with every input."""

    def __init__(self) -> None:
        schema = Schema.from_json(SCHEMA)
        self.world = World(schema, AS_OF, {money: Cel(schema, money, AS_OF) for money in Money})
        self.count = Count()

    def __call__(self, raw: bytes) -> None:
        if len(self.world.worded) > REMEMBERED:
            self.world.worded.clear()
        text = raw.decode("utf-8", "surrogateescape")
        compare_text(Random(len(raw)), self.world, text, self.count)  # noqa: S311  # reproducible, not secret


def main(arguments: list[str] | None = None) -> None:
    """Fuzz as the command line says; leaves by an exception or libFuzzer's exit code if there was a crash."""
    parser = argparse.ArgumentParser(description="fuzz the predicate language")
    parser.add_argument("--seconds", type=int, default=0, help="how long at most")
    parser.add_argument("--runs", type=int, default=0, help="how many inputs at most")
    parser.add_argument("--seed", type=int, default=1)
    found = Path(tempfile.gettempdir()) / "zkattest-fuzz"
    parser.add_argument("--found", type=Path, default=found, help="folder where inputs that reach new code are kept")
    options = parser.parse_args(arguments)
    if not (options.seconds or options.runs):
        parser.error("say --seconds or --runs")
    options.found.mkdir(parents=True, exist_ok=True)
    target = Target()
    if not GUIDED:
        run_unguided(target, options)
        return
    flags = [f"-seed={options.seed}", "-max_len=1100", f"-artifact_prefix={options.found}/", "-print_final_stats=1"]
    flags += [f"-max_total_time={options.seconds}"] * bool(options.seconds) + [f"-runs={options.runs}"] * bool(
        options.runs
    )
    atheris.Setup([sys.argv[0], *flags, f"-dict={HERE / 'words.dict'}", str(options.found), str(CORPUS)], target)
    atheris.Fuzz()


def run_unguided(target: Target, options: argparse.Namespace) -> None:
    """Run the corpus, then mutations of it, on platforms without atheris."""
    texts = [path.read_text("utf-8") for path in sorted(CORPUS.iterdir())]
    rng, end = Random(options.seed), time.monotonic() + (options.seconds or 10**9)  # noqa: S311  # reproducible
    for number in range(options.runs or 10**12):
        if time.monotonic() > end:
            break
        text = texts[number] if number < len(texts) else mutated(rng, rng.choice(texts), rng.choice(texts))
        target(text.encode("utf-8", "surrogateescape" if text.isascii() else "surrogatepass"))
    sys.stderr.write(f"no crash, unguided: {target.count}\n")


if __name__ == "__main__":
    main()
