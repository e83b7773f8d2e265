"""From characters to tokens, within the limits that keep a hostile text cheap."""

import re
from dataclasses import dataclass
from typing import Literal

from circuits.errors import PredicateSyntaxError
from circuits.predicate import hints

MAX_CHARACTERS = 1024
MAX_TOKENS = 256
MAX_INTEGER = 2**63 - 1
MAX_PLACES = 18

Kind = Literal["number", "string", "name", "symbol", "end"]

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SYMBOL = re.compile(r"<=|>=|==|!=|&&|\|\||[<>!()\[\],+*-]")
_STRING = re.compile(r"""(["'])((?:\\[\\"'uU]|(?!\1)[^\\\x00-\x1f\x7f])*)\1""")
_ESCAPE = re.compile(r"""\\(?:([\\"'])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|.?)""")


@dataclass(frozen=True, slots=True)
class Token:
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
    at = _skip(text, 0)
    while at < len(text):
        if len(tokens) == MAX_TOKENS:
            raise PredicateSyntaxError(text, at, f"a question has at most {MAX_TOKENS} words and signs")
        token, end = _token(text, at)
        tokens.append(token)
        at = _skip(text, end)
    tokens.append(Token("end", "", len(text)))
    return tokens


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


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()


def _token(text: str, at: int) -> tuple[Token, int]:
    if match := _NUMBER.match(text, at):
        end = match.end()
        if end < len(text) and (text[end].isalnum() or text[end] in "_."):
            raise PredicateSyntaxError(text, end, hints.number(text, end))
        return Token("number", match[0], at), end
    if match := _NAME.match(text, at):
        return Token("name", match[0], at), match.end()
    if match := _SYMBOL.match(text, at):
        return Token("symbol", match[0], at), match.end()
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
