"""What an answer tells: the values that stay possible for someone who knew only the schema's bounds.

>>> question = parse("salary > 100000", schema)
>>> told = telling(question, schema, as_of=today, answer=True)
>>> sentence(told.remainders[0], question, schema, as_of=today)
'at least 100,000.01 USD per year'
"""

from circuits.telling.intervals import Interval, Intervals
from circuits.telling.remainder import Remainder, Telling, example, telling
from circuits.telling.words import bounds_sentence, sentence

__all__ = ["Interval", "Intervals", "Remainder", "Telling", "bounds_sentence", "example", "sentence", "telling"]
