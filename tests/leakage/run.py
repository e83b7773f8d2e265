"""`make leakage`: many people attacked; the table into circuits/notes/leakage.md, the picture beside it."""

import argparse
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from picture import picture
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import track
from simulation import ATTACKERS, SCHEMA, Summary, promised, simulate

ROOT = Path(__file__).parents[2]
README = ROOT / "circuits" / "notes" / "leakage.md"
PICTURE = README.with_suffix(".svg")
BEGIN, END = "<!-- leakage: written by make leakage -->", "<!-- /leakage -->"


def shown(attacker, width):
    """A width as people say it."""
    if attacker.target == "date_of_birth":
        return f"{width:,} days"
    return f"${width / 100:,.0f}"


def table(summaries):
    """The outcome, as Markdown."""
    lines = [
        "| attacker | after | lenders | asked | paid for | promised width | narrowest left | median left |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in summaries:
        attacker = each.attacker
        promise = shown(attacker, promised(attacker)) if attacker.promised else "none"
        lines.append(
            f"| {attacker.name}: {attacker.how} | {attacker.target} | {attacker.lenders} | {each.asked:.0f} "
            f"| {each.paid:.1f} | {promise} | {shown(attacker, each.least)} | {shown(attacker, each.middle)} |"
        )
    return "\n".join(lines)


def widths(number, people):
    """What one attacker's summary holds, beside the attacker, who does not travel between processes."""
    summary = simulate(ATTACKERS[number], people)
    return summary.asked, summary.paid, summary.refused, summary.widths


def simulated(people, progress=track):
    """Every attacker, in two processes."""
    with ProcessPoolExecutor(2) as pool:
        waiting = [pool.submit(widths, number, people) for number in range(len(ATTACKERS))]
        found = [each.result() for each in progress(waiting, description="attacking")]
    return [Summary(attacker, people, *each) for attacker, each in zip(ATTACKERS, found, strict=True)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1000, help="how many each attacker attacks")
    people = parser.parse_args().people
    summaries: list[Summary] = simulated(people)
    broken = [each for each in summaries if each.attacker.promised and not each.kept]
    said = f"{people:,} people each, {people * len(ATTACKERS):,} attacks, under `{SCHEMA.name}`."
    written = f"{BEGIN}\n{said}\n\n{table(summaries)}\n\n![widths left](leakage.svg)\n{END}"
    content = README.read_text("utf-8")
    README.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: written, content, flags=re.DOTALL), "utf-8")
    PICTURE.write_text(picture(summaries), "utf-8")
    Console().print(Markdown(table(summaries)))
    if broken:
        sys.exit(f"{len(broken)} attackers came below the promised width")


if __name__ == "__main__":
    main()
