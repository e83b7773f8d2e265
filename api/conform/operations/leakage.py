"""Which questions may be answered after others, and what an answer discloses."""

from typing import Any, Final

from api.conform.operations.members import Members, Operation
from circuits import calendar
from circuits.attributes import Schema
from circuits.errors import StatementError
from circuits.group import EngineName
from circuits.leakage import Knowledge, Known, Question, Rules, decide, disclosed, learn, written
from circuits.leakage.cuts import cuts_of
from circuits.predicate import parse
from circuits.predicate.nodes import Form
from circuits.query import Reasons
from circuits.vocabulary import Vocabulary


class _History:
    """What relying parties were told of one person, in the order in which it happened."""

    def __init__(self, members: Members) -> None:
        self._vocabulary = Vocabulary(tuple(Schema.from_json(schema) for schema in members["schemas"]))
        self._offered = members["offered"]
        self._shared = members["shared"]
        self._own: dict[str, Knowledge] = {}
        self._everyone = Knowledge()

    def change(self, names: list[str]) -> None:
        """Attributes have been committed to anew: their values may be others."""
        self._own = {party: known.without(names) for party, known in self._own.items()}
        self._everyone = self._everyone.without(names)

    def ask(self, asked: Members) -> dict[str, Any]:
        """Put a question, and learn its answer unless it is refused."""
        as_of = calendar.day_number(asked["as_of"])
        predicate = parse(asked["predicate"], self._vocabulary)
        question = Question(predicate, self._vocabulary, as_of, Reasons(asked["reasons"]))
        known = Known(self._own.get(asked["party"], Knowledge()), self._everyone)
        decision = decide(question, known, Rules(self._cuts(as_of), self._shared))
        if decision.refusal is not None:
            return {"verdict": "refuse", "disclosed": None}
        after = learn(question, decision.spent, answer=asked["answer"] == "yes", clauses=asked["clauses"])
        self._own[asked["party"]], self._everyone = after.own, after.everyone
        told = written.to_json(disclosed(question, known.own, after.own))
        return {"verdict": "free" if decision.free else "spend", "disclosed": told}

    def _cuts(self, as_of: int) -> dict[Form, frozenset[int]]:
        found: dict[Form, frozenset[int]] = {}
        for text in self._offered:
            for form, cuts in cuts_of(parse(text, self._vocabulary), self._vocabulary, as_of).items():
                found[form] = found.get(form, frozenset()).union(cuts)
        return found


def _decide(members: Members, _engine: EngineName) -> dict[str, Any]:
    history = _History(members)
    for event in members["before"]:
        if "changed" in event:
            history.change(event["changed"])
        elif history.ask(event)["verdict"] == "refuse":
            raise StatementError("what is said to have been answered before is refused")
    return history.ask(members["question"])


OPERATIONS: Final[dict[str, Operation]] = {"question.decide": _decide}
