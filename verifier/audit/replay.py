"""Replay: check a whole log again from its export, with nothing but the pinned keys.

Entries stream through once: the tree is rebuilt from the exact bytes, the registry folded, every answer appraised by
the same `checking.appraise` as live and its proof verified, in batches with the fast engine, one by one with the
reference, here or in other processes (`settle`). Memory holds the registry, the time of every entry, the batches that
wait, and the first findings.
"""

import hashlib
import os
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from verifier.answered import Answered
from verifier.asked import CLOCK_STEP, Requests, require_asked
from verifier.audit.consistency import Consistency
from verifier.audit.export import entry_lines, parse_checkpoint_line
from verifier.audit.ledger import Ledger, LedgerError
from verifier.audit.observing import Observer
from verifier.audit.overrun import Overruns
from verifier.audit.report import Report
from verifier.audit.sampling import Sample, Sampled
from verifier.audit.settlement import Settlement, State
from verifier.audit.settling import Batch, Finding, Findings, Outcome, Settler, Waiting, settle
from verifier.checking import Claim, EngineName, appraise, require_consent
from verifier.consented import require_usable
from verifier.entries.erasure import ErasureEntry
from verifier.entries.kinds import REGISTRY_KINDS, AnswerEntry, DeclinedEntry, Entry, UndeterminedEntry, decode_logged
from verifier.errors import (
    Blame,
    CheckFailed,
    CredentialErased,
    CredentialUnknown,
    EntryError,
    ExportError,
    NoteError,
    QueryRefused,
    RegistryError,
)
from verifier.fold.registry import Registry
from verifier.fold.tombstones import Tombstones
from verifier.log import merkle
from verifier.log.leaves import AnyEntry, LoggedEntry, Tombstone
from verifier.log.note import Checkpoint
from verifier.trust import Trust

__all__ = ["Finding", "Progress", "Report", "replay"]

BATCH = 256
CHUNK = 4096
"""How many entries lie between two states of the ledger, at least."""
MOST_FINDINGS = 100
Progress = Callable[[int, int | None], None]


def replay(
    lines: Iterable[bytes],
    *,
    trust: Trust,
    since: Checkpoint | str | None = None,
    engine: EngineName = "fast",
    progress: Progress | None = None,
    entropy: Callable[[int], bytes] = os.urandom,
    settler: Settler | None = None,
    ahead: int = 0,
    ledger: Ledger | None = None,
    keep: Callable[[Ledger], None] | None = None,
    observe: Observer | None = None,
    sample: Sample | None = None,
) -> Report:
    """Replay an export.

    Args:
        lines: the export, each line with its newline; read once, in order.
        trust: what the auditor pinned.
        since: the checkpoint of an earlier replay (or its signed note): it must be a prefix of this log.
        engine: which implementation verifies the proofs.
        progress: told how many entries of how many have been read.
        entropy: random bytes for the weights of batches that are settled here.
        settler: has batches settled with the same pins and engine, as `settling.settle` does; None settles them here.
        ahead: how many batches may be with the settler while the next is read.
        ledger: where a replay of this log that was killed had got to, with the same pins and engine.
        keep: told how far everything is settled, every CHUNK entries or more, and at the end.
        observe: told what is read and what holds.
        sample: draws the answers that another engine verifies again; where the two do not agree is a finding.

    Returns:
        A report; a log that does not hold has findings, and `replay` raises nothing for them.

    Raises:
        NoteError: `since` is not signed by the pinned key (blame: whoever passes it).
        LedgerError: the ledger is of another log than this export (blame: whoever passes it).
    """
    earlier = Checkpoint.open(since, trust.log) if isinstance(since, str) else since
    remaining = iter(lines)
    note = ""
    try:
        note = parse_checkpoint_line(next(remaining, b""))
        checkpoint = Checkpoint.open(note, trust.log)
    except (ExportError, NoteError) as error:
        finding = Finding(None, Blame.LOG, "checkpoint", str(error))
        return Report(note, trust.origin, 0, 0, {}, (finding,), 1, engine)

    def at_once(batch: Batch) -> Outcome:
        found = settle(batch, engine=engine, entropy=entropy)
        return lambda: found

    if ledger is not None and ledger.size > checkpoint.size:
        raise LedgerError("the ledger is of a longer log than this export")
    settlement = Settlement(
        settler or at_once,
        ahead=ahead,
        batch=BATCH,
        most=MOST_FINDINGS,
        ledger=ledger,
        keep=keep,
        chunk=CHUNK,
    )
    whole = _Replay(checkpoint, note, trust, engine=engine, settlement=settlement)
    whole.observer, whole.sample = observe, sample
    return whole.run(remaining, earlier, progress)


class _Replay:
    def __init__(
        self,
        checkpoint: Checkpoint,
        note: str,
        trust: Trust,
        *,
        engine: EngineName,
        settlement: Settlement,
    ) -> None:
        self._checkpoint = checkpoint
        self._note = note
        self._trust = trust
        self._engine = engine
        self._settlement = settlement
        settlement.hear = self._hear
        self._registry = Registry(trust=trust)
        self._overruns = Overruns()
        self._tree = merkle.Frontier()
        self._beside = hashlib.sha256()
        self._counts: Counter[str] = Counter()
        self._unfit = Findings(MOST_FINDINGS)
        self._fundamental: list[Finding] = []
        self._latest = 0
        self._times = array("q")
        self._requests = Requests()
        self._tombstones = Tombstones(self._find)
        self._consistency = Consistency(self._ended, self._tombstones.any_within)
        self._unknown: list[tuple[int, AnswerEntry, str]] = []
        self.observer: Observer | None = None
        self.sample: Sample | None = None

    def run(self, lines: Iterator[bytes], earlier: Checkpoint | None, progress: Progress | None) -> Report:
        if earlier is not None and earlier.size > self._checkpoint.size:
            self._doubt("since", f"the log shrank from {earlier.size} to {self._checkpoint.size} entries")
        try:
            self._compare(earlier)
            for logged in entry_lines(lines):
                if self._tree.size >= self._checkpoint.size:
                    self._doubt(
                        "size", f"the export goes on after the {self._checkpoint.size} entries of its checkpoint"
                    )
                    break
                self._read(logged)
                self._compare(earlier)
                if progress and self._tree.size % BATCH == 0:
                    progress(self._tree.size, self._checkpoint.size)
        except ExportError as error:
            self._doubt("export", str(error))
        self._settlement.finish(self._state)
        sampled = self._settle_sample()
        self._tombstones.finish(self._checkpoint.size)
        self._find_unknown()
        if self._tree.size < self._checkpoint.size:
            self._doubt("size", f"only {self._tree.size} of {self._checkpoint.size} entries are there")
        elif self._tree.root() != self._checkpoint.root:
            self._doubt("root", "the entries do not have the signed root: at least one is not what was logged")
        if not self._fundamental:
            self._settlement.keep(self._state())
        if progress:
            progress(self._tree.size, self._checkpoint.size)
        entries = sorted([*self._unfit.first(), *self._settlement.refused.first()], key=lambda found: found.index or 0)
        return Report(
            checkpoint=self._note,
            origin=self._checkpoint.origin,
            entries=self._tree.size,
            answers=self._settlement.answers,
            counts=dict(self._counts),
            findings=tuple(chain(self._fundamental, entries[:MOST_FINDINGS])),
            findings_count=len(self._fundamental) + self._unfit.count + self._settlement.refused.count,
            engine=self._engine,
            signed=self._requests.signed,
            sampled=sampled,
            erased_on=dict(sorted(self._tombstones.dates.items())),
            keys=self._registry.attestors.periods(),
        )

    def _settle_sample(self) -> Sampled | None:
        if self.sample is None:
            return None
        sampled = self.sample.settle(self._settlement.refused.indices)
        for each in sampled.findings:
            self._unfit.add(each)
        return sampled

    def _compare(self, earlier: Checkpoint | None) -> None:
        if earlier is not None and earlier.size == self._tree.size and earlier.root != self._tree.root():
            self._doubt("since", f"the first {earlier.size} entries are not those of the earlier checkpoint")

    def _read(self, logged: AnyEntry) -> None:
        self._tree.append(logged.leaf_hash)
        gone = isinstance(logged, Tombstone)
        self._beside.update(f"{logged.kind}/{logged.appended_at}/{gone:d}\n".encode())
        if isinstance(logged, Tombstone):
            self._tombstones.add(logged)
        self._settlement.resume(self._tree.size, self._state)
        if isinstance(logged, Tombstone):
            return
        # What is erased has no known time. It was logged before what follows, which is all that is asked of it.
        self._times.extend([logged.appended_at] * (self._tree.size - len(self._times)))
        try:
            entry = decode_logged(logged)
            self._counts[entry.kind] += 1
            if self.observer:
                self.observer.read(logged, entry)
            self._require_order(logged)
            self._check(logged, entry)
        except EntryError as error:
            self._find(logged.index, Blame.LOG, "entry", str(error))
        except RegistryError as error:
            self._find(logged.index, Blame.VERIFIER, "registry", str(error))
        except CredentialUnknown as error:
            if isinstance(entry, AnswerEntry) and self._tombstones.count and len(self._unknown) < MOST_FINDINGS:
                self._unknown.append((logged.index, entry, str(error)))  # an erasure may follow that explains it
            else:
                self._find_from_nothing(logged.index, str(error))
        except CheckFailed as error:
            self._find(logged.index, error.blame, error.code, str(error))

    def _find_unknown(self) -> None:
        for index, entry, reason in self._unknown:
            if any(self._registry.erased_index(each) is not None for each in entry.credentials):
                why = "it is from a credential that was erased, and should have gone with it"
                self._find(index, CredentialErased.blame, CredentialErased.code, why)
            else:
                self._find_from_nothing(index, reason)

    def _find_from_nothing(self, index: int, reason: str) -> None:
        """Live it is the provider who names what is not there. Who logs that, or shows it no more, is another."""
        self._find(
            index, Blame.VERIFIER, CredentialUnknown.code, f"{reason}, or its entry is not shown as it was logged"
        )

    def _check(self, logged: LoggedEntry, entry: Entry) -> None:
        if entry.kind in REGISTRY_KINDS:
            self._registry.apply(logged.index, entry, logged.appended_at)
            if isinstance(entry, ErasureEntry):
                self._tombstones.cover(logged.index, entry, logged.appended_at)
        elif isinstance(entry, AnswerEntry):
            self._require_past(entry, logged)
            claim = appraise(
                entry.query,
                Answered.of(entry),
                consent=entry.consent,
                registry=self._registry,
                audience=self._trust.origin,
                asked_at=entry.asked_at,
                now=logged.appended_at,
                request=entry.request,
            )
            self._registry.apply(logged.index, entry, logged.appended_at)
            waiting = Waiting.of(
                claim,
                origin=self._trust.origin,
                index=logged.index,
                appended_at=logged.appended_at,
                attestation=entry.attestation,
                key=self._registry.attestors.period(logged.index).key,
            )
            if self.sample:
                self.sample.offer(waiting)
            self._settlement.add(waiting, claim, self._state)
        elif isinstance(entry, (UndeterminedEntry, DeclinedEntry)):
            self._require_past(entry, logged)
            asked_at, now = entry.asked_at, logged.appended_at
            require_asked(entry.query, entry.request, registry=self._registry, asked_at=asked_at, now=now)
            if isinstance(entry, UndeterminedEntry):
                self._require_consented(entry, now)
                self._registry.apply(logged.index, entry, now)

    def _require_consented(self, entry: UndeterminedEntry, now: int) -> None:
        query, registry, asked_at = entry.query, self._registry, entry.asked_at
        granted = require_consent(
            query, entry.consent, registry=registry, audience=self._trust.origin, asked_at=asked_at, now=now
        )
        require_usable(granted, query, registry=registry, asked_at=asked_at)

    def _require_order(self, logged: LoggedEntry) -> None:
        """An entry's time is the "now" of its check: back-dated, an answer could rely on what had expired."""
        latest, self._latest = self._latest, max(self._latest, logged.appended_at)
        if logged.appended_at < latest - CLOCK_STEP:
            self._latest = logged.appended_at  # a clock that was wrong once is one finding
            self._find(logged.index, Blame.VERIFIER, "time", "it is dated before earlier entries of the log")

    def _require_past(self, entry: AnswerEntry | UndeterminedEntry | DeclinedEntry, logged: LoggedEntry) -> None:
        """What it relies on is the log as it was when the question was put: no later state, and no earlier one.

        With an earlier one, an answer could rely on what had been superseded or revoked by then.
        """
        if entry.asked_at > logged.index:
            raise EntryError("it relies on a later state of the log than its own")
        if self._times[entry.asked_at] < entry.query.issued_at - CLOCK_STEP:  # the first entry it need not know of
            raise QueryRefused("it relies on an earlier state of the log than that in which the question was put")
        self._requests.read(entry.request, logged.appended_at)

    def _state(self) -> State:
        return State(self._tree.size, self._tree.root(), self._tombstones.count, self._beside.digest())

    def _hear(self, index: int, claim: Claim) -> None:
        if self.observer:
            self.observer.held(index, claim)
        for each in self._consistency.add(index, claim):
            self._unfit.add(Finding(index, Blame.PROVIDER, "contradiction", each.reason, each.indices))
        for overrun in self._overruns.add(index, claim):
            self._unfit.add(Finding(index, Blame.PROVIDER, "overrun", overrun.reason, overrun.indices))

    def _ended(self, credential: str) -> int | None:
        """The entry that ended a credential; of one that was erased nobody can tell, so that it is the first of all."""
        return 0 if self._registry.erased_index(credential) is not None else self._registry.ended_index(credential)

    def _find(self, index: int, blame: Blame, code: str, reason: str) -> None:
        self._unfit.add(Finding(index, blame, code, reason))

    def _doubt(self, code: str, reason: str) -> None:
        """Note a finding about the log as a whole; it comes first: what entries say is then no one's fault."""
        self._fundamental.append(Finding(None, Blame.LOG, code, reason))
