"""The engine with exactly one thing changed, for the length of a with block."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from circuits import blinding, transcript, weights
from circuits.arithmetic import prove, verify
from circuits.constraints import Circuit
from circuits.errors import ProofError
from circuits.generators import G_OFFSET
from circuits.group import engine
from circuits.group.curve import N
from circuits.pedersen import Opening
from circuits.pedersen import commit as true_commit
from circuits.transcript import Transcript

Change = Callable[[pytest.MonkeyPatch], None]


@contextmanager
def mutant(*changes: Change) -> Iterator[None]:
    """Apply changes, and undo them; what the engine remembers, it must not remember across."""
    forget()
    with pytest.MonkeyPatch.context() as patch:
        for change in changes:
            change(patch)
        try:
            yield
        finally:
            forget()


def forget() -> None:
    """Clear every cache of the engine above the group."""
    for name, module in list(sys.modules.items()):
        if name.startswith("circuits.") and not name.startswith("circuits.group"):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


def everywhere(patch: pytest.MonkeyPatch, original: object, replacement: object) -> None:
    """Replace an object under every name any module of the engine has for it."""
    found = 0
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "circuits":
            for attribute, value in list(vars(module).items()):
                if value is original:
                    patch.setattr(module, attribute, replacement)
                    found += 1
    assert found, "the seam is gone"


def function(original: Callable, make: Callable) -> Change:
    """Replace a module's function by make(original)."""
    return lambda patch: everywhere(patch, original, make(original))


# transcript


def skip_absorb(label: str) -> Change:
    """The transcript forgets one message."""
    true_absorb = Transcript.absorb

    def absorb(self: Transcript, name: str, content: bytes) -> None:
        if name != label:
            true_absorb(self, name, content)

    return lambda patch: patch.setattr(Transcript, "absorb", absorb)


def skip_round(label: str, skipped: int, rounds: int) -> Change:
    """The transcript forgets X or R of one round only."""
    calls = iter(range(10**6))

    def make(_original: Callable) -> Callable:
        def fold_challenge(talk: Transcript, X: bytes, R: bytes) -> int:
            now = next(calls) % rounds == skipped
            for name, content in (("X", X), ("R", R)):
                if not (now and name == label):
                    talk.absorb(name, content)
            return talk.challenge("gamma")

        return fold_challenge

    return function(transcript.fold_challenge, make)


def early_e(patch: pytest.MonkeyPatch) -> None:
    """The digit challenge is drawn before the digits are committed."""

    def digit_challenge(talk: Transcript, C_O: bytes, C_L: bytes, base: int) -> int:
        e = talk.challenge("e", [(N - j) % N for j in range(base)])
        talk.absorb("C_O", C_O)
        talk.absorb("C_L", C_L)
        return e

    everywhere(patch, transcript.digit_challenge, digit_challenge)


def constant_e(patch: pytest.MonkeyPatch) -> None:
    """The digit challenge is always the same."""
    function(transcript.digit_challenge, lambda true: lambda *said: true(*said) and 12345)(patch)


def early_weights(patch: pytest.MonkeyPatch) -> None:
    """The rows' challenges are drawn before the last wires are committed."""

    def weight_challenges(talk: Transcript, C_R: bytes) -> tuple[int, ...]:
        drawn = tuple(talk.challenge(name) for name in ("rho", "lambda", "beta", "delta"))
        talk.absorb("C_R", C_R)
        return drawn

    everywhere(patch, transcript.weight_challenges, weight_challenges)


def early_tau(patch: pytest.MonkeyPatch) -> None:
    """The point of evaluation is drawn before C_S."""

    def point_challenge(talk: Transcript, C_S: bytes) -> int:
        tau = talk.challenge("tau")
        talk.absorb("C_S", C_S)
        return tau

    everywhere(patch, transcript.point_challenge, point_challenge)


def constant_tau(patch: pytest.MonkeyPatch) -> None:
    """The point of evaluation is always the same."""
    function(transcript.point_challenge, lambda true: lambda *said: true(*said) and 12345)(patch)


def early_gamma(patch: pytest.MonkeyPatch) -> None:
    """Every folding challenge is drawn before its round's cross terms."""

    def fold_challenge(talk: Transcript, X: bytes, R: bytes) -> int:
        gamma = talk.challenge("gamma")
        talk.absorb("X", X)
        talk.absorb("R", R)
        return gamma

    everywhere(patch, transcript.fold_challenge, fold_challenge)


def constant_gamma(patch: pytest.MonkeyPatch) -> None:
    """Every folding challenge is the same."""
    function(transcript.fold_challenge, lambda true: lambda *said: true(*said) and 12345)(patch)


def first_value_only(patch: pytest.MonkeyPatch) -> None:
    """Only V_0 enters the transcript."""
    function(transcript.begin, lambda true: lambda digest, context, V: true(digest, context, V[:1]))(patch)


# weights


def weight(change: Callable[[int, int, int, int], tuple[int, int, int, int]]) -> Change:
    """Something else is made of rho, lambda, beta, delta."""
    return function(transcript.weight_challenges, lambda true: lambda *said: change(*true(*said)))


def rows_from_power_zero(patch: pytest.MonkeyPatch) -> None:
    """Linear row q gets lambda^q instead of lambda^(q+1)."""

    def make(true: Callable) -> Callable:
        def evaluate(circuit: Circuit, e: int, rho: int, lam: int, **inverses) -> weights.Weights:
            # with lambda = 0 only the gates remain; the difference is the linear rows' part
            gates, both = true(circuit, e, rho, 0, **inverses), true(circuit, e, rho, lam, **inverses)
            down = pow(lam, -1, N)

            def shifted(x: Sequence[int], y: Sequence[int]) -> list[int]:
                return [(a + (b - a) * down) % N for a, b in zip(x, y, strict=True)]

            vectors = {
                name: shifted(getattr(gates, name), getattr(both, name)) for name in ("u_L", "w_R", "u_O", "kappa")
            }
            return replace(both, **vectors, a=shifted([gates.a], [both.a])[0])

        return evaluate

    function(weights.evaluate, make)(patch)


def without_lookup(patch: pytest.MonkeyPatch) -> None:
    """The row that puts every digit into the table is left out."""

    def make(true: Callable) -> Callable:
        def evaluate(circuit: Circuit, e: int, rho: int, lam: int, **given) -> weights.Weights:
            w = true(circuit, e, rho, lam, **given)
            w_R = [
                (x - lam * m * (i < circuit.D)) % N for i, (x, m) in enumerate(zip(w.w_R, w.mu_inverse, strict=True))
            ]
            u_O = [(x + lam * pow(e + i, -1, N) * (i < circuit.b)) % N for i, x in enumerate(w.u_O)]
            return replace(w, w_R=w_R, u_O=u_O)

        return evaluate

    function(weights.evaluate, make)(patch)


def without_reciprocals(patch: pytest.MonkeyPatch) -> None:
    """The rows L_i R_i = 1 - e R_i are left out: every digit gate proves L_i R_i = (what the prover likes)."""

    def make(true: Callable) -> Callable:
        def evaluate(circuit: Circuit, e: int, rho: int, lam: int, **given) -> weights.Weights:
            w = true(circuit, e, rho, lam, **given)
            w_R = [(x - e * (i < circuit.D)) % N for i, x in enumerate(w.w_R)]
            return replace(w, w_R=w_R, a=(w.a + sum(w.mu[: circuit.D])) % N)

        return evaluate

    function(weights.evaluate, make)(patch)


# blinding and shape


def exponents(*chosen: int) -> Change:
    """The linear coordinates weigh T to other powers."""
    return lambda patch: patch.setattr(blinding, "EXP", chosen)


class WithoutGenerators:
    """An engine without some generators of the norm side, as if a short vector were padded with nothing."""

    name = "fast"

    def __init__(self, slots: Iterable[int]) -> None:
        self.missing = {G_OFFSET + slot for slot in slots}
        self.true = engine()
        self.prepare, self.parse = self.true.prepare, self.true.parse

    def fixed_sum(self, indices, scalars):
        return self.true.fixed_sum(*self.present(indices, scalars))

    def require_zero(self, indices, scalars, points, coefficients):
        self.true.require_zero(*self.present(indices, scalars), points, coefficients)

    def present(self, indices, scalars):
        return zip(*((i, x) for i, x in zip(indices, scalars, strict=True) if i not in self.missing), strict=True)


# assertions


def accepts_honestly(circuit: Circuit, values: Sequence[int], wires, context: bytes) -> tuple[list[bytes], bytes]:
    """The baseline: the true engine proves and accepts a true statement of this circuit."""
    openings = [Opening(v % N, 77 + i) for i, v in enumerate(values)]
    V = [true_commit(opening) for opening in openings]
    proof = prove(circuit, V, openings, wires, context, entropy=bytes(32))
    verify(circuit, V, context, proof)
    return V, proof


def refused(circuit: Circuit, V: Sequence[bytes], context: bytes, proof: bytes) -> None:
    """The true engine refuses, and says so with its own error."""
    with pytest.raises(ProofError):
        verify(circuit, V, context, proof)
