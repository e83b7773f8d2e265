"""What texts must look like, and what does not fit in plain words: what would fit, never the value that was sent."""

from collections.abc import Mapping
from typing import Any, Final

PLAIN_TEXT: Final = r"^[^\x00-\x1f\x7f-\x9f]+$"
IDENTIFIER: Final = r"^[A-Za-z0-9_-]{22}$"
DIGEST: Final = r"^[A-Za-z0-9_-]{43}$"
COMPACT_JWS: Final = r"^[A-Za-z0-9_.-]+$"
DATE: Final = r"^\d{4}-\d{2}-\d{2}$"

PATTERNS: Final[Mapping[str, str]] = {
    DATE: "must be a date, written YYYY-MM-DD",
    PLAIN_TEXT: "must not contain line breaks or other control characters",
    IDENTIFIER: "must be 22 characters of base64url",
    DIGEST: "must be a SHA-256 in base64url: 43 characters, no padding",
    COMPACT_JWS: "must be a compact JWS",
}


WORDS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "string_too_long": "must have at most {max_length:,} characters",
    "too_long": "must have at most {max_length:,} items",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
    "list_type": "must be a JSON array",
    "tuple_type": "must be a JSON array",
    "string_type": "must be a string",
    "string_unicode": "must be a string",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
}


def plain(error: Mapping[str, Any]) -> str:
    """One of Pydantic's findings as half a sentence that follows the name of the place."""
    bounds: Mapping[str, Any] = error.get("ctx", {})
    if error["type"] == "string_pattern_mismatch":
        return PATTERNS.get(str(bounds["pattern"]), f"must match {bounds['pattern']}")
    if (words := WORDS.get(str(error["type"]))) is not None and bounds.get("min_length", 1) == 1:
        return words.format_map(bounds)
    # A custom check's message is ours; Pydantic's own name bounds, never the value.
    return str(error["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
