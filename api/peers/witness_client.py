"""The log's side of a witness (C2SP tlog-witness): ask it to cosign a checkpoint."""

from typing import Final, Self

from api.peers.outbound import Answer, Outbound, PeerBroken, PeerUnreachable
from api.witness.statuses import PATH, SIZE_TYPE, STATUS
from verifier.witnesses.cosigning import CosignatureVerifier
from verifier.witnesses.witness import Forked, Request, SizeConflict, WitnessRefused

_MOST_BYTES: Final = 64 << 10
_COSIGNED: Final = 200
_CONFLICT: Final = 409
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOST_DIGITS: Final = 18
_REFUSALS: Final = {status: kind for kind, status in STATUS.items() if kind not in (Forked, SizeConflict)}


class WitnessClient:
    """A connection to one witness.

    Args:
        url: its submission prefix.
        verifier: its public key.
        timeout: seconds for an answer.
    """

    def __init__(self, url: str, verifier: CosignatureVerifier, *, timeout: float) -> None:
        self.verifier = verifier
        self._url = url.rstrip("/") + PATH
        self._outbound = Outbound(timeout=timeout, connections=1, most=_MOST_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._outbound.close()

    def add_checkpoint(self, request: Request) -> str:
        """Have a checkpoint cosigned: the witness's signature lines, not yet verified.

        Raises:
            SizeConflict: the witness is at another size, which the exception names; ask from there.
            Forked, Inconsistent, OriginUnknown, SignatureRefused, RequestMalformed: it refuses.
            PeerUnreachable: it cannot answer now; try again.
            PeerBroken: it answers nonsense.
        """
        headers = {"Content-Type": "text/plain; charset=utf-8", "Accept": "*/*"}
        answer = self._outbound.send(self._url, request.to_text().encode(), headers=headers)
        if answer.status == _COSIGNED:
            return _text(answer)
        if answer.status in _LATER:
            raise PeerUnreachable(f"HTTP {answer.status}")
        raise _refusal(answer)


def _refusal(answer: Answer) -> WitnessRefused | PeerBroken:
    if answer.status == _CONFLICT:
        if answer.media_type != SIZE_TYPE.encode():
            return Forked("the witness has cosigned another root of this size")
        size = answer.content.removesuffix(b"\n")
        if not size.isdigit() or len(size) > _MOST_DIGITS:
            return PeerBroken("a conflict that names no size")
        return SizeConflict(int(size))
    kind = _REFUSALS.get(answer.status)
    return kind(f"HTTP {answer.status}") if kind else PeerBroken(f"HTTP {answer.status}")


def _text(answer: Answer) -> str:
    try:
        return answer.content.decode()
    except UnicodeDecodeError:
        raise PeerBroken("signature lines that are not UTF-8") from None
