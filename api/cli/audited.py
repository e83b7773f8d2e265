"""How a replay's account is told: at the terminal, as JSON, and in files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from api.cli import present
from api.cli.failures import CommandError

if TYPE_CHECKING:
    from api.audit.account import Account, Found

HTML, JSON = ".html", ".json"
_SHOWN = 10


def require_reports(files: Sequence[Path]) -> None:
    """Refuse, before a replay that may take hours, what no report can be written to.

    Raises:
        CommandError: a name ends in neither .html nor .json.
        OSError: no file can be written there.
    """
    from api.home.files import require_writable

    for file in files:
        if file.suffix not in (HTML, JSON):
            raise CommandError(
                "a report is a page or JSON", where=f"--report {file}", remedy="end its name in .html or .json"
            )
        require_writable(file)


def write_reports(account: "Account", files: Sequence[Path], *, quiet: bool) -> None:
    """Write the account in the forms that the files' names ask for; readable by their owner, for it names people."""
    from api.audit.report_page import report_page
    from api.home.files import write_file

    for file in files:
        if file.suffix == HTML:
            write_file(file, report_page(account))
        else:
            write_file(file, json.dumps(account.to_json(), indent=2, ensure_ascii=False).encode() + b"\n")
        if not quiet:
            present.err.print(Text(f"report written to {file}", style="dim"))


def tell(account: "Account", *, since: int | None = None, as_json: bool) -> None:
    """Say what was found; `since` is the size of the checkpoint that was kept from the last time."""
    if as_json:
        present.print_json(account.to_json())
        return
    present.out.print(_facts(account, since))
    if account.clean:
        present.out.print("[bold green]clean[/]  root, registry, proofs and attestations all hold")
        return
    present.out.print(_findings(account.findings[:_SHOWN]))
    beyond = account.findings_count - min(len(account.findings), _SHOWN)
    if beyond:
        present.out.print(f"[dim]and {beyond:,} more; --report FILE.html lists the first hundred[/]")
    present.err.print(Text.assemble(("broken ", "bold red"), account.verdict))
    for each in account.blamed:
        count = "1 finding" if each.findings == 1 else f"{each.findings:,} findings"
        present.err.print(Text.assemble(("  blame  ", "dim"), (_plain(each.who), "bold"), f", {count}"))


def _facts(account: "Account", since: int | None) -> Table:
    table = Table.grid(padding=(0, 2))
    outcomes, erased = account.outcomes, sum(account.erased.values())
    said = ", ".join(f"{number:,} {name}" for name, number in outcomes.items() if number)
    ended = account.counts.get("withdrawal", 0)
    rows = {
        "log": _plain(account.origin),
        "read from": _plain(account.source),
        "entries": f"{account.entries:,}",
        "answers that hold": f"{account.answers:,}, proof by proof, {account.engine} engine",
        "their keys": "\n".join(account.key_changes),
        "once more": account.sampled.english() if account.sampled else "",
        "questions": f"{said}; {account.signed:,} of them signed" if said else "none",
        "taken back": f"{ended:,} consent{'s' * (ended != 1)}" if ended else "",
        "erased": f"{erased:,}, on {', '.join(account.erased)}" if erased else "",
        "from, to": f"{account.first_at}, {account.last_at}" if account.first_at else "",
        "since": f"it extends the checkpoint of {since:,} entries" if since is not None and account.clean else "",
        "time": f"{account.seconds:.1f} s",
        "resumed": f"proofs of the first {account.resumed_at:,} entries were verified before, see --resume"
        if account.resumed_at
        else "",
    }
    for name, row in rows.items():
        if row:
            table.add_row(Text(name, style="dim"), Text(row))
    return table


def _findings(findings: "tuple[Found, ...]") -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), header_style="dim")
    for name in ("where", "when", "blame", "what"):
        table.add_column(name, no_wrap=name in ("where", "when"), overflow="fold")
    for place, each in enumerate(findings):
        where = "the log" if each.index is None else f"entry {each.index:,}"
        what = Text(_plain(each.reason))
        if each.evidence:
            what.append(f"\nevidence: entries {', '.join(map(str, each.evidence))}", style="dim")
        style = "bold" if place == 0 else ""
        table.add_row(Text(where, style=style), (each.at or "")[:10], Text(_plain(each.who), style="red"), what)
    return table


def _plain(text: str) -> str:
    from api.audit.markup import plain

    return plain(text)
