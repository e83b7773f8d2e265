"""Questions made wrong: in their types, in their words and signs, in their characters, and in their size."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from random_questions import RELATIONS, Question

from circuits.attributes import Schema

SIGNS = (*RELATIONS, *"()[],+-*!", "&&", "||", "in")
LITERALS = (
    *("0", "1", "21", "100000", "0.5", "100.00", "0.001", "9223372036854775807", "9223372036854775808", "1e5", "0x1F"),
    *("true", "false", "null", '"US"', "'US'", '"5"', '""', "b'US'", "r'US'", '"\\u0000"', '"e\\u0301"', '"\\ud800"'),
    *('date("2008-11-22")', 'date("2008-02-30")', "date(5)", "5u", "-5", "[1]", "{}", "'''x'''", '"\\x41"', "'\\n'"),
)
WORDS = ("age", "date", "at_least", "and", "or", "not", "size", "has", "int", "double", "timestamp", "duration", "dyn")
PIECES = (
    *("&&", "||", "!", "!!", "-", "--", "- -", "+", "*", "/", "%", "==", "===", "=", "<", "<=", "=<", "<>", "!=", ">"),
    *("(", ")", "()", "[", "]", "[]", "{", "}", ",", ",,", ".", "..", ".5", "5.", ";", ":", "?", "@", "#", "$", "`"),
    *("'", '"', "''", '"""', "\\", "\\\\", "\\u0041", "\\U0001f600", "\\ud800", "\\x41", "\\", "//", "/*", "\n", "\t"),
    *("\r", "\f", "\v", "\0", "\x7f", "\u00a0", "\u2028", "\u202e", "\ufeff", "\u00e9", "e\u0301", "\u0665", "\uff11"),
    *("\U0001f600", "\ud800", "\u2212", "\u2265", "0", "00", "1", "9" * 19, "9" * 40, "0." + "0" * 30 + "1", "1e9"),
    *("in", " in ", "true", "null", "x", "_", "x.y", "x[0]", "x()", "age(", "date(", "at_least(2,", "has(", "size("),
    *("? 1 : 2", "<5", ">5", "==5", "&&true", "||false", "*0", "+0", "-0", "in[5]", "in[]", ".all(x, x)", ".size()"),
)


def mistyped(rng: Random, schema: Schema, question: Question) -> Question:
    """Change one or two words of a question for others, mostly of another type."""
    tokens = list(question.tokens)
    names = [attribute.name for attribute in schema]
    for _ in range(rng.choice((1, 1, 2))):
        place = rng.randrange(len(tokens))
        token = tokens[place]
        if token in names:
            tokens[place] = rng.choice((rng.choice(names), rng.choice(names), rng.choice(LITERALS), rng.choice(WORDS)))
        elif token in RELATIONS:
            tokens[place] = rng.choice(SIGNS)
        elif token[0].isdigit() or token[0] in "\"'" or token in ("true", "false"):
            tokens[place] = rng.choice((rng.choice(LITERALS), rng.choice(LITERALS), rng.choice(names)))
        elif rng.random() < 0.3:
            del tokens[place]
        else:
            tokens[place] = rng.choice((rng.choice(SIGNS), rng.choice(names), rng.choice(LITERALS)))
        tokens = tokens or ["true"]
    return replace(question, tokens=tuple(tokens))


def mutated(rng: Random, text: str, other: str) -> str:
    """Change a text in one way or several."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        text = rng.choice(_WAYS)(rng, text, other)
    return text


def _inserted(rng: Random, text: str, _other: str) -> str:
    place = rng.randint(0, len(text))
    return text[:place] + rng.choice(PIECES) + text[place:]


def _replaced(rng: Random, text: str, _other: str) -> str:
    start = rng.randint(0, len(text))
    return text[:start] + rng.choice(PIECES) + text[start + rng.randint(0, 4) :]


def _cut(rng: Random, text: str, _other: str) -> str:
    start = rng.randint(0, len(text))
    return text[:start] + text[start + rng.choice((1, 1, 2, 5, 50)) :]


def _flipped(rng: Random, text: str, _other: str) -> str:
    """Flip a bit of the UTF-8 form."""
    raw = bytearray(text.encode("utf-8", "surrogatepass")) or bytearray(b"x")
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return raw.decode("utf-8", "surrogateescape")


def _any_character(rng: Random, text: str, _other: str) -> str:
    place, below = rng.randint(0, len(text)), rng.choice((0x80, 0x3000, 0x110000))
    return text[:place] + chr(rng.randrange(below)) + text[place:]


def _spliced(rng: Random, text: str, other: str) -> str:
    return text[: rng.randint(0, len(text))] + other[rng.randint(0, len(other)) :]


def _repeated(rng: Random, text: str, _other: str) -> str:
    start = rng.randint(0, len(text))
    end = start + rng.choice((1, 2, 3, 10, 40))
    return text[:start] + text[start:end] * rng.choice((2, 3, 20, 300)) + text[end:]


def _moved(rng: Random, text: str, _other: str) -> str:
    start, place = sorted(rng.randint(0, len(text)) for _ in range(2))
    end = min(place, start + rng.randint(1, 12))
    return text[:start] + text[end:place] + text[start:end] + text[place:]


def _joined(rng: Random, text: str, other: str) -> str:
    return f"{text}{rng.choice((' && ', ' || ', ' == ', ' < ', ' + ', ' in ', ',', ' ', '('))}{other}"


def _nested(rng: Random, text: str, _other: str) -> str:
    called = (("age(", ")"), ("at_least(1, ", ", true == true)"))
    before, after = rng.choice((("(", ")"), ("!(", ")"), ("-(", ")"), ("[", "]"), ("!", ""), *called))
    depth = rng.choice((1, 2, 7, 15, 16, 17, 40, 300))
    return before * depth + text + after * depth


def _towered(rng: Random, text: str, other: str) -> str:
    """Set joins upon joins: few levels of parentheses, many of operators."""
    for level in range(rng.choice((2, 5, 8, 15))):
        text = f"{other if level % 5 == 4 else 'true'} {rng.choice(('&&', '||'))} ({text})"
    return text


def _lengthened(rng: Random, text: str, _other: str) -> str:
    size = rng.choice((18, 19, 20, 30, 63, 64, 300, 1200))
    long = (
        *("9" * size, "0." + "1" * size, "0" * size, "x" * size, "'" + "y" * size + "'", "'" + "\\\\" * size + "'"),
        *("1" + " + 1" * size, "1" + " * 1" * size, "1" + " - -1" * size, "[" + "1," * size + "1]", "-" * size + "1"),
        *("!" * size + "x", " " * size, "'" + "\\u00e9" * size + "'", "'" + "\\" * size, "(" * size, "1" + "<1" * size),
    )
    place = rng.randint(0, len(text))
    return text[:place] + rng.choice(long) + text[place + rng.choice((0, 1, 5)) :]


_WAYS: tuple[Callable[[Random, str, str], str], ...] = (
    *(_inserted, _inserted, _replaced, _replaced, _cut, _cut, _flipped, _any_character, _spliced, _repeated, _moved),
    *(_joined, _nested, _towered, _lengthened),
)
