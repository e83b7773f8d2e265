"""From a question to the circuit that proves its answer, the same one for YES and NO up to a sign or a constant.

A comparison of one attribute needs no hidden bit: YES puts d into [0, 2^n), NO puts -1-d there. Every other question
has hidden bits, one for each comparison, and a formula of which only the result is public. Comparisons that ask the
same of the same form, or the opposite, share their bit. notes/language.md lists what compiles to what.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import gcd

from circuits import calendar
from circuits.attributes import Attributes
from circuits.constraints import Circuit
from circuits.errors import PredicateTypeError, StatementError
from circuits.gadgets import EQ, GE, Formula, predicate_circuit, predicate_witness
from circuits.predicate import nodes
from circuits.predicate.clauses import concluded
from circuits.predicate.nodes import Age, Among, And, AtLeast, Compare, Flag, Member, Node, Not, Operator, Or
from circuits.predicate.nodes import Form as NamedForm
from circuits.predicate.question import Predicate
from circuits.prover import Wires
from circuits.query import Reasons
from circuits.range import Form, centred, comparison_circuit, comparison_witness

MAX_WIDTH = 128
_DIGIT_BITS = 4
_SMALL_DIGIT_BITS, _SMALL_BITS = 2, 16


@dataclass(frozen=True, slots=True)
class Comparison:
    """d = sum a_k V_k - t is at least 0, or with negated below 0; |d| < 2^bits for every value within its bounds."""

    form: Form
    t: int
    bits: int
    negated: bool


@dataclass(frozen=True, slots=True)
class Hidden:
    """A formula over hidden bits is worth result; bounds are certified by the circuit itself."""

    atoms: tuple[GE | EQ, ...]
    formula: Formula
    result: int
    bounds: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class CompiledRelation:
    """A question and one answer to it, as a circuit.

    Attributes:
        circuit: the statement.
        attributes: whose commitments it is about: V_k commits to attributes[k].
        relation: what the witness builder needs.
    """

    circuit: Circuit
    attributes: tuple[str, ...]
    relation: Comparison | Hidden

    def wires(self, values: Sequence[int]) -> Wires:
        """Compute the witness from the committed values, in the order of attributes.

        Raises:
            WitnessError: the answer is not so, or a value is out of its bounds; none is named (the caller's fault).
        """
        match self.relation:
            case Comparison(form, t, bits, negated):
                return comparison_witness([centred(v) for v in values], form, t, bits, negated=negated)
            case Hidden(atoms, formula, result, bounds):
                return predicate_witness([centred(v) for v in values], atoms, formula, result, dict(bounds))


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
        schema: the schema it was typed under; widths come from its bounds.
        as_of: day number at which ages are counted.
        answer: what is to be proven.
        reasons: whether a NO says which clauses failed.
        clauses: which clauses hold; exactly where reasons and answer ask for them.

    Raises:
        StatementError: typed under another schema (the caller's fault).
        PredicateTypeError: too large for one proof, or not provable (the lender's fault).
    """
    if predicate.schema_digest != schema.digest:
        raise StatementError("the question was typed under another schema")
    if (clauses is not None) != (reasons is Reasons.FAILED_CLAUSES and not answer):
        raise StatementError("clauses are told of a NO that was asked with its reasons, and of nothing else")
    if clauses is not None and concluded(predicate.ast, clauses):
        raise StatementError("these clauses do not fail the question")
    dated = any(isinstance(atom, Age) for atom in nodes.atoms(predicate.ast))
    return _compiled(predicate, schema, as_of if dated else 0, answer)


@lru_cache(maxsize=1024)
def _compiled(predicate: Predicate, schema: Attributes, as_of: int, answer: bool) -> CompiledRelation:  # noqa: FBT001  # a cache key
    compiler = _Compiler(predicate, schema, as_of)
    try:
        return compiler.comparison(predicate.ast, answer) or compiler.hidden(predicate.ast, answer)
    except StatementError as error:
        raise PredicateTypeError(predicate.text, 0, f"too much for one proof: {error}") from error


class _Compiler:
    def __init__(self, predicate: Predicate, schema: Attributes, as_of: int) -> None:
        self.predicate = predicate
        self.schema = schema
        self.as_of = as_of
        self.places = {name: k for k, name in enumerate(predicate.attributes)}
        self.atoms: dict[GE | EQ, int] = {}
        self.bounds: dict[int, int] = {}

    def comparison(self, node: Node, answer: bool) -> CompiledRelation | None:  # noqa: FBT001  # the proven answer
        """Compile a single comparison of one attribute without a hidden bit; None if the question is another."""
        match node:
            case Compare(operator, (term,), constant):
                threshold = _threshold(operator, (term,), constant)
            case Age(operator, _, years):
                threshold = self._birth(operator, years)
            case _:
                return None
        if threshold is None:
            return None
        t, below = threshold
        # "v < t" is proven as t - 1 - v >= 0, so that YES is the plain and NO the negated statement for every operator.
        form: Form = ((0, -1 if below else 1),)
        t = 1 - t if below else t
        bits = self._width(form, t)
        size = _SMALL_DIGIT_BITS if bits <= _SMALL_BITS else _DIGIT_BITS
        bits = _multiple(bits, size)
        relation = Comparison(form, t, bits, not answer)
        circuit = comparison_circuit(1, form, t, bits, negated=not answer)
        return CompiledRelation(circuit, self.predicate.attributes, relation)

    def hidden(self, node: Node, answer: bool) -> CompiledRelation:  # noqa: FBT001  # the proven answer
        """Compile any question to hidden bits and a formula."""
        formula = self._formula(node)
        relation = Hidden(tuple(self.atoms), formula, int(answer), tuple(sorted(self.bounds.items())))
        circuit = predicate_circuit(len(self.places), relation.atoms, formula, relation.result, self.bounds)
        return CompiledRelation(circuit, self.predicate.attributes, relation)

    def _formula(self, node: Node) -> Formula:  # noqa: PLR0911  # one case for each node
        match node:
            case Compare(operator, form, constant):
                return self._compare(operator, form, constant)
            case Age(operator, attribute, years):
                return self._age(operator, attribute, years)
            case Flag(attribute):
                return self._equal(attribute, 1)
            case Member(attribute, _, numbers) | Among(attribute, numbers, _):
                bits = [self._equal(attribute, number) for number in numbers]
                return bits[0] if len(bits) == 1 else ("or", *bits)
            case Not(operand):
                return ("not", self._formula(operand))
            case And(operands):
                return ("and", *map(self._formula, operands))
            case Or(operands):
                return ("or", *map(self._formula, operands))
            case AtLeast(count, operands):
                return ("at_least", count, *map(self._formula, operands))

    def _compare(self, operator: Operator, named: NamedForm, constant: int) -> Formula:
        divisor = gcd(*(coefficient for coefficient, _ in named))
        form = tuple((self.places[name], coefficient // divisor) for coefficient, name in named)
        if len(form) > 1:
            self._certify(named)
        threshold = _threshold(operator, named, constant)
        if threshold is None:
            bit = self._atom(EQ(form, constant // divisor))
            return bit if operator is Operator.EQ else ("not", bit)
        return self._at_least(form, *threshold)

    def _age(self, operator: Operator, attribute: str, years: int) -> Formula:
        form = ((self.places[attribute], 1),)
        threshold = self._birth(operator, years)
        if threshold is not None:
            return self._at_least(form, *threshold)
        exactly = (
            "and",
            self._at_least(form, *self._older(years, below=True)),
            self._at_least(form, *self._older(years + 1, below=False)),
        )
        return exactly if operator is Operator.EQ else ("not", exactly)

    def _birth(self, operator: Operator, years: int) -> tuple[int, bool] | None:
        """Turn an age into a day of birth, (t, below): born on t or later, or with below before t."""
        match operator:
            case Operator.GE:
                return self._older(years, below=True)
            case Operator.GT:
                return self._older(years + 1, below=True)
            case Operator.LT:
                return self._older(years, below=False)
            case Operator.LE:
                return self._older(years + 1, below=False)
        return None

    def _older(self, years: int, *, below: bool) -> tuple[int, bool]:
        return calendar.latest_birth(self.as_of, years) + 1, below

    def _at_least(self, form: Form, t: int, below: bool) -> Formula:  # noqa: FBT001  # the second half of a threshold
        bit = self._atom(GE(form, t, _multiple(self._width(form, t), _DIGIT_BITS)))
        return ("not", bit) if below else bit

    def _equal(self, attribute: str, number: int) -> int:
        return self._atom(EQ(((self.places[attribute], 1),), number))

    def _atom(self, atom: GE | EQ) -> int:
        return self.atoms.setdefault(atom, len(self.atoms))

    def _certify(self, named: NamedForm) -> None:
        """Make the circuit prove that each value of a form lies in [0, 2^bits): only then is it about integers."""
        for _, name in named:
            attribute = self.schema.attribute(name)
            if attribute.minimum < 0:
                at = max(self.predicate.text.find(name), 0)
                reason = f"{name} may be negative, and sums with such an attribute are not provable yet"
                raise PredicateTypeError(self.predicate.text, at, reason)
            self.bounds[self.places[name]] = _multiple(attribute.maximum.bit_length(), _DIGIT_BITS)

    def _width(self, form: Form, t: int) -> int:
        """Count the bits n with -2^n <= d < 2^n for every value within its bounds."""
        least = greatest = -t
        for k, a in form:
            low, high = self._reach(k)
            least += min(a * low, a * high)
            greatest += max(a * low, a * high)
        bits = max(greatest, -1 - least, 1).bit_length()
        if bits > MAX_WIDTH:
            raise PredicateTypeError(self.predicate.text, 0, "the numbers are too large to compare")
        return bits

    def _reach(self, k: int) -> tuple[int, int]:
        if k in self.bounds:
            return 0, (1 << self.bounds[k]) - 1
        attribute = self.schema.attribute(self.predicate.attributes[k])
        return attribute.minimum, attribute.maximum


def _threshold(operator: Operator, form: NamedForm, constant: int) -> tuple[int, bool] | None:
    """Turn a comparison, divided by the coefficients' common divisor, into (t, below): f >= t, or with below f < t."""
    divisor = gcd(*(coefficient for coefficient, _ in form))
    ceiling = -(-constant // divisor)
    above_floor = constant // divisor + 1
    match operator:
        case Operator.GE:
            return ceiling, False
        case Operator.LT:
            return ceiling, True
        case Operator.GT:
            return above_floor, False
        case Operator.LE:
            return above_floor, True
    return None


def _multiple(bits: int, size: int) -> int:
    return -(-bits // size) * size
