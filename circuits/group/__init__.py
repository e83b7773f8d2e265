"""The only door to the curve libraries: two engines that share nothing but the constants of the curve.

`engine("fast")` computes with libsecp256k1 and fixed-base tables, `engine("reference")` with py_ecc's point addition.
Outside this package a point is 33 compressed bytes and a scalar is an integer in [0, N).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Protocol

from circuits.group.curve import N, P, PointAtInfinity, is_point

__all__ = [
    "Engine",
    "EngineName",
    "N",
    "P",
    "PointAtInfinity",
    "Progress",
    "engine",
    "is_point",
    "mul_timing",
    "use_tables",
]

EngineName = Literal["fast", "reference"]
Progress = Callable[[int, int], None]
"""Called with (done, total) while tables are built."""


class Engine(Protocol):
    """Group arithmetic over the fixed basis of 520 generators (index 0 is G, 1..7 H, 8.. G_i) and foreign points."""

    @property
    def name(self) -> str:
        """Fast or reference."""
        ...

    def prepare(self, generators: int) -> None:
        """Make the first so many generators ready, so that no later call pays for it."""
        ...

    def parse(self, points: Sequence[bytes]) -> list[Any]:
        """Decompress points strictly.

        Raises:
            ProofMalformed: not 33 bytes, prefix not 02 or 03, x >= p, or not on the curve.
        """
        ...

    def fixed_sum(self, indices: Sequence[int], scalars: Sequence[int]) -> bytes:
        """Sum scalar * generator[index] and compress. The scalars are secrets: none is quicker than another.

        Raises:
            PointAtInfinity: the sum has no 33-byte form.
        """
        ...

    def require_zero(
        self, indices: Sequence[int], scalars: Sequence[int], points: Sequence[Any], coefficients: Sequence[int]
    ) -> None:
        """Require sum scalar * generator[index] + sum coefficient * point = O, failing closed.

        Args:
            indices: generators' numbers, distinct.
            scalars: one for each index.
            points: handles from parse.
            coefficients: one for each point.

        Raises:
            ProofInvalid: the sum is anything else.
        """
        ...


def engine(
    name: EngineName | Engine | None = None, *, tables: Path | None = None, progress: Progress | None = None
) -> Engine:
    """Return an engine; asked without a directory always the same one, shared by the whole process.

    Args:
        name: fast (the default) or reference; an engine is returned as it is.
        tables: directory of the fast engine's cached tables, made if missing; None takes the directory given to
            use_tables, or this process's memory.
        progress: called while tables are built.

    Raises:
        ValueError: no such engine.
    """
    if name is not None and not isinstance(name, str):
        return name
    chosen = name or "fast"
    if tables is None and progress is None:
        with _LOCK:
            if chosen not in _SHARED:
                _SHARED[chosen] = _make(chosen, None, None)
            return _SHARED[chosen]
    return _make(chosen, tables, progress)


def use_tables(directory: Path, progress: Progress | None = None) -> Engine:
    """Make this process's shared fast engine keep its tables in a directory; the composition root calls it once.

    Args:
        directory: made if missing; its files are mapped read-only and compared with constants.
        progress: called with (done, total) while tables are built.

    Returns:
        The shared fast engine from now on.
    """
    made = _make("fast", directory, progress)
    with _LOCK:
        _SHARED["fast"] = made
    return made


_SHARED: dict[str, Engine] = {}
_LOCK = Lock()


def _make(name: str, tables: Path | None, progress: Progress | None) -> Engine:
    if name == "fast":
        from circuits.group.fast import FastEngine  # noqa: PLC0415  # an auditor's process need not load it

        return FastEngine(tables, progress)
    if name == "reference":
        from circuits.group.reference import ReferenceEngine  # noqa: PLC0415  # py_ecc takes a while to import

        return ReferenceEngine()
    raise ValueError(f"no engine named {name!r}")


def mul_timing() -> Callable[[], None]:
    """Return the unit of proof cost, ready to be timed: one secp256k1_ec_pubkey_tweak_mul through the binding."""
    from circuits.group.fast import one_mul  # noqa: PLC0415  # see above

    return one_mul()
