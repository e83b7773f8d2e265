"""Load as a lender makes it: thousands of people who consented, each asked a few questions, no one question twice.

The questions are one comparison each, at thresholds that the default schema offers and that lie further apart than what
it promises to leave: whichever a person has been asked, the next may be asked too. So a decline is an error here.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from api import samples
from api.cli.connection import connect
from api.cli.prover import import_into
from api.home.directory import Home
from api.peers.lender_client import Refusal, ServiceClient, Unreachable
from api.prover.imports import Summary
from api.prover.sinks import consents_of
from circuits.attributes import default_schema

PEOPLE = 3_000
CLIENTS = 16
RUNGS = (30_000, 40_000, 50_000, 60_000, 80_000, 100_000, 120_000, 150_000, 200_000, 250_000)
QUESTIONS = (
    *(f"salary > {rung}" for rung in RUNGS),
    *(f"net_worth >= {100_000 * step}" for step in range(10)),
    *(f"debt < {25_000 * (step + 1)}" for step in range(8)),
    *(f"tenure_months >= {12 * (step + 1)}" for step in range(10)),
    "age(date_of_birth) >= 21",
    "age(date_of_birth) >= 65",
)


@dataclass
class Timed:
    """What asking came to.

    Attributes:
        seconds: of each question.
        wrong: those that were not answered yes or no, by what they were.
    """

    seconds: list[float] = field(default_factory=list)
    wrong: dict[str, int] = field(default_factory=dict)

    @property
    def errors(self) -> int:
        """How many questions were not answered."""
        return sum(self.wrong.values())

    def add(self, other: "Timed") -> None:
        """Add what another client had."""
        self.seconds += other.seconds
        for name, times in other.wrong.items():
            self.wrong[name] = self.wrong.get(name, 0) + times

    def quantile(self, share: float) -> float:
        """The latency that so many did not exceed, milliseconds."""
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(share * len(self.seconds)))] * 1000

    def told(self) -> str:
        """The errors, for the table."""
        kinds = ", ".join(f"{times} {name}" for name, times in sorted(self.wrong.items()))
        return f"{self.errors} of {len(self.seconds):,}" + (f": {kinds}" if kinds else "")


class Load:
    """Questions about people in turn: of everybody one, then of everybody another; whoever asks takes the next."""

    def __init__(self, consents: list[str]) -> None:
        """Args: the tokens of the people's consents."""
        self._consents = consents
        self._number = count()

    def ask(self, client: ServiceClient, more: Callable[[int], bool]) -> Timed:
        """Ask one question after the other for as long as `more` of their number says so."""
        timed, asked = Timed(), 0
        while more(asked):
            number = next(self._number)
            person, step = number % len(self._consents), number // len(self._consents)
            # Neighbours are asked different things; 7 and the number of questions have no common divisor.
            question = QUESTIONS[(7 * step + person) % len(QUESTIONS)]
            started = time.perf_counter()
            try:
                outcome = client.ask(question, consent=self._consents[person])["outcome"]
            except Refusal as error:
                outcome = error.name
            except Unreachable:
                outcome = "unreachable"
            timed.seconds.append(time.perf_counter() - started)
            if outcome != "answer":
                timed.wrong[outcome] = timed.wrong.get(outcome, 0) + 1
            asked += 1
        return timed

    def of_all_clients(self, home: Home, seconds: float) -> tuple[Timed, float]:
        """All clients at once for so long: what they had, and answers a second."""
        together, guard = Timed(), threading.Lock()
        started = time.perf_counter()

        def client() -> None:
            with connect(home) as lender:
                found = self.ask(lender, lambda _asked: time.perf_counter() - started < seconds)
            with guard:
                together.add(found)

        threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elapsed = time.perf_counter() - started
        return together, (len(together.seconds) - together.errors) / elapsed


def import_people(
    home: Home, name: str, number: int, *, consenting: bool, environment: dict[str, str]
) -> tuple[Summary, int | None]:
    """Import so many people of eight attributes, all but the employer; see import_into."""
    file = home.root / f"{name}.csv"
    header, *rows = samples.people().decode().splitlines()
    full = [row.split(",", 1)[1].rsplit(",", 1)[0] for row in rows if "" not in row.split(",")]
    lines = [f"{name}-{n},{full[n % len(full)]}" for n in range(number)]
    file.write_text("\n".join([header.rsplit(",", 1)[0], *lines]) + "\n")
    return import_into(
        home,
        file,
        schema=default_schema(),
        subject=samples.SUBJECT,
        mapping=(),
        rejects=Path(f"{file}.rejects"),
        consenting=consenting,
        environment=environment,
        quiet=True,
    )


def populated(home: Home, people: int, *, environment: dict[str, str]) -> Load:
    """Import people who consent to the home's lender, into the running pair of services."""
    import_people(home, "load", people, consenting=True, environment=environment)
    with consents_of(home, environment=environment) as consents:
        return Load([each.consent.token for each in consents.listing()])
