"""The drawings of a report: SVG whose places are in percent, so that letters keep their size on any screen."""

from collections.abc import Iterator, Sequence
from typing import Final

from api.audit.account import Days, Plot, Row
from api.audit.markup import Markup, joined, tag
from api.audit.observations import OUTCOMES
from circuits.attributes import Attribute, AttributeType
from circuits.calendar import day_number
from circuits.telling import Intervals

MARGIN: Final = 12
"""Percent of the span of all thresholds that are shown beyond the outermost of them."""
YEARS: Final = 3_653
"""Days: the least span of dates."""
THINNEST: Final = 0.6
"""Percent: a single value is still to be seen."""
TIMELINE: Final = 120
FEW: Final = 7
"""Bars; fewer do not get wider, and have one label."""
SHOWN_RANGES: Final = 64


def plot_figure(plot: Plot, *, title: Markup, note: str) -> Markup:
    """One attribute of one person: a row for what each answer leaves, and one for what all of them leave."""
    scale = _Scale(plot)
    rows = [
        _row(
            row.words,
            _asked(row),
            joined(_band(plot, scale), _track(), *_bars(row.intervals, scale, "bar")),
            _spoken(plot, row),
        )
        for row in plot.rows
    ]
    together = _bars(plot.left, scale, "left") if plot.left else _nothing()
    total = _row(
        "all of them leave " + plot.words,
        "the values that no answer excludes" if plot.left else "no value is left that agrees with every answer",
        joined(_band(plot, scale), _track(), *together),
        f"together: {plot.words}",
        kind="row sum",
    )
    axis = tag("div", tag("div", class_="says"), scale.axis(), class_="row", aria_hidden="true")
    caption = tag("figcaption", tag("h3", title), tag("p", note, class_="soft small"))
    return tag("figure", caption, *rows, total, axis, class_=None if plot.left else "bad")


def timeline_figure(days: Sequence[Days]) -> Markup:
    """How many questions ended how, day by day."""
    first, step = day_number(days[0].start), days[0].days
    bins = (day_number(days[-1].start) - first) // step + 1
    highest = max(sum(each.outcomes.values()) for each in days)
    width = 100 / max(bins, 2 * FEW)
    bars = [_bar(each, (day_number(each.start) - first) // step * width, width, highest) for each in days]
    base = tag("line", x1="0", x2="100%", y1=TIMELINE, y2=TIMELINE, class_="tick")
    scale = tag("text", f"{highest:,}" + (" a day" if step == 1 else f" in {step} days"), x="0", y=11)
    asked = sum(sum(each.outcomes.values()) for each in days)
    when = days[0].start if bins == 1 else f"{days[0].start} to {days[-1].start}"
    spoken = f"{asked:,} question{'s' * (asked != 1)}, {when}, at most {highest:,} in one bar."
    parts = (*bars, base, scale, *_dates(days, when, bins=bins, end=bins * width))
    drawing = tag("svg", *parts, width="100%", height=TIMELINE + 22, role="img", aria_label=spoken)
    keys = [tag("span", tag("i", class_=name), name) for name in OUTCOMES]
    caption = tag("figcaption", tag("h3", "Questions by day"), tag("p", spoken, class_="soft small"))
    return tag("figure", caption, drawing, tag("div", *keys, class_="legend"))


def _bar(day: Days, x: float, width: float, highest: int) -> Markup:
    told = ", ".join(f"{number:,} {name}" for name, number in day.outcomes.items() if number)
    parts, y = [tag("title", f"{day.start}: {told}")], float(TIMELINE)
    for name in OUTCOMES:
        height = day.outcomes[name] / highest * (TIMELINE - 18)
        if height:
            y -= height
            parts.append(tag("rect", class_=name, x=f"{x:.3f}%", width=f"{width * 0.82:.3f}%", y=y, height=height))
    return tag("g", *parts)


def _dates(days: Sequence[Days], when: str, *, bins: int, end: float) -> tuple[Markup, ...]:
    """The first and the last day below their bars, or both in one label where there is little room."""
    y = TIMELINE + 17
    if bins < FEW:
        return (tag("text", when, x="0", y=y),)
    return (
        tag("text", days[0].start, x="0", y=y),
        tag("text", days[-1].start, x=f"{end:.3f}%", y=y, text_anchor="end"),
    )


class _Scale:
    """From encoded values to percent of the width: the thresholds of all answers fill it."""

    def __init__(self, plot: Plot) -> None:
        self._attribute = attribute = plot.attribute
        lowest, highest = attribute.minimum, attribute.maximum
        ends = [end for row in plot.rows for interval in row.intervals for end in interval]
        inner = [end for end in ends if lowest < end < highest] or [lowest, highest]
        if attribute.type in (AttributeType.BOOL, AttributeType.ENUM):
            self._low, self._high = lowest, highest + 1
            return
        # One threshold has no span of its own: then about as much as what it speaks of is wide.
        usual = YEARS if attribute.type is AttributeType.DATE else max(*map(abs, inner), (highest - lowest) // 10_000)
        pad = max(max(inner) - min(inner), usual, 1) * MARGIN // 100 + 1
        self._low, self._high = max(lowest, min(inner) - pad), min(highest + 1, max(inner) + pad + 1)

    def clipped(self, low: int, high: int) -> tuple[float, float] | None:
        """Where an interval begins and how wide it is; None if it lies outside of what is shown."""
        start, end = max(low, self._low), min(high + 1, self._high)
        if start >= end:
            return None
        whole = self._high - self._low
        width = max((end - start) / whole * 100, THINNEST)
        return min((start - self._low) / whole * 100, 100 - width), width

    def axis(self) -> Markup:
        """The ends and the middle of what is shown, in the attribute's unit."""
        last = self._high - 1
        middle = (self._low + last) // 2
        places = [(self._low, "0", "start"), (last, "100%", "end")]
        if self._attribute.type in (AttributeType.MONEY, AttributeType.INTEGER, AttributeType.DATE):
            places.insert(1, (middle, "50%", "middle"))
        labels = [tag("text", _label(self._attribute, value), x=x, y=15, text_anchor=side) for value, x, side in places]
        ticks = [tag("line", x1=x, x2=x, y1=0, y2=4, class_="tick") for _, x, _ in places]
        return tag("svg", *ticks, *labels, width="100%", height=20)


def _row(says: str, below: str, drawing: Markup, spoken: str, *, kind: str = "row") -> Markup:
    svg = tag("svg", drawing, role="img", aria_label=spoken)
    return tag("div", tag("div", says, tag("small", below), class_="says"), tag("div", svg, class_="draw"), class_=kind)


def _bars(intervals: Intervals, scale: _Scale, kind: str) -> Iterator[Markup]:
    for low, high in intervals[:SHOWN_RANGES]:
        placed = scale.clipped(low, high)
        if placed:
            x, width = placed
            yield tag(
                "rect",
                x=f"{x:.3f}%",
                width=f"{width:.3f}%",
                y="50%",
                height=16,
                rx=3,
                transform="translate(0,-8)",
                class_=kind,
            )


def _band(plot: Plot, scale: _Scale) -> Markup:
    placed = (scale.clipped(low, high) for low, high in plot.left[:SHOWN_RANGES])
    bands = ((f"{x:.3f}%", f"{width:.3f}%") for x, width in filter(None, placed))
    return joined(*(tag("rect", x=x, width=width, y="0", height="100%", class_="band") for x, width in bands))


def _track() -> Markup:
    return tag("rect", x="0", width="100%", y="50%", height=4, transform="translate(0,-2)", class_="track")


def _nothing() -> tuple[Markup, ...]:
    box = tag("rect", x="0.2%", width="99.6%", y="50%", height=28, rx=4, transform="translate(0,-14)", class_="none")
    return box, tag("text", "nothing", x="50%", y="50%", dy="0.35em", text_anchor="middle", class_="nothing")


def _spoken(plot: Plot, row: Row) -> str:
    return f"{_where(row)}: {plot.attribute.name} is {row.words}"


def _asked(row: Row) -> Markup:
    names = [part for name in row.relying_parties for part in (", ", tag("bdi", name))][1:]
    return joined(*names, f": {_where(row)}")


def _where(row: Row) -> str:
    entries = ", ".join(f"{index:,}" for index in row.indices)
    if row.answers > len(row.indices):
        return f"{row.answers:,} answers, entries {entries} among them"
    return f"entry {entries}" if row.answers == 1 else f"entries {entries}"


def _label(attribute: Attribute, value: int) -> str:
    written = attribute.decode(value)
    if attribute.type is AttributeType.MONEY:
        whole = written.partition(".")[0]
        return f"{int(whole):,} {attribute.currency}"
    return written
