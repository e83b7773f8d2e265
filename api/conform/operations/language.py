"""Schemas and questions."""

from typing import Any, Final

from api.conform.operations.members import Members, Operation, unhex_all
from circuits import calendar
from circuits.attributes import Schema
from circuits.group import EngineName
from circuits.predicate import evaluate, parse
from circuits.predicate.clauses import clauses
from circuits.predicate.question import Predicate
from circuits.vocabulary import Vocabulary, vocabulary_digest


def _schema(members: Members, _engine: EngineName) -> dict[str, Any]:
    schema = Schema.from_json(members["schema"])
    return {"canonical": schema.to_bytes().decode(), "digest": schema.digest.hex()}


def _vocabulary(members: Members, _engine: EngineName) -> dict[str, Any]:
    return {"digest": vocabulary_digest(unhex_all(members["schemas"])).hex()}


def _read(members: Members) -> tuple[Predicate, Vocabulary]:
    vocabulary = Vocabulary(tuple(Schema.from_json(schema) for schema in members["schemas"]))
    return parse(members["text"], vocabulary), vocabulary


def _predicate(members: Members, _engine: EngineName) -> dict[str, Any]:
    predicate, _vocabulary = _read(members)
    negated = predicate.negated()
    return {
        "bytes": predicate.to_bytes().hex(),
        "digest": predicate.digest.hex(),
        "attributes": list(predicate.attributes),
        "english": predicate.english(),
        "canonical": predicate.canonical_text(),
        "negation": {"canonical": negated.canonical_text(), "digest": negated.digest.hex()},
        "clauses": [clause.text for clause in clauses(predicate)],
    }


def _evaluate(members: Members, _engine: EngineName) -> dict[str, Any]:
    predicate, vocabulary = _read(members)
    values = {name: vocabulary.attribute(name).encode(text) for name, text in members["values"].items()}
    answer = evaluate(predicate, values, calendar.day_number(members["as_of"]))
    return {"answer": "yes" if answer else "no"}


def _value(members: Members, _engine: EngineName) -> dict[str, Any]:
    schema = Schema.from_json(members["schema"])
    return {"number": str(schema.attribute(members["attribute"]).encode(members["text"]))}


OPERATIONS: Final[dict[str, Operation]] = {
    "schema.read": _schema,
    "vocabulary.digest": _vocabulary,
    "predicate.read": _predicate,
    "predicate.evaluate": _evaluate,
    "value.encode": _value,
}
