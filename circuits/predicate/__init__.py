"""The predicate language: a lender's words, compiled to a statement that can be proven. See notes/language.md.

>>> parse("salary > 100000", schema).english()
'salary is more than 100,000.00 USD per year'
"""

from circuits.predicate.evaluation import evaluate
from circuits.predicate.question import Predicate, parse

__all__ = ["Predicate", "evaluate", "parse"]
