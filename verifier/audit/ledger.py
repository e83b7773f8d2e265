"""The ledger of a replay: how far its proofs and attestations were verified, so that a killed replay goes on there.

Who goes on reads the whole log again: tree, registry, order and every rule of the appraisal, which is most of the code
and a quarter of the time. Only what was settled is taken from the ledger, and only once the entries read have the root
that it names: it speaks about these very bytes, under these pins, by this engine. It is the auditor's own note; whoever
can write it can make a replay skip proofs.
"""

import struct
import zlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, Self

from circuits.encoding import b64u, b64u_decode, canonical_json, parse_json
from circuits.errors import CircuitsError
from verifier.audit.settling import Finding
from verifier.checking import EngineName
from verifier.errors import Blame, VerifierError
from verifier.log.merkle import HASH
from verifier.trust import Trust

FORMAT = "zkattest/replay-ledger/1"
_MEMBERS = {
    "format",
    "software",
    "pins",
    "engine",
    "size",
    "root",
    "erased",
    "beside",
    "answers",
    "findings",
    "refused",
}
_STEP = 8


class LedgerError(VerifierError):
    """A ledger that is malformed, or of another log, other pins or another engine (blame: the auditor's files)."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was settled so far.

    Attributes:
        size: the answers among the first so many entries were settled.
        root: of the tree over these entries, 32 bytes.
        erased: how many of them had no body; erased since, an answer that was counted would be there no more.
        beside: SHA-256 over what was stated beside each of their leaves: kind, time, and whether there was a body. What
            an entry says was looked at only if all that fitted; the root alone does not say so.
        answers: how many of them hold.
        findings: the first of those that do not, by entry.
        refused: the entries of all that do not, ascending.
    """

    size: int
    root: bytes
    erased: int
    beside: bytes
    answers: int
    findings: tuple[Finding, ...]
    refused: tuple[int, ...]

    def refuses(self, index: int) -> bool:
        """Whether the answer at an entry was refused."""
        place = bisect_left(self.refused, index)
        return place < len(self.refused) and self.refused[place] == index

    def to_bytes(self, *, trust: Trust, engine: EngineName, software: str) -> bytes:
        """Write as RFC 8785 JSON, bound to the pins, the engine and the program's version."""
        found = [[each.index, each.blame.value, each.code, each.reason] for each in self.findings]
        return canonical_json(
            _bound(trust, engine, software)
            | {
                "size": self.size,
                "root": b64u(self.root),
                "erased": self.erased,
                "beside": b64u(self.beside),
                "answers": self.answers,
                "findings": found,
                "refused": b64u(_packed(self.refused)),
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
            root, beside = b64u_decode(stated["root"]), b64u_decode(stated["beside"])
            size, erased, answers = (_count(stated, name) for name in ("size", "erased", "answers"))
            refused = _unpacked(b64u_decode(stated["refused"]), size)
            findings = tuple(Finding(index, Blame(who), code, why) for index, who, code, why in stated["findings"])
        except (CircuitsError, ValueError, TypeError, zlib.error) as error:
            raise LedgerError(f"it is no ledger of a replay: {error}") from error
        if (
            {len(root), len(beside)} != {HASH}
            or answers + len(refused) + erased > size
            or not {each.index for each in findings} <= set(refused)
        ):
            raise LedgerError("it is no ledger of a replay: its numbers contradict each other")
        return cls(size, root, erased, beside, answers, findings, refused)


def _bound(trust: Trust, engine: EngineName, software: str) -> dict[str, Any]:
    return {"format": FORMAT, "software": software, "pins": trust.to_json(), "engine": engine}


def _packed(refused: Sequence[int]) -> bytes:
    """Write ascending numbers as the steps between them, deflated: a bit or two each where there are many."""
    steps = [after - before for before, after in pairwise((-1, *refused))]
    return zlib.compress(struct.pack(f">{len(steps)}Q", *steps))


def _unpacked(packed: bytes, size: int) -> tuple[int, ...]:
    inflate = zlib.decompressobj()
    content = inflate.decompress(packed, _STEP * size + 1)
    if not inflate.eof or inflate.unused_data or len(content) % _STEP:
        raise LedgerError("refused is no list of entries")
    steps = struct.unpack(f">{len(content) // _STEP}Q", content)
    refused = tuple(number - 1 for number in accumulate(steps))
    if 0 in steps or (refused and refused[-1] >= size):
        raise LedgerError("refused is no list of entries below size")
    return refused


def _count(stated: Mapping[str, Any], name: str) -> int:
    number = stated[name]
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise LedgerError(f"{name} is no count")
    return number
