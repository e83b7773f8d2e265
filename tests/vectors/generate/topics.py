"""A topic while it is being written: every case is asked of our implementation, which must do what the case says."""

import json

from api.conform.kit import FORMAT
from api.conform.serving import respond
from circuits.encoding import canonical_json

SHORT = 300


class Topic:
    """Cases of one topic; what is shared stands once in the file, and is found in the inputs by itself."""

    def __init__(self, name, about, shared=None):
        self.name = name
        self.about = about
        self.shared = dict(shared or {})
        self.cases = []

    def accept(self, name, operation, argument, why, *, known=None):
        """A case that is accepted; `known` is its output where others have published it."""
        reply = self._ask(operation, argument)
        if not reply.get("ok"):
            raise AssertionError(f"{self.name}/{name}: refused: {reply}")
        if known is not None and reply["output"] != known:
            raise AssertionError(f"{self.name}/{name}: {reply['output']} is not what is known")
        self._add(name, operation, argument, {"accept": reply["output"]}, why=why)
        return reply["output"]

    def reject(self, name, operation, argument, why, *, mutates=None):
        """A case that is refused: the accepted case `mutates`, changed in one place."""
        reply = self._ask(operation, argument)
        if reply.get("ok") is not False:
            raise AssertionError(f"{self.name}/{name}: not refused: {reply}")
        told = {member: reply[member] for member in ("code", "position", "blame") if member in reply}
        self._add(name, operation, argument, {"reject": told}, why=why, mutates=mutates)

    def _ask(self, operation, argument):
        return respond(canonical_json({"id": 0, "operation": operation, "input": argument}), engine="fast")

    def _add(self, name, operation, argument, expect, *, why, mutates=None):
        case = {"id": f"{self.name}/{name}", "operation": operation, "input": argument, "expect": expect, "why": why}
        if mutates is not None:
            case["mutates"] = f"{self.name}/{mutates}"
        if any(each["id"] == case["id"] for each in self.cases):
            raise AssertionError(f"{case['id']} stands twice")
        self.cases.append(case)

    def write(self, folder):
        """One case a line: a change of one case is a change of one line."""
        shared = _lines(f"{json.dumps(name)}: {_text(value)}" for name, value in self.shared.items())
        written = [case | {"input": self._short(case["input"])} for case in self.cases]
        head = f'"format": "{FORMAT}",\n"topic": "{self.name}",\n"about": {_text(self.about)},\n'
        body = f'"shared": {{{shared}}},\n"cases": [{_lines(map(_text, written))}]'
        (folder / f"{self.name}.json").write_text(f"{{\n{head}{body}\n}}\n", encoding="utf-8")

    def _short(self, value):
        for name, base in self.shared.items():
            if _text(value) == _text(base):  # True == 1, and is no number
                return {"$shared": name}
        if isinstance(value, list):
            return [self._short(each) for each in value]
        if isinstance(value, dict):
            return {name: self._short(each) for name, each in value.items()}
        if isinstance(value, str) and len(value) > SHORT:
            edits = [self._edit(value, name, base) for name, base in self.shared.items() if isinstance(base, str)]
            return min([value, *edits], key=lambda each: len(json.dumps(each)))
        return value

    def _edit(self, value, name, base):
        at = _common(base, value)
        tail = _common(base[at:][::-1], value[at:][::-1])
        return {"$shared": name, "at": at, "cut": len(base) - at - tail, "put": value[at : len(value) - tail]}


def _common(one, other):
    """Count the characters that two texts have in common from their start."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _lines(items):
    listed = list(items)
    return "\n" + ",\n".join(listed) + "\n" if listed else ""


def _text(value):
    return json.dumps(value, ensure_ascii=True)
