"""Credentials by the million: one compressed token and four numbers each, about half a kilobyte.

A compact JWS is base64 of JSON, which hides from compression what all tokens have in common. Its parts are stored
decoded: header and payload deflated under a dictionary of the usual words, the signature as it is.
"""

import struct
import zlib
from dataclasses import dataclass

from circuits.encoding import b64u, b64u_decode

_NEVER = 2**64 - 1
# Place and person, length of the header, signature; then the deflated header and payload.
_ROW = struct.Struct(">QQQQ16sH64s")
_WORDS = (
    b'{"alg":"Ed25519","kid":"","typ":"zkattest-credential+jwt"}{"as_of":"2026-11-","attributes":[{"commitment":"A'
    b'source":"self","verified_at":"source":"bank","verified_at":"source":"document","verified_at":"2026-'
    b'","name":"sanctioned","name":"owns_home","name":"tenure_months","name":"employer","name":"country","name":"debt"'
    b'"name":"date_of_birth","name":"net_worth","source":"document","verified_at":"2026-11-01"},{"commitment":"A'
    b'","name":"salary","source":"payroll","verified_at":"2026-11-01"},{"commitment":"A"}],"exp":18,"iat":17,"iss":"'
    b'","jti":"","person":"","schema":"","supersedes":""}'
)


@dataclass(frozen=True, slots=True)
class Place:
    """Numbers of entries, and whose it is.

    Attributes:
        index, provider_index, schema_index: the entry of a credential, its signer, its schema.
        ended_index: the entry that ended it, if any.
        person: verifier.fold.lines.person_key.
    """

    index: int
    provider_index: int
    schema_index: int
    ended_index: int | None
    person: bytes


class TokenStore:
    """Tokens by the 16 bytes of their credential's id."""

    def __init__(self) -> None:
        self._rows: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        """Count the tokens."""
        return len(self._rows)

    def put(self, key: bytes, place: Place, token: str) -> None:
        """Keep a strict compact JWS whose signature has 64 bytes (Credential.open has refused all others)."""
        header, payload, signature = (b64u_decode(part) for part in token.split("."))
        deflate = zlib.compressobj(level=6, wbits=-15, zdict=_WORDS)
        packed = deflate.compress(header + payload) + deflate.flush()
        ended = _NEVER if place.ended_index is None else place.ended_index
        numbers = (place.index, place.provider_index, place.schema_index, ended, place.person)
        self._rows[key] = _ROW.pack(*numbers, len(header), signature) + packed

    def row(self, key: bytes) -> bytes | None:
        """What is kept of a credential, for `place_of` and `token_of`; it changes when the credential ends."""
        return self._rows.get(key)

    def place(self, key: bytes) -> Place | None:
        """Look up where a credential stands in the log."""
        row = self._rows.get(key)
        return None if row is None else place_of(row)

    def token(self, key: bytes) -> str:
        """Rebuild a token, byte for byte; KeyError if there is none."""
        return token_of(self._rows[key])

    def end(self, key: bytes, ended_index: int | None) -> None:
        """Note which entry ended a credential, or that none did."""
        row = self._rows[key]
        ended = _NEVER if ended_index is None else ended_index
        self._rows[key] = row[:24] + ended.to_bytes(8, "big") + row[32:]

    def restore(self, key: bytes, row: bytes) -> None:
        """Keep again what `row` returned before it was removed."""
        self._rows[key] = row

    def remove(self, key: bytes) -> None:
        """Forget a token."""
        del self._rows[key]


def place_of(row: bytes) -> Place:
    """Read where the credential of a row stands in the log."""
    index, provider_index, schema_index, ended, person, _size, _signature = _ROW.unpack_from(row)
    return Place(index, provider_index, schema_index, None if ended == _NEVER else ended, person)


def token_of(row: bytes) -> str:
    """Rebuild the token of a row."""
    *_place, size, signature = _ROW.unpack_from(row)
    joined = zlib.decompressobj(wbits=-15, zdict=_WORDS).decompress(row[_ROW.size :])
    return ".".join(b64u(part) for part in (joined[:size], joined[size:], signature))
