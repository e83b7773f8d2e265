"""What a replay found, as files that can be carried to a judge: for each finding the answers that it takes."""

from pathlib import Path
from typing import Final

from api.home.files import write_file
from verifier.audit.excerpt import Reopen, excerpt
from verifier.audit.replay import Report
from verifier.audit.settling import Finding
from verifier.trust import Trust

README: Final = "README.txt"
_ABOUT: Final = """What a replay of the log {origin} found.

Each file is one answer, with the log's signature on the entries it is made of. Check them offline, with the same pins:

    attest evidence verify FILE
    attest evidence contradict FILE FILE

Answers that contradict each other hold, each by itself: that is what makes them evidence against the provider, who
proved all of them. Files cannot show that no credential ended between two questions; the replay has made sure of it.
The file of an answer that does not hold is refused: it shows what was logged, under the log's signature.
The checkpoint was that of {size:,} entries.
"""


def carry(folder: Path, report: Report, *, reopen: Reopen, trust: Trust) -> list[str]:
    """Write the evidence files of every answer that a finding names, and what they are, into a folder.

    Args:
        folder: made if it is missing. The files name people: only their owner may read them.
        report: of a replay of what `reopen` reads.
        reopen: reads the export again, twice.
        trust: as the replay was given.

    Returns:
        The names of the evidence files; none if the log as a whole does not hold: nothing can then be shown from it.

    Raises:
        ExportError: it is no longer what was replayed.
        OSError: the folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    named = {index for finding in report.findings for index in _answers(finding)}
    whole = all(finding.index is not None for finding in report.findings)
    files = excerpt(reopen, named, trust=trust) if named and whole else {}
    for index, content in files.items():
        write_file(folder / _name(index), content)
    told = [_ABOUT.format(origin=report.origin, size=report.entries)]
    for number, finding in enumerate(report.findings, start=1):
        listed = [_name(index) for index in _answers(finding) if index in files]
        told.append(
            f"{number}. {finding}\n   {', '.join(listed) or 'no file: it is not about an answer that can be shown'}\n"
        )
    if not report.findings:
        told.append("Nothing was found.\n")
    write_file(folder / README, "\n".join(told).encode())
    return [_name(index) for index in files]


def _answers(finding: Finding) -> tuple[int, ...]:
    return finding.evidence or (() if finding.index is None else (finding.index,))


def _name(index: int) -> str:
    return f"{index}.evidence.json"
