"""The relying party's side of the verifier's API, for the command line, the demo and the benchmarks."""

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

import httpx2

TIMEOUT: Final = httpx2.Timeout(30.0, connect=3.0)


class Refusal(Exception):  # noqa: N818 - a refusal is an outcome the API documents, not a mishap
    """The service answered with a problem (RFC 9457).

    Attributes:
        status: the HTTP status.
        name: the last segment of the problem's type, e.g. `predicate-syntax`.
        problem: the whole document.
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.name = str(problem.get("type", "about:blank")).rsplit("/", 1)[-1]
        super().__init__(str(problem.get("detail") or problem.get("title") or f"HTTP {status}"))


class Unreachable(Exception):  # noqa: N818 - named after the outcome
    """Nobody answers at the address, or not in time.

    Attributes:
        url: the address.
    """

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        super().__init__(reason)


class ServiceClient:
    """One pooled connection to one service with one API key, or signing (`signing.SignedAuth`); a context manager."""

    def __init__(
        self, url: str, *, key: str | None = None, auth: httpx2.Auth | None = None, connections: int = 4
    ) -> None:
        self.url = url.rstrip("/")
        self._client = httpx2.Client(
            base_url=self.url,
            headers={} if key is None else {"Authorization": f"Bearer {key}"},
            auth=auth,
            timeout=TIMEOUT,
            trust_env=False,
            limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def ask(self, predicate: str, *, consent: str, **options: str | list[str]) -> dict[str, Any]:
        """Asks one question; the answer document, `outcome` either `answer` or `undetermined`.

        Args:
            predicate: the question.
            consent: the token of the person's consent: it says about whom, and whom to ask.
            options: the other members of the body.

        Raises:
            Refusal: the service said why not.
            Unreachable: it said nothing.
        """
        return self.post("/v1/queries", {"predicate": predicate, "consent": consent, **options})

    def evidence(self, query_id: str) -> bytes:
        """The evidence file of an answered query, byte for byte as served."""
        return self._send("GET", f"/v1/queries/{query_id}/evidence").content

    def post(self, path: str, body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Posts JSON and returns the JSON object it answers with."""
        return _object(self._send("POST", path, body=body, headers=headers))

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """Gets a JSON object."""
        return _object(self._send("GET", path, query=query))

    def delete(self, path: str) -> dict[str, Any]:
        """Deletes, and returns the JSON object it answers with."""
        return _object(self._send("DELETE", path))

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        try:
            response = self._client.request(method, path, json=body, params=query, headers=headers)
        except httpx2.TimeoutException:
            raise Unreachable(self.url, "the service does not answer in time") from None
        except httpx2.ConnectError:
            raise Unreachable(self.url, "nobody answers there") from None
        except httpx2.HTTPError as error:
            raise Unreachable(self.url, f"the answer broke off, or is none ({type(error).__name__})") from None
        if response.is_success:
            return response
        try:
            problem = response.json()
        except json.JSONDecodeError:
            problem = {}
        raise Refusal(response.status_code, problem if isinstance(problem, dict) else {})


def _object(response: httpx2.Response) -> dict[str, Any]:
    content = response.json()
    if not isinstance(content, dict):
        raise Refusal(response.status_code, {"detail": "the service answered with something other than an object"})
    return content
