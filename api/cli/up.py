"""`attest up`: both services in the foreground, state in the home, everything made on the first run."""

import os
import shlex
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import present
from api.cli.failures import CommandError
from api.cli.options import HomeOption, JsonOption
from api.cli.preparing import prepare_tables

if TYPE_CHECKING:
    from api.home.directory import Home
    from api.home.services import Services
    from api.settings import WitnessAddress

LOOK_EVERY = 0.2
PortOption = Annotated[int | None, typer.Option("--verifier-port", min=1, max=65535, show_default=False)]
WitnessOption = Annotated[
    list[str] | None,
    typer.Option(
        "--witness",
        metavar="URL=VKEY",
        help="A witness to cosign the log's checkpoints; can be repeated. Kept in the home, in place of those before.",
    ),
]
CosignedOption = Annotated[
    int | None,
    typer.Option(
        "--cosigned-by",
        metavar="N",
        min=1,
        help="How many witnesses a checkpoint needs. Default: all.",
        show_default=False,
    ),
]
ProverPortOption = Annotated[int | None, typer.Option("--prover-port", min=1, max=65535, show_default=False)]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("up")(up)


def up(
    *,
    home: HomeOption = None,
    verifier_port: PortOption = None,
    prover_port: ProverPortOption = None,
    witness: WitnessOption = None,
    cosigned_by: CosignedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run both services in the foreground; the first run makes keys, a provider and a sandbox lender."""
    from api.cli.connection import home_at
    from api.home.bootstrap import bootstrap
    from api.home.directory import locked
    from api.home.services import Services

    place = home_at(home)
    witnesses = [_witness(text) for text in witness or ()]
    place.create()
    busy = {"what": "the services of this home are already running", "remedy": "use them, or stop the other attest up"}
    with ending_on_signals(), locked(place.root / "lock", **busy):
        first = not place.is_ready
        prepare_tables(quiet=as_json)
        bootstrap(
            place,
            verifier_port=verifier_port,
            prover_port=prover_port,
            witnesses=witnesses,
            cosigned_by=cosigned_by,
        )
        with Services.start(place, environment=os.environ) as services:
            _tell(place, services, first=first, as_json=as_json)
            while True:
                time.sleep(LOOK_EVERY)
                services.require_alive()


def _witness(text: str) -> "WitnessAddress":
    from pydantic import ValidationError

    from api.settings import WitnessAddress

    url, _, vkey = text.partition("=")
    try:
        return WitnessAddress(url=url, vkey=vkey)
    except ValidationError:
        raise CommandError(
            "this is not a witness's address and key",
            where=f"--witness {text}",
            remedy="give both as URL=VKEY; attest witness run shows them",
        ) from None


@contextmanager
def ending_on_signals(code: int = 0) -> Iterator[None]:
    """Turns the first SIGTERM, SIGHUP or SIGINT into an orderly end of the block and the given exit code.

    Further ones are ignored while it ends: stopping takes its few seconds, and then everything is gone.
    """
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def end(_number: int, _frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(code)  # no library's `except Exception` stops it

    before = {each: signal.signal(each, end) for each in signals}
    try:
        yield
    finally:
        for each, old in before.items():
            signal.signal(each, old)


def _tell(home: "Home", services: "Services", *, first: bool, as_json: bool) -> None:
    urls = {child.name: child.address.url for child in services.children}
    if as_json:
        present.print_json({"home": str(home.root), "first_run": first, **urls})
        return
    elsewhere = home.root != type(home).at(environment={}).root
    lines = (
        f"[bold green]ready[/]      verifier {urls['verifier']}   prover {urls['prover']}",
        f"home       {home.root}" + ("   (new: keys, a provider, a sandbox lender)" if first else ""),
        f"documents  {urls['verifier']}/docs",
        "",
        "[bold]try, in another terminal[/]",
        *((f"  export ZKATTEST_HOME={shlex.quote(str(home.root))}",) if elsewhere else ()),
        "  attest prover import people.csv --subject customer_id   # --schema, --map",
        '  attest ask "salary > 100000" --subject C-1001',
        "  attest audit replay",
        "",
        "  CONSENT=$(attest prover consent show --subject C-1001)   # a person lets a lender ask",
        f"  curl {urls['verifier']}/v1/queries -H 'content-type: application/json' \\",
        f'    -H "authorization: Bearer $(jq -r .lender {home.keys_file})" \\',
        """    -d '{"predicate":"salary > 100000","consent":"'$CONSENT'"}'""",
        "",
        "[dim]Ctrl-C stops both[/]",
    )
    for line in lines:
        present.out.print(line)
