"""`attest evidence verify`: one answer, re-checked offline from one file and the auditor's pins."""

import time
from pathlib import Path
from typing import Annotated

import typer

from api.cli import present
from api.cli.failures import CommandError, ExitCode
from api.cli.options import EngineOption, HomeOption, JsonOption, TrustOption
from api.cli.preparing import prepare_tables

group = typer.Typer(help="Evidence files: one answer, with everything needed to check it.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the command group."""
    app.add_typer(group, name="evidence")


@group.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="An .evidence.json file.", metavar="FILE")],
    *,
    engine: EngineOption = "fast",
    trust: TrustOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check one answer offline: proof, credential, signatures, log. Exit 1 if anything is wrong with it."""
    from api.cli.connection import home_at
    from api.cli.trust import blame, engine_name, read_trust
    from circuits.calendar import rfc3339
    from circuits.errors import CircuitsError
    from verifier.errors import VerifierError
    from verifier.evidence import MAX_EVIDENCE, verify_evidence

    pins = read_trust(home_at(home), trust)
    with file.open("rb") as source:
        content = source.read(MAX_EVIDENCE + 1)  # more is refused, and need not be held to be
    chosen = engine_name(engine)
    if chosen == "fast":
        prepare_tables(quiet=as_json)
    started = time.perf_counter()
    try:
        verdict = verify_evidence(content, trust=pins, engine=chosen)
    except (VerifierError, CircuitsError) as error:
        raise CommandError(
            f"the evidence does not hold: {error}",
            where=str(file),
            remedy=blame(error),
            code=ExitCode.FAILED,
            kind=type(error).__name__,
        ) from None
    took = (time.perf_counter() - started) * 1000
    answer = "yes" if verdict.answer else "no"
    told = {
        "verified": True,
        "answer": answer,
        "question": verdict.question,
        "reasons": verdict.query.reasons.value,
        "failed": [{"predicate": each.text, "question": each.english()} for each in verdict.failed] or None,
        "subject": verdict.query.subject,
        "relying_party": verdict.query.relying_party,
        "provider": verdict.query.provider,
        "as_of": verdict.query.as_of,
        "answered_at": rfc3339(verdict.answered_at),
        "proof_bytes": verdict.proof_bytes,
        "origin": verdict.checkpoint.origin,
        "index": verdict.index,
        "engine": chosen,
    }
    if as_json:
        present.print_json(told)
        return
    facts = {name: str(told[name]) for name in ("subject", "provider", "as_of", "answered_at", "origin", "index")}
    failed = [each.english() for each in verdict.failed]
    present.out.print(present.answer_panel(answer, verdict.question, facts, failed=failed))
    present.out.print(f"[bold green]verified[/] offline with the {chosen} engine in {took:.0f} ms")
