"""The account of a replay as one HTML page that stands alone: no script, nothing loaded, for people and for a court."""

from collections.abc import Sequence
from typing import Final

from api.audit.account import Account, Found, Party, Plot
from api.audit.markup import Markup, joined, tag
from api.audit.observations import OUTCOMES
from api.audit.report_plots import plot_figure, timeline_figure
from api.audit.report_style import STYLE

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
SHOWN_PARTIES: Final = 25
_CODES: Final = {
    "checkpoint": "signed state",
    "contradiction": "contradicting answers",
    "size": "missing entries",
    "root": "altered entries",
    "since": "rewritten history",
    "tile": "altered entry",
}


def report_page(account: Account) -> bytes:
    """Write the page, UTF-8; the same account always gives the same bytes."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"Audit of {account.origin}: {'holds' if account.clean else 'does not hold'}"),
        tag("style", Markup(STYLE)),
    )
    sections = (
        _header(account),
        _banner(account),
        _numbers(account),
        _findings(account),
        _contradictions(account),
        _when(account),
        _who(account),
        _intervals(account),
        _how(account),
        tag("footer", "Whoever replays the same log with the same keys comes to the same findings."),
    )
    page = tag("html", head, tag("body", tag("main", *sections)), lang="en")
    return f"<!doctype html>\n{page}\n".encode()


def _header(account: Account) -> Markup:
    made = f"made {_moment(account.made_at)}"
    return tag(
        "header", tag("h1", "Audit of the log ", tag("bdi", account.origin)), tag("span", made, class_="soft small")
    )


def _banner(account: Account) -> Markup:
    if account.clean:
        more = (
            "Every entry was read, the signed state of the log was computed again from them, and each proof and each "
            "signature was verified again with nothing but the keys named below."
        )
        mark = "M9 16.5l5 5 10-11"
    else:
        more = "What was found is listed below, the most fundamental first, each with the party whose doing it is."
        mark = "M10 10l12 12M22 10L10 22"
    path = tag("path", d=mark, fill="none", stroke="currentColor", stroke_width=3, stroke_linecap="round")
    ring = tag("circle", cx=16, cy=16, r=14.5, fill="none", stroke="currentColor", stroke_width=2)
    sign = tag("svg", ring, path, width=36, height=36, viewBox="0 0 32 32", aria_hidden="true")
    kind = "verdict clean" if account.clean else "verdict broken"
    return tag("section", sign, tag("div", tag("strong", account.verdict), tag("p", more)), class_=kind, role="status")


def _numbers(account: Account) -> Markup:
    erased = sum(account.erased.values())
    shown = {
        "entries": account.entries,
        "answers that hold": account.answers,
        "yes": account.outcomes["yes"],
        "no": account.outcomes["no"],
        "undetermined": account.outcomes["undetermined"],
        "declined": account.outcomes["declined"],
        "signed questions": account.signed,
        "consents taken back": account.counts.get("withdrawal", 0),
        "erased": erased,
        "findings": account.findings_count,
    }
    cards = [tag("div", tag("dt", name), tag("dd", f"{number:,}")) for name, number in shown.items()]
    parts: list[str] = [tag("dl", *cards, class_="cards")]
    if erased:
        days = ", ".join(f"{number:,} on {day}" for day, number in account.erased.items())
        parts.append(
            tag("p", f"Erased: {days}. Of these only a hash is left, at a provider's signed word.", class_="soft small")
        )
    return tag("section", *parts, aria_label="In numbers")


def _findings(account: Account) -> Markup:
    if account.clean:
        return joined()
    blamed = [
        tag("li", tag("bdi", each.who, class_="blame"), f": {each.findings:,} " + _plural(each.findings, "finding"))
        for each in account.blamed
    ]
    rows = [_finding(each, first=place == 0) for place, each in enumerate(account.findings)]
    head = tag(
        "tr", *(tag("th", name, scope="col") for name in ("where", "when", "what", "who is to blame", "evidence"))
    )
    listed = len(account.findings)
    beyond = account.findings_count - listed
    more = [tag("p", f"{beyond:,} more were found after these {listed:,}.", class_="soft")] if beyond else []
    return tag(
        "section",
        tag("h2", "What does not hold"),
        tag("p", "The first line is the first failure: whatever rests on it may only follow from it.", class_="soft"),
        tag("ul", *blamed, class_="plain"),
        tag("div", tag("table", tag("thead", head), tag("tbody", *rows), class_="cards-on-phone"), class_="scroll"),
        *more,
    )


def _finding(found: Found, *, first: bool) -> Markup:
    if found.index is None:
        where, evidence = "the log", "the signed checkpoint"
    else:
        where = f"entry {found.index:,}"
        evidence = f"entries {', '.join(f'{each:,}' for each in found.evidence)}" if found.evidence else "this entry"
    cells = {
        "where": tag("span", where, class_="nw"),
        "when": _two_lines(found.at),
        "what": joined(tag("strong", _CODES.get(found.code, found.code.replace("-", " "))), tag("br"), found.reason),
        "who is to blame": tag("bdi", found.who, class_="blame"),
        "evidence": evidence,
    }
    written = [tag("td", content, data_label=name) for name, content in cells.items()]
    return tag("tr", *written, class_="first" if first else None)


def _contradictions(account: Account) -> Markup:
    if not account.contradictions:
        return joined()
    figures = [_figure(plot) for plot in account.contradictions]
    lead = (
        "Each bar is what one proven answer leaves possible. Answers from one value have values in common; these have "
        "none, so the provider has answered from more than one value."
    )
    return tag("section", tag("h2", "Answers that contradict each other"), tag("p", lead, class_="soft"), *figures)


def _intervals(account: Account) -> Markup:
    if not account.intervals:
        return joined()
    lead = (
        "The people that were asked about most, each by a handle that a relying party has for them. Each bar is what "
        "one proven answer leaves possible; the green band is what all of them leave. No value itself was ever shown."
    )
    figures = [_figure(plot) for plot in account.intervals]
    return tag("section", tag("h2", "What the answers say together"), tag("p", lead, class_="soft"), *figures)


def _figure(plot: Plot) -> Markup:
    title = joined(plot.attribute.name, " of ", tag("bdi", plot.subject))
    entries = ", ".join(f"{index:,}" for index in plot.credentials)
    fixed = f"fixed in {_plural(len(plot.credentials), 'entry', 'entries')} {entries} by {plot.provider}"
    drawn = sum(row.answers for row in plot.rows)
    which = f"; of {plot.answers:,} answers {drawn:,} are drawn" if drawn < plot.answers else ""
    return plot_figure(plot, title=title, note=fixed + which)


def _when(account: Account) -> Markup:
    if not account.days:
        return joined()
    return tag("section", tag("h2", "When"), timeline_figure(account.days))


def _who(account: Account) -> Markup:
    if not (account.providers or account.relying_parties):
        return joined()
    return tag(
        "section",
        tag("h2", "Who"),
        _parties("Providers: they hold the values and prove the answers", account.providers),
        _parties("Relying parties: they asked", account.relying_parties),
        _parties("Purposes: what they asked for", account.purposes, of="purpose"),
    )


def _parties(title: str, parties: Sequence[Party], *, of: str = "party") -> Markup:
    if not parties:
        return joined()
    names = (of, *OUTCOMES)
    head = tag("tr", *(tag("th", name, scope="col", class_="n" if place else None) for place, name in enumerate(names)))
    rows = []
    for party in parties[:SHOWN_PARTIES]:
        name = joined(
            tag("bdi", party.name),
            *([" ", tag("bdi", f"({party.id})", class_="soft")] if party.name != party.id else []),
        )
        cells = [tag("td", f"{party.outcomes[each]:,}", class_="n") for each in OUTCOMES]
        rows.append(tag("tr", tag("th", name, scope="row", style="font-weight:400"), *cells))
    beyond = len(parties) - SHOWN_PARTIES
    more = [tag("p", f"and {beyond:,} more", class_="soft small")] if beyond > 0 else []
    table = tag(
        "table",
        tag("caption", title, style="text-align:left;padding:.7rem .9rem;font-weight:600"),
        tag("thead", head),
        tag("tbody", *rows),
    )
    return joined(tag("div", table, class_="scroll"), *more)


def _how(account: Account) -> Markup:
    counts = ", ".join(f"{number:,} {kind}" for kind, number in account.counts.items())
    engine = "libsecp256k1, in batches" if account.engine == "fast" else "py_ecc, the independent engine, one by one"
    facts: dict[str, str] = {
        "read from": tag("bdi", account.source),
        "entries from, to": f"{_moment(account.first_at)}, {_moment(account.last_at)}" if account.first_at else "none",
        "entries by kind": counts or "none",
        "not determined because": ", ".join(f"{n:,} {reason}" for reason, n in account.undetermined.items()),
        "proofs verified with": engine,
        "once more": account.sampled.english() if account.sampled else "",
        "time it took": f"{account.seconds:,.1f} s"
        + (f", from entry {account.resumed_at:,} on" if account.resumed_at else ""),
        "the log's key": tag("code", account.log_key),
        "the key of its answers": tag("code", account.attestation_key.get("x", "")),
        "when each key counted": "; ".join(account.key_changes),
        "witnesses required": f"{account.witnesses}" if account.witnesses else "none",
    }
    rows = [cell for name, fact in facts.items() if fact for cell in (tag("dt", name), tag("dd", fact))]
    return tag(
        "section",
        tag("h2", "How this was checked"),
        tag(
            "p",
            "A provider fixes a person's values in the log before anyone asks, without showing them, and proves each "
            "yes and each no from what it fixed. No audit shows that a value is true. What a log that holds shows is "
            "that every answer comes from the value that was fixed, and that nothing was changed since.",
            class_="soft",
        ),
        tag("dl", *rows, class_="facts small"),
        tag(
            "p", "The signed state that all of this is about. Keep it: a later one must extend it.", class_="soft small"
        ),
        tag("pre", account.checkpoint),
    )


def _moment(time: str | None) -> str:
    return "" if time is None else time.replace("T", " ").replace("Z", " UTC")


def _two_lines(time: str | None) -> Markup:
    """A time where there is little room; the log as a whole has none."""
    day, _, clock = _moment(time).partition(" ")
    if not day:
        return joined()
    return tag("span", day, tag("br"), tag("span", clock, class_="soft small"), class_="nw")


def _plural(number: int, one: str, many: str = "") -> str:
    return one if number == 1 else many or f"{one}s"
