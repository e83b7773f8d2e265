"""Why the language refuses what CEL accepts. Every reason is in notes/language.md; there are no others."""

import re

from circuits.errors import PredicateError

DOCUMENTED = {
    # the limits
    "characters": r"at most 1024 characters|only ASCII|straight quotes|plain space|write (-|\*|>=|<=|!=) for",
    "tokens": r"at most 256 words and signs",
    "depth": r"nested deeper than 16 levels|more than 32 levels",
    "items": r"a list has at most 64 items",
    "numbers": r"a number is at most 2\^63-1|a number has at most 18 decimals|a number beyond 2\^63-1",
    "comparisons": r"at most 16 comparisons",
    # the grammar
    "literals": r"a number is digits|digits on both sides|leading zeros|string that does not end|no null|separators",
    "signs": r"do not mix|no division|no percentages|no powers|no comments|no \? :|means nothing here|follows a point",
    "chains": r"comparisons do not chain",
    "functions": r"the functions are age, date, at_least|is a function",
    "shapes": r"expected|should end here|ends too early|group with|one question at a time|write (==|&&|!|!=) ",
    # the types
    "constants": r"no question|needs an attribute|cancel out|never be equal|tells nothing about it",
    "numbers too large": r"too large|may pass 2\^63-1 within",
    "units": r"do not compare or add|multiplied with numbers|decimals$|whole numbers only|compared with a whole",
    "words": r"only == and !=|compare it with|not one of the values|characters|normal form|list numbers|not a number",
    "questions": r"a question is not compared|compare it with something|only an attribute can be in a list",
    "dates": r"there is no such day|written YYYY-MM-DD|takes one string|age takes one attribute|a date is written",
    "at_least": r"at_least (takes|starts with)",
}


def documented(refusal: PredicateError) -> str | None:
    """Name the documented reason of a refusal; None if it is none of them."""
    return next((name for name, words in DOCUMENTED.items() if re.search(words, refusal.reason)), None)
