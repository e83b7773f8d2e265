"""The statement: one query, the credentials it is answered from, one answer: with the proof, all that is verified.

Whoever verifies builds it from their own copies; nothing about it is read from a response. The context binds the whole
query, the credentials' tokens, the schemas, the question and the answer into the transcript; the circuit and the
commitments are absorbed beside it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from circuits import arithmetic
from circuits.compiler import CompiledRelation, compile_predicate
from circuits.constraints import Circuit
from circuits.credential import Credential
from circuits.encoding import fields
from circuits.errors import StatementError
from circuits.group import Engine, EngineName
from circuits.group import engine as shared_engine
from circuits.pedersen import Opening
from circuits.predicate.question import Predicate
from circuits.query import Query
from circuits.vocabulary import Vocabulary

_LABEL = "zkattest/statement/1"


@dataclass(frozen=True, slots=True)
class Statement:
    """What a proof is about; public.

    Attributes:
        relation: the compiled question with its answer.
        V: the commitments, 33 bytes each, in the order of relation.attributes.
        context: bytes the proof is bound to.
        answer: what is proven.
        clauses: which clauses are proven to hold, and which to fail; None if that is not told.
    """

    relation: CompiledRelation
    V: tuple[bytes, ...]
    context: bytes
    answer: bool
    clauses: tuple[bool, ...] | None = None

    @property
    def circuit(self) -> Circuit:
        """The circuit of question and answer."""
        return self.relation.circuit

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes the question is about, in the order of V."""
        return self.relation.attributes

    @property
    def proof_bytes(self) -> int:
        """Exact length of every proof of this statement."""
        return self.relation.circuit.proof_bytes


@dataclass(frozen=True, slots=True, repr=False)
class Witness:
    """The secret that makes a statement true; never printed.

    Attributes:
        openings: of the commitments, in the order of the statement's attributes.
    """

    openings: tuple[Opening, ...] = field(repr=False)

    def __repr__(self) -> str:
        return "Witness(<redacted>)"

    @classmethod
    def of(cls, statement: Statement, openings: Mapping[str, Opening]) -> "Witness":
        """Pick the openings a statement needs, by attribute.

        Raises:
            StatementError: one of them is absent (the caller's fault).
        """
        missing = [name for name in statement.attributes if name not in openings]
        if missing:
            raise StatementError(f"no opening for {', '.join(missing)}")
        return cls(tuple(openings[name] for name in statement.attributes))


def build(
    query: Query,
    predicate: Predicate,
    vocabulary: Vocabulary,
    credentials: Sequence[Credential],
    *,
    answer: bool,
    clauses: tuple[bool, ...] | None = None,
) -> Statement:
    """Build the statement that the answer to a query, about the person of some credentials, is this one.

    Args:
        query: who asked what.
        predicate: the query's question, parsed and typed by whoever builds.
        vocabulary: the query's schemas, from the builder's own copies; the question uses each of them.
        credentials: opened with their provider's key; one under each schema, in the same order.
        answer: True for YES.
        clauses: which clauses of the question hold; exactly for a NO to a query that asks for failed clauses.

    Raises:
        StatementError: these do not belong together, or a credential lacks an attribute (the caller's fault).
        PredicateTypeError: the question is not provable (the lender's fault).
    """
    listed = tuple(schema.digest for schema in vocabulary.schemas)
    if predicate.schema_digest != vocabulary.digest or query.schema_digests != listed:
        raise StatementError("query and question are not both under these schemas")
    if predicate.digest != query.predicate_digest or predicate.text != query.predicate_text:
        raise StatementError("the question is not the query's")
    if vocabulary.used(predicate.attributes) != vocabulary.schemas:
        raise StatementError("the question does not need all of the query's schemas")
    if tuple(credential.schema_digest for credential in credentials) != listed:
        raise StatementError("there is not one credential under each of the query's schemas, in their order")
    if any(credential.provider != query.provider for credential in credentials):
        raise StatementError("a credential is not by the provider who is asked")
    source = {name: credentials[vocabulary.place(name)] for name in predicate.attributes}
    missing = [name for name, credential in source.items() if name not in credential.commitments]
    if missing:
        raise StatementError(f"the credential has no {', '.join(missing)}")
    relation = compile_predicate(
        predicate, vocabulary, as_of=query.as_of_day, answer=answer, reasons=query.reasons, clauses=clauses
    )
    V = tuple(source[name].commitments[name] for name in relation.attributes)
    context = fields(
        _LABEL,
        query.digest,
        b"".join(credential.digest for credential in credentials),
        vocabulary.digest,
        predicate.digest,
        b"yes" if answer else b"no",
        b"" if clauses is None else bytes(clauses),
    )
    return Statement(relation, V, context, answer, clauses)


def prove(statement: Statement, witness: Witness, *, entropy: bytes, engine: Engine | EngineName = "fast") -> bytes:
    """Prove a statement.

    Args:
        statement: what to prove.
        witness: the openings of its commitments.
        entropy: 32 fresh bytes from the operating system.
        engine: group arithmetic.

    Returns:
        The proof, statement.proof_bytes long.

    Raises:
        WitnessError: the statement is false, or the openings are of other commitments; no value is named (the
            caller's fault).
    """
    wires = statement.relation.wires([opening.value for opening in witness.openings])
    return arithmetic.prove(
        statement.circuit,
        statement.V,
        witness.openings,
        wires,
        statement.context,
        entropy=entropy,
        engine=_engine(engine),
    )


def verify(statement: Statement, proof: bytes, *, engine: Engine | EngineName = "fast") -> None:
    """Verify a proof; returning means that it proves the statement.

    Raises:
        ProofMalformed: not a proof of this shape (the prover's fault).
        ProofInvalid: it does not prove this statement (the prover's fault).
    """
    arithmetic.verify(statement.circuit, statement.V, statement.context, proof, engine=_engine(engine))


def verify_batch(
    items: Sequence[tuple[Statement, bytes]], *, entropy: bytes, engine: Engine | EngineName = "fast"
) -> None:
    """Verify many proofs at once; agrees with verify on each.

    Args:
        items: (statement, proof) each.
        entropy: 32 bytes from the operating system, drawn after the proofs were received.
        engine: group arithmetic.

    Raises:
        ProofError: indices names every item that fails (the prover's fault).
    """
    listed = [(statement.circuit, statement.V, statement.context, proof) for statement, proof in items]
    arithmetic.verify_batch(listed, entropy=entropy, engine=_engine(engine))


def proof_digest(proof: bytes) -> bytes:
    """Digest a proof for the record. It identifies these bytes, not the statement: a prover can make many proofs."""
    return hashlib.sha256(proof).digest()


def _engine(engine: Engine | EngineName) -> Engine:
    return shared_engine(engine) if isinstance(engine, str) else engine
