"""One picture: for each attacker, how far above the promised width it was left, over all the people it attacked."""

from math import log2
from xml.sax.saxutils import escape

from simulation import promised

LEFT, RIGHT, TOP, ROW = 250, 40, 76, 26
WIDTH = 900
BELOW, ABOVE = -1.5, 10.0
STEP = 0.125


def picture(summaries):
    """Draw it as SVG: widths on a scale of doublings, the promise as a line."""
    height = TOP + ROW * len(summaries) + 58
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            'font-family="system-ui, sans-serif" font-size="12" role="img" aria-labelledby="title">'
        ),
        (
            "<title id='title'>How wide the interval is that each attacker was left with, as a multiple of the "
            "promised width</title>"
        ),
        (
            "<style>text{fill:#1f2937}.faint{fill:#6b7280}.grid{stroke:#e5e7eb}.promise{stroke:#b91c1c}.kept{fill:#2563eb}"
            ".open{fill:#9ca3af}.bg{fill:#fff}@media(prefers-color-scheme:dark){.bg{fill:#111827}text{fill:#e5e7eb}"
            ".faint{fill:#9ca3af}.grid{stroke:#374151}.promise{stroke:#f87171}.kept{fill:#60a5fa}.open{fill:#6b7280}}"
            "</style>"
        ),
        f'<rect class="bg" width="{WIDTH}" height="{height}"/>',
        '<text x="16" y="26" font-size="16" font-weight="600">What attackers are left with</text>',
        (
            '<text x="16" y="46" class="faint">the interval that everything it was told leaves, as a multiple of the '
            "promised width; darker where more people are</text>"
        ),
    ]
    for doubling in range(-1, int(ABOVE) + 1):
        x = _x(doubling)
        name = f"{2**doubling:g}" if doubling >= 0 else "1/2"
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP - 8}" y2="{height - 44}"/>')
        parts.append(f'<text class="faint" x="{x}" y="{height - 28}" text-anchor="middle">{name}</text>')
    for number, each in enumerate(summaries):
        parts += _row(each, TOP + ROW * number)
    x = _x(0)
    parts.append(f'<line class="promise" stroke-width="2" x1="{x}" x2="{x}" y1="{TOP - 8}" y2="{height - 44}"/>')
    parts.append(
        f'<text class="faint" x="16" y="{height - 8}">grey: lenders that collude with budgets of their own and no '
        "ladder; nothing is promised against them</text>"
    )
    return "\n".join([*parts, "</svg>\n"])


def _row(summary, y):
    attacker = summary.attacker
    lenders = f" x {attacker.lenders}" if attacker.lenders > 1 else ""
    yield f'<text x="16" y="{y + 13}">{escape(attacker.name)}{lenders}</text>'
    yield f'<text class="faint" x="{LEFT - 16}" y="{y + 13}" text-anchor="end">{escape(attacker.target)}</text>'
    counts = {}
    for width in summary.widths:
        at = min(max(log2(width / promised(attacker)), BELOW), ABOVE)
        counts[int((at - BELOW) / STEP)] = counts.get(int((at - BELOW) / STEP), 0) + 1
    most = max(counts.values())
    shade = "kept" if attacker.promised else "open"
    for place, count in sorted(counts.items()):
        x, after = _x(BELOW + place * STEP), _x(BELOW + (place + 1) * STEP)
        opacity = 0.15 + 0.85 * count / most
        yield f'<rect class="{shade}" x="{x}" y="{y}" width="{after - x:.1f}" height="18" opacity="{opacity:.2f}"/>'
    x = _x(min(max(log2(summary.least / promised(attacker)), BELOW), ABOVE))
    yield f'<rect class="{shade}" x="{x - 1.5}" y="{y - 3}" width="3" height="24"/>'


def _x(doublings):
    return round(LEFT + (WIDTH - LEFT - RIGHT) * (doublings - BELOW) / (ABOVE - BELOW), 1)
