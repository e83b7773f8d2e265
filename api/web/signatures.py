"""Signed requests (RFC 9421) in place of an API key: whose key signed, that it was now, and never twice.

The headers are those of one signature, in the one form `verifier.entries.signed_request` takes::

    Content-Digest: sha-256=:F7vxN1xdsLTMpjz5pI/CP5u1Zd0fNqN4XzG4Mz1WovQ=:
    Signature-Input: sig=("@method" "@target-uri" "content-digest");created=1795000000;expires=1795000060;\
nonce="gBcCrFYw3gKpzmMl7EnqhA";keyid="...";tag="zkattest"
    Signature: sig=:...:
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from starlette.datastructures import Headers
from starlette.requests import Request

from api.web.auth import AuthenticationError, Principal, Scope
from circuits.jws import VerifyKey
from verifier.asked import require_time
from verifier.entries.signed_request import SignedRequest, content_digest
from verifier.errors import RequestRefused

_INPUT: Final = re.compile(r"([a-z*][a-z0-9_.*-]{0,63})=(\(.*)")
_SIGNATURE: Final = re.compile(r"([a-z*][a-z0-9_.*-]{0,63})=:([A-Za-z0-9+/]{86}==):")


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose key it is now, and what it opens."""

    owner: str
    key: VerifyKey
    scopes: frozenset[Scope]


class Nonces(Protocol):
    """Where nonces are kept until what they were signed in has expired."""

    def spend(self, key_id: str, nonce: str, *, expires_at: int, now: int) -> None:
        """Keep one; AuthenticationError if it is kept already (the caller's fault)."""
        ...


class Signatures:
    """Finds out who signed a request.

    Args:
        find: the signer whose key has this id now, or None; may ask the database.
        nonces: where they are kept.
        clock: Unix seconds.
        public_url: what clients write before the path, `https://verifier.example`; from the request unless told.
    """

    def __init__(
        self,
        find: Callable[[str], Signer | None],
        nonces: Nonces,
        *,
        clock: Callable[[], int],
        public_url: str | None,
    ) -> None:
        self._find = find
        self._nonces = nonces
        self._clock = clock
        self._public_url = public_url

    async def read(self, request: Request) -> SignedRequest:
        """Read a signed request; nothing is verified but the form and that the digest is the body's.

        Raises:
            AuthenticationError: there is not exactly one signature of our form (the caller's fault).
        """
        body = await request.body()
        headers = request.headers
        signed_input = _INPUT.fullmatch(_single(headers, "signature-input"))
        signature = _SIGNATURE.fullmatch(_single(headers, "signature"))
        if signed_input is None or signature is None or signed_input[1] != signature[1]:
            raise AuthenticationError
        if "authorization" in headers or _single(headers, "content-digest") != content_digest(body):
            raise AuthenticationError
        try:
            return SignedRequest(
                method=request.method,
                target_uri=self._target_uri(request),
                body=body,
                input=signed_input[2],
                signature=base64.b64decode(signature[2]),
            )
        except RequestRefused:
            raise AuthenticationError from None

    def authenticate(self, request: SignedRequest) -> Principal:
        """The principal whose key signed a request, which is accepted this once.

        Raises:
            AuthenticationError: unknown key, wrong signature, not now, or not for the first time (the caller's fault).
        """
        parameters, now = request.parameters, self._clock()
        signer = self._find(parameters.key_id)
        if signer is None:
            raise AuthenticationError
        try:
            request.verify(signer.key)
            require_time(request, now)
        except RequestRefused:
            raise AuthenticationError from None
        self._nonces.spend(parameters.key_id, parameters.nonce, expires_at=parameters.expires, now=now)
        return Principal(parameters.key_id, signer.owner, signer.scopes, request)

    def _target_uri(self, request: Request) -> str:
        """The address as the client wrote it: behind a proxy only the settings know how it begins."""
        scope = request.scope
        begin = self._public_url or f"{request.url.scheme}://{request.url.netloc}"
        path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8")
        query: bytes = b"?" + scope["query_string"] if scope["query_string"] else b""
        return begin + (path + query).decode("latin-1")


def _single(headers: Headers, name: str) -> str:
    found = headers.getlist(name)
    if len(found) != 1:
        raise AuthenticationError
    return found[0]
