"""Keys that lenders sign their questions with, in the verifier's log: for `attest verifier client`."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.cli.failures import CommandError

if TYPE_CHECKING:
    from circuits.jws import VerifyKey
    from verifier.entries.parties import Party


def register(home: Path | None, party: str, public_key: str) -> dict[str, Any]:
    """Log a party's public key, a JWK or the file of one; another one of the same party no longer counts.

    Raises:
        CommandError: it is no public key, or was registered before.
    """
    return _log(home, party, _read(public_key))


def give_up(home: Path | None, kid: str) -> dict[str, Any]:
    """Log that a party no longer signs with a key.

    Raises:
        CommandError: it is nobody's key now.
    """
    party = next((each["party"] for each in registered(home) if each["kid"] == kid), None)
    if party is None:
        raise CommandError(
            "no party signs with a key of that id", where=kid, remedy="attest verifier client list shows them"
        )
    return _log(home, party, None)


def registered(home: Path | None) -> list[dict[str, Any]]:
    """Every party that signs now, with its key's id, since which entry and when."""
    from api.cli.connection import home_at
    from api.cli.own_log import own_log
    from api.home.settings import verifier_settings
    from verifier.entries.parties import PartyEntry

    settings = verifier_settings(home_at(home), environment=os.environ)
    with own_log(settings, kinds=(PartyEntry.kind,)) as (_log, registry):
        return [_row(each) for each in registry.parties.all() if each.entry.key is not None]


def _row(party: "Party") -> dict[str, Any]:
    from circuits.calendar import rfc3339

    entry, key = party.entry, party.entry.key
    since = rfc3339(entry.valid_from)
    return {"party": entry.party, "kid": key.kid if key else None, "since_index": party.index, "since": since}


def _log(home: Path | None, party: str, key: "VerifyKey | None") -> dict[str, Any]:
    from api.cli.connection import home_at
    from api.cli.own_log import own_log
    from api.clock import now
    from api.home.settings import verifier_settings
    from verifier.entries.parties import PartyEntry
    from verifier.errors import RegistryError
    from verifier.publishing import publish

    settings = verifier_settings(home_at(home), environment=os.environ)
    at = now()
    with own_log(settings, kinds=(PartyEntry.kind,)) as (log, registry):
        try:
            published = publish(PartyEntry(party, key, at), log=log, registry=registry, now=at)
        except RegistryError as error:
            raise CommandError(str(error), where=party, remedy="attest keygen makes a fresh key") from None
    return {"party": party, "kid": key.kid if key else None, "index": published.index, "new": published.new}


def _read(public_key: str) -> "VerifyKey":
    """Read a JWK, a file of one, or a file of what attest keygen --json printed."""
    from api.home.directory import read_json
    from circuits.errors import CircuitsError
    from circuits.jws import VerifyKey

    try:
        content = json.loads(public_key) if public_key.lstrip().startswith("{") else read_json(Path(public_key))
        return VerifyKey.from_jwk(content["jwk"] if isinstance(content.get("jwk"), dict) else content)
    except (CircuitsError, json.JSONDecodeError) as error:
        raise CommandError(str(error), where="--public-key", remedy="name a public JWK, or its file") from None
