"""What a question means: the provider's schemas it is put under, in order of precedence, and the question typed.

Lenders ask the same ones over and over, so meanings are remembered; what means nothing is looked at again each time.
"""

from collections.abc import Sequence
from functools import lru_cache

from api.web.problems import Problem
from api.wire.questions import QueryRequest
from circuits.attributes import Schema
from circuits.encoding import b64u
from circuits.errors import PredicateTypeError
from circuits.predicate import Predicate, parse
from circuits.predicate.tokens import tokenize
from circuits.vocabulary import MAX_SCHEMAS, Vocabulary
from verifier.fold.registry import Registry


def unfit(pointer: str, detail: str) -> Problem:
    """The problem of one place in a request that does not fit."""
    return Problem("unprocessable", detail, extra={"errors": [{"pointer": pointer, "detail": detail}]})


def read(body: QueryRequest, *, provider: str, registry: Registry) -> tuple[Vocabulary, Predicate]:
    """Find what a question means to a provider.

    The schemas are the request's. If it names none: the first one under which the question means something, else the
    newest version of each. Those that the question does not need are left out. The schema whose name was registered
    first comes first, in its newest version; older versions come last. So a schema under a new name, which may know
    fewer people, does not change what was asked before it came.

    Raises:
        Problem: `unprocessable`, if the provider has no such schema.
        PredicateError: the question means nothing there; an unknown attribute is told what there is.
    """
    own = [schema for schema in registry.schemas() if provider in registry.schema_providers(schema.digest)]
    own = _ranked(own, [registry.schema_index(schema.digest, provider) for schema in own])
    if body.schemas is not None:
        if body.schema_ is not None:
            raise unfit("#/schemas", "say either schema or schemas")
        return _reduced(body.predicate, Vocabulary(_listed(body.schemas, own, provider)))
    if body.schema_ is not None:
        own = [schema for schema in own if body.schema_ in _names(schema)]
        if not own:
            raise unfit("#/schema", f"{provider} has registered no schema of that name or digest")
    if not own:
        raise unfit("#/consent", f"{provider} has registered no schema yet")
    return _found(body.predicate, tuple(own))


def _ranked(own: Sequence[Schema], places: Sequence[int]) -> list[Schema]:
    """Order schemas, given where the log has them: newest versions by the age of their names, then older versions."""
    begun: dict[str, int] = {}
    newest: dict[str, int] = {}
    for place, schema in sorted(zip(places, own, strict=True), key=lambda pair: pair[0]):
        begun.setdefault(schema.name, place)
        newest[schema.name] = place
    current = [
        (begun[schema.name], schema) for place, schema in zip(places, own, strict=True) if place in newest.values()
    ]
    older = [(-place, schema) for place, schema in zip(places, own, strict=True) if place not in newest.values()]
    return [schema for part in (current, older) for _, schema in sorted(part, key=lambda pair: pair[0])]


@lru_cache(maxsize=4096)
def _found(text: str, own: tuple[Schema, ...]) -> tuple[Vocabulary, Predicate]:
    named = {token.text for token in tokenize(text) if token.kind == "name"}
    known = {name for name in named if any(name in schema for schema in own)}
    failure: PredicateTypeError | None = None
    for schema in own:
        if all(name in schema for name in known):  # under any other, an attribute would be unknown
            try:
                return _reduced(text, Vocabulary((schema,)))
            except PredicateTypeError as error:
                failure = failure or error
    everything = _everything(known, own)
    try:
        return _reduced(text, everything)
    except PredicateTypeError:
        # Where old versions alone know all the attributes, what one of them says is to the point.
        if failure is not None and not all(name in everything for name in known):
            raise failure from None
        raise


def _everything(known: set[str], own: Sequence[Schema]) -> Vocabulary:
    """The newest version of every schema; if that is too many, without some that are not asked about."""
    newest: dict[str, Schema] = {}
    for schema in own:
        newest.setdefault(schema.name, schema)
    left = set(known)
    wanted: list[Schema] = []
    spare: list[Schema] = []
    for schema in newest.values():
        given = {name for name in left if name in schema}
        left -= given
        (wanted if given else spare).append(schema)
    if len(wanted) > MAX_SCHEMAS:
        raise unfit("#/predicate", f"a question is put under at most {MAX_SCHEMAS} schemas")
    kept = {*wanted, *spare[: MAX_SCHEMAS - len(wanted)]}
    return Vocabulary(tuple(schema for schema in newest.values() if schema in kept))


def _listed(names: Sequence[str], own: Sequence[Schema], provider: str) -> tuple[Schema, ...]:
    listed: list[Schema] = []
    for place, name in enumerate(names):
        found = next((schema for schema in own if name in _names(schema)), None)
        if found is None:
            raise unfit(f"#/schemas/{place}", f"{provider} has registered no schema of that name or digest")
        if found in listed:
            raise unfit(f"#/schemas/{place}", "the schema is listed twice")
        listed.append(found)
    return tuple(listed)


@lru_cache(maxsize=4096)
def _reduced(text: str, vocabulary: Vocabulary) -> tuple[Vocabulary, Predicate]:
    predicate = parse(text, vocabulary)
    used = vocabulary.used(predicate.attributes)
    if used == vocabulary.schemas:
        return vocabulary, predicate
    needed = Vocabulary(used)
    return needed, parse(text, needed)


def _names(schema: Schema) -> tuple[str, str]:
    return schema.name, b64u(schema.digest)
