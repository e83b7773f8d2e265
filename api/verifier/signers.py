"""Who may sign requests here: relying parties and providers, with the keys that the log says are theirs now."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Engine, delete, insert
from sqlalchemy.exc import IntegrityError

from api.web.auth import AuthenticationError, Scope
from api.web.signatures import Signer
from verifier.asked import CLOCK_STEP
from verifier.fold.registry import Registry
from verifier.log.writer import Log
from verifier.models import NONCES
from verifier.soundness.seals import Sealer

_PARTY: Final = frozenset({Scope.QUERY})
_PROVIDER: Final = frozenset({Scope.ISSUE})


def signers_of(log: Log, registry: Registry) -> Callable[[str], Signer | None]:
    """A look-up of keys by their id, as the log has them now, those that another process has just logged included."""

    def find(key_id: str) -> Signer | None:
        log.caught_up()
        party = registry.parties.holder(key_id)
        if party is not None and party.entry.key is not None:
            return Signer(party.entry.party, party.entry.key, _PARTY)
        for provider in registry.providers():
            if provider.entry.key.kid == key_id:
                return Signer(provider.id, provider.entry.key, _PROVIDER)
        return None

    return find


class TableNonces:
    """Nonces in the verifier's database: a request that one process has accepted is refused by all of them."""

    def __init__(self, engine: Engine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    def spend(self, key_id: str, nonce: str, *, expires_at: int, now: int) -> None:
        """Keep a nonce until its request has expired, and let those go whose requests have.

        Raises:
            AuthenticationError: it is kept already: the request was sent before (the caller's fault).
        """
        row = self._sealer.sealed(NONCES.name, {"key_id": key_id, "nonce": nonce, "expires_at": expires_at})
        try:
            with self._engine.begin() as connection:
                # Some time later, lest a clock that is set back let them count again.
                connection.execute(delete(NONCES).where(NONCES.c.expires_at < now - CLOCK_STEP))
                connection.execute(insert(NONCES).values(row))
        except IntegrityError:
            raise AuthenticationError from None
