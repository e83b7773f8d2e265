"""Values at random, most of them exactly at, one below or one above what a question asks about."""

from collections.abc import Iterator, Mapping
from random import Random

from random_schemas import WORDS

from circuits.attributes import Attribute, AttributeType, Schema
from circuits.calendar import LAST_DAY, latest_birth
from circuits.predicate import Predicate
from circuits.predicate.nodes import Age, Among, Compare, Member, atoms
from circuits.values import text_scalar


def random_person(
    rng: Random, schema: Schema, predicate: Predicate, as_of: int, step: Mapping[str, int]
) -> dict[str, int]:
    """Draw encoded values within the schema's bounds, each a multiple of the attribute's step."""
    values = {a.name: _fitted(a, rng.randint(a.minimum, a.maximum), step) for a in schema}
    for attribute in schema:
        if attribute.type is AttributeType.TEXT:
            values[attribute.name] = text_scalar(rng.choice(WORDS))
    near = list(atoms(predicate.ast))
    rng.shuffle(near)
    for atom in near:
        for name, target in _targets(rng, atom, values, as_of):
            if rng.random() < 0.9:
                attribute = schema.attribute(name)
                moved = target + rng.choice((-1, 0, 0, 1)) * (1 if attribute.type is AttributeType.TEXT else step[name])
                values[name] = target if attribute.type is AttributeType.TEXT else _fitted(attribute, moved, step)
    return values


def _fitted(attribute: Attribute, value: int, step: Mapping[str, int]) -> int:
    """Bring a value into the bounds, onto a multiple of the step."""
    size = step[attribute.name]
    low, high = -(-attribute.minimum // size), attribute.maximum // size
    return max(low, min(high, value // size)) * size


def _targets(rng: Random, atom: object, values: dict[str, int], as_of: int) -> Iterator[tuple[str, int]]:
    """Find, for one attribute of a comparison, the value at which its answer turns."""
    match atom:
        case Compare(_, form, constant):
            coefficient, name = rng.choice(form)
            rest = sum(c * values[other] for c, other in form if other != name)
            yield name, (constant - rest) // coefficient
        case Age(_, attribute, years):
            yield attribute, max(1, min(LAST_DAY, latest_birth(as_of, years + rng.choice((0, 1)))))
        case Among(attribute, constants):
            yield attribute, rng.choice(constants)
        case Member(attribute, _, encoded):
            yield attribute, rng.choice(encoded)
