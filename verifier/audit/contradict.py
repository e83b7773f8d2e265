"""Whether some evidence files contradict each other, from these files and the pins alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from verifier.audit.consistency import Consistency, Contradiction
from verifier.checking import Claim
from verifier.evidence.evidence import Verdict


@dataclass(frozen=True, slots=True)
class Compared:
    """What files say together.

    Attributes:
        contradictions: answers that cannot all be true of one person (blame: the provider).
        forked: entries of which the files hold two versions, each under a signed checkpoint (blame: log operator).
        untold: (credential, entries from and to) where the files cannot tell that nothing ended a credential between
            two questions; a replay of the log can. Of contradictions only.
    """

    contradictions: tuple[Contradiction, ...]
    forked: tuple[int, ...]
    untold: tuple[tuple[str, int, int], ...]


def compare(verdicts: Sequence[Verdict]) -> Compared:
    """Hold verified answers of one log against each other, in any order.

    What one of the files shows to have ended a credential of another is taken into account: a successor.
    """
    by_index: dict[int, Verdict] = {}
    forked: set[int] = set()
    for verdict in verdicts:
        before = by_index.setdefault(verdict.index, verdict)
        if before.attestation.token != verdict.attestation.token:
            forked.add(verdict.index)
    claims = {index: by_index[index].attestation.checked.claim for index in sorted(by_index)}
    ended = {
        registered.credential.supersedes: registered.index
        for claim in claims.values()
        for registered in claim.registered
        if registered.credential.supersedes is not None
    }
    consistency = Consistency(ended.get)
    found = [each for index, claim in claims.items() for each in consistency.add(index, claim)]
    untold = {gap for each in found for gap in _untold([claims[index] for index in each.indices])}
    return Compared(tuple(found), tuple(sorted(forked)), tuple(sorted(untold, key=lambda gap: gap[1:])))


def _untold(claims: Sequence[Claim]) -> set[tuple[str, int, int]]:
    """List what might have ended between questions that were answered from different credentials."""
    latest = max(claim.asked_at for claim in claims)
    credentials = {registered.credential.id for claim in claims for registered in claim.registered}
    return {
        (registered.credential.id, claim.asked_at, latest)
        for claim in claims
        for registered in claim.registered
        if claim.asked_at < latest and credentials != {registered.credential.id}
    }
