"""Cache headers: what never changes says so, what seldom changes has an ETag."""

import hashlib

from fastapi import Request, Response
from fastapi.responses import JSONResponse

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"


class JwkSetResponse(JSONResponse):
    """Keys, under the media type of RFC 7517."""

    media_type = "application/jwk-set+json"


def with_etag(request: Request, content: bytes, media_type: str, *, cache: str = REVALIDATE) -> Response:
    """The content, or 304 if the client has it already."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": cache}
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
