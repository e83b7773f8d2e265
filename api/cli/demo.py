"""`attest demo`: the whole story in half a minute, with two real services, in a home that is gone afterwards."""

import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.rule import Rule

from api.cli import demo_lender, demo_person, present
from api.cli.demo_stage import Stage
from api.cli.failures import ExitCode
from api.cli.options import HomeOption, JsonOption
from api.cli.preparing import prepare_tables

if TYPE_CHECKING:
    from api.peers.lender_client import ServiceClient


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("demo")(demo)


def demo(*, _home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Watch it work: 300 people, consents, questions, probing, their ledger, evidence, erasure. Leaves nothing."""
    from api.cli.up import ending_on_signals
    from api.home.directory import Home

    started = time.monotonic()
    with ending_on_signals(ExitCode.INTERRUPTED), tempfile.TemporaryDirectory(prefix="zkattest-demo-") as path:
        # Nobody's databases and settings but its own: the demonstration leaves nothing behind anywhere.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ZKATTEST_")}
        told = _tell(Stage(Home(Path(path) / "home"), environment, quiet=as_json))
    told["seconds"] = round(time.monotonic() - started, 1)
    if as_json:
        present.print_json(told)
        return
    present.out.print(Rule(style="dim"))
    present.out.print(f"[bold green]done[/] in {told['seconds']} s; both services stopped, nothing left behind.")
    present.out.print("Keep it running and ask your own questions: [bold]attest up[/]")


def _tell(stage: Stage) -> dict[str, Any]:
    """The story, chapter by chapter."""
    from api.cli.connection import connect
    from api.cli.trust import read_trust
    from api.home.bootstrap import bootstrap
    from api.home.services import Services, free_ports

    stage.chapter("Two services", "a KYC provider and an independent verifier")
    prepare_tables(quiet=stage.quiet)
    stage.home.create()
    first, second = free_ports("127.0.0.1", 2)
    config = bootstrap(stage.home, verifier_port=first, prover_port=second, environment=stage.environment)
    with ExitStack() as stack:
        with present.waiting("starting", quiet=stage.quiet):
            stack.enter_context(Services.start(stage.home, environment=stage.environment))
        lender = stack.enter_context(connect(stage.home))
        operator = stack.enter_context(connect(stage.home, room="prover", key="admin"))
        stage.say(f"verifier {config.verifier.url}   prover {config.prover.url}")
        stage.say(f"log {config.origin}")
        told: dict[str, Any] = {"imported": _import(stage, operator)}
        told["consents"] = demo_person.show_consents(stage, operator)
        told["answers"] = demo_lender.ask_simple(stage, lender)
        told["compound"] = demo_lender.ask_compound(stage, lender)
        told["probing"] = demo_person.probe(stage, lender)
        person = stack.enter_context(_person(operator))
        told["ledger"] = demo_person.see(stage, lender, operator, person)
        told["revocation"] = demo_person.revoke(stage, operator, lender, told["consents"])
        pins = read_trust(stage.home, None)
        told["evidence"] = demo_lender.check_evidence(stage, lender, told["answers"], pins)
        stage.chapter("Audit", "the whole log again: root, signatures, every proof")
        told["audit"] = demo_lender.replay_log(stage, pins)
        told["erasure"] = demo_person.erase(stage, operator, person, pins)
    return told


def _person(operator: "ServiceClient") -> "ServiceClient":
    """The provider as a person sees it who was given a token."""
    from api.peers.lender_client import ServiceClient

    token = operator.post("/v1/subject-tokens", {"subject": demo_person.PROBED})["token"]
    return ServiceClient(operator.url, key=token)


def _import(stage: Stage, operator: "ServiceClient") -> int:
    """Import the sample; who is in it lets the sandbox lender ask."""
    from api import samples
    from api.cli.prover import import_into
    from circuits.attributes import default_schema

    stage.chapter("Commit first", "the provider commits to every attribute before anyone asks")
    file = stage.home.root / samples.FILE
    file.write_bytes(samples.people())
    started = time.monotonic()
    summary, registered = import_into(
        stage.home,
        file,
        schema=default_schema(),
        subject=samples.SUBJECT,
        mapping=(),
        rejects=file.with_suffix(".rejects.csv"),
        environment=stage.environment,
        quiet=stage.quiet,
    )
    took = time.monotonic() - started
    stage.say(
        f"{summary.imported} customers committed, signed and sealed; {registered} credentials in the log; {took:.1f} s"
    )
    stage.consents.update({each["subject"]: each["consent"] for each in operator.get("/v1/consents")["consents"]})
    return summary.imported
