"""Collecting cosignatures: one thread has the newest checkpoint cosigned by the witnesses, round after round.

A round asks all witnesses for the same checkpoint, at once, and stores what comes as it comes; nobody who wants an
answer ever waits for it. A witness that is away is left out for a while, longer each time. Several processes may do
this to one log: whoever asks for the larger checkpoint wins, and the other one's round ends without it.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge
from structlog.typing import FilteringBoundLogger

from api.peers.outbound import PeerBroken, PeerUnreachable
from api.peers.witness_client import WitnessClient
from api.web.logs import whereabouts
from verifier.errors import NoteError, VerifierError
from verifier.log.note import Checkpoint, split_note
from verifier.log.writer import Log
from verifier.witnesses.cosignatures import Cosignatures
from verifier.witnesses.witness import Request, SizeConflict, WitnessRefused

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
_ATTEMPTS: Final = 2


class LogBehindWitness(VerifierError):  # noqa: N818 - names what was found
    """A witness has cosigned more entries than the log has: it was rolled back (blame: log operator)."""


class _Overtaken(VerifierError):  # noqa: N818 - names what happened; nobody is to blame
    """Another process had a larger checkpoint cosigned meanwhile."""


class _Peer:
    """One witness: where it is in the log, and when it is to be asked again."""

    def __init__(self, client: WitnessClient, size: int) -> None:
        self.client = client
        self.vkey = client.verifier.vkey
        self.name = client.verifier.name
        self.size = size
        self.failures = 0
        self.due = 0.0

    def cosign(self, log: Log, note: str, size: int) -> str:
        """What the witness answers to a checkpoint; raises as WitnessClient does, and LogBehindWitness."""
        for _ in range(_ATTEMPTS):
            old = min(self.size, size)
            request = Request(old, tuple(log.consistency(old, size)), note)
            try:
                lines = self.client.add_checkpoint(request)
            except SizeConflict as conflict:
                self.size = conflict.size
                if conflict.size > size:
                    break
            else:
                self.size = size
                return lines
        if self.size > size and self.size > log.caught_up():
            raise LogBehindWitness(f"{self.name} has cosigned {self.size} entries")
        raise _Overtaken("another process was faster")


class Collector:
    """Collects cosignatures, in a thread of its own.

    Args:
        log: the log; it outlives the collector.
        cosignatures: where they are kept.
        clients: one for each witness.
        pause: seconds between two rounds.
        logger: told what fails, when it begins and seldom after that.
        registry: of the service's metrics.
        jitter: a source of numbers in 0..1.
    """

    def __init__(
        self,
        log: Log,
        cosignatures: Cosignatures,
        clients: Sequence[WitnessClient],
        *,
        pause: float,
        logger: FilteringBoundLogger,
        registry: CollectorRegistry,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._log = log
        self._cosignatures = cosignatures
        self._pause = pause
        self._logger = logger
        self._jitter = jitter
        sizes = cosignatures.sizes()
        self._peers = [_Peer(client, sizes.get(client.verifier.vkey, 0)) for client in clients]
        self._pool = ThreadPoolExecutor(len(clients), thread_name_prefix="zkattest-witness")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="zkattest-cosignatures", daemon=True)
        self._cosigned = Gauge(
            "zkattest_verifier_cosigned_entries", "Entries a witness has cosigned", ("witness",), registry=registry
        )
        self._shown = Gauge(
            "zkattest_verifier_shown_entries", "Entries under the newest cosigned checkpoint", registry=registry
        )
        self._failed = Counter(
            "zkattest_verifier_cosigning_failures",
            "Checkpoints a witness has not cosigned",
            ("witness", "reason"),
            registry=registry,
        )

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Finish the round under way and stop."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown()

    def collect(self) -> int:
        """Make one round over the newest checkpoint; how many witnesses have newly cosigned it.

        Raises:
            LogUnavailable: the database cannot be read or written.
        """
        self._log.caught_up()
        note = self._log.note
        size = Checkpoint.from_bytes(split_note(note)[0]).size
        sizes = self._cosignatures.sizes()
        count = 0
        if size:  # there is nothing to witness in an empty log
            moment = time.monotonic()
            asked = [peer for peer in self._peers if peer.due <= moment and sizes.get(peer.vkey) != size]
            waiting = {self._pool.submit(peer.cosign, self._log, note, size): peer for peer in asked}
            while waiting:
                done, _rest = wait(waiting, return_when=FIRST_COMPLETED)
                count += self._store(note, {waiting.pop(future): future for future in done})
        if count:
            sizes = self._cosignatures.sizes()
        for peer in self._peers:
            self._cosigned.labels(peer.name).set(sizes.get(peer.vkey, 0))
        newest = self._cosignatures.newest()
        self._shown.set(newest.size if newest else 0)
        return count

    def _store(self, note: str, answers: dict[_Peer, Future[str]]) -> int:
        count = 0
        for peer, future in answers.items():
            try:
                self._cosignatures.add(note, {peer.vkey: future.result()})
            except _Overtaken:
                continue
            except (PeerUnreachable, PeerBroken, WitnessRefused, NoteError, LogBehindWitness) as error:
                self._note_failure(peer, error)
            else:
                peer.failures, peer.due = 0, 0.0
                count += 1
        return count

    def _note_failure(self, peer: _Peer, error: Exception) -> None:
        reason = type(error).__name__
        self._failed.labels(peer.name, reason).inc()
        if peer.failures & (peer.failures - 1) == 0:
            # A witness that is away is a warning; one that refuses what this log has signed is more than that.
            tell = self._logger.warning if isinstance(error, PeerUnreachable) else self._logger.error
            tell("not-cosigned", party=peer.name, reason=reason, attempt=peer.failures + 1, size=peer.size)
        peer.failures += 1
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(peer.failures - 1, 10))
        peer.due = time.monotonic() + pause * (0.5 + self._jitter())

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                self.collect()
                failures = 0
            except Exception as error:  # noqa: BLE001 - whatever it is, the next round may succeed
                if failures & (failures - 1) == 0:
                    self._logger.error("collecting-failed", attempt=failures + 1, **whereabouts(error))  # noqa: TRY400 - see there
                failures += 1
            self._stopping.wait(self._pause * (0.5 + self._jitter()) * 2 ** min(failures, 5))
