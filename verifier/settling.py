"""Settling: the costly part of a replay, the proofs and attestations of answers that were appraised.

A batch stands alone: it needs neither the registry nor the tree, so that it can be settled in another process and, if
that process dies, once more.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from verifier.attestation import Attestation
from verifier.checking import CheckedProof, Claim, EngineName, check_batch, verify
from verifier.errors import AttestationError, Blame, ProofRefused
from verifier.trust import Trust


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold.

    Attributes:
        index: the entry, or None where it is about the log as a whole.
        blame: whose doing it is.
        code: the kind of failure, for machines.
        reason: for people.
        evidence: the entries of all answers that it takes to show it, where one does not.
    """

    index: int | None
    blame: Blame
    code: str
    reason: str
    evidence: tuple[int, ...] = ()

    def __str__(self) -> str:
        where = "the log" if self.index is None else f"entry {self.index}"
        return f"{where}: {self.reason} (blame: {self.blame})"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An appraised answer that waits for its batch.

    Attributes:
        index: its entry.
        appended_at: that entry's time, Unix seconds.
        attestation: the compact JWS in the entry.
        claim: as appraised.
    """

    index: int
    appended_at: int
    attestation: str
    claim: Claim


class Findings:
    """The first findings by entry, whatever order they are made in (batches come back late), and how many there are."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[Finding] = []
        self.count = 0

    def add(self, finding: Finding) -> None:
        """Add one; of an entry's own the earlier one stays first."""
        self.count += 1
        self._kept.append(finding)
        if len(self._kept) >= 2 * self._most:
            self._kept = self.first()

    def restore(self, findings: Sequence[Finding], count: int) -> None:
        """Start with what first() and count were."""
        self._kept, self.count = list(findings), count

    def first(self) -> list[Finding]:
        """The first `most` by entry."""
        return sorted(self._kept, key=lambda found: found.index or 0)[: self._most]


Batch = Sequence[Waiting]
Outcome = Callable[[], tuple[Finding, ...]]
"""Waits for what a batch's settling found."""
Settler = Callable[[Batch], Outcome]
"""Has a batch settled, here or elsewhere."""


def settle(
    batch: Batch, *, trust: Trust, engine: EngineName, entropy: Callable[[int], bytes] = os.urandom
) -> tuple[Finding, ...]:
    """Verify the proofs of a batch, then the attestations that stand for them.

    Args:
        batch: any number of appraised answers.
        trust: what the auditor pinned.
        engine: which implementation verifies the proofs.
        entropy: random bytes for the batch's weights.

    Returns:
        One finding for each answer that does not hold, in the batch's order.
    """
    found: list[Finding] = []
    for waiting, outcome in zip(batch, _verified(batch, engine, entropy), strict=True):
        if isinstance(outcome, ProofRefused):
            found.append(Finding(waiting.index, outcome.blame, outcome.code, str(outcome)))
            continue
        try:
            Attestation.open(
                waiting.attestation,
                trust.attestations,
                checked=outcome,
                origin=trust.origin,
                index=waiting.index,
                now=waiting.appended_at,
            )
        except AttestationError as error:
            found.append(Finding(waiting.index, Blame.VERIFIER, "attestation", str(error)))
    return tuple(found)


def _verified(batch: Batch, engine: EngineName, entropy: Callable[[int], bytes]) -> list[CheckedProof | ProofRefused]:
    if engine == "fast":
        return check_batch([waiting.claim for waiting in batch], entropy=entropy(32)) if batch else []
    outcomes: list[CheckedProof | ProofRefused] = []
    for waiting in batch:
        try:
            outcomes.append(verify(waiting.claim, engine=engine))
        except ProofRefused as error:
            outcomes.append(error)
    return outcomes
