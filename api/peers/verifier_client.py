"""The provider's side of the verifier's API: register schemas and credentials."""

import re
from collections.abc import Sequence
from typing import Any, Final, Self, TypeVar

from pydantic import BaseModel, ValidationError

from api.peers.outbound import Outbound, PeerBroken, PeerUnreachable, Reply
from api.wire.registrations import CredentialReceipts, ErasureReceipt, SchemaReceipt, WithdrawalReceipt

_MOST_BYTES: Final = 4 << 20
_ERASING_SECONDS: Final = 300.0
"""The verifier looks for a person in its whole log."""
_ITEM: Final = re.compile(r"#/credentials/([0-9]{1,6})")
Receipt = TypeVar("Receipt", bound=BaseModel)
_CREATED: Final = 201
_LATER: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class RegistrationRefused(Exception):  # noqa: N818 - names what became of it
    """The verifier refuses what was sent (the provider's fault, or its key's).

    Attributes:
        name: the problem's.
        positions: of the items it refuses for good, if it says which; the others it took.
    """

    def __init__(self, status: int, name: str, positions: Sequence[int] = ()) -> None:
        super().__init__(f"the verifier refuses the registration: {status} {name}")
        self.name = name
        self.positions = tuple(positions)


class VerifierClient:
    """A connection to one verifier with the key of one provider."""

    def __init__(self, url: str, *, key: str, timeout: float) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._outbound = Outbound(timeout=timeout, connections=2, most=_MOST_BYTES)
        self._patient = Outbound(timeout=max(timeout, _ERASING_SECONDS), connections=1, most=_MOST_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._outbound.close()
        self._patient.close()

    def register_schema(self, schema: dict[str, Any]) -> int:
        """Register a schema; its place in the log. Again is harmless.

        Raises:
            PeerUnreachable: the verifier cannot answer now; try again.
            PeerBroken: it answers nonsense.
            RegistrationRefused: it refuses.
        """
        reply = self._outbound.post(f"{self._url}/v1/schemas", {"schema": schema}, key=self._key)
        return _read(reply, SchemaReceipt).index

    def register_credentials(self, tokens: Sequence[str]) -> dict[str, int]:
        """Register credentials; their places in the log by id. Again is harmless. Raises as register_schema does."""
        body = {"credentials": list(tokens)}
        reply = self._outbound.post(f"{self._url}/v1/credential-batches", body, key=self._key)
        receipts = _read(reply, CredentialReceipts)
        return {receipt.id: receipt.index for receipt in receipts.credentials}

    def erase(self, token: str, handles: Sequence[str]) -> ErasureReceipt:
        """Have a person erased; what was. Again is harmless. Raises as register_schema does."""
        body = {"erasure": token, "subjects": list(handles)}
        return _read(self._patient.post(f"{self._url}/v1/erasures", body, key=self._key), ErasureReceipt)

    def withdraw(self, token: str) -> int:
        """Have a consent's withdrawal logged; its place. Again gives the same. Raises as register_schema does."""
        reply = self._patient.post(f"{self._url}/v1/withdrawals", {"withdrawal": token}, key=self._key)
        return _read(reply, WithdrawalReceipt).index


def _read(reply: Reply, kind: type[Receipt]) -> Receipt:
    if reply.status != _CREATED:
        if reply.status in _LATER and reply.problem != "conflict":
            raise PeerUnreachable(f"HTTP {reply.status}")
        raise RegistrationRefused(reply.status, reply.problem, _positions(reply))
    try:
        return kind.model_validate(reply.body)
    except ValidationError:
        raise PeerBroken(f"not a {kind.__name__}") from None


def _positions(reply: Reply) -> list[int]:
    """The items a conflict names, `#/credentials/17`; none if it names none."""
    errors = reply.body.get("errors") if reply.problem == "conflict" and isinstance(reply.body, dict) else None
    named = [each.get("pointer") for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    found = [_ITEM.fullmatch(each) for each in named if isinstance(each, str)]
    return sorted({int(match[1]) for match in found if match})
