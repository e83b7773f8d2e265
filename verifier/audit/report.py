"""What a replay of a log found."""

from dataclasses import dataclass, field

from verifier.audit.sampling import Sampled
from verifier.audit.settling import Finding
from verifier.checking import EngineName
from verifier.entries.attestors import Period


@dataclass(frozen=True, slots=True)
class Report:
    """What a replay found.

    Attributes:
        checkpoint: the signed note the export came with; keep it for the next `since`.
        origin: the log's name.
        entries: how many were read.
        answers: how many proven answers were checked again and held.
        counts: entries by kind.
        findings: the first hundred things that do not hold, most fundamental first; empty for a clean log.
        findings_count: how many there were.
        engine: which implementation verified the proofs.
        signed: how many questions bear their relying party's signature.
        sampled: what the other engine said about a sample of the answers, if one was to be drawn.
        erased_on: how many bodies were erased on which day (ISO), as the log's erasures say.
        keys: the attestation keys, and when each counted.
    """

    checkpoint: str
    origin: str
    entries: int
    answers: int
    counts: dict[str, int]
    findings: tuple[Finding, ...]
    findings_count: int
    engine: EngineName
    erased_on: dict[str, int] = field(default_factory=dict)
    keys: tuple[Period, ...] = ()
    signed: int = 0
    sampled: Sampled | None = None

    @property
    def erased(self) -> int:
        """How many entries had their bodies erased, each at its provider's word."""
        return sum(self.erased_on.values())

    @property
    def failure(self) -> Finding | None:
        """The first finding, or None for a clean log."""
        return self.findings[0] if self.findings else None
