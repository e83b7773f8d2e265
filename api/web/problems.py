"""Every error a client can meet, as `application/problem+json` (RFC 9457).

One catalogue names them all; the OpenAPI documents and the README quote it. Raise `Problem("not-found", "...")` at
the HTTP edge; exceptions of the rooms are mapped to the catalogue in `api.web.errors`. A detail says what and where,
never a value.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

BASE: Final = "https://zkattest.org/problems/"
MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the catalogue: what a client branches on (`name`), and what a human reads."""

    name: str
    status: int
    title: str
    detail: str

    @property
    def type(self) -> str:
        """The problem's URI."""
        return BASE + self.name


KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind("bad-request", 400, "The request cannot be read", "the body is not JSON: expected a value at line 1"),
        Kind("predicate-syntax", 400, "The question cannot be read", "expected a value after '>'"),
        Kind("unauthenticated", 401, "Who is asking?", "send Authorization: Bearer with a key, or sign the request"),
        Kind("declined", 403, "Declined", "the provider does not answer this question"),
        Kind("insufficient-scope", 403, "The key may not do this", "this needs the scope query"),
        Kind("not-found", 404, "Not found", "there is nothing here, or it belongs to someone else"),
        Kind("method-not-allowed", 405, "Method not allowed", "the header Allow says what is"),
        Kind("conflict", 409, "It contradicts what is in the log", "another schema of this name is already logged"),
        Kind("erased", 410, "Erased", "all that was held about this person was erased at the provider's word"),
        Kind("request-in-flight", 409, "The same request is being answered", "ask again with the same key in a moment"),
        Kind("too-large", 413, "The request is too large", "a body here has at most 1048576 bytes"),
        Kind("unsupported-media-type", 415, "Send JSON", "send Content-Type: application/json"),
        Kind("unprocessable", 422, "The request does not fit", "subject: is missing (and 1 more, see errors)"),
        Kind("predicate-type", 422, "The question has no meaning under the schema", "salary is money, not a date"),
        Kind("idempotency-key-reused", 422, "The key was used for another request", "take a fresh Idempotency-Key"),
        Kind("too-many-requests", 429, "Too many requests", "Retry-After says when to come back"),
        Kind("internal", 500, "Something broke on our side", "quote the instance when you report it"),
        Kind("invalid-proof", 502, "The provider's proof is invalid", "the answer was refused and the incident logged"),
        Kind(
            "unavailable", 503, "Not available right now", "nothing was lost; repeat it with the same Idempotency-Key"
        ),
    )
}

# What plain HTTP errors (raised by the framework's router) are called here.
BY_STATUS: Final[Mapping[int, str]] = {
    400: "bad-request",
    401: "unauthenticated",
    403: "insufficient-scope",
    404: "not-found",
    405: "method-not-allowed",
    410: "erased",
    413: "too-large",
    415: "unsupported-media-type",
    422: "unprocessable",
    429: "too-many-requests",
    503: "unavailable",
}


class Problem(HTTPException):
    """A row of the catalogue, met. Not an error of this program: the client is told and no traceback is kept."""

    def __init__(
        self,
        name: str,
        detail: str | None = None,
        *,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = KINDS[name]
        self.extra = dict(extra or {})
        super().__init__(self.kind.status, detail or _first(self.extra) or self.kind.detail, dict(headers or {}))


def _first(extra: Mapping[str, Any]) -> str:
    """The first place that does not fit: whoever shows only a detail shows that."""
    errors: list[dict[str, str]] = extra.get("errors", [])
    if not errors:
        return ""
    more = f" (and {len(errors) - 1} more, see errors)" if len(errors) > 1 else ""
    place = errors[0]["pointer"].removeprefix("#/") if errors[0]["pointer"] != "#" else "the body"
    return f"{place}: {errors[0]['detail']}{more}"


class FieldError(BaseModel):
    """One place in a request that does not fit."""

    model_config = ConfigDict(frozen=True)

    pointer: Annotated[str, Field(examples=["#/predicate"], description="JSON pointer, or query/header name")]
    detail: Annotated[str, Field(examples=["is missing"])]


class ProblemDocument(BaseModel):
    """An error, as RFC 9457 wants it. Branch on `type`; show `title` and `detail` to a human."""

    model_config = ConfigDict(title="Problem", extra="allow")

    type: Annotated[str, Field(examples=[BASE + "not-found"], json_schema_extra={"format": "uri"})]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    instance: Annotated[str | None, Field(description="The path asked for, or for 5xx the id to quote.")] = None
    position: Annotated[int | None, Field(ge=0, description="predicate-*: character at fault, from 0")] = None
    pointer: Annotated[str | None, Field(description="predicate-*: the text with a caret below the fault")] = None
    errors: Annotated[list[FieldError] | None, Field(description="unprocessable: every place that does not fit")] = None


def incident() -> str:
    """A fresh URN that ties an answer to its log line."""
    return uuid.uuid4().urn


def present(problem: Problem, *, instance: str | None) -> Response:
    """The problem as a response. The same problem at the same path is the same bytes: `declined` relies on it."""
    body = {
        "type": problem.kind.type,
        "title": problem.kind.title,
        "status": problem.kind.status,
        "detail": problem.detail,
        **({"instance": instance} if instance else {}),
        **problem.extra,
    }
    return Response(
        json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(),
        status_code=problem.kind.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(problem.headers or {})},
    )


def documented(*names: str) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of an endpoint that can end in these problems, each with an example."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for kind in (KINDS[name] for name in names):
        entry = by_status.setdefault(kind.status, {"description": "", "content": {MEDIA_TYPE: {"examples": {}}}})
        entry["description"] = "; ".join(filter(None, (entry["description"], f"`{kind.name}`: {kind.title}")))
        content = entry["content"][MEDIA_TYPE]
        content["schema"] = {"$ref": "#/components/schemas/Problem"}
        content["examples"][kind.name] = {
            "summary": HTTPStatus(kind.status).phrase,
            "value": {"type": kind.type, "title": kind.title, "status": kind.status, "detail": kind.detail},
        }
        if kind.status in {429, 503}:
            entry["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds to wait"}}
    return by_status
