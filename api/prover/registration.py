"""Registration: one thread empties the issuer's outbox into the verifier's log, in order, for as long as it takes.

Before that it has the verifier erase whoever was erased here, and tells it which consents were taken back: neither is
ever put off by what cannot be registered.

The outbox is the truth: a crash between the verifier's receipt and our note of it sends the same batch again, and the
verifier gives the same places. When the verifier is away, the pauses grow; new records or its return end them.

A credential that the verifier refuses for good stays in the outbox, where it is counted, and holds nothing up: it is
sent again when the service starts again.
"""

import random
import threading
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from structlog.typing import FilteringBoundLogger

from api.clock import now
from api.peers.outbound import PeerBroken, PeerUnreachable
from api.peers.verifier_client import RegistrationRefused, VerifierClient
from api.prover.erasures import tell
from prover.consent import Consents
from prover.erasing import Eraser
from prover.errors import VaultError
from prover.issuance import Issuer, Pending

BATCH: Final = 500
_LONGEST_PAUSE: Final = 15.0
_FIRST_PAUSE: Final = 0.25


class Registrar:
    """Registers what waits in the outbox, in a thread of its own."""

    def __init__(
        self,
        issuer: Issuer,
        client: VerifierClient,
        *,
        eraser: Eraser | None = None,
        consents: Consents | None = None,
        pause: float,
        logger: FilteringBoundLogger,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._issuer = issuer
        self._client = client
        self._eraser = eraser
        self._unerased = 0
        self._consents = consents
        self._unwithdrawn = 0
        self._pause = pause
        self._logger = logger
        self._jitter = jitter
        self._refused: Pending | None = None  # the last one: all that wait before it were refused as well
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="zkattest-registration", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There is something new: do not wait for the pause to end."""
        self._wake.set()

    def close(self) -> None:
        """Finish the batch in flight and stop."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def refused_count(self) -> int:
        """How many credentials wait that the verifier has refused."""
        return self._issuer.pending_count(until=self._refused) if self._refused is not None else 0

    def flush(self) -> int:
        """Tell of erasures and withdrawals, then register one batch of what waits, but for what the verifier refuses.

        Returns:
            How many credentials that was, the refused ones too.

        Raises:
            PeerUnreachable, PeerBroken, RegistrationRefused: see VerifierClient; what is registered stays so.
        """
        self._tell_erasures()
        self._tell_withdrawals()
        # What waits is read before the schemas: a batch, with the first of its schema, may be issued between two reads.
        waiting = self._issuer.pending(BATCH, beyond=self._refused)
        for schema in self._issuer.pending_schemas():
            self._issuer.mark_schema_registered(schema.digest, self._client.register_schema(schema.to_json()))
        if not waiting:
            return 0
        try:
            self._register(waiting)
        except RegistrationRefused as refusal:
            refused = {waiting[place] for place in refusal.positions if place < len(waiting)}
            if not refused:
                raise
            self._register([each for each in waiting if each not in refused])
            self._refused = max(refused, key=lambda each: each.sequence)
            self._logger.error("credentials-refused", count=len(refused), pending=self._issuer.pending_count())  # noqa: TRY400 - what the verifier said may quote
        return len(waiting)

    def _tell_erasures(self) -> None:
        if self._eraser is None or self._eraser.pending_count() <= self._unerased:
            return  # what was refused is told again when another one comes, or the service starts again
        try:
            told = tell(self._eraser, self._client)
        except VaultError:
            self._unerased = self._eraser.pending_count()
            self._logger.error("erasures-unreadable", count=self._unerased)  # noqa: TRY400 - a traceback may quote
            return
        self._unerased = sum(each.receipt is None for each in told)
        if self._unerased:
            self._logger.error("erasures-refused", count=self._unerased)
        if len(told) > self._unerased:
            self._logger.info("erased", count=len(told) - self._unerased)

    def _tell_withdrawals(self) -> None:
        if self._consents is None or self._consents.pending_count() <= self._unwithdrawn:
            return  # as with erasures
        try:
            pending = self._consents.pending(now=now())
        except VaultError:
            self._unwithdrawn = self._consents.pending_count()
            self._logger.error("withdrawals-unreadable", count=self._unwithdrawn)  # noqa: TRY400 - a traceback may quote
            return
        refused = 0
        for each in pending:
            try:
                self._consents.mark_logged(each.id, self._client.withdraw(each.token))
            except RegistrationRefused:
                refused += 1
        self._unwithdrawn = refused
        if refused:
            self._logger.error("withdrawals-refused", count=refused)
        if len(pending) > refused:
            self._logger.info("withdrawn", count=len(pending) - refused)

    def _register(self, waiting: Sequence[Pending]) -> None:
        if not waiting:
            return
        places = self._client.register_credentials([each.token for each in waiting])
        if set(places) != {each.id for each in waiting}:
            raise PeerBroken("receipts for other credentials than were sent")
        self._issuer.mark_registered([each.id for each in waiting], [places[each.id] for each in waiting])
        self._logger.info("registered", count=len(waiting))

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                count = self.flush()
            except (PeerUnreachable, PeerBroken, RegistrationRefused, SQLAlchemyError) as error:
                # Say it when it begins and seldom after that: a night without the verifier is not a million lines.
                if failures & (failures - 1) == 0:
                    self._logger.warning("registration-failed", error=type(error).__name__, attempt=failures + 1)
                failures += 1
                self._rest(min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**failures) * (0.5 + self._jitter()))
                continue
            failures = 0
            if not count:
                self._rest(self._pause)

    def _rest(self, seconds: float) -> None:
        if not self._stopping.is_set():
            self._wake.wait(seconds)
