"""`attest witness`: a service that cosigns checkpoints, so that a log cannot show two histories."""

import os
from pathlib import Path
from typing import Annotated

import typer

from api.cli import present
from api.cli.failures import CommandError
from api.cli.options import HomeOption, JsonOption, SocketOption

group = typer.Typer(
    help="A witness: cosigns checkpoints of logs, each only if it extends the last.", no_args_is_help=True
)
HOST = "127.0.0.1"
PORT = 8472


def register(app: typer.Typer) -> None:
    """Adds the command group."""
    app.add_typer(group, name="witness")


@group.command("keygen")
def keygen(
    name: Annotated[str, typer.Argument(help="What the witness is called, for instance witness.example/w1.")],
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a witness's key, and print the public half that verifiers and auditors pin."""
    from api.cli.connection import home_at
    from api.witness.home import WitnessHome

    place = WitnessHome.of(home_at(home))
    made = place.make_key(name, seed=os.urandom(32))
    if as_json:
        present.print_json({"file": str(place.key_file), "name": made.name, "vkey": made.verifier.vkey})
        return
    for line in (
        f"private key  {place.key_file} (0600)",
        f"vkey         {made.verifier.vkey}",
        "",
        "Run it:          attest witness run --log VKEY   (the log's, as in its trust.json)",
        "At the verifier: attest up --witness URL=VKEY    (this witness's)",
    ):
        present.out.print(line, markup=False)


@group.command("run")
def run(
    *,
    logs: Annotated[
        list[str] | None, typer.Option("--log", metavar="VKEY", help="Key of a log to cosign; can be repeated.")
    ] = None,
    pins: Annotated[
        list[Path] | None,
        typer.Option("--trust", metavar="FILE", help="A trust.json whose log to cosign; can be repeated."),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = HOST,
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = PORT,
    home: HomeOption = None,
    as_json: JsonOption = False,
    socket: SocketOption = None,
) -> None:
    """Run the witness in the foreground: POST /add-checkpoint, as C2SP tlog-witness says.

    It remembers the last checkpoint of each log in HOME/witness. If that is ever lost, make a new witness with another
    key: one that has forgotten can be led to sign a second history.
    """
    from api.cli.connection import home_at
    from api.cli.serving import run as serve
    from api.home.directory import Address, locked
    from api.witness.app import create_app, known_logs
    from api.witness.home import WitnessHome
    from api.witness.settings import WitnessSettings

    place = WitnessHome.of(home_at(home))
    cosigner = place.cosigner()
    vkeys = (*(logs or ()), *(_log_of(path) for path in pins or ()))
    if not vkeys:
        raise CommandError("no log is named", remedy="name one with --log VKEY, or --trust FILE")
    origins = sorted(known_logs(vkeys))
    settings = WitnessSettings(key_file=place.key_file, memory=place.memory, refused=place.refused, logs=vkeys)
    address = Address(host=host, port=port)
    with locked(place.lock, what="this witness is already running", remedy="stop the other one first"):
        if as_json:
            present.print_json({"url": address.url, "vkey": cosigner.verifier.vkey, "logs": origins})
        else:
            for line in (f"witness  {address.url}", f"vkey     {cosigner.verifier.vkey}", *_indented(origins)):
                present.out.print(line, markup=False)
        serve(create_app(settings), address=address, descriptor=socket)


def _indented(origins: list[str]) -> list[str]:
    return [f"{'logs' if number == 0 else '':9}{origin}" for number, origin in enumerate(origins)]


def _log_of(path: Path) -> str:
    """The key of the log in a file of pins."""
    from api.home.directory import read_json

    vkey = read_json(path).get("vkey")
    if not isinstance(vkey, str):
        raise CommandError("this is not a trust.json", where=str(path), remedy="name the log's key with --log VKEY")
    return vkey
