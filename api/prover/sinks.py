"""The two ways records reach a vault: over HTTP into the running prover, or directly while it is stopped.

What is no record, such as a consent, is written beside the running prover: see `unlocked` and `consents_of`.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine

from api.database import open_migrated
from api.home.directory import Home, locked
from api.home.settings import vault_database
from api.peers.lender_client import ServiceClient
from api.prover.imports import Issued, Sink
from api.tables import fast_engine
from circuits.attributes import Schema
from circuits.jws import SigningKey
from prover.consent import Consents
from prover.issuance import Issuer, Outcome
from prover.keys import FileKeyProvider
from prover.records import Record, Reject
from prover.terms import Terms
from prover.vault import Vault

Unlocked = tuple[Engine, Vault]
"""A vault and the database it is in."""


class ServiceSink:
    """Sends records to the running prover, which issues and registers them."""

    at_once = 2  # while one is written down there, the other is worked on

    def __init__(self, client: ServiceClient, schema: Schema) -> None:
        self._client = client
        self._schema = schema.to_json()

    def issue(self, records: Sequence[Record]) -> Sequence[Issued]:
        """One request a batch; all of it is issued or nothing.

        Raises:
            Refusal, Unreachable: nothing of this batch was issued, or running the import again finds it unchanged.
        """
        lines = [{"subject": each.subject, "values": dict(each.values), "line": each.line} for each in records]
        answer = self._client.post("/v1/records", {"schema": self._schema, "records": lines})
        return [
            Issued(each["outcome"], _reject(each["line"], each.get("column"), each.get("reason"), each["outcome"]))
            for each in answer["outcomes"]
        ]


class VaultSink:
    """Issues straight into the vault of a stopped prover; credentials are registered when it starts."""

    at_once = 1

    def __init__(self, issuer: Issuer, schema: Schema) -> None:
        self._issuer = issuer
        self._schema = schema

    def issue(self, records: Sequence[Record]) -> Sequence[Issued]:
        """One transaction a batch."""
        outcomes = self._issuer.issue(records, schema=self._schema, now=int(time.time()), entropy=os.urandom)
        return [_issued(outcome) for outcome in outcomes]


class ConsentingSink:
    """Another sink, for people who all let one relying party ask about them as soon as they are in the vault."""

    def __init__(self, sink: Sink, consents: Consents, terms: Terms) -> None:
        self._sink = sink
        self._consents = consents
        self._terms = terms

    @property
    def at_once(self) -> int:
        """As many as the other sink takes."""
        return self._sink.at_once

    def issue(self, records: Sequence[Record]) -> Sequence[Issued]:
        """Raises what the other sink does, and then nobody has consented; running the import again is enough."""
        outcomes = self._sink.issue(records)
        known = [each.subject for each, became in zip(records, outcomes, strict=True) if became.status != "rejected"]
        self._consents.grant_many(known, self._terms, now=int(time.time()), entropy=os.urandom)
        return outcomes


@contextmanager
def unlocked(home: Home, *, environment: Mapping[str, str] = os.environ) -> Iterator[Unlocked]:
    """The vault of a home with its database, for as long as the block runs; the prover may run beside it.

    Raises:
        KeyRefused, VaultError: the vault cannot be opened with the home's key.
    """
    with open_migrated(vault_database(home, environment), "prover", migrating=True) as engine:
        yield engine, Vault.unlock(engine, FileKeyProvider(home.kek), entropy=os.urandom)


@contextmanager
def consents_of(home: Home, *, environment: Mapping[str, str] = os.environ) -> Iterator[Consents]:
    """The consents of a home's people, also while its prover runs: writers take turns. Raises as unlocked does."""
    provider = home.config().provider_id  # a home without a prover is told as such
    with unlocked(home, environment=environment) as (engine, vault):
        key = SigningKey.from_pem(home.signing_key.read_bytes())
        yield Consents(engine, vault, key=key, provider=provider)


@contextmanager
def opened_vault(home: Home, schema: Schema, *, environment: Mapping[str, str] = os.environ) -> Iterator[VaultSink]:
    """The vault of a stopped prover, under its lock.

    Raises:
        HomeBusyError: the prover is running, or another import is.
        KeyRefused, VaultError: the vault cannot be opened with the home's key.
    """
    busy = {"what": "the vault is in use by another process", "remedy": "wait for the other import, or stop the prover"}
    with locked(home.prover / "lock", **busy), unlocked(home, environment=environment) as (engine, vault):
        key = SigningKey.from_pem(home.signing_key.read_bytes())
        provider = home.config().provider_id
        yield VaultSink(Issuer(engine, vault, key=key, provider=provider, group=fast_engine()), schema)


def _issued(outcome: Outcome) -> Issued:
    status = str(outcome.status)
    return Issued(status, _reject(outcome.line, outcome.column, outcome.reason, status))


def _reject(line: int, column: str | None, reason: str | None, status: str) -> Reject | None:
    return Reject(line, column, reason or "refused") if status == "rejected" else None
