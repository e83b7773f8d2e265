"""`attest ask`: one question about one person, answered YES or NO with a proof."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import present
from api.cli.failures import CommandError, ExitCode
from api.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from api.home.directory import Home


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("ask")(ask)


def ask(
    predicate: Annotated[str, typer.Argument(help='The question, e.g. "salary > 100000".', metavar="PREDICATE")],
    *,
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject",
            metavar="ID",
            help="The provider's reference for the person; their consent is taken from this home's vault.",
            show_default=False,
        ),
    ] = None,
    consent: Annotated[
        str | None,
        typer.Option(
            "--consent",
            metavar="FILE",
            help="Their consent, as the provider handed it out; - reads it.",
            show_default=False,
        ),
    ] = None,
    relying_party: Annotated[
        str | None,
        typer.Option(
            "--relying-party",
            metavar="NAME",
            help="With --subject: who asks, with its key in ZKATTEST_KEY. Default: this home's sandbox lender.",
            show_default=False,
        ),
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option("--evidence", metavar="FILE", help="Write the evidence file here.", show_default=False),
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 1 when the answer is NO.")] = False,
    schema: Annotated[
        list[str] | None,
        typer.Option(
            "--schema", metavar="NAME", help="Under which schema, name or digest; repeatable, the first counts most."
        ),
    ] = None,
    why: Annotated[
        bool, typer.Option("--why", help="With a NO, the clauses that failed; only if the person has consented.")
    ] = False,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="As of which day (2026-01-31).", show_default=False)
    ] = None,
    sign: Annotated[
        Path | None,
        typer.Option(
            "--sign",
            metavar="KEYFILE",
            help="Sign the question with this private key (attest keygen), which the verifier knows as yours.",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a question about a person; get a proven YES or NO, never the value."""
    from api.cli.connection import connect, connect_signing, home_at
    from api.cli.consented import consent_for
    from api.cli.refusals import refusal
    from api.home.files import require_writable, write_file
    from api.peers.lender_client import Refusal

    if evidence is not None:
        require_writable(evidence)  # before asking: an answer is logged and charged once it is given
    options = {**_under(schema or []), **_reasons(why=why), "as_of": as_of}
    place = home_at(home)
    token = consent_for(place, subject=subject, file=consent, relying_party=relying_party)
    if sign is not None:
        options["audience"] = place.config().origin
    with connect(place) if sign is None else connect_signing(place, sign) as client:
        try:
            with present.waiting("asking", quiet=as_json):
                answer = client.ask(predicate, consent=token, **{n: v for n, v in options.items() if v is not None})
        except Refusal as error:
            plain = _said_against(place, token, signed=sign is not None, why=why) if error.name == "declined" else []
            raise refusal(error, predicate=predicate, plain=plain) from None
        if answer["outcome"] == "answer" and evidence is not None:
            write_file(evidence, client.evidence(str(answer["id"])))
    if as_json:
        present.print_json(answer | ({"evidence": str(evidence)} if evidence and answer["outcome"] == "answer" else {}))
    if answer["outcome"] != "answer":
        _tell_undetermined(answer, as_json=as_json)
    if not as_json:
        failed = [str(clause["question"]) for clause in answer.get("failed") or ()]
        panel = present.answer_panel(str(answer["answer"]), str(answer["question"]), facts(answer), failed=failed)
        present.out.print(panel)
        if evidence is not None:
            present.out.print(f"evidence written to {evidence}; check it with: attest evidence verify {evidence}")
    if exit_code and answer["answer"] == "no":
        raise typer.Exit(ExitCode.FAILED)


def _said_against(home: "Home", token: str, *, signed: bool, why: bool) -> list[str]:
    from api.cli.connection import KEY_ENVIRONMENT
    from api.cli.consented import said_against

    config = home.config()
    asker = None if signed or os.environ.get(KEY_ENVIRONMENT) else config.relying_party
    return said_against(token, via=config.origin, asker=asker, reasons=why, now=int(time.time()))


def _under(schemas: list[str]) -> dict[str, Any]:
    """One schema is asked under in all its versions, several in their newest."""
    return {"schemas": schemas} if len(schemas) > 1 else {"schema": schemas[0]} if schemas else {}


def _reasons(*, why: bool) -> dict[str, str]:
    return {"reasons": "failed-clauses"} if why else {}


REASONS = {
    "absent": "the provider has no such attribute on file for this person",
    "stale": "what the provider has on file is too old",
    "disputed": "the person disputes what is on file",
}
_REMEDIES = {"disputed": "no question about them is answered until the provider has settled it"}


def _tell_undetermined(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        raise typer.Exit(ExitCode.NO_ANSWER)
    reason = str(answer.get("reason", ""))
    raise CommandError(
        f"undetermined: {REASONS.get(reason, reason)}",
        where=str(answer.get("question", "")),
        remedy=_REMEDIES.get(reason, "ask about another attribute, or ask the provider to bring its record up to date"),
        code=ExitCode.NO_ANSWER,
        kind="undetermined",
    )


def facts(answer: dict[str, Any]) -> dict[str, str]:
    """The lines below an answer: what it disclosed, about whom, when, how long it took, the proof's size, the log."""
    timing = answer.get("timing_ms", {})
    parts = ", ".join(f"{name} {timing[name]:.1f}" for name in ("prover", "verify") if name in timing)
    total = f"{timing['total']:.1f} ms" if "total" in timing else ""
    log = answer.get("log", {})
    return {
        "disclosed": "\n".join(present.disclosed(answer.get("disclosed") or ())),
        "subject": f"{answer.get('subject', '')} at {answer.get('provider', '')}",
        "as of": str(answer.get("as_of", "")),
        "time": f"{total} ({parts})" if parts else total,
        "proof": f"{answer.get('proof', {}).get('bytes', '?')} bytes",
        "log": f"{log.get('origin', '')} entry {log.get('index', '')}",
    }
