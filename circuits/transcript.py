"""Strong Fiat-Shamir over one incremental SHAKE256 state (protocol section 2).

Framing is prefix-free: an absorbed label is followed by its data's length, a challenge's label by FF*8, which is
no length. Everything public is absorbed before the first challenge.
"""

import hashlib
from collections.abc import Container, Sequence
from functools import lru_cache

from circuits.encoding import be32, len8
from circuits.generators import DOMAIN, GENS_DIGEST
from circuits.group.curve import N

_NO_LENGTH = b"\xff" * 8


class Transcript:
    """One proof's conversation; prover and verifier make the same calls in the same order."""

    __slots__ = ("_state",)

    def __init__(self) -> None:
        self._state = hashlib.shake_256()

    def absorb(self, label: str, content: bytes) -> None:
        """Append labelled bytes: len8(label) || label || len64be(content) || content."""
        self._state.update(_framed(label) + len(content).to_bytes(8, "big") + content)

    def challenge(self, label: str, bad: Container[int] = ()) -> int:
        """Squeeze a scalar that is neither zero nor in the bad set; every try extends the state."""
        request = _framed(label) + _NO_LENGTH
        while True:
            self._state.update(request)
            x = int.from_bytes(self._state.digest(64), "big") % N  # digest reads a copy: the state goes on
            if x and x not in bad:
                return x

    def copy(self) -> "Transcript":
        """Return an independent transcript in the same state."""
        twin = type(self)()
        twin._state = self._state.copy()  # noqa: SLF001  # its own class
        return twin

    def state_bytes(self) -> bytes:
        """Return 64 bytes that depend on everything absorbed so far, without changing the state."""
        fork = self._state.copy()
        fork.update(b"\x00")  # no call above starts with a label of length 0 and no data: forks and challenges differ
        return fork.digest(64)


@lru_cache(maxsize=64)
def _framed(label: str) -> bytes:
    """len8(label) || label."""
    name = label.encode("ascii")
    return len8(name) + name


@lru_cache(maxsize=256)
def _opened(circuit_digest: bytes) -> Transcript:
    """What all proofs of one statement have in common; only copies of it go on."""
    transcript = Transcript()
    transcript.absorb("proto", DOMAIN + b"|ac/1")
    transcript.absorb("gens", GENS_DIGEST)
    transcript.absorb("circuit", circuit_digest)
    return transcript


def begin(circuit_digest: bytes, context: bytes, V: Sequence[bytes]) -> Transcript:
    """Open a transcript with everything both sides know before the proof starts."""
    transcript = _opened(circuit_digest).copy()
    transcript.absorb("context", context)
    transcript.absorb("V", be32(len(V)) + b"".join(V))
    return transcript


def digit_challenge(transcript: Transcript, C_O: bytes, C_L: bytes, base: int) -> int:
    """Draw e after the digits and multiplicities are committed; no e + j may vanish for a table entry j < base."""
    transcript.absorb("C_O", C_O)
    transcript.absorb("C_L", C_L)
    return transcript.challenge("e", range(N - base + 1, N))


def weight_challenges(transcript: Transcript, C_R: bytes) -> tuple[int, int, int, int]:
    """Draw rho, lambda, beta, delta after every wire is committed."""
    transcript.absorb("C_R", C_R)
    rho = transcript.challenge("rho")
    lam = transcript.challenge("lambda")
    beta = transcript.challenge("beta")
    return rho, lam, beta, transcript.challenge("delta")


def point_challenge(transcript: Transcript, C_S: bytes) -> int:
    """Draw tau, where the polynomial identity is opened."""
    transcript.absorb("C_S", C_S)
    return transcript.challenge("tau")


def fold_challenge(transcript: Transcript, X: bytes, R: bytes) -> int:
    """Draw gamma_j after the round's two cross terms."""
    transcript.absorb("X", X)
    transcript.absorb("R", R)
    return transcript.challenge("gamma")
