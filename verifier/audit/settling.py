"""Settling: the costly part of a replay, the proofs and attestations of answers that were appraised.

A batch stands alone: it needs neither the registry nor the tree nor the pins, so that it can be settled in another
process, on another machine and, if that dies, once more.
"""

import os
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from circuits.jws import VerifyKey
from circuits.statement import Statement
from verifier.attestation import require_saying, saying
from verifier.checking import Claim, EngineName, refusals, require_proof
from verifier.errors import AttestationError, Blame, ProofRefused


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
    """An appraised answer that waits for its batch, cut down to what remains to be verified.

    Attributes:
        index: its entry.
        statement: what its proof has to prove.
        proof: the proof.
        attestation: the compact JWS in the entry.
        said: what that must say: every member but `exp`.
        key: the verifier's key that must have signed it.
    """

    index: int
    statement: Statement
    proof: bytes
    attestation: str
    said: Mapping[str, Any]
    key: VerifyKey

    @classmethod
    def of(cls, claim: Claim, *, origin: str, index: int, appended_at: int, attestation: str, key: VerifyKey) -> Self:
        """Cut an appraised claim down; see Attestation.open for the arguments."""
        said = saying(claim, origin=origin, index=index, now=appended_at)
        return cls(index, claim.statement, claim.answered.proof, attestation, said, key)

    def __reduce__(self) -> tuple[Callable[..., "Waiting"], tuple[Any, ...]]:
        """Pickle flat: it costs a fifth of what nested objects would, and the one who reads pays for it."""
        told = self.statement
        flat = (told.relation, told.V, told.context, told.answer, told.clauses)
        return _waiting, (flat, self.index, self.proof, self.attestation, self.said, self.key)


def _waiting(flat: tuple[Any, ...], index: int, *rest: Any) -> Waiting:  # noqa: ANN401 - the fields, in order
    return Waiting(index, Statement(*flat), *rest)


class Findings:
    """The first findings by entry, whatever order they are made in (batches come back late), and how many there are.

    Attributes:
        count: how many.
        indices: the entries they are about, in the order they were made in.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[Finding] = []
        self.count = 0
        self.indices = array("Q")

    def add(self, finding: Finding) -> None:
        """Add one; of an entry's own the earlier one stays first."""
        self.count += 1
        if finding.index is not None:
            self.indices.append(finding.index)
        self._kept.append(finding)
        if len(self._kept) >= 2 * self._most:
            self._kept = self.first()

    def restore(self, findings: Sequence[Finding], indices: Sequence[int]) -> None:
        """Start with what first() and indices were."""
        self._kept, self.count, self.indices = list(findings), len(indices), array("Q", indices)

    def first(self) -> list[Finding]:
        """The first `most` by entry."""
        return sorted(self._kept, key=lambda found: found.index or 0)[: self._most]


Batch = Sequence[Waiting]
Outcome = Callable[[], tuple[Finding, ...]]
"""Waits for what a batch's settling found."""
Settler = Callable[[Batch], Outcome]
"""Has a batch settled, here or elsewhere."""


def settle(batch: Batch, *, engine: EngineName, entropy: Callable[[int], bytes] = os.urandom) -> tuple[Finding, ...]:
    """Verify the proofs of a batch, then the attestations that stand for them.

    Args:
        batch: any number of appraised answers.
        engine: which implementation verifies the proofs.
        entropy: random bytes for the batch's weights.

    Returns:
        One finding for each answer that does not hold, in the batch's order.
    """
    found: list[Finding] = []
    for waiting, refused in zip(batch, _refused(batch, engine, entropy), strict=True):
        try:
            require_saying(waiting.attestation, waiting.key, waiting.said)
        except AttestationError as error:
            # Nobody has signed for this answer: whoever changed it since, it accuses no provider.
            why = str(error) if refused is None else f"{error}, and {refused}"
            found.append(Finding(waiting.index, Blame.VERIFIER, "attestation", why))
            continue
        if refused is not None:
            found.append(Finding(waiting.index, refused.blame, refused.code, str(refused)))
    return tuple(found)


def _refused(batch: Batch, engine: EngineName, entropy: Callable[[int], bytes]) -> list[ProofRefused | None]:
    if engine == "fast":
        return refusals([(waiting.statement, waiting.proof) for waiting in batch], entropy=entropy(32))
    outcomes: list[ProofRefused | None] = []
    for waiting in batch:
        try:
            require_proof(waiting.statement, waiting.proof, engine=engine)
        except ProofRefused as error:
            outcomes.append(error)
        else:
            outcomes.append(None)
    return outcomes
