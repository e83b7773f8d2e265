"""`attest verifier client`: who may ask, register and audit, by API keys that are shown once and can be taken back.

A lender that signs its questions has a public key in the log instead.
"""

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from api.cli import parties, present
from api.cli.failures import CommandError
from api.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.web.keyring import TableKeys

group = typer.Typer(help="Keys of lenders, providers and auditors at this verifier.", no_args_is_help=True)

# What a key may be made for here: the prover keeps the keys of its own few callers.
SCOPES = ("query", "issue", "audit")
LONGEST_NAME = 200
LENGTH_OF_KID = 43
"""Characters of an RFC 7638 thumbprint; an API key's id is shorter."""


@group.command("add")
def add(
    owner: Annotated[str, typer.Argument(help="Who gets the key: a lender's, provider's or auditor's id.")],
    *,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", metavar="|".join(SCOPES), help="May be repeated.")
    ] = None,
    public_key: Annotated[
        str | None,
        typer.Option(
            "--public-key",
            metavar="JWK|FILE",
            help="Log the key a lender signs its questions with, in place of its last one, and make no API key.",
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and show it, this once. A lender's may `query`, an auditor's `audit`, a provider's `issue`."""
    from api.web.auth import Scope, make_key

    chosen = scope or ["query"]
    if unknown := [each for each in chosen if each not in SCOPES]:
        raise CommandError(f"no key can be made for {unknown[0]!r}", where=f"--scope is one of: {', '.join(SCOPES)}")
    if not owner or len(owner) > LONGEST_NAME or not owner.isprintable():
        raise CommandError(f"an owner is a name of 1 to {LONGEST_NAME} printable characters", where="OWNER")
    if public_key is not None:
        if scope:
            raise CommandError("a key that signs questions does nothing else", where="--scope", remedy="leave it out")
        _tell_registered(parties.register(home, owner, public_key), as_json=as_json)
        return
    made = make_key(owner=owner, scopes=frozenset(Scope(each) for each in chosen))
    with _ring(home) as ring:
        ring.add(made.record, now=int(time.time()))
    if as_json:
        present.print_json({"id": made.record.id, "owner": owner, "scopes": sorted(set(chosen)), "key": made.text})
        return
    present.out.print(f"key for {owner} ({', '.join(sorted(set(chosen)))}), shown only now:", markup=False)
    present.out.print(made.text, markup=False, soft_wrap=True)
    present.out.print(f"take it back with: attest verifier client revoke {made.record.id}", markup=False)


def _tell_registered(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        present.print_json(told)
        return
    since = f"after entry {told['index']}" if told["new"] else f"as entry {told['index']} says"
    present.out.print(f"{told['party']} signs its questions with {told['kid']} {since}", markup=False)
    present.out.print(f"take that back with: attest verifier client revoke {told['kid']}", markup=False)


@group.command("list")
def list_clients(*, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show who holds keys: ids, owners, scopes, and since when a key no longer works. Never a key itself."""
    from circuits.calendar import rfc3339

    with _ring(home) as ring:
        records = ring.all()
    signers = parties.registered(home)
    if as_json:
        rows = [
            {"id": each.id, "owner": each.owner, "scopes": sorted(each.scopes), "revoked_at": each.revoked_at}
            for each in records
        ]
        present.print_json({"clients": rows, "signers": signers})
        return
    table = Table("id", "owner", "scopes", "revoked", box=None, padding=(0, 2))
    for each in records:
        ended = rfc3339(each.revoked_at) if each.revoked_at is not None else ""
        table.add_row(each.id, each.owner, " ".join(sorted(each.scopes)), ended)
    present.out.print(table)
    if signers:
        table = Table(box=None, padding=(0, 2))
        table.add_column("signs questions with", no_wrap=True)  # whole, to be given back to `revoke`
        table.add_column("owner", overflow="fold")
        for signer in signers:
            table.add_row(signer["kid"], signer["party"])
        present.out.print()
        present.out.print(table)


@group.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a key back; a running verifier refuses it within a second."""
    if len(key_id) == LENGTH_OF_KID:
        parties.give_up(home, key_id)
        _tell_revoked(key_id, as_json=as_json)
        return
    with _ring(home) as ring:
        revoked = ring.revoke(key_id, now=int(time.time()))
    if not revoked:
        raise CommandError(
            "there is no key of that id that still works", where=key_id, remedy="attest verifier client list shows them"
        )
    _tell_revoked(key_id, as_json=as_json)


def _tell_revoked(key_id: str, *, as_json: bool) -> None:
    if as_json:
        present.print_json({"id": key_id, "revoked": True})
    else:
        present.out.print(f"{key_id} no longer works", markup=False)


@contextmanager
def _ring(home: Path | None) -> "Iterator[TableKeys]":
    """The verifier's keys, also while it runs: writers take turns."""
    from api.cli.connection import home_at
    from api.database import open_engine
    from api.home.settings import log_database, log_sealer
    from api.web.keyring import TableKeys
    from verifier.models import API_KEYS

    place = home_at(home)
    place.config()  # a home without a verifier is told as such
    sealer = log_sealer(place, os.environ)
    engine = open_engine(log_database(place, os.environ))
    try:
        yield TableKeys(engine, API_KEYS, sealer)
    finally:
        engine.dispose()
