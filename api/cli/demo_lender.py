"""The lender's chapters of `attest demo`: questions, simple and compound, evidence; and the auditor's, who replays."""

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from api.cli import present
from api.cli.demo_stage import Stage, ask_or_declined
from api.cli.failures import CommandError, ExitCode

if TYPE_CHECKING:
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
    ("C-1001", "salary > 128399.99"),
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


def ask_simple(stage: Stage, lender: "ServiceClient") -> list[dict[str, Any]]:
    """Ask one thing at a time, of all kinds of outcome."""
    stage.chapter("Ask", "a lender learns yes or no; every answer says what it leaves possible")
    answers = []
    for person, predicate in QUESTIONS:
        answer = ask_or_declined(lender, predicate, stage.consents[person]) | {"person": person}
        answers.append(answer)
        size = f"{answer['proof']['bytes']} B" if "proof" in answer else ""
        stage.show_question(answer, who=person, facts=f"{size:>5} {answer['ms']:5.1f} ms")
    stage.say("[dim]DECLINED: a salary has few thresholds on offer. No lender is told the reason.[/]")
    return answers


def ask_compound(stage: Stage, lender: "ServiceClient") -> list[dict[str, Any]]:
    """Ask several things at once, about people in whose case each of the clauses fails."""
    stage.chapter("One bit", "whatever the question; size and time do not tell which clause failed")
    told = []
    for predicate, people in COMPOUND:
        table = Table(box=None, padding=(0, 2, 0, 1), show_header=False)
        for width in (6, 6):
            table.add_column(no_wrap=True, min_width=width)
        for width in (5, 8):
            table.add_column(no_wrap=True, min_width=width, justify="right")
        rows = asked_in_turn(lender, predicate, {who: stage.consents[who] for who, _ in people})
        for row, (_, known) in zip(rows, people, strict=True):
            told.append(row)
            facts = f"{row['bytes']} B", f"{row['prover_ms']:.1f} ms", Text(f"({known})", style="dim")
            table.add_row(present.badge(row["answer"]), row["person"], *facts)
        stage.say(f"[bold]{escape(predicate)}[/]")
        stage.show(table)
    stage.say(f"[dim]Times: the fastest of {ROUNDS}, at the provider, who alone knows what is in ( )[/]")
    return told


def asked_in_turn(lender: "ServiceClient", predicate: str, consents: Mapping[str, str]) -> list[dict[str, Any]]:
    """Asks the same about several people, in turn, several times: answer, size, least time at the provider."""
    asked = [[lender.ask(predicate, consent=consent) for consent in consents.values()] for _ in range(ROUNDS)]
    rows = []
    for person, answers in zip(consents, zip(*asked, strict=True), strict=True):
        (answer,) = {str(each["answer"]) for each in answers}
        (size,) = {int(each["proof"]["bytes"]) for each in answers}
        took = round(min(each["timing_ms"]["prover"] for each in answers), 2)
        row = {"predicate": predicate, "person": person, "answer": answer, "bytes": size}
        rows.append(row | {"prover_ms": took, "asked": ROUNDS, "disclosed": answers[0]["disclosed"]})
    return rows


def check_evidence(
    stage: Stage, lender: "ServiceClient", answers: list[dict[str, Any]], pins: "Trust"
) -> dict[str, Any]:
    """Verify the evidence of a no, and have it refused once the no is a yes.

    Raises:
        CommandError: it was not refused.
    """
    from circuits.errors import CircuitsError
    from verifier.errors import VerifierError
    from verifier.evidence.evidence import verify_evidence

    stage.chapter("Evidence", "one file proves one answer, offline")
    answer = next(each for each in answers if each.get("answer") == "no")
    evidence = lender.evidence(str(answer["id"]))
    stage.say(f"{len(evidence):,} bytes: {escape(answer['question'])}? [bold]NO[/]")
    told: dict[str, Any] = {"bytes": len(evidence)}
    for engine in ("fast", "reference"):
        started = time.perf_counter()
        verify_evidence(evidence, trust=pins, engine=engine)
        told[f"{engine}_ms"] = round((time.perf_counter() - started) * 1000, 1)
        stage.say(f"[green]verified[/] with the {engine} engine in {told[f'{engine}_ms']:.0f} ms")
    forged = tampered(evidence)
    try:
        verify_evidence(forged, trust=pins, engine="fast")
    except (VerifierError, CircuitsError) as error:
        told["tampered"] = f"{type(error).__name__}: {error}"
        stage.say("[red]refused[/]  the same file with NO changed to YES")
        stage.say(f"         [dim]{escape(str(error))}[/]")
        return told
    raise CommandError("a tampered evidence file was accepted", remedy="report this", code=ExitCode.FAILED)


def tampered(evidence: bytes) -> bytes:
    """The evidence with its answer turned around, in the very form an honest file has."""
    from circuits.encoding import canonical_json

    content = json.loads(evidence)
    body = json.loads(content["answer"]["body"])
    body["answer"] = "yes" if body["answer"] == "no" else "no"
    content["answer"]["body"] = canonical_json(body).decode()
    return canonical_json(content) + b"\n"


def replay_log(stage: Stage, pins: "Trust") -> dict[str, Any]:
    """Check the whole log again: what an auditor does.

    Raises:
        CommandError: it does not hold.
    """
    from api.audit.exporting import export_lines, opened
    from api.cli.connection import connect_log
    from verifier.audit.replay import replay

    started = time.perf_counter()
    with opened(stage.home, connect=lambda: connect_log(stage.home)) as log:
        report = replay(export_lines(log), trust=pins, engine="fast")
    took = (time.perf_counter() - started) * 1000
    if report.failure is not None:
        raise CommandError(f"the replay failed: {report.failure}", code=ExitCode.FAILED)
    stage.say(
        f"[green]clean[/]    {report.entries} entries, {report.answers} answers re-proven against the pinned key,"
        f" {took:.0f} ms"
    )
    kinds = ("undetermined", "declined", "withdrawal", "erasure")
    counted = {kind: report.counts[kind] for kind in kinds if report.counts.get(kind)}
    said = ", ".join(f"{count} {kind}" for kind, count in counted.items())
    stage.say(f"         [dim]{said}[/]" + (f", [yellow]{report.erased} tombstones[/]" if report.erased else ""))
    told = {"entries": report.entries, "answers": report.answers, "erased": report.erased}
    return told | {"counts": dict(report.counts), "ms": round(took, 1)}
