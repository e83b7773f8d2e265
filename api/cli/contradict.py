"""`attest evidence contradict`: whether some evidence files can all be true, offline, from the files and the pins."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from api.cli import present
from api.cli.failures import CommandError, ExitCode
from api.cli.options import EngineOption, HomeOption, JsonOption, TrustOption
from api.cli.preparing import prepare_tables

if TYPE_CHECKING:
    from verifier.audit.contradict import Compared
    from verifier.checking import EngineName
    from verifier.evidence.evidence import Verdict
    from verifier.trust import Trust


def register(group: typer.Typer) -> None:
    """Adds the command to those about evidence."""
    group.command("contradict")(contradict)


def contradict(
    files: Annotated[list[Path], typer.Argument(help="Evidence files, two or more.", metavar="FILE FILE...")],
    *,
    engine: EngineOption = "fast",
    trust: TrustOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify evidence files, and say whether they contradict each other. Exit 0 if all can be true, 1 if not."""
    from api.cli.connection import home_at
    from api.cli.trust import engine_name, read_trust
    from verifier.audit.contradict import compare

    if len(files) < 2:  # noqa: PLR2004 - a pair
        raise CommandError("one file cannot contradict itself", remedy="name two evidence files or more", kind="files")
    pins = read_trust(home_at(home), trust)
    chosen = engine_name(engine)
    if chosen == "fast":
        prepare_tables(quiet=as_json)
    verdicts = [_verified(file, pins, chosen) for file in files]
    compared = compare(verdicts)
    if as_json:
        present.print_json(_json(compared, verdicts))
    else:
        _tell(compared, verdicts)
    if compared.contradictions or compared.forked:
        raise typer.Exit(ExitCode.FAILED)


def _verified(file: Path, pins: "Trust", engine: "EngineName") -> "Verdict":
    from api.cli.trust import blame
    from circuits.errors import CircuitsError
    from verifier.errors import VerifierError
    from verifier.evidence.evidence import MAX_EVIDENCE, verify_evidence

    with file.open("rb") as source:
        content = source.read(MAX_EVIDENCE + 1)  # more is refused, and need not be held to be
    try:
        return verify_evidence(content, trust=pins, engine=engine)
    except (VerifierError, CircuitsError) as error:
        raise CommandError(
            f"the evidence does not hold: {error}",
            where=str(file),
            remedy=blame(error),
            code=ExitCode.FAILED,
            kind=type(error).__name__,
        ) from None


def _json(compared: "Compared", verdicts: "list[Verdict]") -> dict[str, object]:
    return {
        "contradict": bool(compared.contradictions),
        "forked": list(compared.forked),
        "contradictions": [
            {"attribute": each.attribute, "entries": list(each.indices), "reason": each.reason, "blame": "provider"}
            for each in compared.contradictions
        ],
        "untold": [{"credential": credential, "from": start, "to": end} for credential, start, end in compared.untold],
        "entries": [each.index for each in verdicts],
        "origin": verdicts[0].origin,
    }


def _tell(compared: "Compared", verdicts: "list[Verdict]") -> None:
    for each in sorted(verdicts, key=lambda each: each.index):
        answer = "yes" if each.answer else "no"
        present.out.print(Text(f"entry {each.index}: {each.relying_party} was told {answer} to: {each.question}"))
    for index in compared.forked:
        present.err.print(Text.assemble(("forked  ", "bold red"), f"entry {index} is two entries, each signed for"))
        present.err.print(Text("  both checkpoints bear the log's signature (blame: log operator)"))
    for found in compared.contradictions:
        present.err.print(Text.assemble(("contradiction  ", "bold red"), found.reason, " (blame: provider)"))
    for credential, start, end in compared.untold:
        said = f"  unless credential {credential} ended between entries {start} and {end}: a replay of the log tells"
        present.err.print(Text(said, style="dim"))
    if not compared.contradictions and not compared.forked:
        present.out.print("[bold green]no contradiction[/]  all of these answers can be true")
