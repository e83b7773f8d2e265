"""A question explained: how it is read, what it costs to prove, and what each answer would tell. Needs no service.

What `attest explain --json` prints is `facts` with `as_of` and `time`:

| member | what |
|---|---|
| question, predicate, predicate_digest | in English; in the language, canonical; in hexadecimal |
| schemas | those it needs: schema, version, digest |
| attributes | name, type, currency, period, schema, bounds in words, promise (api.allowance) |
| asking | whether it may be asked of somebody about whom nothing is known yet (api.allowance) |
| clauses | predicate and question of each, as a NO names those that failed when it is asked with its reasons |
| circuit | values, base, digits, gates, rows, norm_length, rounds; the same for YES and NO |
| proof_bytes | exact length of every proof |
| time | null, or prove_ms, verify_ms, prove_mul, verify_mul: medians, their means over the answers, and each answer's |
| yes, no | says, in English; somebody: whether anyone can have it, null if not worked out; clauses; tells; disclosed |
| tells | an entry for each attribute, then for each form of several: attributes, outcome, words, bits, what is left |
| outcome | nothing, narrowed, nobody, not-worked-out |
| disclosed | what the answer would say it disclosed to who knew nothing (api.disclosures); null if nobody gets it |
| bits | how often the values were halved; null of texts, of forms, and where that is not worked out |
| what is left | ranges of both ends, values, or for texts values or `not`: all but these; null if not worked out |
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Any, Final

from api.allowance import Allowance, promise
from circuits import leakage, statement
from circuits.attributes import Attribute, AttributeType, Schema
from circuits.compiler import compile_predicate
from circuits.constraints import Circuit
from circuits.group.curve import N
from circuits.pedersen import Opening, commit, random_blinding
from circuits.predicate import Predicate, nodes, parse
from circuits.predicate.clauses import clauses
from circuits.telling import Remainder, Telling, bounds_sentence, example, sentence, telling
from circuits.telling.intervals import complement, count
from circuits.telling.words import spelling
from circuits.values import ORDERED
from circuits.vocabulary import Vocabulary

if TYPE_CHECKING:
    from circuits.group import Engine

RUNS: Final = 9
GENERATORS_BESIDE_THE_NORM: Final = 8
_CONTEXT: Final = b"zkattest/explain"


@dataclass(frozen=True, slots=True)
class Question:
    """A question under the schemas it needs, on a day.

    Attributes:
        predicate: parsed and typed.
        vocabulary: the schemas it needs.
        as_of: day number at which ages are counted.
        circuit: the statement of YES; that of NO has the same size.
    """

    predicate: Predicate
    vocabulary: Vocabulary
    as_of: int
    circuit: Circuit

    @property
    def generators(self) -> int:
        """How many generators' tables proving it needs."""
        return GENERATORS_BESIDE_THE_NORM + self.circuit.N


def read(text: str, schemas: Sequence[Schema], *, as_of: int) -> Question:
    """Parse, type and compile a question under the first of the schemas that have its attributes.

    Raises:
        PredicateError: with the place (whoever wrote the question is to blame).
        SchemaError: too many schemas, or one twice (the caller's fault).
    """
    vocabulary = Vocabulary(tuple(schemas))
    needed = Vocabulary(vocabulary.used(parse(text, vocabulary).attributes))
    predicate = parse(text, needed)
    return Question(predicate, needed, as_of, compile_predicate(predicate, needed, as_of=as_of, answer=True).circuit)


def facts(question: Question) -> dict[str, Any]:
    """Everything but the time, as JSON: words, types, clauses, size, and what each answer tells."""
    predicate, circuit = question.predicate, question.circuit
    allowance = Allowance(leakage.Question(predicate, question.vocabulary, question.as_of))
    return {
        "question": predicate.english(),
        "predicate": predicate.canonical_text(),
        "predicate_digest": predicate.digest.hex(),
        "schemas": [
            {"schema": schema.name, "version": schema.version, "digest": schema.digest.hex()}
            for schema in question.vocabulary.schemas
        ],
        "attributes": [_attribute(question, name) for name in predicate.attributes],
        "clauses": [
            {"predicate": clause.canonical_text(), "question": clause.english()} for clause in clauses(predicate)
        ],
        "asking": allowance.facts(),
        "circuit": {
            "values": circuit.K,
            "base": circuit.b,
            "digits": circuit.D,
            "gates": len(circuit.gates),
            "rows": len(circuit.rows),
            "norm_length": circuit.N,
            "rounds": circuit.k,
        },
        "proof_bytes": circuit.proof_bytes,
        "yes": _answer(question, allowance, answer=True),
        "no": _answer(question, allowance, answer=False),
    }


def measured(question: Question, *, engine: "Engine", runs: int = RUNS) -> dict[str, Any] | None:
    """Prove and verify both answers about made-up people, a few times.

    Returns:
        Medians in milliseconds, and in scalar multiplications (mul) timed beside them, for each answer that somebody
        can have, and their means as `prove_ms`, ...; None if nobody was found.
    """
    answers = {word: _measured(question, answer=word == "yes", engine=engine, runs=runs) for word in ("yes", "no")}
    known = {word: row for word, row in answers.items() if row is not None}
    if not known:
        return None
    means = {name: sum(row[name] for row in known.values()) / len(known) for name in next(iter(known.values()))}
    return {name: round(mean, 3) for name, mean in means.items()} | {"runs": runs} | known


def clauses_tell(predicate: Predicate, *, answer: bool) -> str:
    """Say what an answer tells about the clauses together; empty if there is only one."""
    number = len(clauses(predicate))
    whole = "both" if number == 2 else f"all {number}"  # noqa: PLR2004 - a pair
    every, some = f"{whole} clauses hold", f"at least one of the {number} clauses holds"
    fail, lacks = f"{whole} clauses fail", f"at least one of the {number} clauses fails"
    match predicate.ast:
        case nodes.And():
            return every if answer else lacks
        case nodes.Or():
            return some if answer else fail
        case nodes.AtLeast(count, _) if count in (1, number):
            return (some if answer else fail) if count == 1 else (every if answer else lacks)
        case nodes.AtLeast(count, _):
            most = f"at most {count - 1} of the {number} hold{'s' * (count == 2)}"  # noqa: PLR2004 - then it is one
            return f"at least {count} of the {number} hold" if answer else most
    return ""


def _measured(question: Question, *, answer: bool, engine: "Engine", runs: int) -> dict[str, float] | None:
    from api.bench import series  # noqa: PLC0415 - what is not timed needs no clock

    predicate, vocabulary = question.predicate, question.vocabulary
    person = example(predicate, vocabulary, as_of=question.as_of, answer=answer)
    if person is None:
        return None
    relation = compile_predicate(predicate, vocabulary, as_of=question.as_of, answer=answer)
    openings = tuple(Opening(person[name] % N, random_blinding(entropy=os.urandom(32))) for name in relation.attributes)
    V = tuple(commit(opening, engine=engine) for opening in openings)  # noqa: N806 - the paper's letter
    about = statement.Statement(relation, V, _CONTEXT, answer)
    witness = statement.Witness(openings)
    proof = statement.prove(about, witness, entropy=os.urandom(32), engine=engine)

    def prove() -> None:
        statement.prove(about, witness, entropy=os.urandom(32), engine=engine)

    def verify() -> None:
        statement.verify(about, proof, engine=engine)

    proving, verifying = (series(work, 1, runs=runs) for work in (prove, verify))
    return {
        "prove_ms": proving.ms,
        "verify_ms": verifying.ms,
        "prove_mul": proving.muls,
        "verify_mul": verifying.muls,
    }


def _attribute(question: Question, name: str) -> dict[str, Any]:
    attribute = question.vocabulary.attribute(name)
    schema = question.vocabulary.schemas[question.vocabulary.place(name)]
    members = {"schema": schema.name, "bounds": bounds_sentence(attribute), "promise": promise(attribute)}
    described = attribute.to_json()
    return {key: described[key] for key in ("name", "type", "currency", "period") if key in described} | members


def _answer(question: Question, allowance: Allowance, *, answer: bool) -> dict[str, Any]:
    predicate = question.predicate if answer else question.predicate.negated()
    told = telling(question.predicate, question.vocabulary, as_of=question.as_of, answer=answer)
    return {
        "says": predicate.english(),
        "somebody": told.somebody,
        "clauses": clauses_tell(question.predicate, answer=answer),
        "tells": [_tells(question, told, remainder) for remainder in told.remainders],
        "disclosed": None if told.somebody is False else allowance.disclosed(answer=answer),
    }


def _tells(question: Question, told: Telling, remainder: Remainder) -> dict[str, Any]:
    words = sentence(remainder, question.predicate, question.vocabulary, as_of=question.as_of)
    if told.somebody is False:
        outcome = "nobody"
    elif remainder.intervals is None:
        outcome = "not-worked-out"
    else:
        outcome = "nothing" if remainder.untouched else "narrowed"
    entry: dict[str, Any] = {"attributes": list(remainder.attributes), "outcome": outcome, "words": words}
    if len(remainder.form) > 1:
        entry["form"] = [{"times": coefficient, "attribute": name} for coefficient, name in remainder.form]
        return entry | {"bits": None, **_listed(remainder, str)}
    attribute = question.vocabulary.attribute(remainder.attributes[0])
    entry["bits"] = _bits(remainder, attribute)
    return entry | _left(remainder, attribute, question.predicate)


def _bits(remainder: Remainder, attribute: Attribute) -> float | None:
    """The share of values ruled out, as bits, for display; None of texts, of which there is no end."""
    left = remainder.possible
    if not left or attribute.type is AttributeType.TEXT:
        return None
    low, high = remainder.bounds
    return round(log2(high - low + 1) - log2(left), 3)


def _left(remainder: Remainder, attribute: Attribute, predicate: Predicate) -> dict[str, Any]:
    """What stays possible, written as in a record: ranges, words, or all words but some."""
    if remainder.intervals is None or attribute.type in ORDERED:
        return _listed(remainder, attribute.decode)
    if attribute.type is not AttributeType.TEXT:
        return {"values": [attribute.decode(v) for low, high in remainder.intervals for v in range(low, high + 1)]}
    without = complement(remainder.intervals, remainder.bounds)
    key, listed = ("values", remainder.intervals) if count(remainder.intervals) < count(without) else ("not", without)
    return {key: sorted(map(spelling(attribute, predicate), (v for low, high in listed for v in range(low, high + 1))))}


def _listed(remainder: Remainder, write: Callable[[int], str]) -> dict[str, Any]:
    if remainder.intervals is None:
        return {"ranges": None}
    return {"ranges": [[write(low), write(high)] for low, high in remainder.intervals]}
