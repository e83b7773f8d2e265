"""What is kept of a relying party's knowledge about a subject, and how it is read for a question.

The rules (circuits.leakage) know attributes by the names of one question's schemas. Here a name says which attribute of
which schema is meant, in which unit, so that two schemas may use a name for different things, and a new version of a
schema does not make anyone forget. What is possible of an attribute is possible of the value of one credential: when
that is superseded it is forgotten, and the cuts stay.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, LargeBinary, bindparam, cast, insert, null, select, union_all, update

from circuits.attributes import Attribute, Disclosure, Schema
from circuits.encoding import b64u, b64u_decode, canonical_json, parse_json
from circuits.errors import CircuitsError, EncodingError, SchemaError
from circuits.leakage import Knowledge
from circuits.vocabulary import Vocabulary
from prover.catalogue import Schemas
from prover.errors import VaultError
from prover.models import KNOWLEDGE, SCHEMAS
from prover.vault import Entropy, Notes

_SUBJECT = KNOWLEDGE.c.subject_id == bindparam("subject")
_READ = union_all(
    select(KNOWLEDGE.c.party, KNOWLEDGE.c.sealed).where(
        _SUBJECT, KNOWLEDGE.c.party.in_([bindparam("party"), bindparam("everyone")])
    ),
    select(cast(null(), LargeBinary), SCHEMAS.c.digest),  # in one go: it is asked for at every question
)
_NEW = insert(KNOWLEDGE)
_MORE = update(KNOWLEDGE).where(_SUBJECT, KNOWLEDGE.c.party == bindparam("of")).values(sealed=bindparam("sealed"))


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
        return canonical_json({"known": self.known.to_json(), "sources": sources})

    @classmethod
    def from_bytes(cls, content: bytes) -> "Learnt":
        """Invert to_bytes.

        Raises:
            VaultError: these are no bytes of to_bytes (whoever changed them is to blame).
        """
        try:
            members: dict[str, Any] = parse_json(content)
            sources = {
                name: Source(credential, b64u_decode(schema))
                for name, (credential, schema) in members["sources"].items()
            }
            learnt = cls(Knowledge.from_json(members["known"]), sources)
            if learnt.to_bytes() != content:
                raise EncodingError("it is not in its one form")
        except (CircuitsError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise VaultError("what is kept of somebody's knowledge cannot be read") from error
        return learnt


class Names:
    """The attributes of a question and all that what is known speaks about, under names that do not clash.

    A question's own attributes have the names it uses; all others have their full ones. What is promised of an
    attribute is what its schema promises or a newer version of that, whichever is more: whoever asks under an old
    version gets no further than under the new one.
    """

    def __init__(
        self, vocabulary: Vocabulary, *learnt: Learnt, schemas: Schemas, versions: tuple[Schema, ...] = ()
    ) -> None:
        """Args: the question's schemas, all that is to be read for it, where other schemas are found, all there are."""
        self._vocabulary = vocabulary
        self._full, self._short = _names(vocabulary)
        self._promised = _all_promised(vocabulary, versions)
        self._others = {
            full: _promised(schemas(source.schema), full, versions)
            for each in learnt
            for full, source in each.sources.items()
            if full not in self._short
        }

    @property
    def digest(self) -> bytes:
        """Of the question's schemas."""
        return self._vocabulary.digest

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Names):
            return NotImplemented
        same = self._vocabulary == other._vocabulary and self._promised == other._promised
        return same and self._others == other._others

    def __hash__(self) -> int:
        return hash(self._vocabulary)

    def __contains__(self, name: object) -> bool:
        return name in self._vocabulary or name in self._others

    def __iter__(self) -> Iterator[Attribute]:
        yield from self._promised.values()
        yield from self._others.values()

    def attribute(self, name: str) -> Attribute:
        """Look an attribute up; SchemaError if there is none of that name."""
        found = self._promised.get(name) or self._others.get(name)
        return self._vocabulary.attribute(name) if found is None else found

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
    try:
        return _attributes(schema)[full]
    except KeyError:
        raise SchemaError(schema.name, f"no attribute named {full!r}") from None


def in_order(schemas: Iterable[Schema]) -> tuple[Schema, ...]:
    """Sort schemas by name and version."""
    return tuple(sorted(schemas, key=lambda schema: (schema.name, schema.version)))


def recall(
    connection: Connection, notes: Notes, subject: bytes, *, party: bytes, everyone: bytes
) -> tuple[Mapping[bytes, Learnt], list[bytes]]:
    """What a relying party and all of them together know of a subject; and the digests of all the provider's schemas.

    Knowledge is found by keyed hashes; one may not be there. Where it is the same it is one and the same: then nobody
    else has asked.

    Raises:
        VaultError: the vault was tampered with.
    """
    rows = connection.execute(_READ, {"subject": subject, "party": party, "everyone": everyone}).all()
    opened = {bytes(of): notes.open(bytes(sealed), of=bytes(of)) for of, sealed in rows if of is not None}
    read = {content: Learnt.from_bytes(content) for content in set(opened.values())}
    return {of: read[content] for of, content in opened.items()}, [bytes(digest) for of, digest in rows if of is None]


def keep(
    connection: Connection,
    notes: Notes,
    subject: bytes,
    learnt: Mapping[bytes, Learnt],
    *,
    before: Mapping[bytes, Learnt],
    entropy: Entropy,
) -> None:
    """Write down what is known once a question was answered, as far as it is something new.

    Args:
        connection: within the transaction in which `before` was recalled.
        notes: the subject's.
        subject: 16 bytes.
        learnt: by keyed hash.
        before: what recall found.
        entropy: os.urandom in production.
    """
    news = {of: each for of, each in learnt.items() if before.get(of) != each}
    sealed = {of: notes.seal(content, of=of, entropy=entropy) for of, content in _written(news).items()}
    more = [{"subject": subject, "of": of, "sealed": each} for of, each in sealed.items() if of in before]
    new = [{"subject_id": subject, "party": of, "sealed": each} for of, each in sealed.items() if of not in before]
    if more:
        connection.execute(_MORE, more)
    if new:
        connection.execute(_NEW, new)


def _written(news: Mapping[bytes, Learnt]) -> Mapping[bytes, bytes]:
    """Write each; those that are one and the same, once."""
    written = {id(each): each for each in news.values()}
    contents = {name: each.to_bytes() for name, each in written.items()}
    return {of: contents[id(each)] for of, each in news.items()}


@lru_cache(maxsize=256)
def _names(vocabulary: Vocabulary) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The full name of each attribute, and the other way round."""
    full = {each.name: full_name(vocabulary.schemas[vocabulary.place(each.name)], each) for each in vocabulary}
    return full, {name: short for short, name in full.items()}


@lru_cache(maxsize=256)
def _all_promised(vocabulary: Vocabulary, versions: tuple[Schema, ...]) -> Mapping[str, Attribute]:
    """A vocabulary's attributes with what is promised of them."""
    full, _ = _names(vocabulary)
    return {name: _promised(vocabulary.schemas[vocabulary.place(name)], each, versions) for name, each in full.items()}


@lru_cache(maxsize=4096)
def _promised(schema: Schema, full: str, versions: tuple[Schema, ...]) -> Attribute:
    """An attribute with the wider residual of its own version and all newer ones, and the newest ladder among these."""
    attribute = find(schema, full)
    newer = [each for each in versions if each.name == schema.name and each.version > schema.version]
    same = (_attributes(each).get(full) for each in newer)
    promises = [each.disclosure for each in (attribute, *same) if each is not None and each.disclosure is not None]
    if not promises:
        return attribute
    residual = max(promise.residual or 0 for promise in promises)
    ladder = next((promise.ladder for promise in reversed(promises) if promise.ladder), ())
    return replace(attribute, disclosure=Disclosure(residual or None, ladder))


@lru_cache(maxsize=256)
def _attributes(schema: Schema) -> Mapping[str, Attribute]:
    """A schema's attributes by their full names."""
    return {full_name(schema, each): each for each in schema.attributes}
