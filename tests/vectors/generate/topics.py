"""A topic while it is being written: every case is asked of our implementation, which must do what the case says."""

import json

from api.conform.kit import FORMAT, expand
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
        for case, short in zip(self.cases, written, strict=True):
            if _text(expand(short["input"], self.shared)) != _text(case["input"]):
                raise AssertionError(f"{case['id']}: what is written is not what was asked")
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
        texts = {name: base for name, base in self.shared.items() if isinstance(base, str)}
        if isinstance(value, str) and len(value) > SHORT and texts:
            name = max(texts, key=lambda name: sum(_ends(texts[name], value)))
            edited = {"$shared": name, "edits": edits(texts[name], value)}
            return min(value, edited, key=lambda each: len(_text(each)))
        return value


def edits(base, text):
    """Say how a text comes from another: [place, characters to cut, what to put there], in ascending order."""
    start, end = _ends(base, text)
    before, after = (each[start : len(each) - end].split('"') for each in (base, text))
    if len(before) != len(after):
        before, after = ['"'.join(before)], ['"'.join(after)]
    found, at = [], start
    for old, new in zip(before, after, strict=True):
        if old != new:
            found.append([at, len(old), new])
        at += len(old) + 1
    return found


def _ends(one, other):
    """Count the characters that two texts have in common at their start, and then at their end."""
    start = _common(one, other)
    return start, _common(one[start:][::-1], other[start:][::-1])


def _common(one, other):
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _lines(items):
    listed = list(items)
    return "\n" + ",\n".join(listed) + "\n" if listed else ""


def _text(value):
    return json.dumps(value, ensure_ascii=True)
