"""Bodies by which providers register schemas and credentials, end consents, erase people; and what is told of them."""

from typing import Annotated, Any

from pydantic import Field

from api.wire.fields import Digest, Index, Instant, Name, Token, Wire

MAX_CREDENTIALS = 10_000


class CredentialRequest(Wire):
    """A signed credential to be logged."""

    credential: Token


class CredentialBatchRequest(Wire):
    """Signed credentials to be logged in this order."""

    credentials: Annotated[list[Token], Field(min_length=1, max_length=MAX_CREDENTIALS)]


class CredentialReceipt(Wire):
    """Where a credential stands in the log. Registering it again gives the same receipt."""

    id: str
    index: Index


class CredentialReceipts(Wire):
    """In the order of the credentials."""

    credentials: list[CredentialReceipt]


class ErasureRequest(Wire):
    """One person's erasure, in the provider's signed words, and by which handles they were asked about: not logged."""

    erasure: Annotated[
        Token, Field(description="`typ` zkattest-erasure+jwt: names the person's credentials, no person")
    ]
    subjects: Annotated[
        list[Name], Field(max_length=MAX_CREDENTIALS, description="the handles of all consents the person ever gave")
    ]


class ErasureReceipt(Wire):
    """What was erased. Asking again gives the same receipt, or one more entry if something had come since."""

    indices: Annotated[list[Index], Field(min_length=1, description="The entries of the log that say so.")]
    erased: Annotated[dict[str, int], Field(description="How many bodies, by kind of entry.")]


class WithdrawalRequest(Wire):
    """The end of a consent before its time, in the provider's signed words."""

    withdrawal: Annotated[Token, Field(description="`typ` zkattest-consent-revocation+jwt: names the consent's digest")]


class WithdrawalReceipt(Wire):
    """Where a withdrawal stands in the log. Sending it again gives the same receipt."""

    index: Index


class SchemaRequest(Wire):
    """An attribute schema to be logged; immutable from then on."""

    schema_: Annotated[dict[str, Any], Field(alias="schema")]


class SchemaReceipt(Wire):
    """Where a schema stands in the log."""

    digest: Digest
    index: Index


class SchemaLine(Wire):
    """A registered schema."""

    schema_: Annotated[dict[str, Any], Field(alias="schema")]
    digest: Digest
    provider: str
    index: Index


class SchemaList(Wire):
    """All registered schemas, oldest first."""

    schemas: list[SchemaLine]


class ProviderLine(Wire):
    """A provider whose answers are accepted."""

    id: str
    name: str
    jwk: dict[str, Any]
    valid_from: Instant
    index: Index


class ProviderList(Wire):
    """All registered providers, oldest first."""

    providers: list[ProviderLine]
