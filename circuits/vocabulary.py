"""A vocabulary: the attributes a question may speak about, of one schema or of several.

A person may hold several credentials by one provider, each under a schema of its own: what a payroll says, what a
passport says. A question over several schemas is one statement over several credentials. Where two of them have an
attribute of the same name, the schema that is listed first gives it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from circuits.attributes import Attribute, Schema
from circuits.encoding import fields
from circuits.errors import SchemaError

MAX_SCHEMAS = 8

_LABEL = "zkattest/vocabulary/1"


def vocabulary_digest(schema_digests: Sequence[bytes]) -> bytes:
    """Digest a list of schemas, 32 bytes each; the digest of one schema is the schema's own."""
    if len(schema_digests) == 1:
        return schema_digests[0]
    return hashlib.sha256(fields(_LABEL, *schema_digests)).digest()


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Schemas in order of precedence; used wherever one schema can be.

    Attributes:
        schemas: 1 to 8 different ones.
        digest: of their digests, in order.
    """

    schemas: tuple[Schema, ...]
    digest: bytes = field(init=False)
    _places: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Give every name to the first schema that has it.

        Raises:
            SchemaError: no schema, too many, or one twice (the caller's fault).
        """
        if not 1 <= len(self.schemas) <= MAX_SCHEMAS:
            raise SchemaError("schemas", f"a question is put under 1 to {MAX_SCHEMAS} schemas")
        if len(set(self.schemas)) != len(self.schemas):
            raise SchemaError("schemas", "a schema is listed twice")
        places: dict[str, int] = {}
        for place, schema in enumerate(self.schemas):
            for attribute in schema:
                places.setdefault(attribute.name, place)
        object.__setattr__(self, "_places", places)
        object.__setattr__(self, "digest", vocabulary_digest([schema.digest for schema in self.schemas]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[Attribute]:
        return (self.attribute(name) for name in self._places)

    def attribute(self, name: str) -> Attribute:
        """Look an attribute up.

        Raises:
            SchemaError: there is none of that name (the caller's fault).
        """
        return self.schemas[self.place(name)].attribute(name)

    def place(self, name: str) -> int:
        """Say which schema gives a name, by its index.

        Raises:
            SchemaError: none does (the caller's fault).
        """
        if name not in self._places:
            raise SchemaError("schemas", f"no attribute named {name!r}")
        return self._places[name]

    def used(self, names: Sequence[str]) -> tuple[Schema, ...]:
        """List the schemas that give some names, in order: all that a question about these needs."""
        places = {self.place(name) for name in names}
        return tuple(schema for place, schema in enumerate(self.schemas) if place in places)
