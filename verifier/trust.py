"""What an auditor pins: one log's key and the verifier's key for attestations. Everything else must follow from these.

{"origin": "verifier.example/log", "vkey": "verifier.example/log+1a2b3c4d+AR...", "jwk": {"kty": "OKP", ...}}

and, if a checkpoint shall count only when witnesses have cosigned it:

 "witnesses": ["witness.example/w1+5e6f7a8b+BA...", ...], "quorum": 2

and, if the verifier has lost an attestation key and said so on another channel, the keys that came after lost ones:

 "accepted": [{"kty": "OKP", ...}]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from circuits.encoding import canonical_json, parse_json
from circuits.errors import CircuitsError
from circuits.jws import VerifyKey
from verifier.errors import EvidenceError, NoteError
from verifier.log.note import NoteVerifier
from verifier.witnesses.cosigning import CosignatureVerifier, Quorum, WitnessedVerifier

_MEMBERS = {"origin", "vkey", "jwk"}
_WITNESSED = {"witnesses", "quorum"}
_ACCEPTED = "accepted"
MAX_ACCEPTED = 64


@dataclass(frozen=True, slots=True)
class Trust:
    """The pinned keys.

    Attributes:
        log: the key that signs checkpoints; its name is the log's origin and the audience of every query. With
            witnesses pinned it opens only what they have cosigned.
        attestations: the first key that signs attestations; later ones follow from the log (entries.attestors).
        accepted: keys of attestations that count although the one before them, being lost, has not signed for them.
    """

    log: NoteVerifier
    attestations: VerifyKey
    accepted: frozenset[VerifyKey] = frozenset()

    @property
    def origin(self) -> str:
        """The log's name."""
        return self.log.name

    def to_json(self) -> dict[str, Any]:
        """Write as JSON."""
        pins: dict[str, Any] = {"origin": self.origin, "vkey": self.log.vkey, "jwk": self.attestations.to_jwk()}
        if isinstance(self.log, WitnessedVerifier):
            quorum = self.log.quorum
            pins |= {"witnesses": [witness.vkey for witness in quorum.witnesses], "quorum": quorum.needed}
        if self.accepted:
            pins[_ACCEPTED] = [key.to_jwk() for key in sorted(self.accepted, key=lambda key: key.kid)]
        return pins

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
            if not isinstance(pins, Mapping) or set(pins) - _WITNESSED - {_ACCEPTED} != _MEMBERS:
                raise EvidenceError(
                    "pins are an object with origin, vkey and jwk, and may have witnesses and quorum, and accepted"
                )
            if not isinstance(pins["vkey"], str) or not isinstance(pins["jwk"], Mapping):
                raise EvidenceError("vkey must be a text, jwk an object")
            log = _with_witnesses(NoteVerifier.from_vkey(pins["vkey"]), pins)
            key, accepted = VerifyKey.from_jwk(pins["jwk"]), _accepted(pins.get(_ACCEPTED, []))
        except (CircuitsError, NoteError) as error:
            raise EvidenceError(f"the pinned keys cannot be read: {error}") from error
        if pins["origin"] != log.name:
            raise EvidenceError("the pinned origin is not the name of the pinned key")
        return cls(log, key, accepted)


def _accepted(listed: Any) -> frozenset[VerifyKey]:  # noqa: ANN401 - parsed JSON
    if not isinstance(listed, list) or len(listed) > MAX_ACCEPTED:
        raise EvidenceError(f"accepted must be a list of at most {MAX_ACCEPTED} keys")
    if not all(isinstance(jwk, Mapping) for jwk in listed):
        raise EvidenceError("accepted must be a list of JWKs")
    return frozenset(VerifyKey.from_jwk(jwk) for jwk in listed)


def _with_witnesses(log: NoteVerifier, pins: Mapping[str, Any]) -> NoteVerifier:
    if not _WITNESSED & set(pins):
        return log
    witnesses, needed = pins.get("witnesses"), pins.get("quorum")
    if not isinstance(witnesses, list) or not all(isinstance(vkey, str) for vkey in witnesses):
        raise EvidenceError("witnesses must be a list of their keys, and stand beside a quorum")
    if not isinstance(needed, int) or isinstance(needed, bool):
        raise EvidenceError("quorum must be a number, and stand beside the witnesses")
    pinned = tuple(CosignatureVerifier.from_vkey(vkey) for vkey in witnesses)
    return WitnessedVerifier(log.name, log.public, Quorum(pinned, needed))
