"""`attest verifier`: the service that checks proofs, signs answers and keeps the log."""

import os

import typer

from api.cli import clients, fsck, log, providers, rotation
from api.cli.options import HomeOption, JsonOption, ParentOption, SocketOption

group = typer.Typer(help="The verifier: checks proofs, signs answers, keeps the log.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the command group."""
    app.add_typer(group, name="verifier")
    group.add_typer(clients.group, name="client")
    group.add_typer(log.group, name="log")
    group.add_typer(providers.group, name="provider")
    group.command("fsck")(fsck.fsck)
    group.command("rotate-key")(rotation.rotate_key)


@group.command("serve")
def serve(
    *,
    home: HomeOption = None,
    _as_json: JsonOption = False,
    socket: SocketOption = None,
    with_parent: ParentOption = False,
) -> None:
    """Run the verifier in the foreground; ZKATTEST_VERIFIER_* overrides what the home says."""
    from api.cli.connection import home_at
    from api.cli.serving import leave_with_parent, run
    from api.home.directory import locked
    from api.home.settings import verifier_settings
    from api.verifier.app import create_app

    if with_parent:
        leave_with_parent()
    place = home_at(home)
    settings = verifier_settings(place, environment=os.environ)
    busy = {"what": "the verifier of this home is already running", "remedy": "stop the other one first"}
    with locked(place.verifier / "lock", **busy):
        run(create_app(settings), address=place.config().verifier, descriptor=socket)
