"""A second opinion: a random sample of a log's answers, verified by the other engine as well.

Two implementations of the group, which share no code below `circuits.group`, seldom have the same fault. The sample is
drawn by a seed: by the same one, the same answers of a log are drawn, in one process or many, begun anew or resumed.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappush, heappushpop

from verifier.audit.settling import Batch, Finding, Outcome, Settler, Waiting, settle
from verifier.checking import EngineName
from verifier.errors import Blame

_LABEL = b"zkattest/sample/1"
_TOGETHER = 4
"""How many are settled at once: the reference engine takes a hundredth of a second for each."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """What the second engine said.

    Attributes:
        engine: which one.
        seed: what the answers were drawn by.
        answers: how many were verified again.
        findings: one for each on which the two engines do not agree.
    """

    engine: EngineName
    seed: str
    answers: int
    findings: tuple[Finding, ...]

    def english(self) -> str:
        """Say it in a line."""
        agreed = f"not so on {len(self.findings):,}" if self.findings else "and agrees"
        return f"{self.answers:,} drawn by seed {self.seed}: the {self.engine} engine verified them too, {agreed}"


class Sample:
    """Draws so many answers from all that are offered, each as likely as any other; keeps no more than these."""

    def __init__(self, size: int, *, seed: str, engine: EngineName, settler: Settler | None = None) -> None:
        """Nothing is drawn yet.

        Args:
            size: how many answers, or all if there are fewer.
            seed: decides which; random, or those who answer could know which answers will not be drawn.
            engine: which implementation verifies these; the other than that of the whole replay.
            settler: has them settled with that engine; None settles them here.
        """
        self._size = size
        self._seed = seed
        self._engine = engine
        self._settler = settler or self._at_once
        self._drawn: list[tuple[bytes, int, Waiting]] = []

    def offer(self, waiting: Waiting) -> None:
        """Take an answer, at most for a while."""
        # The greatest digest is the heap's least entry: the smallest digests stay.
        digest = hashlib.sha256(_LABEL + self._seed.encode() + b"/" + str(waiting.index).encode()).digest()
        entry = (bytes(0xFF - byte for byte in digest), waiting.index, waiting)
        if len(self._drawn) < self._size:
            heappush(self._drawn, entry)
        elif self._size:
            heappushpop(self._drawn, entry)

    def settle(self, refused: Iterable[int]) -> Sampled:
        """Verify what was drawn, and compare.

        Args:
            refused: entries of the answers that the first engine refused.
        """
        drawn = [waiting for _, _, waiting in sorted(self._drawn, key=lambda entry: entry[1])]
        batches = [drawn[start : start + _TOGETHER] for start in range(0, len(drawn), _TOGETHER)]
        outcomes = [self._settler(batch) for batch in batches]
        before = {waiting.index for waiting in drawn}.intersection(refused)  # of millions, maybe: looked at once
        again = {found.index for outcome in outcomes for found in outcome()}
        findings = (
            Finding(waiting.index, Blame.AUDITOR, "engines", _disagreement(self._engine, waiting.index in again))
            for waiting in drawn
            if (waiting.index in again) != (waiting.index in before)
        )
        return Sampled(self._engine, self._seed, len(drawn), tuple(findings))

    def _at_once(self, batch: Batch) -> Outcome:
        found = settle(batch, engine=self._engine)
        return lambda: found


def _disagreement(engine: EngineName, refuses: bool) -> str:  # noqa: FBT001 - one of two sentences
    said = "refuses what the other accepts" if refuses else "accepts what the other refuses"
    return f"the two engines do not agree: the {engine} engine {said}; one of them is wrong"
