"""What a lender most likely meant by what the language refuses, told with the refusal; nothing is accepted for it."""

import re
import unicodedata
from collections.abc import Iterable

from circuits.predicate.wording import quoted

NOT_IN = "write !(... in [...]) for not in"
_SEPARATORS = "numbers are written without separators"
_CURRENCY = "amounts are written without a currency sign"
_QUOTES = "a string stands in straight quotes, \" or '"
_STRING = "a string that does not end, or with an escape other than \\\\ \\\" \\' \\uXXXX \\UXXXXXXXX"
_CHARACTERS = {
    "=": "write == for equality",
    "&": "write && for and",
    "|": "write || for or",
    "/": "there is no division; multiply the other side",
    "$": _CURRENCY,
    ".": "a number is written with digits on both sides of its point",
    "'": _STRING,
    '"': _STRING,
    "%": "there are no percentages; 40 percent of salary is salary * 0.4",
    "#": "there are no comments",
    ";": "one question at a time; join comparisons with && or ||",
    "?": "there is no ? : ; join comparisons with && and ||",
    "^": "there are no powers",
    "`": _QUOTES,
    "{": "group with ( and )",
    "}": "group with ( and )",
}
_FOREIGN = {
    **dict.fromkeys("\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb\u00b4", _QUOTES),
    **dict.fromkeys("\u20ac\u00a3\u00a5\u20b9\u20a9\u20bd\u00a2", _CURRENCY),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "write - for minus"),
    **dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000", "write a plain space"),
    "\u2265": "write >= for at least",
    "\u2264": "write <= for at most",
    "\u2260": "write != for unequal",
    "\u00d7": "write * for times",
    "\u00f7": _CHARACTERS["/"],
    "\u2227": "write && for and",
    "\u2228": "write || for or",
    "\u00ac": "write ! for not",
}
_WORDS = {
    "and": "write && for and",
    "or": "write || for or",
    "not": "write ! for not",
    **dict.fromkeys(("is", "equals", "equal", "eq"), "write == for equality"),
    "between": "write two comparisons, joined with &&",
    **dict.fromkeys(("like", "contains", "matches"), "texts are compared with == and in only"),
}
_COMPARED = 64
"""Names that are looked at letter by letter, so that a hostile name costs little under a schema of any length."""
_LITERAL = re.compile(r"""'[^']*'|"[^"]*\"""")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")


def character(text: str, at: int) -> str:
    """Say what to write for a character that starts no word or sign."""
    found = text[at]
    before = text[at - 1] if at else ""
    if text[at : at + 2] in {"=>", "=<"}:
        return f"write {text[at + 1]}= for {'at least' if text[at + 1] == '>' else 'at most'}"
    if found == "=" and text[max(0, at - 2) : at] in {"==", "!="}:
        return f"write {text[at - 2 : at]} only"
    if text[at : at + 2] in {"//", "/*"}:
        return "there are no comments, and no division"
    if found == "'" and before.isdigit():
        return _SEPARATORS
    if found == "." and (before.isalnum() or before == "_"):
        return "nothing follows a point; an attribute is its name alone, and there are no methods"
    return _CHARACTERS.get(found, "a character that means nothing here")


def foreign(text: str, at: int) -> str:
    """Say what to write for a character that is not ASCII: within a string its escape, elsewhere what it looks like."""
    code = ord(text[at])
    quoted_so_far = set(_LITERAL.sub("", text[:at])) & {"'", '"'}
    if text[at] in _FOREIGN and not quoted_so_far:
        return _FOREIGN[text[at]]
    escape = f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return f"only ASCII characters; in a string, write {escape}"


def number(text: str, end: int) -> str:
    """Say how a number is written that does not end where its digits do."""
    rule = "a number is digits, and at most one point followed by digits"
    if text.startswith("..", end):
        return f"{rule}; for a range, write two comparisons, joined with &&"
    follows = text[end]
    if follows in "kKmMeEbB":
        return f"{rule}; write its zeros out"
    return f"{rule}; {_SEPARATORS}" if follows == "_" else rule


def leading_zeros(text: str, at: int) -> str:
    """Say why a number starts with no zero, or that this is a day."""
    day = _DAY.match(text, max(0, at - 5)) or _DAY.match(text, max(0, at - 8))
    return f'a date is written date("{day[0]}")' if day else "a number has no leading zeros"


def day(text: str, at: int) -> str:
    """Quote a day that was written without date(...); otherwise say how one is."""
    match = _DAY.match(text, at + (text[at : at + 1] in ("'", '"')))
    return f'date("{match[0]}")' if match else 'date("YYYY-MM-DD")'


def word(name: str, following: str) -> str | None:
    """Say what to write for a word of other languages, and the one after it; None if it is none."""
    if (name.lower(), following.lower()) == ("not", "in"):
        return NOT_IN
    return _WORDS.get(name.lower())


def attribute(name: str, known: tuple[str, ...], dates: tuple[str, ...]) -> str:
    """Say which attributes there are, the likeliest first."""
    if name == "age" and dates:
        return f"age is a function: write age({dates[0]})"
    if name == "date":
        return 'date is a function: write date("2008-11-22")'
    if name == "at_least":
        return "at_least is a function: write at_least(2, ..., ...)"
    if name.lower() in ("true", "false"):
        return f"write {name.lower()}"
    if name.lower() in ("null", "none", "nil"):
        return "there is no null: what is absent has no answer"
    likely = _likely(name, known)
    meant = f"did you mean {likely}? " if likely else ""
    return f"{meant}there are {', '.join(known)}"


def listed(word: str, values: tuple[str, ...]) -> str:
    """Say which values a schema lists for an enum, the likeliest or else the first."""
    folded = word.casefold()
    likely = next((value for value in values if value.casefold() == folded), None)
    if likely is not None:
        return f"did you mean {quoted(likely)}?"
    shown = ", ".join(quoted(value) for value in values[:5])
    return f"such as {shown}" if len(values) > 5 else f"which are {shown}"


def normal(content: str) -> str:
    """Write a string literal in Unicode's normal form, in ASCII."""
    return f"write {quoted(unicodedata.normalize('NFC', content))}"


def _likely(name: str, known: Iterable[str]) -> str | None:
    """Find a name of the same letters, initials, one slip away, or with it as a part; cheap: texts are hostile."""
    plain = name.lower().replace("_", "")
    if not plain or len(plain) > 63:
        return None
    spelt = [(one, one.replace("_", ""), "".join(part[:1] for part in one.split("_"))) for one in known]
    same = [one for one, letters, initials in spelt if plain in (letters, initials)]
    parts = [one for one, letters, _ in spelt if len(plain) > 2 and (plain in letters or letters in plain)]
    near = [(one, letters) for one, letters, _ in spelt if abs(len(plain) - len(letters)) < 2 and len(plain) > 3]
    slips = [one for one, letters in near[:_COMPARED] if _one_slip(plain, letters)]
    return next(iter(same + slips + parts), None)


def _one_slip(typed: str, meant: str) -> bool:
    """Whether two words, of one length but for a letter, differ in a letter or in the order of two neighbours."""
    length = min(len(typed), len(meant))
    start = next((i for i in range(length) if typed[i] != meant[i]), length)
    typed, meant = typed[start:], meant[start:]
    if typed[1:] == meant[1:] or typed[1:] == meant or typed == meant[1:]:
        return True
    return typed[:2] == meant[1::-1] and typed[2:] == meant[2:]
