"""The relying party's side of signed requests: headers that make a question its own, for whatever client sends it."""

import base64
import os
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final

import httpx2

from circuits.encoding import b64u
from circuits.jws import SigningKey
from verifier.entries.signed_request import MOST_LIFETIME, Parameters, content_digest, sign

LIFETIME: Final = 60
_NONCE: Final = 16


@dataclass(frozen=True, slots=True)
class RequestSigner:
    """Signs requests with a party's key; every request needs headers of its own, a repeated one too.

    Attributes:
        key: the party's, registered with the verifier.
        lifetime: seconds for which a request may be on its way, at most MOST_LIFETIME.
    """

    key: SigningKey
    lifetime: int = LIFETIME
    clock: Callable[[], float] = time.time
    entropy: Callable[[int], bytes] = os.urandom

    def __post_init__(self) -> None:
        """ValueError if requests may be on their way for longer than the verifier takes them."""
        if not 0 < self.lifetime <= MOST_LIFETIME:
            raise ValueError(f"a request may be on its way for 1 to {MOST_LIFETIME} seconds")

    def headers(self, method: str, target_uri: str, body: bytes) -> dict[str, str]:
        """Sign a request.

        Args:
            method: POST, say.
            target_uri: absolute, exactly as the client will ask for it.
            body: its exact bytes.
        """
        created = int(self.clock())
        parameters = Parameters(created, created + self.lifetime, b64u(self.entropy(_NONCE)), self.key.kid)
        signed = sign(method, target_uri, body, key=self.key, parameters=parameters)
        return {
            "Content-Digest": content_digest(body),
            "Signature-Input": f"zkattest={signed.input}",
            "Signature": f"zkattest=:{base64.b64encode(signed.signature).decode()}:",
        }


class SignedAuth(httpx2.Auth):
    """Signs whatever an httpx2 client sends: `httpx2.Client(auth=SignedAuth(signer))`."""

    requires_request_body = True

    def __init__(self, signer: RequestSigner) -> None:
        self._signer = signer

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Add the headers."""
        request.headers.update(self._signer.headers(request.method, str(request.url), request.content))
        yield request
