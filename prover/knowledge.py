"""What is kept of a relying party's knowledge about a subject, and how it is read for a question.

The rules (circuits.leakage) know attributes by the names of one question's schemas. Here a name says which attribute of
which schema is meant, in which unit, so that two schemas may use a name for different things, and a new version of a
schema does not make anyone forget. What is possible of an attribute is possible of the value of one credential: when
that is superseded it is forgotten, and the cuts stay.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from circuits.attributes import Attribute, Schema
from circuits.encoding import b64u, b64u_decode, canonical_json, parse_canonical_json
from circuits.errors import CircuitsError, SchemaError
from circuits.leakage import Knowledge
from circuits.vocabulary import Vocabulary
from prover.errors import VaultError

Schemas = Callable[[bytes], Schema]
"""The provider's schema with this digest."""


@dataclass(frozen=True, slots=True)
class Source:
    """What an attribute was last learnt of: a credential's id, and the digest of its schema."""

    credential: str
    schema: bytes


@dataclass(frozen=True, slots=True)
class Learnt:
    """Knowledge as kept.

    Attributes:
        known: by full names.
        sources: of every full name in it.
    """

    known: Knowledge = field(default_factory=Knowledge)
    sources: Mapping[str, Source] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Write as RFC 8785 JSON."""
        sources = {name: [each.credential, b64u(each.schema)] for name, each in self.sources.items()}
        return canonical_json({"known": self.known.to_bytes().decode(), "sources": sources})

    @classmethod
    def from_bytes(cls, content: bytes) -> "Learnt":
        """Invert to_bytes.

        Raises:
            VaultError: these are no bytes of to_bytes (whoever changed them is to blame).
        """
        try:
            members: dict[str, Any] = parse_canonical_json(content)
            sources = {
                name: Source(credential, b64u_decode(schema))
                for name, (credential, schema) in members["sources"].items()
            }
            return cls(Knowledge.from_bytes(members["known"].encode()), sources)
        except (CircuitsError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise VaultError("what is kept of somebody's knowledge cannot be read") from error


class Names:
    """The attributes of a question and all that what is known speaks about, under names that do not clash.

    A question's own attributes have the names it uses; all others have their full ones.
    """

    def __init__(self, vocabulary: Vocabulary, *learnt: Learnt, schemas: Schemas) -> None:
        """Args: the question's schemas, all that is to be read for it, where other schemas are found."""
        self._vocabulary = vocabulary
        self._full = {
            each.name: full_name(vocabulary.schemas[vocabulary.place(each.name)], each) for each in vocabulary
        }
        self._short = {full: name for name, full in self._full.items()}
        self._others = {
            full: find(schemas(source.schema), full)
            for each in learnt
            for full, source in each.sources.items()
            if full not in self._short
        }

    @property
    def digest(self) -> bytes:
        """Of the question's schemas."""
        return self._vocabulary.digest

    def __contains__(self, name: object) -> bool:
        return name in self._vocabulary or name in self._others

    def __iter__(self) -> Iterator[Attribute]:
        yield from self._vocabulary
        yield from self._others.values()

    def attribute(self, name: str) -> Attribute:
        """Look an attribute up; SchemaError if there is none of that name."""
        return self._others[name] if name in self._others else self._vocabulary.attribute(name)

    def read(self, learnt: Learnt, current: Mapping[str, str]) -> Knowledge:
        """Read what is known, without what was learnt of values that are no longer current.

        Args:
            learnt: as kept.
            current: by the question's names, the id of the credential that speaks for each now.
        """
        known = learnt.known.renamed(self._short)
        changed = [
            name
            for name, full in self._full.items()
            if full in learnt.sources and learnt.sources[full].credential != current.get(name)
        ]
        return known.without(changed)

    def keep(self, known: Knowledge, before: Learnt, current: Mapping[str, str]) -> Learnt:
        """Write down what is known once a question was answered; `current` as in read, of its attributes only."""
        place, schemas = self._vocabulary.place, self._vocabulary.schemas
        asked = {
            self._full[name]: Source(credential, schemas[place(name)].digest) for name, credential in current.items()
        }
        return Learnt(known.renamed(self._full), {**before.sources, **asked})


def full_name(schema: Schema, attribute: Attribute) -> str:
    """Name an attribute so that it is the same in all versions of a schema as long as its numbers mean the same."""
    unit = canonical_json([attribute.type.value, attribute.currency, attribute.period, list(attribute.values)])
    return f"{schema.name}/{attribute.name}/{hashlib.sha256(unit).hexdigest()[:16]}"


def find(schema: Schema, full: str) -> Attribute:
    """Find an attribute by its full name; SchemaError if there is none (whoever named it is to blame)."""
    for each in schema.attributes:
        if full_name(schema, each) == full:
            return each
    raise SchemaError(schema.name, f"no attribute named {full!r}")
