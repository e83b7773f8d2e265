"""Reading the members of an entry's body: each is there, of its one type, and no longer than it may be.

All raise EntryError with the member's name (blame: log operator).
"""

from collections.abc import Mapping
from typing import Any

from verifier.errors import EntryError

MAX_NAME = 256


def require_members(fields: Mapping[str, Any], *names: str) -> None:
    """Require exactly these members, beside kind and at."""
    if fields.keys() != set(names):
        raise EntryError(f"the members must be {', '.join(sorted(names))}, kind and at")


def text(fields: Mapping[str, Any], name: str, *, longest: int = MAX_NAME) -> str:
    """Read a text of 1 to `longest` characters."""
    found = fields.get(name)
    if not isinstance(found, str) or not 1 <= len(found) <= longest:
        raise EntryError(f"{name}: must be a text of 1 to {longest} characters")
    return found


def texts(fields: Mapping[str, Any], name: str, *, most: int) -> tuple[str, ...]:
    """Read a list of 1 to `most` texts."""
    return tuple(text({name: each}, name) for each in _list(fields, name, most))


def truths(fields: Mapping[str, Any], name: str, *, most: int) -> tuple[bool, ...]:
    """Read a list of 1 to `most` of true and false."""
    found = _list(fields, name, most)
    if not all(isinstance(truth, bool) for truth in found):
        raise EntryError(f"{name}: must be a list of true and false")
    return tuple(found)


def _list(fields: Mapping[str, Any], name: str, most: int) -> list[Any]:
    members = fields[name]
    if not isinstance(members, list) or not 1 <= len(members) <= most:
        raise EntryError(f"{name}: must be a list of 1 to {most}")
    return members


def choice(fields: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    """Read one of some words."""
    found = text(fields, name)
    if found not in choices:
        raise EntryError(f"{name}: must be one of {', '.join(choices)}")
    return found


def count(fields: Mapping[str, Any], name: str) -> int:
    """Read a number of entries."""
    number = fields[name]
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise EntryError(f"{name}: must be a number of entries")
    return number


def members_of(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Read an object."""
    member = fields[name]
    if not isinstance(member, dict):
        raise EntryError(f"{name}: must be an object")
    return member
