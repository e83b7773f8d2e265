"""`attest verifier rotate-key`: another key signs attestations from now on, whether the verifier runs or not."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import present
from api.cli.failures import CommandError
from api.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from api.home.directory import Home
    from api.settings import VerifierSettings
    from api.verifier.signing import Changed
    from circuits.jws import VerifyKey


def rotate_key(
    *,
    compromised: Annotated[
        bool, typer.Option("--compromised", help="The key may be in other hands: it leaves the published key set.")
    ] = False,
    lost: Annotated[
        bool, typer.Option("--lost", help="The key is gone and cannot sign for the next: auditors must be told.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change the key that signs attestations; a verifier that runs goes on with the new one, without a pause.

    The log records the change, signed by the old key: auditors keep their pins, and old answers stay verifiable. To
    bring your own key, put it beside the old one as attestation.next.pem first.
    """
    from api.cli.connection import home_at
    from api.cli.own_log import own_log
    from api.clock import now
    from api.home.settings import verifier_settings
    from api.verifier.signing import KeyRefused, change_key
    from verifier.entries.attestors import AttestorEntry
    from verifier.errors import RegistryError

    if compromised and lost:
        raise CommandError("a key is lost or compromised", where="--lost --compromised", remedy="name one of them")
    place = home_at(home)
    settings = verifier_settings(place, environment=os.environ)
    file = settings.attestation_key_file
    try:
        if lost:
            changed = _replace_lost(place, settings)
        else:
            reason = "compromised" if compromised else "rotated"
            with own_log(settings, kinds=(AttestorEntry.kind,)) as (log, registry):
                changed = change_key(log, registry, file, reason=reason, now=now, entropy=os.urandom)
    except (KeyRefused, RegistryError) as error:
        remedy = "a key that is gone is replaced with --lost" if not file.exists() else ""
        raise CommandError(str(error), where=str(file), remedy=remedy) from None
    _tell(changed, lost=lost, as_json=as_json)


def _replace_lost(place: "Home", settings: "VerifierSettings") -> "Changed":
    """Only while the verifier is stopped: one that runs still has the key."""
    from dataclasses import replace

    from api.cli.own_log import own_log
    from api.cli.trust import read_trust
    from api.clock import now
    from api.home.directory import locked
    from api.home.files import PUBLIC_FILE, write_json
    from api.verifier.signing import replace_lost_key
    from verifier.entries.attestors import AttestorEntry

    kinds = (AttestorEntry.kind,)
    busy = {"what": "the verifier of this home is running, so it has the key", "remedy": "rotate it without --lost"}
    pins = read_trust(place, None)
    file = settings.attestation_key_file
    with locked(place.verifier / "lock", **busy), own_log(settings, kinds=kinds) as (log, registry):
        before = pins.attestations
        changed = replace_lost_key(log, registry, file, before=before, now=now, entropy=os.urandom)
    accepting = replace(pins, accepted=pins.accepted | {changed.after})
    write_json(place.trust_file, accepting.to_json(), mode=PUBLIC_FILE)
    return changed


def _tell(changed: "Changed", *, lost: bool, as_json: bool) -> None:
    def public(key: "VerifyKey") -> dict[str, object]:
        return {"kid": key.kid, "jwk": key.to_jwk()}

    if as_json:
        told = {"index": changed.index, "before": public(changed.before), "after": public(changed.after)}
        present.print_json(told | {"accepted": lost})
        return
    present.out.print(f"{changed.after.kid} signs attestations after entry {changed.index}", markup=False)
    if not lost:
        present.out.print(f"{changed.before.kid} has signed for it; pins need no change", markup=False)
        return
    present.out.print(
        "nobody signed for it: this home's trust.json names it now, and auditors who believe you must too"
    )
    present.out.print_json(data={"accepted": [changed.after.to_jwk()]})
