"""Circuits: shape from the statement alone, canonical rows, a digest over everything."""

import dataclasses

import pytest

from circuits.constraints import Builder, Circuit, L, Linear, O, R, Row, V, shape
from circuits.errors import StatementError
from circuits.gadgets import EQ, GE, Bound, predicate_circuit
from circuits.group.curve import N
from circuits.range import Comparison, range_circuit


def test_shape_is_the_cheapest_and_ties_go_to_fewer_rounds():
    for need in range(1, 513):
        k, n_f, l_f = shape(need)
        cost = [106 * j + 32 * (-(-need // 2**j) + -(-7 // 2**j)) for j in range(10)]
        assert cost.index(min(cost)) == k
        assert (n_f, l_f) == (-(-need // 2**k), -(-7 // 2**k))
        assert need <= n_f << k <= 512
    for need in (0, 513):
        with pytest.raises(StatementError):
            shape(need)


def test_rows_are_canonical():
    row = Row.of([(V, 0, 5), (L, 2, 1), (L, 2, -1), (R, 1, N + 3), (L, 0, -2)], -1)
    assert row == Row(((L, 0, N - 2), (R, 1, 3), (V, 0, 5)), N - 1)
    total = Linear.wire(L, 0) + Linear.wire(L, 0).scaled(2) - Linear.wire(R, 0).plus(4)
    assert total.row() == Row(((L, 0, 3), (R, 0, N - 1)), N - 4)


FINE = {"K": 1, "b": 4, "D": 2, "gates": (), "rows": (Row(((L, 0, 1), (L, 1, 4), (V, 0, N - 1)), 0),)}
REFUSED = {
    "no values": {"K": 0},
    "base 10": {"b": 10},
    "base 1": {"b": 1},
    "base without digits": {"D": 0},
    "digits without base": {"b": 0},
    "negative digits": {"D": -1},
    "no such left wire": {"rows": (Row(((L, 2, 1),), 0),)},
    "no such right wire": {"rows": (Row(((R, 2, 1),), 0),)},
    "no such output": {"rows": (Row(((O, 512, 1),), 0),)},
    "no such value": {"rows": (Row(((V, 1, 1),), 0),)},
    "negative index": {"rows": (Row(((V, -1, 1),), 0),)},
    "no such type": {"rows": (Row(((4, 0, 1),), 0),)},
    "zero coefficient": {"rows": (Row(((L, 0, 0),), 0),)},
    "coefficient N": {"rows": (Row(((L, 0, N),), 0),)},
    "constant N": {"rows": (Row((), N),)},
    "terms out of order": {"rows": (Row(((V, 0, 1), (L, 0, 1)), 0),)},
    "wire twice": {"gates": (Row(((L, 0, 1), (L, 0, 2)), 0),)},
    "ten rounds": {"k": 10},
    "too many gates": {"gates": (Row((), 0),) * 511},
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
def test_impossible_circuits_are_refused(change):
    assert Circuit(**FINE).N == 4
    with pytest.raises(StatementError):
        Circuit(**(FINE | change))


def test_announced_digits_must_be_used():
    builder = Builder(1, 16, 3)
    builder.number(8)
    with pytest.raises(StatementError):
        builder.circuit()


def test_everything_is_in_the_digest():
    one = ((0, 1),)
    circuits = [
        Circuit(**FINE),
        Circuit(**FINE, k=2),
        Circuit(**(FINE | {"K": 2})),
        Circuit(**(FINE | {"b": 8})),
        Circuit(**(FINE | {"gates": (Row((), 0),)})),
        Circuit(**(FINE | {"rows": FINE["rows"] * 2})),
        Circuit(**(FINE | {"rows": (dataclasses.replace(FINE["rows"][0], const=1),)})),
        range_circuit(1, 8),
        range_circuit(1, 12),
        range_circuit(2, 8),
        Comparison(1, one, 5, 8, negated=False, base=4).circuit(),
        Comparison(1, one, 5, 8, negated=False, base=2).circuit(),
        Comparison(1, one, 5, 8, negated=True, base=4).circuit(),
        Comparison(1, one, 6, 8, negated=False, base=4).circuit(),
        Comparison(1, one, 5, 12, negated=False, base=4).circuit(),
        Comparison(1, one, 5, 8, negated=False, base=4, bounds=((0, 0, 8),)).circuit(),
        Comparison(2, one, 5, 8, negated=False, base=4).circuit(),
        *(predicate_circuit(1, [EQ(one, t), GE(one, 9, 8)], f, r) for t in (1, 2) for f in (0, 1) for r in (0, 1)),
        *(predicate_circuit(1, [EQ(one, 1), GE(one, 9, 8)], (f, 0, 1), 1) for f in ("and", "or")),
        predicate_circuit(1, [EQ(one, 1), GE(one, 9, 8)], ("at_least", 1, 0, 1), 1),
        predicate_circuit(1, [EQ(one, 1), GE(one, 9, 8)], ("at_least", 2, 0, 1), 1),
        predicate_circuit(1, [EQ(one, 1), GE(one, 9, 8)], ("or", 0, 1), 1, {0: Bound(0, 8)}),
    ]
    assert len({c.digest for c in circuits}) == len(circuits)
    assert len(set(circuits)) == len(circuits)
    assert Circuit(**FINE) == circuits[0]
