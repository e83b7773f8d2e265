"""`attest verifier provider`: who issues and answers here, and with which keys; a key is changed by adding it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import present
from api.cli.failures import CommandError
from api.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from circuits.jws import VerifyKey
    from verifier.fold.catalogue import Provider

group = typer.Typer(help="Providers of this verifier, and their keys.", no_args_is_help=True)


@group.command("add")
def add(
    provider: Annotated[str, typer.Argument(help="The id it signs under.", metavar="ID")],
    *,
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="Its public key: a JWK, or what attest keygen --json printed."),
    ] = None,
    url: Annotated[str | None, typer.Option("--url", help="Where its prover answers.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="For people.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Log a provider; one that is there already keeps what is not named, so that --key alone changes its key.

    From the entry on only the new key signs credentials; those that are logged already stay valid. Have the provider
    register everything it signed with the old key before.
    """
    from api.cli.connection import home_at
    from api.cli.own_log import own_log
    from api.clock import now
    from api.home.settings import verifier_settings
    from verifier.entries.kinds import ProviderEntry
    from verifier.errors import RegistryError
    from verifier.publishing import publish

    settings = verifier_settings(home_at(home), environment=os.environ)
    with own_log(settings, kinds=(ProviderEntry.kind,)) as (log, registry):
        known = {each.id: each for each in registry.providers()}.get(provider)
        before = known.entry if known else None
        public = _read(key) if key is not None else before.key if before else None
        address, called = url or (before.prover_url if before else None), name or (before.name if before else None)
        if public is None or address is None or called is None:
            raise CommandError(f"{provider} is new here", where=provider, remedy="name its --key, --url and --name")
        if before is not None and (public, address, called) == (before.key, before.prover_url, before.name):
            raise CommandError("the log says so already", where=provider, remedy="name what changes")
        at = now()
        entry = ProviderEntry(provider, called, public, address, at)
        try:
            index = publish(entry, log=log, registry=registry, now=at).index
        except RegistryError as error:
            raise CommandError(str(error), where=provider) from None
    changed = before is not None and before.key != public
    if as_json:
        present.print_json({"id": provider, "index": index, "kid": public.kid, "key_changed": changed})
        return
    what = "signs its credentials" if changed or before is None else "still signs its credentials"
    present.out.print(f"{provider}: {public.kid} {what} after entry {index}", markup=False)


@group.command("list")
def list_providers(*, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show every provider's keys, old ones too, and when each signed: after an entry, up to another."""
    from api.cli.connection import home_at
    from api.cli.own_log import own_log
    from api.home.settings import verifier_settings
    from circuits.calendar import rfc3339
    from verifier.entries.kinds import ProviderEntry

    settings = verifier_settings(home_at(home), environment=os.environ)
    with own_log(settings, kinds=(ProviderEntry.kind,)) as (_log, registry):
        histories = [_periods(registry.history(each.id)) for each in registry.providers()]
    rows = [row for history in histories for row in history]
    starts = {history[0]["since_index"] for history in histories}
    told = [row | {"since": rfc3339(row["since"])} for row in rows]
    if as_json:
        present.print_json({"providers": told})
        return
    for row in told:
        if row["since_index"] in starts:
            present.out.print(row["id"], markup=False)
        until = "" if row["until_index"] is None else f", up to entry {row['until_index']}"
        when = f"after entry {row['since_index']} ({row['since']}){until}"
        present.out.print(f"  {row['kid']}  {when}, {row['prover_url']}", markup=False, soft_wrap=True)


def _periods(history: "tuple[Provider, ...]") -> list[dict[str, Any]]:
    """One row for each key; a provider that only moved keeps its row."""
    rows: list[dict[str, Any]] = []
    for each in history:
        entry = each.entry
        if rows and rows[-1]["kid"] == entry.key.kid:
            rows[-1]["prover_url"] = entry.prover_url
            continue
        if rows:
            rows[-1]["until_index"] = each.index
        rows.append(
            {
                "id": entry.id,
                "kid": entry.key.kid,
                "since_index": each.index,
                "since": entry.valid_from,
                "until_index": None,
                "prover_url": entry.prover_url,
            }
        )
    return rows


def _read(file: Path) -> "VerifyKey":
    from api.home.directory import read_json
    from circuits.errors import CircuitsError
    from circuits.jws import VerifyKey

    content = read_json(file)
    try:
        return VerifyKey.from_jwk(content["jwk"] if isinstance(content.get("jwk"), dict) else content)
    except CircuitsError as error:
        raise CommandError(str(error), where=str(file), remedy="name the file of a public JWK") from None
