"""How a witness says over HTTP that it does not cosign (C2SP tlog-witness): one table for both ends."""

from collections.abc import Mapping
from typing import Final

from verifier.witnesses.witness import (
    Forked,
    Inconsistent,
    OriginUnknown,
    RequestMalformed,
    SignatureRefused,
    SizeConflict,
    WitnessRefused,
)

PATH: Final = "/add-checkpoint"
SIZE_TYPE: Final = "text/x.tlog.size"
"""The media type of a 409 whose body is the size that the witness is at; a 409 without it is a fork."""
STATUS: Final[Mapping[type[WitnessRefused], int]] = {
    RequestMalformed: 400,
    SignatureRefused: 403,
    OriginUnknown: 404,
    SizeConflict: 409,
    Forked: 409,
    Inconsistent: 422,
}
