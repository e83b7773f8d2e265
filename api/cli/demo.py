"""`attest demo`: the whole story in half a minute, with two real services, in a home that is gone afterwards."""

import json
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer
from rich.markup import escape
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from api.cli import present
from api.cli.failures import CommandError, ExitCode
from api.cli.options import HomeOption, JsonOption
from api.cli.preparing import prepare_tables

if TYPE_CHECKING:
    from api.home.directory import Home
    from api.peers.lender_client import ServiceClient
    from verifier.trust import Trust

QUESTIONS: Final = (
    ("C-1001", "salary > 100000"),
    ("C-1002", "salary > 100000"),
    ("C-1001", "age(date_of_birth) >= 21"),
    ("C-1003", 'date_of_birth < date("1960-01-01")'),
    ("C-1003", 'country == "US"'),
    ("C-1001", "sanctioned"),
    ("C-1001", 'employer == "Harbour Freight Analytics"'),
    ("C-1003", "salary > 100000"),
)
COMPOUND: Final = (
    (
        'salary > 60000 && tenure_months >= 24 && country in ["US", "CA"]',
        (
            ("C-1001", "all three hold"),
            ("C-1002", "only tenure_months fails"),
            ("C-1007", "only country fails"),
            ("C-1046", "only salary fails"),
        ),
    ),
    ("debt * 100 <= salary * 40", (("C-1002", "debt is 39.3 % of salary"), ("C-1015", "debt is 62.7 % of salary"))),
    (
        "at_least(2, salary > 50000, tenure_months >= 24, owns_home)",
        (("C-1001", "all three hold"), ("C-1002", "only salary holds")),
    ),
    (
        "(salary > 100000 || net_worth >= 250000) && !sanctioned",
        (("C-1001", "both clauses hold"), ("C-1008", "sanctioned")),
    ),
)
"""Questions, whom they are asked about, and what of that only the provider knows."""
ROUNDS: Final = 7
ERASED: Final = "C-1015"
"""Who is erased in the end."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("demo")(demo)


def demo(*, _home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Watch it work: two services, 300 people, questions, evidence, tampering, replay, erasure. Leaves nothing."""
    from api.cli.up import ending_on_signals
    from api.home.directory import Home

    started = time.monotonic()
    with ending_on_signals(ExitCode.INTERRUPTED), tempfile.TemporaryDirectory(prefix="zkattest-demo-") as path:
        story = _Story(Home(Path(path) / "home"), quiet=as_json)
        told = story.run()
    told["seconds"] = round(time.monotonic() - started, 1)
    if as_json:
        present.print_json(told)
        return
    present.out.print(Rule(style="dim"))
    present.out.print(f"[bold green]done[/] in {told['seconds']} s; both services stopped, nothing left behind.")
    present.out.print("Keep it running and ask your own questions: [bold]attest up[/]")


class _Story:
    """The demo, chapter by chapter."""

    def __init__(self, home: "Home", *, quiet: bool) -> None:
        self._home = home
        self._quiet = quiet
        self._consents: dict[str, str] = {}

    def run(self) -> dict[str, Any]:
        from api.cli.connection import connect
        from api.cli.trust import read_trust
        from api.home.bootstrap import bootstrap
        from api.home.services import Services, free_ports

        self._chapter("Two services", "a KYC provider and an independent verifier")
        prepare_tables(quiet=self._quiet)
        self._home.create()
        first, second = free_ports("127.0.0.1", 2)
        # Nobody's databases and settings but its own: the demonstration leaves nothing behind anywhere.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ZKATTEST_")}
        config = bootstrap(self._home, verifier_port=first, prover_port=second, environment=environment)
        with present.waiting("starting", quiet=self._quiet):
            services = Services.start(self._home, environment=environment)
        with services, connect(self._home) as lender:
            self._say(f"verifier {config.verifier.url}   prover {config.prover.url}")
            self._say(f"log {config.origin}")
            imported = self._import(environment)
            self._consents = self._granted(environment)
            answers = self._ask(lender)
            compound = self._ask_compound(lender)
            pins = read_trust(self._home, None)
            evidence = self._evidence(lender, answers, pins)
            self._chapter("Audit", "the whole log again: root, signatures, every proof")
            audit = self._replay(pins)
            erasure = self._erase(pins, environment)
        return {
            "imported": imported,
            "answers": answers,
            "compound": compound,
            "evidence": evidence,
            "audit": audit,
            "erasure": erasure,
        }

    def _granted(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The tokens of everybody's consents, as the lender would have been given them."""
        from api.prover.sinks import consents_of

        with consents_of(self._home, environment=environment) as consents:
            return {each.subject: each.consent.token for each in consents.listing()}

    def _import(self, environment: Mapping[str, str]) -> int:
        from api import samples
        from api.cli.prover import import_into
        from circuits.attributes import default_schema

        self._chapter("Commit first", "the provider commits to every attribute before anyone asks")
        file = self._home.root / samples.FILE
        file.write_bytes(samples.people())
        started = time.monotonic()
        summary, registered = import_into(
            self._home,
            file,
            schema=default_schema(),
            subject=samples.SUBJECT,
            mapping=(),
            rejects=file.with_suffix(".rejects.csv"),
            environment=environment,
            quiet=self._quiet,
        )
        took = time.monotonic() - started
        self._say(
            f"{summary.imported} customers committed, signed and sealed;"
            f" {registered} credentials in the log; {took:.1f} s"
        )
        return summary.imported

    def _ask(self, lender: "ServiceClient") -> list[dict[str, Any]]:
        self._chapter("Ask", "a lender asks; it learns yes or no, and nothing else")
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for name in ("answer", "customer", "question", "proof", "time"):
            table.add_column(name, justify="right" if name in ("proof", "time") else "left", no_wrap=name != "question")
        answers = []
        for subject, predicate in QUESTIONS:
            answer = {**ask_or_declined(lender, predicate, self._consents[subject]), "person": subject}
            answers.append(answer)
            word = answer.get("answer") or answer["outcome"]
            proof = f"{answer['proof']['bytes']} B" if "proof" in answer else "-"
            took = f"{answer['ms']:.1f} ms"
            table.add_row(present.badge(str(word)), subject, str(answer["question"]), proof, took)
        if not self._quiet:
            present.out.print(table)
        return answers

    def _ask_compound(self, lender: "ServiceClient") -> list[dict[str, Any]]:
        self._chapter("One bit", "whatever the question; size and time do not tell which clause failed")
        told = []
        for predicate, people in COMPOUND:
            table = Table(box=None, padding=(0, 2, 0, 1), show_header=False)
            for width in (6, 6):
                table.add_column(no_wrap=True, min_width=width)
            for width in (5, 8):
                table.add_column(no_wrap=True, min_width=width, justify="right")
            for row, (_, known) in zip(
                asked_in_turn(lender, predicate, {who: self._consents[who] for who, _ in people}), people, strict=True
            ):
                told.append(row)
                facts = f"{row['bytes']} B", f"{row['prover_ms']:.1f} ms", Text(f"({known})", style="dim")
                table.add_row(present.badge(row["answer"]), row["person"], *facts)
            if not self._quiet:
                present.out.print(f"  [bold]{escape(predicate)}[/]")
                present.out.print(table)
        self._say(f"[dim]Times: the fastest of {ROUNDS}, at the provider, who alone knows what is in ( )[/]")
        return told

    def _evidence(self, lender: "ServiceClient", answers: list[dict[str, Any]], pins: "Trust") -> dict[str, Any]:
        from circuits.errors import CircuitsError
        from verifier.errors import VerifierError
        from verifier.evidence.evidence import verify_evidence

        self._chapter("Evidence", "one file proves one answer, offline")
        answer = next(each for each in answers if each.get("answer") == "no")
        evidence = lender.evidence(str(answer["id"]))
        self._say(f"{len(evidence):,} bytes: {answer['question']}? [bold]NO[/]")
        told: dict[str, Any] = {"bytes": len(evidence)}
        for engine in ("fast", "reference"):
            started = time.perf_counter()
            verify_evidence(evidence, trust=pins, engine=engine)
            told[f"{engine}_ms"] = round((time.perf_counter() - started) * 1000, 1)
            self._say(f"[green]verified[/] with the {engine} engine in {told[f'{engine}_ms']:.0f} ms")
        forged = tampered(evidence)
        try:
            verify_evidence(forged, trust=pins, engine="fast")
        except (VerifierError, CircuitsError) as error:
            told["tampered"] = f"{type(error).__name__}: {error}"
            self._say("[red]refused[/]  the same file with NO changed to YES")
            self._say(f"[dim]{escape(str(error))}[/]")
            return told
        raise CommandError("a tampered evidence file was accepted", remedy="report this", code=ExitCode.FAILED)

    def _replay(self, pins: "Trust") -> dict[str, Any]:
        from api.audit.exporting import export_lines, opened
        from api.cli.connection import connect_log
        from verifier.audit.replay import replay

        started = time.perf_counter()
        with opened(self._home, connect=lambda: connect_log(self._home)) as log:
            report = replay(export_lines(log), trust=pins, engine="fast")
        took = (time.perf_counter() - started) * 1000
        if report.failure is not None:
            raise CommandError(f"the replay failed: {report.failure}", code=ExitCode.FAILED)
        self._say(
            f"[green]clean[/]    {report.entries} entries, {report.answers} answers re-proven against the pinned key,"
            f" {took:.0f} ms"
        )
        return {"entries": report.entries, "answers": report.answers, "erased": report.erased, "ms": round(took, 1)}

    def _erase(self, pins: "Trust", environment: Mapping[str, str]) -> dict[str, Any]:
        from api.cli.erase import counted, erase_person

        _, receipt = erase_person(self._home, ERASED, environment=environment)
        if receipt is None:
            raise CommandError("the verifier could not be told of an erasure", code=ExitCode.FAILED)
        self._say(f"[yellow]erased[/]   {ERASED}, at the provider and in the log: {counted(receipt.erased)}")
        return {"subject": ERASED, "erased": dict(receipt.erased), "audit": self._replay(pins)}

    def _chapter(self, title: str, line: str) -> None:
        if not self._quiet:
            present.out.print()
            present.out.print(Rule(f"[bold]{title}[/]  [dim]{line}[/]", align="left", style="dim"))

    def _say(self, line: str) -> None:
        if not self._quiet:
            present.out.print(f"  {line}")


def ask_or_declined(lender: "ServiceClient", predicate: str, consent: str) -> dict[str, Any]:
    """An answer document, or one that says declined; with the milliseconds it took from here as `ms`."""
    from api.peers.lender_client import Refusal

    started = time.perf_counter()
    try:
        answer = lender.ask(predicate, consent=consent)
    except Refusal as error:
        if error.name != "declined":
            raise
        answer = {"outcome": "declined", "predicate": predicate, "question": str(error)}
    return answer | {"ms": round((time.perf_counter() - started) * 1000, 2)}


def asked_in_turn(lender: "ServiceClient", predicate: str, consents: Mapping[str, str]) -> list[dict[str, Any]]:
    """Asks the same about several people, in turn, several times: answer, size, least time at the provider."""
    asked = [[lender.ask(predicate, consent=consent) for consent in consents.values()] for _ in range(ROUNDS)]
    rows = []
    for person, answers in zip(consents, zip(*asked, strict=True), strict=True):
        (answer,) = {str(each["answer"]) for each in answers}
        (size,) = {int(each["proof"]["bytes"]) for each in answers}
        took = round(min(each["timing_ms"]["prover"] for each in answers), 2)
        row = {"predicate": predicate, "person": person, "answer": answer, "bytes": size}
        rows.append(row | {"prover_ms": took, "asked": ROUNDS})
    return rows


def tampered(evidence: bytes) -> bytes:
    """The evidence with its answer turned around, in the very form an honest file has."""
    from circuits.encoding import canonical_json

    content = json.loads(evidence)
    body = json.loads(content["answer"]["body"])
    body["answer"] = "yes" if body["answer"] == "no" else "no"
    content["answer"]["body"] = canonical_json(body).decode()
    return canonical_json(content) + b"\n"
