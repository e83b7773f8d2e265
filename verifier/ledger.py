"""The ledger of a replay: how far its proofs and attestations were verified, so that a killed replay goes on there.

Who goes on reads the whole log again: tree, registry, order and every rule of the appraisal, which is most of the code
and a quarter of the time. Only what was settled is taken from the ledger, and only once the entries read have the root
that it names: it speaks about these very bytes, under these pins, by this engine. It is the auditor's own note; whoever
can write it can make a replay skip proofs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from circuits.encoding import b64u, b64u_decode, canonical_json, parse_json
from circuits.errors import CircuitsError
from verifier.checking import EngineName
from verifier.errors import Blame, VerifierError
from verifier.merkle import HASH
from verifier.settling import Finding
from verifier.trust import Trust

FORMAT = "zkattest/replay-ledger/1"
_MEMBERS = {"format", "software", "pins", "engine", "size", "root", "answers", "findings", "findings_count"}


class LedgerError(VerifierError):
    """A ledger that is malformed, or of another log, other pins or another engine (blame: the auditor's files)."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was settled so far.

    Attributes:
        size: the answers among the first so many entries were settled.
        root: of the tree over these entries, 32 bytes.
        answers: how many of them hold.
        findings: the first of those that do not, by entry.
        findings_count: how many do not.
    """

    size: int
    root: bytes
    answers: int
    findings: tuple[Finding, ...]
    findings_count: int

    def to_bytes(self, *, trust: Trust, engine: EngineName, software: str) -> bytes:
        """Write as RFC 8785 JSON, bound to the pins, the engine and the program's version."""
        found = [[each.index, each.blame.value, each.code, each.reason] for each in self.findings]
        return canonical_json(
            _bound(trust, engine, software)
            | {
                "size": self.size,
                "root": b64u(self.root),
                "answers": self.answers,
                "findings": found,
                "findings_count": self.findings_count,
            }
        )

    @classmethod
    def from_bytes(cls, content: bytes, *, trust: Trust, engine: EngineName, software: str) -> Self:
        """Invert to_bytes.

        Raises:
            LedgerError: malformed, or written under other pins, by another engine or another version.
        """
        try:
            stated = parse_json(content)
            if not isinstance(stated, dict) or set(stated) != _MEMBERS:
                raise LedgerError("it is no ledger of a replay")
            for name, bound in _bound(trust, engine, software).items():
                if stated[name] != bound:
                    raise LedgerError(f"it was written with other {name}")
            root = b64u_decode(stated["root"])
            size, answers, count = (_count(stated, name) for name in ("size", "answers", "findings_count"))
            findings = tuple(Finding(index, Blame(who), code, why) for index, who, code, why in stated["findings"])
        except (CircuitsError, ValueError, TypeError) as error:
            raise LedgerError(f"it is no ledger of a replay: {error}") from error
        if len(root) != HASH or answers + count > size or len(findings) > count:
            raise LedgerError("it is no ledger of a replay: its numbers contradict each other")
        return cls(size, root, answers, findings, count)


def _bound(trust: Trust, engine: EngineName, software: str) -> dict[str, Any]:
    return {"format": FORMAT, "software": software, "pins": trust.to_json(), "engine": engine}


def _count(stated: Mapping[str, Any], name: str) -> int:
    number = stated[name]
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise LedgerError(f"{name} is no count")
    return number
