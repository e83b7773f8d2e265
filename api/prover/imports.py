"""Importing a CSV file into a vault, through the running prover or straight into the stopped one.

Both ways take the same records and give the same outcomes; the rejects file gets every refused row with line, column
and reason, never a value.
"""

import csv
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, Protocol, Self, TextIO

from api.peers.lender_client import ServiceClient
from prover.records import Record, Reject

BATCH: Final = 250
SHOWN: Final = 3
REGISTERED_WITHIN: Final = 15.0
POLL: Final = 0.05
REJECTS_HEADER: Final = ("line", "column", "reason")


@dataclass(frozen=True, slots=True)
class Issued:
    """What became of one record: `issued`, `unchanged`, `superseded` or `rejected`."""

    status: str
    reject: Reject | None = None


class Sink(Protocol):
    """Where records go."""

    @property
    def at_once(self) -> int:
        """How many batches it takes at the same time."""
        ...

    def issue(self, records: Sequence[Record]) -> Sequence[Issued]:
        """Issues a batch, all or nothing; one outcome a record, in order."""
        ...


@dataclass(slots=True)
class Summary:
    """Counts over one import.

    Attributes:
        counts: rows by what became of them.
        rejects: the file of those that were refused, if there are any.
        first_rejects: the first of them.
        waiting: credentials that the verifier has not registered yet, earlier ones too; `refused` of them for good.
    """

    counts: Counter[str] = field(default_factory=Counter)
    rejects: Path | None = None
    first_rejects: list[Reject] = field(default_factory=list)
    waiting: int = 0
    refused: int = 0

    @property
    def imported(self) -> int:
        """Rows that are in the vault now."""
        return self.counts["issued"] + self.counts["unchanged"] + self.counts["superseded"]


def run(
    rows: Iterable[Record | Reject],
    *,
    sink: Sink,
    rejects: Path,
    progress: Callable[[int], None],
) -> Summary:
    """Sends every record to the sink and writes the rejects file, which is there only if there are any.

    Args:
        rows: from `prover.importing.read_records`.
        sink: where they go.
        rejects: the rejects file; an old one is replaced.
        progress: told the line reached.
    """
    summary = Summary()
    rejects.unlink(missing_ok=True)
    with _Rejects(rejects) as refused:

        def settle(batch: list[Record | Reject], issued: Future[Sequence[Issued]] | None) -> None:
            outcomes = iter(issued.result() if issued is not None else ())
            for row in batch:
                reject = row if isinstance(row, Reject) else None
                status = "rejected"
                if reject is None:
                    outcome = next(outcomes)
                    status, reject = outcome.status, outcome.reject
                summary.counts[status] += 1
                if reject is not None:
                    refused.write(reject)
                    if len(summary.first_rejects) < SHOWN:
                        summary.first_rejects.append(reject)
            progress(batch[-1].line)

        with ThreadPoolExecutor(sink.at_once) as pool:
            sent: deque[tuple[list[Record | Reject], Future[Sequence[Issued]] | None]] = deque()
            for batch in _batches(iter(rows)):
                records = [row for row in batch if isinstance(row, Record)]
                sent.append((batch, pool.submit(sink.issue, records) if records else None))
                while len(sent) >= sink.at_once:
                    first, issued = sent.popleft()
                    settle(first, issued)
            for first, issued in sent:
                settle(first, issued)
    if summary.counts["rejected"]:
        summary.rejects = rejects
    return summary


def await_registration(
    client: ServiceClient, *, progress: Callable[[int], None], patience: float = REGISTERED_WITHIN
) -> tuple[int, int]:
    """Waits until nothing waits to be registered, or nothing moves for `patience` seconds.

    Returns:
        How many still wait, and how many of them the verifier has refused.

    What is left over is not lost: the prover goes on registering.
    """
    least, since = None, time.monotonic()
    while True:
        ready = client.get("/readyz")
        pending = int(ready["pending_credentials"])
        progress(pending)
        refused = int(ready["refused_credentials"])
        if pending == refused:
            return pending, refused
        if least is None or pending < least:
            least, since = pending, time.monotonic()
        if time.monotonic() - since > patience:
            return pending, refused
        time.sleep(POLL)


def _batches(rows: Iterator[Record | Reject]) -> Iterator[list[Record | Reject]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


class _Rejects:
    """The rejects file, made with its first row."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, reject: Reject) -> None:
        if self._file is None:
            self._file = self._path.open("w", encoding="utf-8", newline="")
            csv.writer(self._file).writerow(REJECTS_HEADER)
        csv.writer(self._file).writerow((reject.line, reject.column or "", reject.reason))
