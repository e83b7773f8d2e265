"""Bodies in which the verifier publishes: entries of its log, its keys, and who it is."""

from typing import Annotated, Any, Literal

from pydantic import Field

from api.wire.fields import Digest, Index, Instant, Wire


class EntryLine(Wire):
    """A log entry with its salt and its exact bytes, both in base64url."""

    index: Index
    kind: str
    appended_at: Instant
    leaf_hash: Digest
    salt: str
    body: str


class ErasedLine(Wire):
    """A log entry whose salt and body were erased; the leaf stays, and with it the tree."""

    index: Index
    kind: Annotated[str, Field(description="As stated beside the leaf; nothing proves it any more.")]
    appended_at: Annotated[Instant, Field(description="As stated beside the leaf.")]
    leaf_hash: Digest
    leaf: Digest
    erased: Annotated[Index, Field(description="The entry that says so.")]


class EntryPage(Wire):
    """Entries from `start` on, under the newest checkpoint."""

    checkpoint: str
    entries: list[EntryLine | ErasedLine]
    next: Index | None


class JwkSet(Wire):
    """RFC 7517."""

    keys: list[dict[str, Any]]


class AttestorPeriod(Wire):
    """When a key signed attestations: in entries after `since_index`, up to `until_index`."""

    jwk: dict[str, Any]
    since_index: Index | None
    since: Instant | None
    until_index: Index | None
    until: Instant | None
    ended: Annotated[Literal["rotated", "compromised", "lost"] | None, Field(description="why it counts no longer")]
    signed: Annotated[bool, Field(description="whether the key before signed for it; true for the first")]


class VerifierCard(Wire):
    """What a client or an auditor has to know about this verifier."""

    service: Literal["verifier"]
    version: str
    origin: str
    log_vkey: Annotated[str, Field(description="C2SP signed-note verifier key of the log")]
    jwk: Annotated[dict[str, Any], Field(description="the first key that signed attestations")]
    attestors: Annotated[list[AttestorPeriod], Field(description="that key, and those that came after it")]
    witnesses: Annotated[list[str], Field(description="keys of the witnesses that are asked to cosign checkpoints")]
    suites: list[str]
