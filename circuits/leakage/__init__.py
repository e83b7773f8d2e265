"""How much answers tell, and which questions may be answered: pure functions of questions and public answers.

>>> question = Question(parse("salary > 100000", schema), schema, as_of=today)
>>> decision = decide(question, Known(), Rules())
>>> decision.refusal is None, decision.free
(True, False)
>>> known = learn(question, decision.spent, answer=True)
>>> decide(Question(parse("salary > 50000", schema), schema, as_of=today), known, Rules()).free
True
"""

from circuits.leakage.knowledge import Knowledge
from circuits.leakage.rules import Decision, Known, Question, Refusal, Rules, decide, learn
from circuits.leakage.told import Disclosed, disclosed

__all__ = [
    "Decision",
    "Disclosed",
    "Knowledge",
    "Known",
    "Question",
    "Refusal",
    "Rules",
    "decide",
    "disclosed",
    "learn",
]
