"""The settlement of a replay: answers leave in batches, come back settled, oldest first, and how far is noted down."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from verifier.audit.ledger import Ledger, LedgerError
from verifier.audit.settling import Batch, Finding, Findings, Outcome, Settler, Waiting
from verifier.checking import Claim


@dataclass(frozen=True, slots=True)
class State:
    """How far the log has been read: so many entries, their root, how many are erased, what stood beside the leaves."""

    size: int
    root: bytes
    erased: int
    beside: bytes


@dataclass(frozen=True, slots=True)
class _Settling:
    """A batch that is being settled; with it, all answers among the entries up to the state."""

    state: State
    answers: int
    outcome: Outcome


class Settlement:
    """What of the answers read so far has been settled, and how.

    Args:
        settler: has batches settled.
        ahead: how many of them it may have while the next is read.
        batch: answers in a batch.
        most: findings to remember.
        ledger: where a replay of the same log that was killed had got to.
        keep: told how far everything is settled, every `chunk` entries or more, and at the end.
        chunk: see there.

    Attributes:
        answers: how many have been settled and hold.
        refused: findings about those that do not.
        hear: told of each answer that holds, in no order.
    """

    def __init__(
        self,
        settler: Settler,
        *,
        ahead: int,
        batch: int,
        most: int,
        ledger: Ledger | None,
        keep: Callable[[Ledger], None] | None,
        chunk: int,
    ) -> None:
        self.answers = 0
        self.refused = Findings(most)
        self.hear: Callable[[int, Claim], None] = _deaf
        self._settler = settler
        self._ahead = ahead
        self._batch = batch
        self._ledger = ledger
        self._keep = keep
        self._chunk = chunk
        self._kept = 0
        self._waiting: list[Waiting] = []
        self._claims: list[Claim] = []
        self._settling: deque[_Settling] = deque()

    def resume(self, size: int, state: Callable[[], State]) -> None:
        """Take what was settled from the ledger, once as much has been read as it is about.

        Raises:
            LedgerError: it is about something else (blame: whoever passes it).
        """
        ledger = self._ledger
        if ledger is None or ledger.size != size:
            return
        read = state()
        if ledger.root != read.root:
            raise LedgerError("the ledger is of another log than this export, or one of them was changed")
        if ledger.erased != read.erased:
            raise LedgerError("bodies were erased since the ledger was written: begin anew, without it")
        if ledger.beside != read.beside:
            raise LedgerError("other kinds, times or bodies are shown than when the ledger was written: begin anew")
        self.answers, self._kept = ledger.answers, ledger.size
        self.refused.restore(ledger.findings, ledger.refused)

    def add(self, waiting: Waiting, claim: Claim, state: Callable[[], State]) -> None:
        """Have an answer settled, in its batch, unless the ledger says how it was."""
        if self._ledger is not None and waiting.index < self._ledger.size:
            if not self._ledger.refuses(waiting.index):
                self.hear(waiting.index, claim)
            return
        self._claims.append(claim)
        self._waiting.append(waiting)
        if len(self._waiting) >= self._batch:
            self._submit(state())
            self._collect(self._ahead)

    def finish(self, state: Callable[[], State]) -> None:
        """Wait until all is settled."""
        if self._waiting:
            self._submit(state())
        self._collect(0)

    def keep(self, state: State) -> None:
        """Tell how far: all answers up to the state are settled."""
        if self._keep is not None and state.size > self._kept:
            refused = tuple(self.refused.first()), tuple(self.refused.indices)
            self._keep(Ledger(state.size, state.root, state.erased, state.beside, self.answers, *refused))
            self._kept = state.size

    def _submit(self, state: State) -> None:
        batch, self._waiting = self._waiting, []
        claims, self._claims = self._claims, []
        self._settling.append(_Settling(state, len(batch), self._heard(batch, claims)))

    def _collect(self, most: int) -> None:
        """Wait until at most so many batches are being settled; the oldest come first."""
        while len(self._settling) > most:
            oldest = self._settling.popleft()
            found = oldest.outcome()
            self.answers += oldest.answers - len(found)
            for finding in found:
                self.refused.add(finding)
            if oldest.state.size - self._kept >= self._chunk:
                self.keep(oldest.state)

    def _heard(self, batch: Batch, claims: Sequence[Claim]) -> Outcome:
        """Have a batch settled; what proves to hold is then held against all other answers about the same people."""
        outcome = self._settler(batch)

        def settled() -> tuple[Finding, ...]:
            found = outcome()
            refused = {each.index for each in found}
            for waiting, claim in zip(batch, claims, strict=True):
                if waiting.index not in refused:
                    self.hear(waiting.index, claim)
            return found

        return settled


def _deaf(_index: int, _claim: Claim) -> None:
    """Nobody asked to be told."""
