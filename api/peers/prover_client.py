"""Asking a provider's prover: the `ProofSource` of `verifier.answering`, over HTTP.

Addresses come from the registry, keys from the settings; nothing a request says decides whom we talk to.
"""

from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError

from api.peers.outbound import Outbound, PeerBroken, PeerUnreachable, Reply
from api.wire.services import ProofAnswer, ProofUndetermined
from circuits.encoding import b64u_decode
from circuits.errors import EncodingError
from circuits.leakage import written
from circuits.query import Query
from verifier.answered import Answered, Declined, ProverResponse, Undetermined
from verifier.fold.registry import Registry

_MOST_BYTES: Final = 64 << 10
_OK: Final = 200
_FORBIDDEN: Final = 403
# The prover's own trouble, or a key that is not (or no longer) right there: the operators' affair, over later.
_LATER: Final = frozenset({401, 403, 408, 425, 429, 500, 502, 503, 504})


class HttpProvers:
    """The provers of every registered provider, behind one pool of connections."""

    def __init__(self, registry: Registry, keys: Mapping[str, SecretStr], *, timeout: float, connections: int) -> None:
        self._registry = registry
        self._keys = dict(keys)
        self._outbound = Outbound(timeout=timeout, connections=connections, most=_MOST_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._outbound.close()

    def fetch(self, query: Query) -> ProverResponse:
        """Put the query to its provider.

        Raises:
            RegistryError: there is no such provider.
            PeerUnreachable: the prover does not answer, or cannot now, or not to us; asking again later is safe.
            PeerBroken: it answers something that is not what the interface says (the provider's fault).
        """
        url = self._registry.provider(query.provider).entry.prover_url
        key = self._keys.get(query.provider)
        if key is None or urlsplit(url).scheme not in {"http", "https"}:
            raise PeerUnreachable("no key or no HTTP address for this provider")
        body = {"query": query.to_json()}
        return _read(self._outbound.post(f"{url.rstrip('/')}/v1/proofs", body, key=key.get_secret_value()))


def _read(reply: Reply) -> ProverResponse:
    if reply.status == _FORBIDDEN and reply.problem == "declined":
        return Declined()
    if reply.status in _LATER:
        raise PeerUnreachable(f"HTTP {reply.status} {reply.problem}")
    if reply.status != _OK or not isinstance(reply.body, dict):
        raise PeerBroken(f"HTTP {reply.status} {reply.problem}")
    try:
        if reply.body.get("outcome") == "undetermined":
            undetermined = ProofUndetermined.model_validate(reply.body)
            return Undetermined(undetermined.reason, undetermined.credential)
        answer = ProofAnswer.model_validate(reply.body)
        clauses = None if answer.clauses is None else tuple(answer.clauses)
        return Answered(
            answer.answer == "yes",
            tuple(answer.credentials),
            b64u_decode(answer.proof),
            clauses,
            written.from_json(answer.disclosed),
        )
    except (ValidationError, EncodingError):
        raise PeerBroken("not an answer of the interface") from None
