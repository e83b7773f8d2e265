r"""A request as its sender signed it: HTTP Message Signatures (RFC 9421), Ed25519, in the one form that is taken here.

What is signed, the signature base of RFC 9421 (section 2.5), reads::

    "@method": POST
    "@target-uri": https://verifier.example/v1/queries
    "content-digest": sha-256=:F7vxN1xdsLTMpjz5pI/CP5u1Zd0fNqN4XzG4Mz1WovQ=:
    "@signature-params": ("@method" "@target-uri" "content-digest");created=1795000000;expires=1795000060;nonce="g...";
    keyid="..."; tag="zkattest"

(the last two lines are one, without the spaces). Exactly these components in this order, exactly these parameters in
any order, `alg="ed25519"` beside them if the sender likes. The digest is that of the body (RFC 9530, SHA-256 only). So
five texts are enough to build it again years later, byte for byte: nothing a sender may choose is left to guess.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from circuits.encoding import b64u, b64u_decode
from circuits.jws import SigningKey, VerifyKey
from verifier.entries.members import require_members, text
from verifier.errors import EntryError, RequestRefused

TAG: Final = "zkattest"
MOST_LIFETIME: Final = 300
"""Seconds between created and expires, at most: for so long the nonce has to be remembered."""
MAX_BODY: Final = 1 << 14
"""Bytes of a body that is logged: the longest question, several times over."""
MAX_INPUT: Final = 1024
SIGNATURE: Final = 64

_COMPONENTS: Final = '("@method" "@target-uri" "content-digest")'
_PARAMETER: Final = re.compile(r';([a-z]+)=(?:([1-9][0-9]{0,14})|"([!#-\[\]-~]{1,255})")')
_NUMBERS: Final = frozenset({"created", "expires"})
_REQUIRED: Final = frozenset({*_NUMBERS, "nonce", "keyid", "tag"})
_NONCE: Final = re.compile(r"[A-Za-z0-9+/=_-]{16,128}")
_METHOD: Final = re.compile(r"[A-Z]{1,16}")
_URI: Final = re.compile(r"https?://[!-~]{1,2000}")


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a signature says about itself.

    Attributes:
        created, expires: Unix seconds; it counts from the first until before the second.
        nonce: 16 characters or more, never used twice under one key.
        key_id: RFC 7638 thumbprint of the key.
    """

    created: int
    expires: int
    nonce: str
    key_id: str

    @classmethod
    def parse(cls, signature_input: str) -> Self:
        """Read a member of a Signature-Input field, without its label.

        Raises:
            RequestRefused: other components or parameters, or a lifetime that is too long (blame: who signed).
        """
        if len(signature_input) > MAX_INPUT or not signature_input.startswith(_COMPONENTS):
            raise RequestRefused(f"the signature must cover {_COMPONENTS}")
        rest = signature_input[len(_COMPONENTS) :]
        matches = list(_PARAMETER.finditer(rest))
        if "".join(match[0] for match in matches) != rest:
            raise RequestRefused("the signature's parameters are malformed")
        found: dict[str, str] = {match[1]: match[2] or match[3] for match in matches}
        numbers = {match[1] for match in matches if match[2]}
        if len(found) != len(matches) or not _REQUIRED <= found.keys() <= {*_REQUIRED, "alg"} or numbers != _NUMBERS:
            raise RequestRefused("the signature's parameters must be created, expires, nonce, keyid and tag, once each")
        if found["tag"] != TAG or found.get("alg", "ed25519") != "ed25519":
            raise RequestRefused(f"the signature's tag must be {TAG}, its algorithm ed25519")
        if not _NONCE.fullmatch(found["nonce"]):
            raise RequestRefused("the nonce must have 16 to 128 characters of base64")
        created, expires = int(found["created"]), int(found["expires"])
        if not 0 < expires - created <= MOST_LIFETIME:
            raise RequestRefused(f"the signature must expire within {MOST_LIFETIME} seconds of its creation")
        return cls(created, expires, found["nonce"], found["keyid"])

    def to_text(self) -> str:
        """Write the input as our own clients do; parse reads it."""
        return (
            f"{_COMPONENTS};created={self.created};expires={self.expires}"
            f';nonce="{self.nonce}";keyid="{self.key_id}";tag="{TAG}"'
        )


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request with its signature; making one verifies nothing but the form.

    Attributes:
        method: POST.
        target_uri: where it was sent, as the sender wrote it.
        body: its exact bytes, which are UTF-8.
        input: the member of Signature-Input, without its label.
        signature: 64 bytes.
        parameters: what the input says.
    """

    method: str
    target_uri: str
    body: bytes = field(repr=False)
    input: str
    signature: bytes = field(repr=False)
    parameters: Parameters = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Require every member to be in its form.

        Raises:
            RequestRefused: which is not (blame: who signed).
        """
        if not _METHOD.fullmatch(self.method) or not _URI.fullmatch(self.target_uri):
            raise RequestRefused("the request has no method or no absolute URI")
        if len(self.signature) != SIGNATURE:
            raise RequestRefused("an Ed25519 signature has 64 bytes")
        object.__setattr__(self, "parameters", Parameters.parse(self.input))

    @property
    def base(self) -> bytes:
        """What is signed."""
        return signature_base(
            (
                ("@method", self.method),
                ("@target-uri", self.target_uri),
                ("content-digest", content_digest(self.body)),
            ),
            self.input,
        )

    def verify(self, key: VerifyKey) -> None:
        """Verify the signature.

        Raises:
            RequestRefused: it is another key's, or over something else (blame: who presents it as signed).
        """
        if self.parameters.key_id != key.kid:
            raise RequestRefused("the request names another key")
        try:
            Ed25519PublicKey.from_public_bytes(key.x).verify(self.signature, self.base)
        except InvalidSignature:
            raise RequestRefused("the signature of the request does not verify") from None

    def to_fields(self) -> dict[str, Any]:
        """Write the member `request` of an entry."""
        return {
            "method": self.method,
            "target_uri": self.target_uri,
            "body": self.body.decode("utf-8"),
            "input": self.input,
            "signature": b64u(self.signature),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Invert to_fields; EntryError if it cannot be (blame: log operator)."""
        require_members(fields, "method", "target_uri", "body", "input", "signature")
        try:
            return cls(
                method=text(fields, "method"),
                target_uri=text(fields, "target_uri", longest=2048),
                body=text(fields, "body", longest=MAX_BODY).encode("utf-8"),
                input=text(fields, "input", longest=MAX_INPUT),
                signature=b64u_decode(text(fields, "signature")),
            )
        except (RequestRefused, UnicodeEncodeError) as error:
            raise EntryError(f"request: {error}") from error

    @classmethod
    def member_of(cls, fields: Mapping[str, Any]) -> Self | None:
        """Read the member `request` of an entry's body: null where the question was not signed."""
        member = fields["request"]
        if member is None:
            return None
        if not isinstance(member, dict):
            raise EntryError("request: must be an object or null")
        return cls.from_fields(member)


def sign(method: str, target_uri: str, body: bytes, *, key: SigningKey, parameters: Parameters) -> SignedRequest:
    """Sign a request.

    Args:
        method: POST, say.
        target_uri: absolute, exactly as it will be sent.
        body: its exact bytes; none are signed as such.
        key: the sender's.
        parameters: with a fresh nonce; the key id must be that of the key.

    Raises:
        RequestRefused: a member has another form (blame: the caller).
    """
    unsigned = SignedRequest(method, target_uri, body, parameters.to_text(), bytes(SIGNATURE))
    signature = Ed25519PrivateKey.from_private_bytes(key.seed).sign(unsigned.base)
    return SignedRequest(method, target_uri, body, unsigned.input, signature)


def signature_base(components: Sequence[tuple[str, str]], signature_input: str) -> bytes:
    """Write the signature base (RFC 9421, section 2.5) of components without parameters of their own.

    Args:
        components: names and values, in the order of the input.
        signature_input: the inner list with its parameters, as in the Signature-Input field.
    """
    lines = [f'"{name}": {value}' for name, value in components]
    return "\n".join([*lines, f'"@signature-params": {signature_input}']).encode("ascii")


def content_digest(body: bytes) -> str:
    """Write the Content-Digest field of a body (RFC 9530), with SHA-256."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
