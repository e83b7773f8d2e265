"""A predicate: a question that has been parsed and typed, under one digest."""

import hashlib
from dataclasses import dataclass, field

from circuits.attributes import Attributes
from circuits.predicate import nodes, wording
from circuits.predicate.parser import parse_syntax
from circuits.predicate.typing import typed

_DOMAIN = b"zkattest/predicate/1"


@dataclass(frozen=True, slots=True)
class Predicate:
    """A question about the attributes of one schema.

    Attributes:
        text: as written.
        ast: as meant.
        schema_digest: the schema it was typed under.
        digest: SHA-256 of to_bytes(); texts that mean the same in the same way share it.
        attributes: the attributes it is about, in the order of first use.
    """

    text: str
    ast: nodes.Node
    schema_digest: bytes = field(repr=False)
    digest: bytes = field(init=False, repr=False, compare=False)
    attributes: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Fix the digest and the attributes."""
        object.__setattr__(self, "digest", hashlib.sha256(self.to_bytes()).digest())
        object.__setattr__(self, "attributes", nodes.names(self.ast))

    def __hash__(self) -> int:
        return hash(self.digest)

    def to_bytes(self) -> bytes:
        """Encode the meaning, not the text."""
        return _DOMAIN + self.ast.to_bytes()

    def english(self) -> str:
        """Word the question for people."""
        return wording.english(self.ast)

    def canonical_text(self) -> str:
        """Write the question in the language, in the one way all texts of this meaning share."""
        return wording.canonical_text(self.ast)

    def negated(self) -> "Predicate":
        """Return the question that holds exactly when this one does not."""
        ast = nodes.negated(self.ast)
        return Predicate(wording.canonical_text(ast), ast, self.schema_digest)


def parse(text: str, schema: Attributes) -> Predicate:
    """Parse and type a question.

    Raises:
        PredicateSyntaxError: not a sentence of the language, or a limit exceeded; with position.
        PredicateTypeError: a sentence that means nothing under this schema; with position.
    """
    return Predicate(text, typed(text, parse_syntax(text), schema), schema.digest)
