"""From a question to the circuit that proves its answer, the same one for YES and NO up to a sign or a constant.

    question --plan--> what must be known about each linear form --layout--> atoms, ranges, formula, base --> circuit

A single comparison needs no hidden bit: YES puts d into [0, 2^n), NO puts -1-d there. Every other question has hidden
bits and a formula of which only the result is public. notes/language.md lists what compiles to what.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from circuits.attributes import Attributes
from circuits.compiler.layout import Hidden, Layout, lay_out, opposite, stated
from circuits.compiler.plan import Planner
from circuits.constraints import Circuit
from circuits.errors import PredicateTypeError, StatementError
from circuits.predicate import nodes
from circuits.predicate.clauses import clause_nodes, concluded
from circuits.predicate.nodes import Age
from circuits.predicate.question import Predicate
from circuits.prover import Wires
from circuits.query import Reasons
from circuits.range import Comparison, centred

__all__ = ["Comparison", "CompiledRelation", "Hidden", "compile_predicate", "require_provable"]


@dataclass(frozen=True, slots=True)
class CompiledRelation:
    """A question and one answer to it, as a circuit. It travels as its layout: whoever receives it emits it again.

    Attributes:
        layout: what the circuit is emitted from.
        attributes: whose commitments it is about: V_k commits to attributes[k].
        circuit: the statement.
    """

    layout: Layout
    attributes: tuple[str, ...]
    circuit: Circuit = field(init=False, repr=False, compare=False)
    _wires: Callable[[Sequence[int]], Wires] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Emit the circuit, or remember it; the other answer's as well, so that the time tells of neither."""
        circuit, wires = _emitted(self.layout)
        _emitted(opposite(self.layout))
        object.__setattr__(self, "circuit", circuit)
        object.__setattr__(self, "_wires", wires)

    def __reduce__(self) -> tuple[type["CompiledRelation"], tuple[Layout, tuple[str, ...]]]:
        """Pickle the layout alone."""
        return CompiledRelation, (self.layout, self.attributes)

    def wires(self, values: Sequence[int]) -> Wires:
        """Compute the witness from the committed values, in the order of attributes.

        Raises:
            WitnessError: the answer is not so, or a value is out of its bounds; none is named (the caller's fault).
        """
        return self._wires([centred(value) for value in values])


def compile_predicate(
    predicate: Predicate,
    schema: Attributes,
    *,
    as_of: int,
    answer: bool,
    reasons: Reasons = Reasons.OUTCOME_ONLY,
    clauses: tuple[bool, ...] | None = None,
) -> CompiledRelation:
    """Compile a question with one answer.

    Args:
        predicate: the question.
        schema: what it was typed under; widths come from its bounds.
        as_of: day number at which ages are counted.
        answer: what is to be proven.
        reasons: whether a NO says which clauses failed. A YES that was asked with reasons has the same size as the NO.
        clauses: which clauses hold; exactly where reasons and answer ask for them.

    Raises:
        StatementError: typed under another schema, or clauses where none are told (the caller's fault).
        PredicateTypeError: too large for one proof (the lender's fault).
    """
    if predicate.schema_digest != schema.digest:
        raise StatementError("the question was typed under another schema")
    if (clauses is not None) != (reasons is Reasons.FAILED_CLAUSES and not answer):
        raise StatementError("clauses are told of a NO that was asked with its reasons, and of nothing else")
    if clauses is not None and concluded(predicate.ast, clauses):
        raise StatementError("these clauses do not fail the question")
    dated = any(isinstance(atom, Age) for atom in nodes.atoms(predicate.ast))
    day = as_of if dated else 0
    if reasons is Reasons.FAILED_CLAUSES and len(clause_nodes(predicate.ast)) > 1:
        return _compiled(predicate, schema, day, answer, clauses or ())
    return _compiled(predicate, schema, day, answer, None)  # of a single clause the answer says it all


def require_provable(predicate: Predicate, schema: Attributes, *, as_of: int, reasons: Reasons) -> None:
    """Require that a question can be proven whatever its answer: before anybody is asked, and whoever it is about.

    Args:
        predicate: the question.
        schema: what it was typed under.
        as_of: day number at which ages are counted.
        reasons: whether a NO says which clauses failed.

    Raises:
        StatementError: typed under another schema (the caller's fault).
        PredicateTypeError: too large for one proof (the lender's fault).
    """
    compile_predicate(predicate, schema, as_of=as_of, answer=True, reasons=reasons)
    if reasons is Reasons.FAILED_CLAUSES:
        failed = (False,) * len(clause_nodes(predicate.ast))
        compile_predicate(predicate, schema, as_of=as_of, answer=False, reasons=reasons, clauses=failed)


@lru_cache(maxsize=512)
def _compiled(
    predicate: Predicate,
    schema: Attributes,
    as_of: int,
    answer: bool,  # noqa: FBT001  # a cache key
    apart: tuple[bool, ...] | None,
) -> CompiledRelation:
    """Compile for the first time; apart: the clauses stay apart, and those of a NO are told."""
    try:
        layout = _laid_out(predicate, schema, as_of, apart is not None)
        return CompiledRelation(stated(layout, answer=answer, clauses=apart or None), predicate.attributes)
    except StatementError as error:
        raise PredicateTypeError(predicate.text, 0, f"too much for one proof: {error}") from error


@lru_cache(maxsize=512)
def _laid_out(predicate: Predicate, schema: Attributes, as_of: int, apart: bool) -> Layout:  # noqa: FBT001  # a cache key
    planner = Planner(predicate.attributes, as_of)
    plan = planner.clauses(predicate.ast) if apart else planner.plan(predicate.ast)
    attributes = [schema.attribute(name) for name in predicate.attributes]
    return lay_out(plan, {k: (attribute.minimum, attribute.maximum) for k, attribute in enumerate(attributes)})


@lru_cache(maxsize=512)
def _emitted(layout: Layout) -> tuple[Circuit, Callable[[Sequence[int]], Wires]]:
    if isinstance(layout, Comparison):
        return layout.circuit(), layout.wires
    emission = layout.emit()
    return emission.circuit, emission.wires
