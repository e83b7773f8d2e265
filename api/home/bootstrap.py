"""The first run: keys of both parties, their databases, a provider in the log, and a sandbox lender.

Every step looks first whether it was done before, and `config.json` is written last: a first run that was interrupted
is completed by the next one, and nothing that exists is ever overwritten.
"""

import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any, Final

from sqlalchemy import Engine

from api.database import migrate, open_engine
from api.home.directory import Address, Config, Home, HomeError
from api.home.files import PUBLIC_FILE, write_file, write_json
from api.home.services import free_port
from api.home.settings import log_database
from api.settings import WitnessAddress
from api.web.auth import KeyRecord, Scope, make_key
from api.web.keyring import TableKeys, write_callers
from circuits.jws import SigningKey
from prover.keys import FileKeyProvider
from verifier.entries.kinds import Entry, ProviderEntry, decode_logged, encode
from verifier.errors import NoteError
from verifier.log.leaves import LoggedEntry
from verifier.log.note import NoteSigner
from verifier.log.writer import Draft, Log
from verifier.models import API_KEYS
from verifier.soundness.seals import Sealer
from verifier.trust import Trust
from verifier.witnesses.cosigning import Quorum

HOST: Final = "127.0.0.1"
VERIFIER_PORT: Final = 8470
PROVER_PORT: Final = 8471
APPEND_WITHIN: Final = 30.0
ORIGIN_PREFIX: Final = "zkattest.local/"
Entropy = Callable[[int], bytes]


def bootstrap(
    home: Home,
    *,
    verifier_port: int | None = None,
    prover_port: int | None = None,
    witnesses: Sequence[WitnessAddress] = (),
    cosigned_by: int | None = None,
    environment: Mapping[str, str] = os.environ,
    now: Callable[[], float] = time.time,
    entropy: Entropy = secrets.token_bytes,
) -> Config:
    """Makes what is missing in the home, and nothing else.

    Args:
        home: its directories exist.
        verifier_port: where the verifier listens; by default as before, on the first run 8470 or a free one.
        prover_port: the same for the prover, 8471.
        witnesses: who is asked to cosign checkpoints; if any are named, in place of those before.
        cosigned_by: how many of them it takes; all unless told.
        environment: may name another database than the file in the home.
        now: the clock, Unix seconds.
        entropy: a source of random bytes.

    Raises:
        HomeError: the home holds half of something that cannot be completed, or both services are to have one address.
        LogUnavailable: the log cannot be written.
    """
    before = home.config() if home.is_ready else None
    signer = _log_signer(home, entropy)
    attestation, signing = _key(home, "attestation", entropy), _key(home, "signing", entropy)
    _make_kek(home, entropy)
    config = Config(
        origin=signer.name,
        prover=_address(prover_port, before.prover if before else None, PROVER_PORT),
        verifier=_address(verifier_port, before.verifier if before else None, VERIFIER_PORT),
        **_witnessed(home, before, witnesses, cosigned_by),
        **({"provider_id": before.provider_id, "provider_name": before.provider_name} if before else {}),
    )
    if config.prover == config.verifier:  # kept, it would be in the way of every later start
        raise HomeError(
            f"both services cannot listen on {config.verifier.host}:{config.verifier.port}",
            where=home.config_file,
            remedy="give them different ports: --verifier-port, --prover-port",
        )
    engine = open_engine(log_database(home, environment))
    try:
        migrate(engine, "verifier")
        if not home.keys_file.exists():
            _make_client_keys(home, config, engine, Sealer.of(signer), now=int(now()), entropy=entropy)
        provider = ProviderEntry(
            id=config.provider_id,
            name=config.provider_name,
            key=signing.public,
            prover_url=config.prover.url,
            valid_from=int(now()),
        )
        _register(home, engine, signer, provider, entropy=entropy)
    finally:
        engine.dispose()
    if not home.trust_file.exists():
        write_json(home.trust_file, Trust(signer.verifier, attestation.public).to_json(), mode=PUBLIC_FILE)
    if config != before:
        write_file(home.config_file, config.model_dump_json(indent=2).encode() + b"\n")
    return config


def _log_signer(home: Home, entropy: Entropy) -> NoteSigner:
    if home.log_key.exists():
        return NoteSigner.from_skey(home.log_key.read_text("ascii").strip())
    if home.log_database.exists():
        raise HomeError(
            "there is a log, but the key that signs it is gone",
            where=home.log_key,
            remedy="restore the key from a copy; without it nothing can be appended to this log",
        )
    signer = NoteSigner(ORIGIN_PREFIX + entropy(8).hex(), entropy(32))
    write_file(home.log_key, signer.skey.encode() + b"\n")
    return signer


def _make_kek(home: Home, entropy: Entropy) -> None:
    if home.kek.exists():
        return
    if home.vault.exists():
        raise HomeError(
            "there is a vault, but the key that opens it is gone",
            where=home.kek,
            remedy="restore the key from a copy; without it the vault stays closed",
        )
    FileKeyProvider.create(home.kek, secret=entropy(32))


def _key(home: Home, name: str, entropy: Entropy) -> SigningKey:
    path = home.attestation_key if name == "attestation" else home.signing_key
    if name == "attestation" and not path.exists() and home.trust_file.exists():
        raise HomeError(
            "there is a log, but the key that signs attestations is gone",
            where=path,
            remedy="restore the key from a copy, or replace it with: attest verifier rotate-key --lost",
        )
    if not path.exists():
        write_file(path, SigningKey.generate(entropy=entropy(32)).to_pem())
    return SigningKey.from_pem(path.read_bytes())


def _address(wanted: int | None, before: Address | None, usual: int) -> Address:
    if wanted is not None:
        return Address(host=before.host if before else HOST, port=wanted)
    return before or Address(host=HOST, port=free_port(HOST, first=usual))


def _witnessed(
    home: Home, before: Config | None, witnesses: Sequence[WitnessAddress], cosigned_by: int | None
) -> dict[str, Any]:
    if before is not None and not witnesses:
        witnesses, cosigned_by = before.witnesses, cosigned_by or before.cosigned_by
    try:
        if witnesses or cosigned_by is not None:
            Quorum(tuple(each.verifier for each in witnesses), cosigned_by or len(witnesses))
    except NoteError as error:
        raise HomeError(
            str(error),
            where=home.config_file,
            remedy="name each witness once with --witness, and no more of them with --cosigned-by",
        ) from None
    return {"witnesses": tuple(witnesses), "cosigned_by": cosigned_by}


def _make_client_keys(
    home: Home, config: Config, engine: Engine, sealer: Sealer, *, now: int, entropy: Entropy
) -> None:
    """Keys of everybody on this machine; the services keep digests only, so `keys.json` is written last."""

    def make(owner: str, scope: Scope) -> tuple[str, KeyRecord]:
        made = make_key(owner=owner, scopes=frozenset({scope}), entropy=entropy)
        return made.text, made.record

    at_verifier = {
        "lender": make(config.relying_party, Scope.QUERY),
        "issue": make(config.provider_id, Scope.ISSUE),
        "audit": make("auditor", Scope.AUDIT),
    }
    at_prover = {"prove": make(config.origin, Scope.PROVE), "admin": make("operator", Scope.ADMIN)}
    ring = TableKeys(engine, API_KEYS, sealer)
    for _, record in at_verifier.values():
        ring.add(record, now=now)
    write_callers(home.callers, [record for _, record in at_prover.values()])
    write_json(home.keys_file, {name: text for name, (text, _) in (at_verifier | at_prover).items()})


def _register(home: Home, engine: Engine, signer: NoteSigner, provider: ProviderEntry, *, entropy: Entropy) -> None:
    """Logs the provider unless the newest entry under its id says the same already.

    Raises:
        HomeError: the log names a newer key: the home's, which may be known to others, must not count again.
    """
    with closing(Log(engine, signer, entropy=entropy)) as log:
        known: ProviderEntry | None = None
        earlier = set()
        for logged in log.read(0, kinds=(ProviderEntry.kind,)):
            entry = decode_logged(logged) if isinstance(logged, LoggedEntry) else None
            if isinstance(entry, ProviderEntry) and entry.id == provider.id:
                known = entry
                earlier.add(entry.key)
        if known and (known.key, known.prover_url, known.name) == (provider.key, provider.prover_url, provider.name):
            return
        if known and known.key != provider.key and provider.key in earlier:
            raise HomeError(
                f"the key of provider {provider.id} has been replaced in the log, and the home still has the old one",
                where=home.signing_key,
                remedy="put the newest key there: attest verifier provider list shows which",
            )
        log.append(lambda _index: _draft(provider, provider.valid_from)).result(APPEND_WITHIN)


def _draft(entry: Entry, appended_at: int) -> Draft:
    return Draft(entry.kind, encode(entry, appended_at), appended_at)
