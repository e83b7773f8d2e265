"""Both engines against naive arithmetic, and against each other."""

import random
import subprocess
import sys
from itertools import pairwise

import pytest

from circuits.errors import ProofInvalid, ProofMalformed
from circuits.group import PointAtInfinity, buckets, engine, is_point, mul_timing, reference
from circuits.group.curve import G, N, P, inverses
from circuits.group.fast import BUCKETS_FROM

EDGES = [0, 1, 2, 15, 16, 255, 256, 257, 2**128 - 1, 2**160 - 1, 2**160, 2**255, N // 2, N - 256, N - 2, N - 1]
ENGINES = ["fast", "reference"]


def seeded(seed):
    return random.Random(seed)  # noqa: S311  # reproducible inputs, no secrets


def naive(scalar):
    """Scalar times G by py_ecc's own double-and-add."""
    x, y = reference.secp256k1.multiply(reference.secp256k1.G, scalar)
    return bytes([2 | y & 1]) + x.to_bytes(32, "big")


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("scalar", [s for s in EDGES if s])
def test_fixed_base_agrees_with_naive_multiplication(name, scalar):
    assert engine(name).fixed_sum((0,), (scalar,)) == naive(scalar)


def test_engines_agree_on_sums_over_many_generators():
    rng = seeded(1)
    for _ in range(8):
        indices = sorted(rng.sample(range(24), 9))
        scalars = [rng.choice([rng.randrange(N), rng.choice(EDGES)]) for _ in indices]
        assert engine("fast").fixed_sum(indices, scalars) == engine("reference").fixed_sum(indices, scalars)


@pytest.mark.parametrize("name", ENGINES)
def test_infinity_has_no_bytes(name):
    group = engine(name)
    for indices, scalars in ((), ()), ((0,), (0,)), ((0, 3), (0, 0)):
        with pytest.raises(PointAtInfinity):
            group.fixed_sum(indices, scalars)


@pytest.mark.parametrize("name", ENGINES)
def test_parse_is_strict(name):
    group = engine(name)
    x = G[1:]
    assert len(group.parse([G, b"\x03" + x])) == 2
    above = (P + 1).to_bytes(32, "big")  # x = 1 is on the curve, P + 1 is not reduced
    assert group.parse([b"\x02" + (1).to_bytes(32, "big")])
    bad = [
        b"",
        G[:-1],
        G + b"\x00",
        b"\x02" + above,
        b"\x02" + (5).to_bytes(32, "big"),
        b"\x02" + b"\xff" * 32,
        bytes(33),
    ]
    bad += [bytes([prefix]) + x for prefix in (0, 1, 4, 5, 6, 7, 0x82, 0xFF)]
    assert is_point(G)
    assert not any(map(is_point, bad))
    bad += ["02" + "00" * 31, None, bytearray(G)]
    for point in bad:
        with pytest.raises(ProofMalformed):
            group.parse([point])


@pytest.mark.parametrize("name", ENGINES)
def test_what_is_a_point_is_what_an_engine_parses(name):
    rng = seeded(3)
    candidates = [bytes([rng.choice([2, 3])]) + rng.randbytes(32) for _ in range(200)]

    def parses(candidate):
        try:
            return bool(engine(name).parse([candidate]))
        except ProofMalformed:
            return False

    found = [is_point(candidate) for candidate in candidates]
    assert found == [parses(candidate) for candidate in candidates]
    assert 50 < sum(found) < 150


@pytest.mark.parametrize("name", ENGINES)
def test_require_zero(name):
    group = engine(name)
    rng = seeded(2)
    points = [group.fixed_sum((0,), (k,)) for k in (5, 7, 11)]
    handles = group.parse(points)
    coefficients = [rng.randrange(N), 1, N - 1]
    total = sum(k * c for k, c in zip((5, 7, 11), coefficients, strict=True)) % N
    group.require_zero((0,), (N - total,), handles, coefficients)
    group.require_zero((0, 3), (N - total, 0), handles, coefficients)
    group.require_zero((), (), handles[:0], ())
    group.require_zero((0,), (0,), handles, (0, 0, 0))
    for fixed in ((N - total + 1) % N, total, 0):
        with pytest.raises(ProofInvalid):
            group.require_zero((0,), (fixed,), handles, coefficients)
    with pytest.raises(ProofInvalid):
        group.require_zero((0, 5), (N - total, 1), handles, coefficients)


@pytest.mark.parametrize("count", [1, 2, 40, 600, BUCKETS_FROM])
@pytest.mark.parametrize("bits", [4, 6, 8])
def test_bucket_sums(monkeypatch, count, bits):
    monkeypatch.setattr(buckets, "window_bits", lambda _count: bits)
    group = engine("fast")
    rng = seeded(count)
    logs = [rng.randrange(1, 40) for _ in range(count)]
    known = {k: group.parse([naive(k)])[0] for k in set(logs)}
    scalars = [rng.choice([rng.randrange(N), rng.choice(EDGES)]) for _ in logs]
    total = sum(k * s for k, s in zip(logs, scalars, strict=True)) % N
    found = buckets.bucket_sum([known[k] for k in logs], scalars)
    group.require_zero((0,), (N - total,), [found] if found else [], [1] if found else [])


def test_bucket_sums_that_cancel():
    group = engine("fast")
    point, negative = group.parse([G, b"\x03" + G[1:]])
    for scalar in (1, 31, 32, 33, 2**200, N - 1):
        assert buckets.bucket_sum([point, negative] * 3, [scalar] * 6) is None
        assert buckets.bucket_sum([point, point], [scalar, N - scalar]) is None
    assert buckets.bucket_sum([point], [0]) is None


def test_large_sums_take_the_bucket_path_and_fail_closed():
    group = engine("fast")
    rng = seeded(3)
    scalars = [rng.randrange(N) for _ in range(BUCKETS_FROM + 5)]
    handles = group.parse([G] * len(scalars))
    group.require_zero((0,), ((-sum(scalars)) % N,), handles, scalars)
    with pytest.raises(ProofInvalid):
        group.require_zero((0,), ((1 - sum(scalars)) % N,), handles, scalars)


def test_wnaf_is_sparse_and_exact():
    for scalar in [*EDGES, 0xDEADBEEF << 100]:
        digits = reference.wnaf(scalar)
        assert sum(d << i for i, d in digits) == scalar
        assert all(d % 2 and abs(d) < 16 for _, d in digits)
        assert all(later - earlier >= 5 for (earlier, _), (later, _) in pairwise(digits))


def test_reference_handles_equal_and_opposite_points():
    point = reference.decompress(G)
    opposite = reference.decompress(b"\x03" + G[1:])
    tables = [reference.odd_multiples(p) for p in (point, point, opposite)]
    assert reference.compress(reference.straus(tables[:2], (1, 1))) == naive(2)
    assert reference.straus(tables[1:], (5, 5))[1] == 0
    with pytest.raises(PointAtInfinity):
        reference.compress(reference.straus(tables[1:], (5, 5)))


def test_inverses():
    values = [1, 2, 3, N - 1, 2**200]
    assert [x * y % N for x, y in zip(values, inverses(values), strict=True)] == [1] * 5
    assert inverses([]) == []
    with pytest.raises(ZeroDivisionError):
        inverses([1, N, 2])


def test_importing_the_reference_engine_leaves_the_recursion_limit():
    script = (
        "import sys; n = sys.getrecursionlimit(); import circuits.group.reference; print(sys.getrecursionlimit() - n)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)  # noqa: S603  # own script
    assert told.stdout.strip() == b"0"


def test_the_benchmark_unit_runs():
    mul_timing()()


def test_engine_names():
    assert engine() is engine("fast")
    assert engine(engine("reference")) is engine("reference")
    assert (engine("fast").name, engine("reference").name) == ("fast", "reference")
    with pytest.raises(ValueError, match="no engine"):
        engine("faster")


@pytest.mark.parametrize("scalar", [0, 1, 255, 2**64, 2**160, N - 1])
def test_a_secret_scalar_takes_as_many_additions_as_any_other(scalar):
    entries = engine("fast")._entries
    assert len(entries((0, 9), (scalar, N // 3), longest=0)) == len(entries((0, 9), (N // 5, 7), longest=0))
    assert engine("fast").fixed_sum((0, 9), (scalar, 5)) == engine("reference").fixed_sum((0, 9), (scalar, 5))
