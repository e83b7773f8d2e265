"""From characters to tokens, within the limits that keep a hostile text cheap."""

import re
from typing import Literal, NamedTuple, cast

from circuits.errors import PredicateSyntaxError
from circuits.predicate import hints

MAX_CHARACTERS = 1024
MAX_TOKENS = 256
MAX_INTEGER = 2**63 - 1
MAX_PLACES = 18

Kind = Literal["number", "string", "name", "symbol", "end"]

_PLAIN = re.compile(
    r"""[ \t\r\n]*(?:(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"""
    r"""|(?P<symbol><=|>=|==|!=|&&|\|\||[<>!()\[\],+*-]))?"""
)
_STRING = re.compile(r"""(["'])((?:\\[\\"'uU]|(?!\1)[^\\\x00-\x1f\x7f])*)\1""")
_ESCAPE = re.compile(r"""\\(?:([\\"'])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|.?)""")


class Token(NamedTuple):
    """A piece of the text.

    Attributes:
        kind: number, string, name, symbol, or end.
        text: as written; a string's content, without quotes and escapes.
        at: position of its first character.
    """

    kind: Kind
    text: str
    at: int


def tokenize(text: str) -> list[Token]:
    """Cut a text into tokens; the last is an end token.

    Raises:
        PredicateSyntaxError: a character that starts no token, or a limit exceeded.
    """
    if len(text) > MAX_CHARACTERS:
        raise PredicateSyntaxError(text, MAX_CHARACTERS, f"a question has at most {MAX_CHARACTERS} characters")
    if not text.isascii():
        at = next(i for i, character in enumerate(text) if not character.isascii())
        raise PredicateSyntaxError(text, at, hints.foreign(text, at))
    tokens: list[Token] = []
    end = 0
    while True:
        match = _PLAIN.match(text, end)
        if match is None:  # never: everything in the pattern is optional
            raise PredicateSyntaxError(text, end, hints.character(text, end))
        kind = match.lastgroup
        at, end = match.start(kind) if kind else match.end(), match.end()
        if at == len(text):
            tokens.append(Token("end", "", at))
            return tokens
        if len(tokens) == MAX_TOKENS:
            raise PredicateSyntaxError(text, at, f"a question has at most {MAX_TOKENS} words and signs")
        if kind is None:
            token, end = _string(text, at)
        elif kind == "number" and end < len(text) and (text[end].isalnum() or text[end] in "_."):
            raise PredicateSyntaxError(text, end, hints.number(text, end))
        else:
            token = Token(cast("Kind", kind), match[kind], at)
        tokens.append(token)


def number(token: Token, text: str) -> tuple[int, int]:
    """Read a number token as (digits, places): `12.50` is (1250, 2).

    Raises:
        PredicateSyntaxError: leading zeros, or beyond 2^63-1, or more than 18 decimals.
    """
    whole, _, fraction = token.text.partition(".")
    if len(whole) > 1 and whole[0] == "0":
        raise PredicateSyntaxError(text, token.at, hints.leading_zeros(text, token.at))
    if len(whole) > 19 or int(whole) > MAX_INTEGER:
        raise PredicateSyntaxError(text, token.at, "a number is at most 2^63-1")
    if len(fraction) > MAX_PLACES:
        raise PredicateSyntaxError(text, token.at, f"a number has at most {MAX_PLACES} decimals")
    return int(whole + fraction), len(fraction)


def _string(text: str, at: int) -> tuple[Token, int]:
    if match := _STRING.match(text, at):
        return Token("string", _unescape(text, match[2], at + 1), at), match.end()
    raise PredicateSyntaxError(text, at, hints.character(text, at))


def _unescape(text: str, content: str, start: int) -> str:
    parts: list[str] = []
    done = 0
    for match in _ESCAPE.finditer(content):
        parts.append(content[done : match.start()])
        done = match.end()
        if match[1]:
            parts.append(match[1])
            continue
        code = int(match[2] or match[3] or "110000", 16)
        if code > 0x10FFFF or 0xD800 <= code < 0xE000:
            raise PredicateSyntaxError(text, start + match.start(), "an escape that stands for no character")
        parts.append(chr(code))
    parts.append(content[done:])
    return "".join(parts)
