"""The options every command takes."""

from pathlib import Path
from typing import Annotated

import typer

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        envvar="ZKATTEST_HOME",
        help="Where keys, vault and log live. Default: ~/.local/share/zkattest",
        show_default=False,
        show_envvar=True,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]
EngineOption = Annotated[
    str,
    typer.Option("--engine", metavar="fast|reference", help="Which proof engine: libsecp256k1, or py_ecc to re-check."),
]
TrustOption = Annotated[
    Path | None,
    typer.Option(
        "--trust",
        metavar="FILE",
        help="The auditor's pins: log origin and key, the verifier's key. Default: HOME/trust.json",
        show_default=False,
    ),
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="KEY",
        envvar="ZKATTEST_AUDIT_KEY",
        help="An auditor's key, to read entries from an address. Better in the environment, where nobody sees it.",
        show_default=False,
        show_envvar=True,
    ),
]
SocketOption = Annotated[int | None, typer.Option("--socket", hidden=True)]
ParentOption = Annotated[bool, typer.Option("--with-parent", hidden=True)]
