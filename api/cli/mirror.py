"""`attest audit mirror`: a log that somebody serves, copied into a folder and checked on the way."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.log import BodiesOption, showing, tell
from api.cli.options import HomeOption, JsonOption, KeyOption, TrustOption


def register(group: typer.Typer) -> None:
    """Adds the command to the audits."""
    group.command("mirror")(mirror)


def mirror(
    url: Annotated[str, typer.Argument(help="A verifier's address.", metavar="URL", show_default=False)],
    folder: Annotated[Path, typer.Argument(help="Where the copy is, or shall be.", metavar="DIR", show_default=False)],
    *,
    bodies: BodiesOption = False,
    key: KeyOption = None,
    trust: TrustOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy a served log into a folder, only what is new; a log that does not extend the copy is refused, exit 1."""
    from api.audit.copying import copy_log
    from api.audit.reading import ServedLog
    from api.cli.connection import home_at
    from api.cli.failures import CommandError, ExitCode
    from api.cli.trust import blame, read_trust
    from api.peers.log_client import LogClient
    from verifier.errors import VerifierError

    if bodies and not key:
        raise CommandError(
            "bodies are for auditors, who have a key",
            where="--bodies",
            remedy="put the key into ZKATTEST_AUDIT_KEY, or leave --bodies out",
            kind="source",
        )
    pins = read_trust(home_at(home), trust)
    with LogClient(url, key=key) as client, showing("mirroring the log", quiet=as_json) as progress:
        try:
            copied = copy_log(folder, ServedLog(client), verifier=pins.log, bodies=bodies, progress=progress)
        except VerifierError as error:
            raise CommandError(
                f"the log does not hold: {error}",
                where=url,
                remedy=blame(error),
                code=ExitCode.FAILED,
                kind=type(error).__name__,
            ) from None
    tell(copied, str(folder), bodies=bodies, as_json=as_json)
