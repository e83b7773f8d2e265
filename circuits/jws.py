"""Signed JSON: compact JWS with Ed25519 (RFC 7515, RFC 8037, RFC 9864) and nothing else.

The header has exactly three members, `alg`, `kid` and `typ`; each has exactly one acceptable value. What a token may
not choose cannot be chosen by an attacker. The signature itself is joserfc's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from circuits import calendar
from circuits.encoding import b64u, b64u_decode, canonical_json, parse_json
from circuits.errors import CredentialError, EncodingError, SignatureError

ALG = "Ed25519"
_P = 2**255 - 19
_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL = frozenset({0, 1, _P - 1, _ORDER_8, _P - _ORDER_8})
MAX_TOKEN = 1 << 17
MAX_NAME = 256
_ED25519 = JWSRegistry(algorithms=[ALG]).get_alg(ALG)


@dataclass(frozen=True, slots=True, eq=False)
class VerifyKey:
    """A public Ed25519 key.

    Attributes:
        x: the 32 public bytes.
        kid: its RFC 7638 thumbprint.
    """

    x: bytes
    kid: str = field(init=False)
    _key: OKPKey = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Load the key.

        Raises:
            CredentialError: not 32 bytes, or weak (whoever sent the key is to blame).
        """
        if len(self.x) != 32:
            raise CredentialError("an Ed25519 key has 32 bytes")
        if is_weak(self.x):
            raise CredentialError("a key under which anyone can sign is no key")
        key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": b64u(self.x)})
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "kid", key.thumbprint())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VerifyKey) and self.x == other.x

    def __hash__(self) -> int:
        return hash(self.x)

    def __reduce__(self) -> tuple[type["VerifyKey"], tuple[bytes]]:
        return (VerifyKey, (self.x,))

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> "VerifyKey":
        """Read a public JWK; `kid`, if there, must be the thumbprint, and there must be no private part.

        Raises:
            CredentialError: anything else (the sender's fault).
        """
        if not set(jwk) <= {"kty", "crv", "x", "kid", "alg", "use"} or jwk.get("kty") != "OKP" or jwk.get("crv") != ALG:
            raise CredentialError("not the JWK of a public Ed25519 key")
        if jwk.get("alg", ALG) != ALG or jwk.get("use", "sig") != "sig" or not isinstance(jwk.get("x"), str):
            raise CredentialError("not the JWK of a public Ed25519 key for signatures")
        try:
            key = cls(b64u_decode(jwk["x"]))
        except EncodingError as error:
            raise CredentialError(f"JWK: {error}") from error
        if jwk.get("kid", key.kid) != key.kid:
            raise CredentialError("the JWK's kid is not its thumbprint")
        return key

    def to_jwk(self) -> dict[str, str]:
        """Write the public JWK."""
        return {"kty": "OKP", "crv": ALG, "x": b64u(self.x), "kid": self.kid, "alg": ALG, "use": "sig"}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SigningKey:
    """A private Ed25519 key; its repr shows the thumbprint only.

    Attributes:
        seed: the 32 secret bytes.
        public: the key that verifies.
    """

    seed: bytes
    public: VerifyKey = field(init=False)
    _key: OKPKey = field(init=False)

    def __post_init__(self) -> None:
        """Load the key; ValueError if the seed is not 32 bytes."""
        private = Ed25519PrivateKey.from_private_bytes(self.seed)
        object.__setattr__(self, "public", VerifyKey(private.public_key().public_bytes_raw()))
        object.__setattr__(self, "_key", OKPKey.import_key(private))

    def __repr__(self) -> str:
        return f"SigningKey({self.kid}, redacted)"

    def __reduce__(self) -> tuple[type["SigningKey"], tuple[bytes]]:
        return (SigningKey, (self.seed,))

    @property
    def kid(self) -> str:
        """The RFC 7638 thumbprint of the public key."""
        return self.public.kid

    @classmethod
    def generate(cls, *, entropy: bytes) -> "SigningKey":
        """Make a key from 32 bytes of operating-system entropy."""
        return cls(entropy)

    @classmethod
    def from_pem(cls, pem: bytes) -> "SigningKey":
        """Read an unencrypted PKCS #8 PEM.

        Raises:
            CredentialError: not an Ed25519 private key (whoever configured it is to blame).
        """
        try:
            private = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise CredentialError("not an unencrypted PEM of a private key") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise CredentialError("not an Ed25519 private key")
        return cls(private.private_bytes_raw())

    def to_pem(self) -> bytes:
        """Write an unencrypted PKCS #8 PEM."""
        return self._key.as_pem(private=True)


def is_weak(public: bytes) -> bool:
    """Tell whether 32 bytes are an Ed25519 key of small order, by its y coordinate (RFC 8032, section 5.1.3).

    Under such a key one signature fits every message, or every eighth: its owner could deny whatever was signed.
    """
    y = int.from_bytes(public, "little") & ((1 << 255) - 1)
    return y % _P in _SMALL


def sign(payload: Mapping[str, Any], *, typ: str, key: SigningKey) -> str:
    """Sign the canonical JSON of a payload as a compact JWS.

    Args:
        payload: JSON without floats.
        typ: what the token is, `zkattest-credential+jwt`: no token can be taken for one of another type.
        key: the signer's.

    Raises:
        EncodingError: the payload has no canonical form (the caller's fault).
    """
    signed = f"{_header(key.kid, typ)}.{b64u(canonical_json(payload))}"
    return f"{signed}.{b64u(_ED25519.sign(signed.encode(), key._key))}"  # noqa: SLF001  # one module


@lru_cache(maxsize=64)
def _header(kid: str, typ: str) -> str:
    return b64u(canonical_json({"alg": ALG, "kid": kid, "typ": typ}))


def open_signed(token: str, *, typ: str, key: VerifyKey) -> dict[str, Any]:
    """Verify a token of one type by one key and return its payload.

    Raises:
        SignatureError: another algorithm, key or type is named, or the signature does not verify (the sender's fault).
        CredentialError: not a strict compact JWS with a JSON object in it (the sender's fault).
    """
    header, payload, signature = _split(token)
    if token.partition(".")[0] != _header(key.kid, typ):
        _require_header(header, typ, key)  # the same members may be written in another way
    try:
        verified = _ED25519.verify(token.rpartition(".")[0].encode(), signature, key._key)  # noqa: SLF001  # one module
    except (JoseError, ValueError) as error:
        raise CredentialError(f"not a compact JWS: {type(error).__name__}") from error
    if not verified:
        raise SignatureError("the signature does not verify")
    return payload


def _require_header(header: Mapping[str, Any], typ: str, key: VerifyKey) -> None:
    if header.get("alg") != ALG:
        raise SignatureError(f"the algorithm must be {ALG}")
    if header.get("kid") != key.kid:
        raise SignatureError("the token names another key")
    if header.get("typ") != typ:
        raise SignatureError(f"not a token of type {typ}")
    if set(header) != {"alg", "kid", "typ"}:
        raise CredentialError("the header has members besides alg, kid and typ")


def time_of(payload: Mapping[str, Any], name: str) -> int:
    """Read a time from a payload: Unix seconds, of a day that the calendar has.

    Raises:
        CredentialError: missing, or something else (the signer's fault).
    """
    seconds = payload.get(name)
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise CredentialError(f"{name}: must be Unix seconds")
    try:
        calendar.rfc3339(seconds)
    except EncodingError as error:
        raise CredentialError(f"{name}: {error}") from error
    return seconds


def name_of(payload: Mapping[str, Any], member: str) -> str:
    """Read a name from a payload: 1 to MAX_NAME printable characters.

    Raises:
        CredentialError: missing, or something else (the signer's fault).
    """
    name = payload.get(member)
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise CredentialError(f"{member}: must be a text of 1 to {MAX_NAME} printable characters")
    return name


def bytes_of(payload: Mapping[str, Any], member: str, size: int) -> bytes:
    """Read that many bytes from a payload, which writes them in base64url.

    Raises:
        CredentialError: missing, or something else (the signer's fault).
    """
    text = payload.get(member)
    try:
        content = b64u_decode(text) if isinstance(text, str) else b""
    except EncodingError as error:
        raise CredentialError(f"{member}: {error}") from error
    if len(content) != size:
        raise CredentialError(f"{member}: must be {size} bytes in base64url")
    return content


def peek(token: str) -> dict[str, Any]:
    """Read a payload WITHOUT verifying anything, only to look up which key must verify it.

    Raises:
        CredentialError: not a strict compact JWS with a JSON object in it (the sender's fault).
    """
    return _split(token)[1]


def peek_kid(token: str) -> str:
    """Read which key a token's header names WITHOUT verifying anything, or reading the rest.

    Raises:
        CredentialError: it names none (the sender's fault).
    """
    header, dot, _ = token.partition(".")
    try:
        members = _members(header) if dot and len(token) <= MAX_TOKEN else None
    except EncodingError as error:
        raise CredentialError(f"not a strict compact JWS: {error}") from error
    kid = members.get("kid") if isinstance(members, dict) else None
    if not isinstance(kid, str):
        raise CredentialError("not a compact JWS whose kid is a text")
    return kid


@lru_cache(maxsize=4)  # whoever peeks opens next; nobody changes what a token says
def _split(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    parts = token.split(".") if len(token) <= MAX_TOKEN else []
    if len(parts) != 3:
        raise CredentialError("not a compact JWS of at most 128 KiB")
    try:
        header, payload, signature = _members(parts[0]), parse_json(b64u_decode(parts[1])), b64u_decode(parts[2])
    except EncodingError as error:
        raise CredentialError(f"not a strict compact JWS: {error}") from error
    if len(signature) != 64 or not isinstance(header, dict) or not isinstance(payload, dict):
        raise CredentialError("header and payload must be JSON objects, the signature 64 bytes")
    return header, payload, signature


@lru_cache(maxsize=64)  # a signer's tokens of one type have one header
def _members(header: str) -> Any:  # noqa: ANN401  # JSON is any of its seven types
    return parse_json(b64u_decode(header))
