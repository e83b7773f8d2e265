"""`attest evidence renew`: the same answer under the newest checkpoint that witnesses have cosigned.

Who fetches an answer's evidence at once gets it before any witness has seen the answer: they follow within seconds.
"""

from pathlib import Path
from typing import Annotated

import typer

from api.cli import present
from api.cli.failures import CommandError, ExitCode
from api.cli.options import HomeOption, JsonOption


def register(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("renew")(renew)


def renew(
    file: Annotated[Path, typer.Argument(help="An .evidence.json file; written anew.", metavar="FILE")],
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch the same answer's evidence again, under a newer checkpoint with the cosignatures it has by now."""
    from api.cli.connection import connect, home_at
    from api.cli.evidence import read
    from api.cli.refusals import refusal
    from api.home.files import write_file
    from api.peers.lender_client import Refusal
    from circuits.errors import CircuitsError
    from verifier.entries.kinds import AnswerEntry, decode
    from verifier.errors import VerifierError
    from verifier.evidence.file import EvidenceFile
    from verifier.log.note import Checkpoint, split_note

    try:
        answer, _at = decode(EvidenceFile.from_bytes(read(file)).answer.body)
        if not isinstance(answer, AnswerEntry):
            raise _no_answer(file, "its entry is no answer")
    except (VerifierError, CircuitsError) as error:
        raise _no_answer(file, str(error)) from None
    with connect(home_at(home)) as client:
        try:
            content = client.evidence(answer.query.id)
        except Refusal as error:
            raise refusal(error) from None
    try:
        note = EvidenceFile.from_bytes(content).proof.note
        size = Checkpoint.from_bytes(split_note(note)[0]).size
    except (VerifierError, CircuitsError) as error:
        raise CommandError(
            f"the verifier sent no evidence: {error}", where=str(file), remedy="ask its operator", kind="evidence"
        ) from None
    write_file(file, content)
    if as_json:
        present.print_json({"file": str(file), "id": answer.query.id, "checkpoint": size})
    else:
        present.out.print(f"{file} is now under the checkpoint of {size:,} entries", markup=False)


def _no_answer(file: Path, reason: str) -> CommandError:
    return CommandError(
        f"it cannot be renewed: {reason}",
        where=str(file),
        remedy="name a file that attest ask --evidence wrote",
        code=ExitCode.FAILED,
        kind="evidence",
    )
