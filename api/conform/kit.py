"""The vectors as files: one a topic, each a list of cases. tests/vectors/README.md is the format's description.

    {"format": "zkattest-vectors/1", "topic": "log", "about": "...", "shared": {"name": ...}, "cases": [
     {"id": "log/leaf", "operation": "leaf.hash", "input": {...}, "expect": {"accept": {...}}, "why": "..."},
     {"id": "log/leaf-salt-short", "operation": "leaf.hash", "input": {...}, "expect": {"reject": {}},
      "mutates": "log/leaf", "why": "..."}]}

What several inputs have in common stands once, in `shared`; `{"$shared": name}` stands for it. A text that differs from
a shared one in some places is `{"$shared": name, "edits": [[17, 4, "text"], ...]}`: from character 17, 4 are replaced.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from circuits.encoding import parse_json
from circuits.errors import EncodingError

FORMAT = "zkattest-vectors/1"
PACKAGED = Path(__file__).with_name("vectors") / "cases"
SOURCES = Path(__file__).parents[2] / "tests" / "vectors" / "cases"
_FILE = {"format", "topic", "about", "shared", "cases"}
_CASE = {"id", "operation", "input", "expect", "why"}
_EDITED = {"$shared", "edits"}


class KitError(Exception):
    """A file of vectors is not in its format (blame: whoever wrote or carried it)."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question with its one right answer.

    Attributes:
        id: its name, unique in the kit; the topic is its first part.
        topic: what it is about.
        operation: what is asked.
        input: the arguments, nothing abbreviated.
        accepted: whether the input is accepted.
        told: of an accepted input the output; of a refused one what may be told of the refusal (code, position, blame).
        mutates: the accepted case that this one changes in one place.
        why: what it is there for.
    """

    id: str
    topic: str
    operation: str
    input: Mapping[str, Any]
    accepted: bool
    told: Mapping[str, Any]
    mutates: str | None
    why: str


def default_folder() -> Path:
    """Where the kit's vectors are: in the installed package, or in the repository."""
    return PACKAGED if PACKAGED.is_dir() else SOURCES


def read_kit(folder: Path) -> tuple[Case, ...]:
    """Read every topic of a folder, in the order of their names.

    Raises:
        KitError: a file that is not in the format, a name that stands twice, a mutation of no accepted case, no case.
    """
    cases = tuple(case for file in sorted(folder.glob("*.json")) for case in read_topic(file.read_bytes(), file.name))
    accepted = {case.id for case in cases if case.accepted}
    if not cases or len({case.id for case in cases}) != len(cases):
        raise KitError(f"{folder}: no cases, or two of one name")
    for case in cases:
        if case.mutates is not None and case.mutates not in accepted:
            raise KitError(f"{case.id}: {case.mutates} is no accepted case")
    return cases


def read_topic(content: bytes, name: str) -> list[Case]:
    """Read one file; `name` is for messages.

    Raises:
        KitError: it is not in the format.
    """
    try:
        file = parse_json(content)
    except EncodingError as error:
        raise KitError(f"{name}: {error}") from error
    if not isinstance(file, dict) or set(file) != _FILE or file["format"] != FORMAT:
        raise KitError(f"{name}: not a file of {FORMAT}")
    if not isinstance(file["shared"], dict) or not isinstance(file["cases"], list):
        raise KitError(f"{name}: shared is an object, cases a list")
    return [_case(each, file["topic"], file["shared"], name) for each in file["cases"]]


def _case(each: Any, topic: str, shared: Mapping[str, Any], name: str) -> Case:  # noqa: ANN401 - parsed JSON
    if not isinstance(each, dict) or set(each) - {"mutates"} != _CASE:
        raise KitError(f"{name}: a case has the members {', '.join(sorted(_CASE))}, and may have mutates")
    expect = each["expect"]
    if not isinstance(expect, dict) or len(expect) != 1 or not {"accept", "reject"} >= set(expect):
        raise KitError(f"{name}: {each['id']}: expect has one member, accept or reject")
    if not str(each["id"]).startswith(f"{topic}/"):
        raise KitError(f"{name}: {each['id']} is not named after its topic")
    word, told = next(iter(expect.items()))
    return Case(
        id=each["id"],
        topic=topic,
        operation=each["operation"],
        input=expand(each["input"], shared),
        accepted=word == "accept",
        told=expand(told, shared),
        mutates=each.get("mutates"),
        why=each["why"],
    )


def expand(value: Any, shared: Mapping[str, Any]) -> Any:  # noqa: ANN401 - parsed JSON
    """Put what is shared in the place of every reference to it.

    Raises:
        KitError: a reference to nothing, or an edit of what is no text.
    """
    if isinstance(value, list):
        return [expand(each, shared) for each in value]
    if not isinstance(value, dict):
        return value
    if "$shared" not in value:
        return {name: expand(each, shared) for name, each in value.items()}
    base = shared.get(value["$shared"])
    if set(value) == {"$shared"} and base is not None:
        return base
    if set(value) != _EDITED or not isinstance(base, str):
        raise KitError(f"{value['$shared']}: is not shared, or no text that could be edited")
    return _edited(base, value["edits"])


def _edited(base: str, edits: Sequence[tuple[int, int, str]]) -> str:
    parts, start = [], 0
    for at, cut, put in edits:  # places are those of the shared text, in ascending order
        parts += [base[start:at], put]
        start = at + cut
    return "".join([*parts, base[start:]])
