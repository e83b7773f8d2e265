"""What someone can know of a person from answers: what was separated, and what stays possible.

Two things are kept apart. *Cuts* say what was ever asked, whatever the answer: nothing makes them go away, no new
commitment to the same value and no new value, and the promise rests on them alone. *Possible* is what the answers
leave of the value that is committed to now: it makes questions free whose answer follows from it, and is forgotten
when that value may have changed. Then the forms that the value is in become *mixed*: what is told of them from now on
may be about another value of one attribute, and still the same value of the others. All of it follows from questions
and answers; none from the value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from circuits.attributes import Attributes
from circuits.encoding import canonical_json, parse_json
from circuits.errors import CircuitsError, EncodingError
from circuits.leakage.cuts import Cuts, bounds_of
from circuits.predicate.nodes import Form
from circuits.telling.intervals import Interval, Intervals, clipped, united


@dataclass(frozen=True, slots=True, repr=False)
class Knowledge:
    """What one relying party (or all of them together) can know of one person.

    Attributes:
        cuts: by attribute and form, where the values were separated.
        possible: by attribute and form, what the answers leave; what is not in it may be anything.
        mixed: forms of several attributes that were cut before the value of one of these may have changed.
    """

    cuts: Mapping[Form, Cuts] = field(default_factory=dict)
    possible: Mapping[Form, Intervals] = field(default_factory=dict)
    mixed: frozenset[Form] = frozenset()

    def left(self, form: Form, schema: Attributes) -> Intervals:
        """What stays possible of an attribute or form, within the schema's bounds."""
        bounds = bounds_of(form, schema)
        return clipped(self.possible.get(form, (bounds,)), bounds)

    def with_cuts(self, cuts: Mapping[Form, Cuts]) -> Self:
        """Know on which side of more cuts the values lie."""
        joined = dict(self.cuts)
        for form, more in cuts.items():
            joined[form] = tuple(sorted({*joined.get(form, ()), *more}))
        return replace(self, cuts=joined)

    def with_left(self, left: Mapping[Form, Intervals]) -> Self:
        """Know of some attributes and forms what stays possible."""
        return replace(self, possible={**self.possible, **left})

    def without(self, names: Iterable[str]) -> Self:
        """Forget what is possible of attributes whose value may have changed. What was separated stays so."""
        changed = set(names)
        kept = {form: left for form, left in self.possible.items() if not changed & {name for _, name in form}}
        mixed = {form for form in self.cuts if len(form) > 1 and changed & {name for _, name in form}}
        return replace(self, possible=kept, mixed=self.mixed | mixed)

    def renamed(self, names: Mapping[str, str]) -> Self:
        """Give attributes other names. Forms stay sorted by name, and nothing else of them changes."""

        def form(old: Form) -> Form:
            return tuple(sorted(((c, names.get(name, name)) for c, name in old), key=lambda member: member[1]))

        return type(self)(
            {form(each): cuts for each, cuts in self.cuts.items()},
            {form(each): left for each, left in self.possible.items()},
            frozenset(form(each) for each in self.mixed),
        )

    def to_json(self) -> dict[str, Any]:
        """Write as JSON; numbers as texts, since hashes of texts have 252 bits."""
        return {
            "cuts": [[_form(form), [str(cut) for cut in cuts]] for form, cuts in sorted(self.cuts.items())],
            "mixed": [_form(form) for form in sorted(self.mixed)],
            "possible": [
                [_form(form), [[str(low), str(high)] for low, high in left]]
                for form, left in sorted(self.possible.items())
            ],
        }

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> Self:
        """Read what to_json wrote. That it is in the one form of that is for who asks to see, by writing it again.

        Raises:
            CircuitsError, KeyError, TypeError, ValueError: it is something else (whoever kept it is to blame).
        """
        return cls(
            {_parsed(form): tuple(int(cut) for cut in cuts) for form, cuts in members["cuts"]},
            {_parsed(form): united(_interval(pair) for pair in left) for form, left in members["possible"]},
            frozenset(_parsed(form) for form in members["mixed"]),
        )

    def to_bytes(self) -> bytes:
        """Write as RFC 8785 JSON."""
        return canonical_json(self.to_json())

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Invert to_bytes.

        Raises:
            EncodingError: these are no bytes of to_bytes (whoever kept them is to blame).
        """
        try:
            known = cls.from_json(parse_json(content))
        except (CircuitsError, KeyError, TypeError, ValueError) as error:
            raise EncodingError("it is not what somebody knows") from error
        if known.to_bytes() != content:
            raise EncodingError("it is not what somebody knows")
        return known

    def __repr__(self) -> str:
        return "<Knowledge redacted>"


def _form(form: Form) -> list[list[str]]:
    return [[str(coefficient), name] for coefficient, name in form]


def _parsed(members: Any) -> Form:  # noqa: ANN401 - parsed JSON, of any type
    return tuple((int(coefficient), str(name)) for coefficient, name in members)


def _interval(pair: Any) -> Interval:  # noqa: ANN401 - parsed JSON, of any type
    low, high = pair
    return int(low), int(high)
