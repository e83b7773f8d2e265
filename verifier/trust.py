"""What an auditor pins: one log's key and the verifier's key for attestations. Everything else must follow from these.

{"origin": "verifier.example/log", "vkey": "verifier.example/log+1a2b3c4d+AR...", "jwk": {"kty": "OKP", ...}}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from circuits.encoding import canonical_json, parse_json
from circuits.errors import CircuitsError
from circuits.jws import VerifyKey
from verifier.errors import EvidenceError, NoteError
from verifier.note import NoteVerifier


@dataclass(frozen=True, slots=True)
class Trust:
    """The pinned keys.

    Attributes:
        log: the key that signs checkpoints; its name is the log's origin and the audience of every query.
        attestations: the key that signs attestations.
    """

    log: NoteVerifier
    attestations: VerifyKey

    @property
    def origin(self) -> str:
        """The log's name."""
        return self.log.name

    def to_json(self) -> dict[str, Any]:
        """Write as JSON."""
        return {"origin": self.origin, "vkey": self.log.vkey, "jwk": self.attestations.to_jwk()}

    def to_bytes(self) -> bytes:
        """Write as RFC 8785 JSON."""
        return canonical_json(self.to_json())

    @classmethod
    def from_json(cls, source: bytes | Mapping[str, Any]) -> Self:
        """Invert to_json or to_bytes.

        Raises:
            EvidenceError: malformed pins (blame: whoever wrote them).
        """
        try:
            pins = parse_json(source) if isinstance(source, bytes) else source
            if not isinstance(pins, Mapping) or set(pins) != {"origin", "vkey", "jwk"}:
                raise EvidenceError("pins are an object with origin, vkey and jwk")
            if not isinstance(pins["vkey"], str) or not isinstance(pins["jwk"], Mapping):
                raise EvidenceError("vkey must be a text, jwk an object")
            log = NoteVerifier.from_vkey(pins["vkey"])
            key = VerifyKey.from_jwk(pins["jwk"])
        except (CircuitsError, NoteError) as error:
            raise EvidenceError(f"the pinned keys cannot be read: {error}") from error
        if pins["origin"] != log.name:
            raise EvidenceError("the pinned origin is not the name of the pinned key")
        return cls(log, key)
