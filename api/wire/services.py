"""What passes between a verifier and a prover, and between an operator and a prover. Both sides parse it with this."""

from typing import Annotated, Any, Literal

from pydantic import Field

from api.wire.fields import Identifier, Name, Wire
from circuits.predicate.typing import MAX_ATOMS
from circuits.vocabulary import MAX_SCHEMAS

MAX_RECORDS = 2_000


class ProofRequest(Wire):
    """A query, whole: the prover answers what was asked, and the proof is bound to every field of it."""

    query: Annotated[dict[str, Any], Field(description="circuits.query.Query as JSON")]


class ProofAnswer(Wire):
    """A proven answer."""

    outcome: Literal["answer"]
    answer: Literal["yes", "no"]
    credentials: Annotated[
        list[Identifier], Field(min_length=1, max_length=MAX_SCHEMAS, description="one under each of its schemas")
    ]
    clauses: Annotated[
        list[bool] | None,
        Field(min_length=1, max_length=MAX_ATOMS, description="a no with its reasons: which clauses hold"),
    ]
    proof: Annotated[str, Field(min_length=1, max_length=8192, pattern=r"^[A-Za-z0-9_-]+$")]
    disclosed: Annotated[
        list[dict[str, Any]], Field(max_length=64, description="circuits.leakage.written: of each attribute")
    ]


class ProofUndetermined(Wire):
    """The person is known, the answer is not."""

    outcome: Literal["undetermined"]
    reason: Literal["absent", "stale", "disputed"]
    credential: Identifier | None = None


class RecordLine(Wire):
    """What the provider verified about one person, as text by attribute. A missing attribute is not known."""

    subject: Name
    values: Annotated[dict[str, str], Field(max_length=64)]
    line: Annotated[int, Field(ge=0, description="line of the file it came from, for reports")] = 0


class RecordsRequest(Wire):
    """Records to commit to, under one schema."""

    schema_: Annotated[dict[str, Any], Field(alias="schema")]
    records: Annotated[list[RecordLine], Field(min_length=1, max_length=MAX_RECORDS)]


class RecordOutcome(Wire):
    """What became of one record. A reason never quotes a value."""

    line: int
    outcome: Literal["issued", "unchanged", "superseded", "rejected"]
    credential: str | None = None
    column: str | None = None
    reason: str | None = None


class RecordsResponse(Wire):
    """In the order of the records; all of them are committed or none is."""

    outcomes: list[RecordOutcome]


class ProverCard(Wire):
    """What a verifier has to know about this prover."""

    service: Literal["prover"]
    version: str
    provider: str
    jwk: Annotated[dict[str, Any], Field(description="signs credentials")]
    audiences: list[str]
