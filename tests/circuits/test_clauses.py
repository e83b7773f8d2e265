"""Clauses: the operands of the outermost junction, and what follows from them."""

from itertools import product

import pytest

from circuits.attributes import Schema
from circuits.errors import StatementError
from circuits.predicate import parse
from circuits.predicate.clauses import clauses, concluded

SCHEMA = Schema.from_json(
    {"schema": "flags", "version": 1, "attributes": [{"name": name, "type": "bool"} for name in "abc"]}
)


@pytest.mark.parametrize(
    ("text", "parts", "answer"),
    [
        ("a", ["a"], lambda a: a),
        ("!(a || b)", ["!(a || b)"], lambda x: x),
        ("a && (b || c)", ["a", "b || c"], lambda a, b: a and b),
        ("a || b && c", ["a", "b && c"], lambda a, b: a or b),
        ("at_least(2, a, b, c)", ["a", "b", "c"], lambda *x: sum(x) >= 2),
    ],
)
def test_the_answer_follows_from_the_clauses(text, parts, answer):
    predicate = parse(text, SCHEMA)
    assert [clause.text for clause in clauses(predicate)] == parts
    assert [clause.ast for clause in clauses(predicate)] == [parse(part, SCHEMA).ast for part in parts]
    for holds in product((False, True), repeat=len(parts)):
        assert concluded(predicate.ast, holds) == answer(*holds)
    with pytest.raises(StatementError, match="answers to"):
        concluded(predicate.ast, (True,) * (len(parts) + 1))
