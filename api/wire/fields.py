"""What bodies are made of: strict models, and the kinds of text and number that stand in them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.web.unfit import COMPACT_JWS, DATE, DIGEST, IDENTIFIER, PLAIN_TEXT

Name = Annotated[str, Field(min_length=1, max_length=256, pattern=PLAIN_TEXT)]
Identifier = Annotated[str, Field(pattern=IDENTIFIER, examples=["Zk9hdHRlc3RhdGlvbi1pZA"])]
Digest = Annotated[str, Field(pattern=DIGEST, description="SHA-256, unpadded base64url")]
Token = Annotated[str, Field(min_length=1, max_length=131_072, pattern=COMPACT_JWS, description="compact JWS")]
Date = Annotated[str, Field(pattern=DATE, examples=["2026-11-22"])]
Instant = Annotated[str, Field(examples=["2026-11-22T15:46:17Z"], description="RFC 3339, UTC")]
Handle = Annotated[str, Field(description="how you ask about this person; another relying party has another handle")]
Index = Annotated[int, Field(ge=0, description="number of the log entry")]


class Wire(BaseModel):
    """A body: unknown members are refused, nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)
