"""JSON that means one thing only: no duplicate keys, no NaN, no lone surrogates, UTF-8, bounded depth.

Two parsers that disagree about a duplicate key are an old way to smuggle a request past a check.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from api.web.problems import Problem

MAX_DEPTH: Final = 32


class _Constant:
    """Stands where the text said NaN or Infinity, until its place is known."""

    def __init__(self, name: str) -> None:
        self.name = name


class _Twice(dict[str, Any]):
    """An object in which a key occurred more than once."""

    key = ""


def parse(body: bytes) -> Any:  # noqa: ANN401 - JSON is any of six types
    """Parse a request body.

    Raises:
        Problem: `bad-request`, naming what is wrong and where (the client's fault).
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem("bad-request", f"the body is not UTF-8 at byte {error.start}") from None
    suspicious: list[object] = []

    def constant(name: str) -> _Constant:
        suspicious.append(name)
        return _Constant(name)

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) == len(items):
            return found
        suspicious.append(items)
        twice = _Twice(found)
        seen: set[str] = set()
        twice.key = next(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return twice

    try:
        document = json.loads(text, parse_constant=constant, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        what = error.msg.removesuffix(" at")  # some of its words for "what" end in an "at" of their own
        raise Problem("bad-request", f"the body is not JSON: {what} at {where}") from None
    except RecursionError:
        raise Problem("bad-request", f"the body is nested deeper than {MAX_DEPTH}") from None
    except ValueError:
        raise Problem("bad-request", "the body holds a number of thousands of digits") from None
    # Escapes are the only way to a lone surrogate or a NUL; brackets the only way to depth. Both are rare: look first.
    if suspicious or "\\u" in text or text.count("[") + text.count("{") > MAX_DEPTH:
        _refuse_ambiguity(document)
    return document


def _refuse_ambiguity(document: Any) -> None:  # noqa: ANN401 - JSON is any of six types
    stack: list[tuple[tuple[str, ...], Any]] = [((), document)]
    while stack:
        path, value = stack.pop()
        if len(path) > MAX_DEPTH:
            raise Problem("bad-request", f"the body is nested deeper than {MAX_DEPTH}")
        match value:
            case _Constant():
                _refuse(f"{value.name} is not a JSON number", path)
            case _Twice():
                _refuse(f"the key {json.dumps(value.key)} occurs twice", path)
            case str():
                _require_text(value, path)
            case dict() | list():
                for key, child in _children(value):
                    _require_text(key, path)
                    stack.append(((*path, key), child))
            case _:
                pass


def _children(value: dict[str, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    else:
        yield from ((str(index), child) for index, child in enumerate(value))


def _require_text(value: str, path: tuple[str, ...]) -> None:
    if "\0" in value:
        _refuse("a text holds the character U+0000", path)
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        _refuse("a text holds a lone surrogate", path)


def _refuse(what: str, path: tuple[str, ...]) -> NoReturn:
    where = "#" + "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)
    raise Problem("bad-request", f"{what}, at {where.encode('ascii', 'backslashreplace').decode()}")
