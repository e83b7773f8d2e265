"""Commitments to what no record says: beyond the bounds, fractions mod N, numbers that only wrap around the order."""

from random import Random

from hunt_algebra import N, centred, inverse
from hunt_questions import Case


def hostile_values(random: Random, case: Case) -> dict[str, int]:
    """Draw integers, each nearest to zero of its residue, of which some are none that the schema allows."""
    values = dict(case.values)
    for name in case.predicate.attributes:
        attribute = case.schema.attribute(name)
        strange = (
            values[name] * inverse(random.choice((2, 3, 5, 7, 100))),
            attribute.minimum - random.randrange(1, 1000),
            attribute.maximum + random.randrange(1, 1000),
            attribute.maximum * 2 + 1,
            -values[name],
            values[name] + (1 << random.choice((4, 8, 12, 16, 32, 64, 128))),
            1 << random.randrange(256),
            N // 2 + random.randrange(-2, 3),
            random.randrange(N),
        )
        if random.random() < 0.4:
            values[name] = centred(random.choice(strange) % N)
    if case.edges and random.random() < 0.7:
        values |= _on_edge(random, case, values)
    return values


def _on_edge(random: Random, case: Case, values: dict[str, int]) -> dict[str, int]:
    """Choose one value so that a form is worth, mod N, what turns the answer, or a little less or more."""
    edge = random.choice([*(e for e in case.edges if len(e.terms) > 1)] or case.edges)
    coefficient, name = random.choice(edge.terms)
    rest = sum(c * values[other] for c, other in edge.terms if other != name)
    worth = edge.constant + random.choice((0, 0, 1, -1, random.randrange(-1000, 1000)))
    return {name: centred((worth - rest) * inverse(coefficient % N) % N)}
