"""`attest prover receipt`: a person checks, offline, the provider's signed word that all about them is erased."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from api.cli import present
from api.cli.failures import CommandError, ExitCode
from api.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from circuits.jws import VerifyKey
    from circuits.receipt import ErasureReceipt

group = typer.Typer(help="Receipts of erasures: a provider's signed word.", no_args_is_help=True)
LIMIT = 65_536
FileArgument = Annotated[Path, typer.Argument(help="The receipt, as the person was given it.", metavar="FILE")]
KeysOption = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        metavar="FILE",
        help="The provider's keys: its /.well-known/jwks.json, or a JWK. Default: the key of this home.",
        show_default=False,
    ),
]


@group.command("verify")
def verify(
    file: FileArgument, *, keys: KeysOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Check a receipt offline. Exit 1 if the provider did not sign it."""
    receipt = _opened(_read(file), _own_key(home) if keys is None else read_keys(keys), file)
    told = as_told(receipt)
    if as_json:
        present.print_json({"verified": True, **told})
        return
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_row("by", told["provider"])
    table.add_row("at", told["issued_at"])
    for name, count in told["erased"].items():
        table.add_row(name, f"{count:,} erased")
    table.add_row("request", told["request"])
    present.out.print(table)
    present.out.print("[bold green]verified[/] offline: this provider signed it")


def as_told(receipt: "ErasureReceipt") -> dict[str, Any]:
    """A receipt as JSON."""
    from circuits.calendar import rfc3339
    from circuits.encoding import b64u

    return {
        "provider": receipt.provider,
        "issued_at": rfc3339(receipt.issued_at),
        "erased": dict(receipt.erased),
        "request": b64u(receipt.request),
    }


def read_keys(file: Path) -> "list[VerifyKey]":
    """The public keys in a JWK set, in a JWK, or in what a prover says of itself at /.well-known/zkattest.

    Raises:
        CommandError: there are none.
    """
    from circuits.errors import CircuitsError
    from circuits.jws import VerifyKey

    try:
        found = json.loads(_read(file))
        listed = found["keys"] if "keys" in found else [found.get("jwk", found)]
        return [VerifyKey.from_jwk(each) for each in listed]
    except (CircuitsError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CommandError(
            f"there are no keys in it: {error}",
            where=str(file),
            remedy="the provider publishes them at /.well-known/jwks.json",
            kind="keys",
        ) from None


def _own_key(home: Path | None) -> "list[VerifyKey]":
    from api.cli.connection import home_at
    from circuits.jws import SigningKey

    place = home_at(home)
    place.config()  # a home without a prover is told as such
    return [SigningKey.from_pem(place.signing_key.read_bytes()).public]


def _opened(token: str, keys: "list[VerifyKey]", file: Path) -> "ErasureReceipt":
    from circuits.errors import CircuitsError
    from circuits.jws import peek_kid
    from circuits.receipt import ErasureReceipt

    try:
        kid = peek_kid(token)
        named = [key for key in keys if key.kid == kid]
        if not named:
            raise _refused(file, f"it is signed with another key, {kid}", "ask the provider for the key it had then")
        return ErasureReceipt.open(token, named[0])
    except CircuitsError as error:
        raise _refused(file, str(error), "") from None


def _refused(file: Path, why: str, remedy: str) -> CommandError:
    told = f"the receipt does not hold: {why}"
    return CommandError(told, where=str(file), remedy=remedy, code=ExitCode.FAILED, kind="receipt")


def _read(file: Path) -> str:
    """A short text in a file.

    Raises:
        CommandError: it cannot be read, or is none.
    """
    try:
        with file.open("rb") as source:
            content = source.read(LIMIT + 1)
        if len(content) > LIMIT:
            raise CommandError("it is too long", where=str(file), kind="receipt")
        return content.decode("ascii").strip()
    except OSError as error:
        raise CommandError("it cannot be read", where=str(file), remedy=str(error.strerror)) from None
    except UnicodeDecodeError:
        raise CommandError("it is no text", where=str(file), kind="receipt") from None
