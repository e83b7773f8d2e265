"""One picture: for each attacker, how far above the promised width it was left, over all the people it attacked."""

from itertools import groupby
from math import log2
from xml.sax.saxutils import escape

from simulation import promised

LEFT, RIGHT, TOP, ROW, HEAD, BAR = 262, 24, 84, 22, 30, 14
WIDTH = 900
BELOW, ABOVE = -5.0, 7.0
STEP = 0.125
STYLE = (
    "text{fill:#1f2937}.faint{fill:#6b7280}.grid{stroke:#e5e7eb}.promise{stroke:#b91c1c}.red{fill:#b91c1c}"
    ".kept{fill:#2563eb}.open{fill:#9ca3af}.bg{fill:#fff}"
    "@media(prefers-color-scheme:dark){.bg{fill:#111827}text{fill:#e5e7eb}.faint{fill:#9ca3af}.grid{stroke:#374151}"
    ".promise{stroke:#f87171}.red{fill:#f87171}.kept{fill:#60a5fa}.open{fill:#6b7280}}"
)
SVG = 'font-family="system-ui, sans-serif" font-size="12" role="img" aria-labelledby="title"'
TITLE = "How wide the interval is that each attacker was left with, as a multiple of the promised width"
HEADS = {
    False: "By the rules alone, {people:,} people each",
    True: "At a prover, {people:,} people each",
}


def picture(summaries):
    """Draw it as SVG: widths on a scale of doublings, the promise as a line."""
    blocks = [(prover, list(each)) for prover, each in groupby(summaries, key=lambda each: each.attacker.prover)]
    bottom = TOP + ROW * len(summaries) + HEAD * len(blocks)
    height = bottom + 58
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {SVG}>',
        f"<title id='title'>{TITLE}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="bg" width="{WIDTH}" height="{height}"/>',
        _text(16, 26, "What attackers are left with", 'font-size="16" font-weight="600"'),
        _text(
            16,
            46,
            "The interval that all it was told leaves, as a multiple of the promised width. Stronger: more people. "
            "Bar: the worst of all.",
            'class="faint"',
        ),
        _text(_x(0), TOP - 14, "promised", 'class="red" text-anchor="middle"'),
    ]
    for doubling in range(int(BELOW), int(ABOVE) + 1):
        x = _x(doubling)
        name = f"{2**doubling:g}x" if doubling >= 0 else f"1/{2**-doubling}"
        name += "+" * (doubling == int(ABOVE))
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP - 6}" y2="{bottom + 6}"/>')
        parts.append(_text(x, bottom + 22, name, 'class="faint" text-anchor="middle"'))
    x = _x(0)
    parts.append(f'<line class="promise" stroke-width="1.5" x1="{x}" x2="{x}" y1="{TOP - 8}" y2="{bottom + 6}"/>')
    y = TOP
    for prover, block in blocks:
        parts.append(_text(16, y + 19, HEADS[prover].format(people=block[0].people), 'font-weight="600"'))
        y += HEAD
        for each in block:
            parts += _row(each, y)
            y += ROW
    parts.append(
        _text(
            16,
            height - 12,
            "Grey: lenders that collude, each with a budget of its own, about an attribute without a ladder. Against "
            "them nothing is promised.",
            'class="faint"',
        )
    )
    return "\n".join([*parts, "</svg>\n"])


def _row(summary, y):
    attacker = summary.attacker
    lenders = f", {attacker.lenders} lenders" if attacker.lenders > 1 else ""
    yield _text(28, y + 12, f"{attacker.name}{lenders}", "")
    yield _text(LEFT - 12, y + 12, attacker.target, 'class="faint" text-anchor="end"')
    counts = {}
    for width in summary.widths:
        place = int((_doublings(width, attacker) - BELOW) / STEP)
        counts[place] = counts.get(place, 0) + 1
    most = max(counts.values())
    shade = "kept" if attacker.promised else "open"
    for place, count in sorted(counts.items()):
        x, after = _x(BELOW + place * STEP), _x(min(BELOW + (place + 1) * STEP, ABOVE + STEP))
        opacity = 0.18 + 0.82 * count / most
        yield f'<rect class="{shade}" x="{x}" y="{y}" width="{after - x:.1f}" height="{BAR}" opacity="{opacity:.2f}"/>'
    x = _x(_doublings(summary.least, attacker))
    yield f'<rect class="{shade}" x="{x - 1.5}" y="{y - 2}" width="3" height="{BAR + 4}"/>'


def _doublings(width, attacker):
    return min(max(log2(width / promised(attacker)), BELOW), ABOVE)


def _text(x, y, words, more):
    return f'<text x="{x}" y="{y}" {more}>{escape(words)}</text>'


def _x(doublings):
    return round(LEFT + (WIDTH - LEFT - RIGHT) * (doublings - BELOW) / (ABOVE - BELOW + STEP), 1)
