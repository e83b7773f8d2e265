"""Consents as the operator sees them: everybody's, a line each, or one person's with all that they say."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from api.cli import present

if TYPE_CHECKING:
    from circuits.consent import Allowed
    from prover.consent import Granted

_DAY: Final = len("2026-11-23")


def show_all(granted: Sequence["Granted"]) -> None:
    """A line for each consent."""
    now = int(time.time())
    table = Table(box=None, padding=(0, 1, 0, 0))
    for name in ("subject", "lender"):
        table.add_column(name, overflow="fold")
    for name in ("what for", "until", "id"):
        table.add_column(name, no_wrap=True)
    for each in granted:
        consent = each.consent
        texts = (each.subject, consent.relying_party, consent.purpose, _until(each, now), consent.id)
        table.add_row(*map(Text, texts), style="dim" if _ended(each, now) else "")
    present.out.print(table, width=min(present.WIDTH, present.out.width))


def show_each(granted: Sequence["Granted"], *, via: str) -> None:
    """A few lines for each consent; `via` is the verifier that is not worth mentioning."""
    from circuits.calendar import rfc3339
    from circuits.consent import PURPOSES
    from circuits.query import Reasons

    now = int(time.time())
    for each in granted:
        consent = each.consent
        lines = Table.grid(padding=(0, 2, 0, 0))
        lines.add_column(style="dim", no_wrap=True, min_width=9)
        lines.add_column(overflow="fold")
        title = f"{consent.relying_party}, {PURPOSES[consent.purpose]}"
        present.out.print(Text(title, style="dim" if _ended(each, now) else "bold"))
        why = ", and with a NO what fails" if consent.reasons is Reasons.FAILED_CLAUSES else ""
        lines.add_row("may ask", Text(allowed_in_words(consent.allowed)))
        lines.add_row("is told", Text(f"yes or no{why}"))
        if consent.frequency is not None:
            lines.add_row("how often", Text(f"{consent.frequency.count:,} in {consent.frequency.seconds:,} s"))
        if consent.via != via:
            lines.add_row("through", Text(f"{consent.via}, which is not this home's verifier"))
        lines.add_row("since", Text(rfc3339(consent.issued_at)))
        lines.add_row("until", Text(_until(each, now, full=True)))
        lines.add_row("id", Text(consent.id))
        present.out.print(lines, width=min(present.WIDTH, present.out.width))
        present.out.print()


def allowed_in_words(allowed: "Allowed") -> str:
    """What may be asked: `salary at 50000 or 100000, debt; debt * 100 <= salary * 40`."""
    rungs = {name: f"{name} at {' or '.join(texts) or 'no threshold'}" for name, texts in allowed.thresholds.items()}
    if allowed.attributes is None:
        plain = ", ".join(("anything", *(f"but {each} only" for each in rungs.values())))
    else:
        plain = ", ".join(rungs.get(name, name) for name in allowed.attributes)
    return "; ".join((*((plain,) if plain else ()), *allowed.questions))


def _ended(granted: "Granted", now: int) -> bool:
    return granted.revoked_at is not None or granted.consent.expires_at <= now


def _until(granted: "Granted", now: int, *, full: bool = False) -> str:
    """`2027-11-23`, or `ended 2026-11-23` if that has been; with the time of day, and how it ended, if it is asked."""
    from circuits.calendar import rfc3339

    revoked = granted.revoked_at
    at = rfc3339(granted.consent.expires_at if revoked is None else revoked)
    if not _ended(granted, now):
        return at if full else at[:_DAY]
    if not full:
        return f"ended {at[:_DAY]}"
    return f"{at}, when it expired" if revoked is None else f"{at}, when it was taken back"
