"""Telling the verifier of people who were erased here: by the registration's thread, or by the command that erased."""

from dataclasses import dataclass

from api.clock import now
from api.peers.verifier_client import RegistrationRefused, VerifierClient
from api.wire.registrations import ErasureReceipt
from prover.erasing import Eraser, PendingErasure


@dataclass(frozen=True, slots=True)
class Told:
    """What the verifier said to one erasure: its receipt, or that it refuses."""

    erasure: PendingErasure
    receipt: ErasureReceipt | None


def tell(eraser: Eraser, client: VerifierClient) -> list[Told]:
    """Tell the verifier of every erasure it has not acknowledged; again is harmless.

    One that it refuses stays, and hinders no other.

    Raises:
        PeerUnreachable, PeerBroken: see VerifierClient; what is acknowledged stays so.
        VaultError: the vault was tampered with.
    """
    told: list[Told] = []
    for each in eraser.pending(now=now()):
        try:
            receipt = client.erase(each.token, each.handles)
        except RegistrationRefused:
            told.append(Told(each, None))
            continue
        eraser.mark_logged(each.id, receipt.indices[0])
        told.append(Told(each, receipt))
    return told
