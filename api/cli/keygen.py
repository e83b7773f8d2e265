"""`attest keygen`: a signing key for a lender, or for a provider or verifier that keeps its keys outside a home."""

import os
from pathlib import Path
from typing import Annotated

import typer

from api.cli import present
from api.cli.failures import CommandError
from api.cli.options import HomeOption, JsonOption


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("keygen")(keygen)


def keygen(
    file: Annotated[Path, typer.Argument(help="Where the private key (PEM) goes; it must not exist.", metavar="FILE")],
    *,
    _home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an Ed25519 signing key: the private half into FILE (0600), the public half on the screen."""
    from api.home.files import write_file
    from circuits.jws import SigningKey

    if file.exists():
        raise CommandError(
            "there is a file already; keys are never overwritten", where=str(file), remedy="name another"
        )
    key = SigningKey.generate(entropy=os.urandom(32))
    write_file(file, key.to_pem())
    public = {"kid": key.kid, "jwk": key.public.to_jwk()}
    if as_json:
        present.print_json({"file": str(file), **public})
        return
    present.out.print(f"private key  {file} (0600)\nkey id       {key.kid}")
    present.out.print_json(data=public["jwk"])
