"""The schema: which attributes a provider vouches for, under one digest."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Protocol

from circuits.encoding import canonical_json
from circuits.errors import SchemaError
from circuits.schema_json import read_schema
from circuits.values import Attribute, AttributeType, Disclosure

__all__ = ["Attribute", "AttributeType", "Attributes", "Disclosure", "Schema", "default_schema"]


class Attributes(Protocol):
    """What a question is typed under: a schema, or a vocabulary of several; hashable, equal by digest."""

    @property
    def digest(self) -> bytes:
        """32 bytes that name it."""
        ...

    def __contains__(self, name: object) -> bool: ...

    def __iter__(self) -> Iterator[Attribute]: ...

    def __hash__(self) -> int: ...

    def attribute(self, name: str) -> Attribute:
        """Look an attribute up; SchemaError if there is none of that name."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """The attributes a provider vouches for; immutable, and named by its digest.

    Attributes:
        name: what it is called, `kyc-person`.
        version: its version, from 1.
        attributes: in the order of the schema.
        digest: SHA-256 of to_bytes().
    """

    name: str
    version: int
    attributes: tuple[Attribute, ...]
    digest: bytes = field(init=False)
    _by_name: dict[str, Attribute] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the attributes and fix the digest."""
        object.__setattr__(self, "_by_name", {attribute.name: attribute for attribute in self.attributes})
        object.__setattr__(self, "digest", hashlib.sha256(self.to_bytes()).digest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[Attribute]:
        return iter(self.attributes)

    def attribute(self, name: str) -> Attribute:
        """Look an attribute up.

        Raises:
            SchemaError: there is none of that name (the caller's fault).
        """
        try:
            return self._by_name[name]
        except KeyError:
            raise SchemaError(self.name, f"no attribute named {name!r}") from None

    @classmethod
    def from_json(cls, source: bytes | str | Mapping[str, Any]) -> "Schema":
        """Read a schema from JSON text or from parsed JSON; see notes/schema.md for the format.

        Raises:
            SchemaError: where and what is wrong (the author's fault).
        """
        return cls(*read_schema(source))

    def to_json(self) -> dict[str, Any]:
        """Describe the schema as JSON in normal form: every amount with its currency's decimals, defaults spelt out."""
        attributes = [attribute.to_json() for attribute in self.attributes]
        return {"schema": self.name, "version": self.version, "attributes": attributes}

    def to_bytes(self) -> bytes:
        """Encode to_json() as RFC 8785."""
        return canonical_json(self.to_json())


@cache
def default_schema() -> Schema:
    """Read the schema that ships with the product, `kyc-person`."""
    return Schema.from_json((resources.files("circuits") / "schemas" / "kyc-person.json").read_bytes())
