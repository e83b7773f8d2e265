"""`make leakage`: many people attacked; the table into prover/README.md, the picture beside it."""

import argparse
import re
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from picture import picture
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import track
from simulation import ATTACKERS, attacks, promised, summed

ROOT = Path(__file__).parents[2]
README = ROOT / "prover" / "README.md"
PICTURE = README.with_name("leakage.svg")
BEGIN, END = "<!-- leakage: written by make leakage -->", "<!-- /leakage -->"
AT_ONCE = 250
AT_A_PROVER = 25


def shown(attacker, width):
    """A width as people say it."""
    if attacker.target == "date_of_birth":
        return f"{width:,.0f} days"
    return f"${width / 100:,.0f}"


def table(summaries):
    """The outcome, as Markdown."""
    lines = [
        "| attacker | after | lenders | people | asked | answered | told new | promised | narrowest left | median |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for each in summaries:
        attacker = each.attacker
        promise = shown(attacker, promised(attacker)) if attacker.promised else "none"
        name = f"**{attacker.name}**" if attacker.prover else attacker.name
        paid = "" if attacker.prover else f"{each.paid:.1f}"
        lines.append(
            f"| {name}: {attacker.how} | {attacker.target} | {attacker.lenders} | {each.people:,} | {each.asked:.0f} "
            f"| {each.answered:.1f} | {paid} | {promise} | {shown(attacker, each.least)} "
            f"| {shown(attacker, each.middle)} |"
        )
    return "\n".join(lines)


def chunk(number, seeds):
    """Some of one attacker's people; the attacker itself does not travel between processes."""
    return number, attacks(ATTACKERS[number], seeds)


def simulated(people, at_provers, progress=track):
    """Every attacker, in two processes; the slow ones first."""
    found = {number: [] for number in range(len(ATTACKERS))}
    with ProcessPoolExecutor(2) as pool:
        waiting = []
        for number, attacker in sorted(enumerate(ATTACKERS), key=lambda item: not item[1].prover):
            total, size = (at_provers, AT_A_PROVER) if attacker.prover else (people, AT_ONCE)
            starts = range(0, total, size)
            waiting += [pool.submit(chunk, number, range(at, min(at + size, total))) for at in starts]
        for done in progress(as_completed(waiting), description="attacking", total=len(waiting)):
            number, outcomes = done.result()
            found[number] += outcomes
    return [summed(attacker, found[number]) for number, attacker in enumerate(ATTACKERS)]


def write(summaries):
    """Put the outcome into the README, and the picture beside it."""
    attacked = sum(each.people for each in summaries)
    said = f"{attacked:,} attacks on people under `kyc-person`, written by `make leakage`."
    written = f"{BEGIN}\n{said}\n\n{table(summaries)}\n\n![What attackers are left with]({PICTURE.name})\n{END}"
    content = README.read_text("utf-8")
    README.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: written, content, flags=re.DOTALL), "utf-8")
    PICTURE.write_text(picture(summaries), "utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=2000, help="how many each attacker attacks by the rules")
    parser.add_argument("--at-provers", type=int, default=100, help="how many each attacker attacks at a prover")
    given = parser.parse_args()
    summaries = simulated(given.people, given.at_provers)
    write(summaries)
    Console().print(Markdown(table(summaries)))
    broken = [each for each in summaries if each.attacker.promised and not each.kept]
    if broken:
        sys.exit(f"{len(broken)} attackers came below the promised width")


if __name__ == "__main__":
    main()
