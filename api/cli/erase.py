"""`attest prover erase`: a person is erased, here and at the verifier."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from api.cli import present
from api.cli.failures import CommandError, ExitCode
from api.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from api.home.directory import Home
    from api.wire.registrations import ErasureReceipt
    from prover.erasing import Eraser, PendingErasure

SubjectOption = Annotated[str, typer.Option("--subject", metavar="ID", help="Your reference for the person.")]
ReceiptOption = Annotated[
    Path | None,
    typer.Option("--receipt", metavar="FILE", help="Write the person's receipt here.", show_default=False),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask. It cannot be undone.")]


def erase(
    *,
    subject: SubjectOption,
    yes: YesOption = False,
    receipt: ReceiptOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a person: from the vault at once, from the verifier's log as soon as it can be told. No way back."""
    from api.cli.connection import home_at
    from api.home.files import require_writable, write_file

    place = home_at(home)
    if receipt is not None:
        require_writable(receipt)  # before anything is erased: it is written once
    if not yes and not _confirmed(subject):
        raise CommandError("nothing was erased", remedy="answer y, or give --yes", kind="erase")
    erased, logged = erase_person(place, subject, environment=os.environ)
    if receipt is not None:
        write_file(receipt, f"{erased.receipt}\n".encode())
    if as_json:
        present.print_json(
            {
                "subject": subject,
                "credentials": erased.credentials,
                "receipt": erased.receipt,
                "logged": None if logged is None else logged.model_dump(),
            }
        )
    else:
        _tell(subject, erased, logged, receipt)
    if logged is None:
        raise typer.Exit(ExitCode.NO_ANSWER)


def erase_person(
    home: "Home", subject: str, *, environment: Mapping[str, str]
) -> "tuple[PendingErasure, ErasureReceipt | None]":
    """Erase a person from the vault, and have the verifier erase its log; without a receipt it is told later.

    Raises:
        CommandError: there is no such person; nothing was erased.
    """
    from api.prover.sinks import unlocked
    from circuits.jws import SigningKey
    from prover.erasing import Eraser
    from prover.errors import SubjectUnknown

    with unlocked(home, environment=environment) as (engine, vault):
        key = SigningKey.from_pem(home.signing_key.read_bytes())
        eraser = Eraser(engine, vault, key=key, provider=home.config().provider_id)
        try:
            erased = eraser.erase(subject, now=int(time.time()), entropy=os.urandom)
        except SubjectUnknown:
            raise CommandError(
                "no such person in the vault", remedy="nothing was erased; who was erased is not known", kind="erase"
            ) from None
        return erased, _told(home, eraser, erased, environment)


def _confirmed(subject: str) -> bool:
    try:
        return typer.confirm(f"Erase all that is held about {subject}? It cannot be undone", err=True)
    except typer.Abort:  # there is nobody to ask
        return False


def _told(
    home: "Home", eraser: "Eraser", erased: "PendingErasure", environment: Mapping[str, str]
) -> "ErasureReceipt | None":
    """Tell the verifier; its receipt, or None if it has to be told later. The running prover may have been quicker."""
    from api.home.settings import prover_settings
    from api.peers.outbound import PeerBroken, PeerUnreachable
    from api.peers.verifier_client import RegistrationRefused, VerifierClient

    settings = prover_settings(home, environment=environment)
    if settings.verifier_url is None or settings.verifier_key is None:
        return None
    key = settings.verifier_key.get_secret_value()
    with VerifierClient(settings.verifier_url, key=key, timeout=settings.verifier_timeout) as client:
        try:
            receipt = client.erase(erased.token, erased.handles)
        except (PeerUnreachable, PeerBroken, RegistrationRefused):
            return None
    eraser.mark_logged(erased.id, receipt.indices[0])
    return receipt


def _tell(subject: str, erased: "PendingErasure", logged: "ErasureReceipt | None", file: Path | None) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2))
    how_many = "1 credential" if erased.credentials == 1 else f"{erased.credentials:,} credentials"
    table.add_row("vault", f"{how_many} cannot be opened any more")
    if logged is not None:
        counts = counted(logged.erased)
        table.add_row("log", f"erased: {counts}; entry {logged.indices[-1]:,} says so")
    table.add_row("receipt", "for the person, who checks it with: attest prover receipt verify")
    present.out.print(f"{subject} is erased", markup=False)
    present.out.print(table)
    if logged is None:
        present.err.print("the verifier could not be told yet, or refuses: the prover tells it while it runs")
    if file is None:
        present.out.print(erased.receipt or "", markup=False, soft_wrap=True)
    else:
        present.out.print(f"receipt written to {file}", markup=False)


def counted(erased: Mapping[str, int]) -> str:
    """Say how many of what: `3 answers, 1 credential, 2 declined`, which has no plural."""
    plural = ("answer", "credential")
    return (
        ", ".join(
            f"{count:,} {kind}" + ("s" if count != 1 and kind in plural else "") for kind, count in erased.items()
        )
        or "nothing was there"
    )
