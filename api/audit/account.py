"""The account of a replay: everything its report says, as values that are written as JSON or as a page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from api.audit.observations import DAY, OUTCOMES, Commitment, Observations, Shown
from circuits import calendar
from circuits.attributes import Attribute
from circuits.consent import PURPOSES
from circuits.telling import Intervals, Remainder, sentence
from circuits.telling.intervals import common
from verifier.audit.replay import Report
from verifier.audit.sampling import Sampled
from verifier.audit.settling import Finding
from verifier.entries.attestors import told
from verifier.errors import Blame
from verifier.trust import Trust

FORMAT: Final = "zkattest-report/1"
MOST_PLOTS: Final = 12


@dataclass(frozen=True, slots=True)
class Party:
    """A provider, a relying party or a purpose, with how its questions ended."""

    id: str
    name: str
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Found:
    """Something that does not hold, with when and who.

    Attributes:
        index: the entry; None for the log as a whole.
        at: when that was appended, RFC 3339.
        blame: the kind of party.
        who: which one, as far as it is known.
        code, reason, evidence: see `verifier.audit.settling.Finding`.
    """

    index: int | None
    at: str | None
    blame: str
    who: str
    code: str
    reason: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Blamed:
    """A party, and how many of the listed findings are its doing."""

    blame: str
    who: str
    findings: int


@dataclass(frozen=True, slots=True)
class Days:
    """How questions ended on a day, or on a few days together."""

    start: str
    days: int
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """What one answer says, or several that say the same: the values left, encoded and in words; who asked, and where.

    Of many answers the entries and the relying parties are those first noted, and the newest.
    """

    intervals: Intervals
    words: str
    answers: int
    indices: tuple[int, ...]
    relying_parties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """Answers about one attribute of one person, and what they leave together.

    Attributes:
        provider, subject: whose, by the handle that the first who asked has for them.
        credentials: entries of the credentials that were answered from.
        attribute: under its schema.
        answers: how many answers there are; the rows are those that say most.
        rows: by the values they leave, the lowest first.
        left: what all of them leave; empty if they contradict each other.
        words: the same for people.
    """

    provider: str
    subject: str
    credentials: tuple[int, ...]
    attribute: Attribute
    answers: int
    rows: tuple[Row, ...]
    left: Intervals
    words: str


@dataclass(frozen=True, slots=True)
class Account:
    """Everything a report says; `checked` and `source` are how and what, the rest is what was found."""

    clean: bool
    verdict: str
    origin: str
    log_key: str
    attestation_key: dict[str, Any]
    witnesses: int
    checkpoint: str
    source: str
    engine: str
    made_at: str
    seconds: float
    resumed_at: int
    entries: int
    answers: int
    counts: dict[str, int]
    outcomes: dict[str, int]
    undetermined: dict[str, int]
    erased: dict[str, int]
    first_at: str | None
    last_at: str | None
    providers: tuple[Party, ...]
    relying_parties: tuple[Party, ...]
    days: tuple[Days, ...]
    findings: tuple[Found, ...]
    findings_count: int
    blamed: tuple[Blamed, ...]
    contradictions: tuple[Plot, ...]
    intervals: tuple[Plot, ...]
    key_changes: tuple[str, ...] = ()
    sampled: Sampled | None = None
    signed: int = 0
    purposes: tuple[Party, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Write as JSON: values of attributes as in an answer, not as they are encoded."""
        members = {name: getattr(self, name) for name in self.__slots__}
        plots = {name: [_plot_json(plot) for plot in members[name]] for name in ("contradictions", "intervals")}
        listed = ("providers", "relying_parties", "purposes", "days", "findings", "blamed")
        return {
            "format": FORMAT,
            **members,
            **{name: [asdict(each) for each in members[name]] for name in listed},
            "sampled": None if self.sampled is None else asdict(self.sampled),
            **plots,
        }


def account(
    report: Report,
    seen: Observations,
    *,
    trust: Trust,
    source: str,
    made_at: int,
    seconds: float,
    resumed_at: int = 0,
) -> Account:
    """Put together what a replay found and what was seen on the way.

    Args:
        report: of the replay.
        seen: what watched it.
        trust: the auditor's pins.
        source: what was read, for people.
        made_at: Unix seconds.
        seconds: how long it took.
        resumed_at: how many entries' proofs had been verified before.
    """
    findings = tuple(_found(each, seen) for each in report.findings)
    contradictions = _contradictions(report.findings, seen)
    pins = trust.to_json()
    return Account(
        clean=not findings,
        verdict=_verdict(report, findings),
        origin=report.origin,
        log_key=pins["vkey"],
        attestation_key=pins["jwk"],
        key_changes=tuple(told(each) for each in report.keys) if len(report.keys) > 1 else (),
        witnesses=pins.get("quorum", 0),
        checkpoint=report.checkpoint,
        source=source,
        engine=report.engine,
        sampled=report.sampled,
        made_at=calendar.rfc3339(made_at),
        seconds=round(seconds, 3),
        resumed_at=resumed_at,
        entries=report.entries,
        answers=report.answers,
        signed=report.signed,
        counts=dict(sorted(report.counts.items())),
        outcomes=_outcomes(seen.outcomes),
        undetermined=dict(sorted(seen.reasons.items())),
        erased=dict(getattr(report, "erased_on", {})),
        first_at=_time(seen.first),
        last_at=_time(seen.last),
        providers=_parties(seen.providers, seen.names),
        relying_parties=_parties(seen.relying_parties, {}),
        purposes=_parties(seen.purposes, {name: PURPOSES[name] for name in seen.purposes if name in PURPOSES}),
        days=_days(seen),
        findings=findings,
        findings_count=report.findings_count,
        blamed=_blamed(findings),
        contradictions=contradictions,
        intervals=_intervals(seen, but=contradictions),
    )


def _verdict(report: Report, findings: Sequence[Found]) -> str:
    if not findings:
        answers = f"all {report.answers:,} answers hold" if report.answers != 1 else "the one answer holds"
        what = answers if report.answers else "nothing has been answered yet"
        return f"This log holds: its {report.entries:,} entries are what was signed, and {what}."
    first, count = findings[0], report.findings_count
    where = "the log as a whole" if first.index is None else f"entry {first.index:,}"
    when = "" if first.at is None else f" of {first.at[:10]}"
    which = "1 finding, about" if count == 1 else f"{count:,} findings, the first about"
    return f"This log does not hold: {which} {where}{when}; {first.who} is to blame."


def _found(finding: Finding, seen: Observations) -> Found:
    at = _time(seen.at(finding.index))
    return Found(
        finding.index,
        at,
        str(finding.blame),
        _who(finding, seen),
        finding.code,
        finding.reason,
        tuple(finding.evidence),
    )


def _who(finding: Finding, seen: Observations) -> str:
    provider = seen.provider_of(finding.index) if finding.blame is Blame.PROVIDER else None
    if provider is None:
        return f"the {finding.blame}"
    name = seen.names.get(provider)
    return f"the provider {name} ({provider})" if name else f"the provider {provider}"


def _blamed(findings: Sequence[Found]) -> tuple[Blamed, ...]:
    counted = Counter((each.blame, each.who) for each in findings)
    return tuple(Blamed(blame, who, count) for (blame, who), count in counted.most_common())


def _outcomes(counted: Mapping[str, int]) -> dict[str, int]:
    return {name: counted.get(name, 0) for name in OUTCOMES}


def _parties(parties: Mapping[str, Counter[str]], names: Mapping[str, str]) -> tuple[Party, ...]:
    ranked = sorted(parties.items(), key=lambda item: (-item[1].total(), item[0]))
    silent = [name for name in names if name not in parties]
    counted = [*ranked, *((name, Counter[str]()) for name in silent)]
    return tuple(Party(name, names.get(name, name), _outcomes(outcomes)) for name, outcomes in counted)


def _days(seen: Observations) -> tuple[Days, ...]:
    width = seen.bin_days
    return tuple(
        Days(calendar.rfc3339(number * width * DAY)[:10], width, _outcomes(outcomes))
        for number, outcomes in sorted(seen.bins.items())
    )


def _contradictions(findings: Sequence[Finding], seen: Observations) -> tuple[Plot, ...]:
    found = (seen.about(each.evidence) for each in findings if each.evidence)
    plots = (_plot(each) for each in found if each)
    return tuple(plot for plot in plots if not plot.left)[:MOST_PLOTS]


def _intervals(seen: Observations, *, but: Sequence[Plot]) -> tuple[Plot, ...]:
    plots = (_plot([(each, list(each.facts.values()))]) for each in seen.most_asked(MOST_PLOTS))
    shown = {(plot.credentials, plot.attribute.name) for plot in but}
    return tuple(plot for plot in plots if plot.left or (plot.credentials, plot.attribute.name) not in shown)


def _plot(commitments: Sequence[tuple[Commitment, Sequence[Shown]]]) -> Plot:
    first = commitments[0][0]
    facts = sorted((each for _, said in commitments for each in said), key=lambda each: each.intervals)
    whole = ((first.attribute.minimum, first.attribute.maximum),)
    left = first.left if len(commitments) == 1 else whole
    for each in facts:
        left = common(left, each.intervals)
    return Plot(
        provider=first.provider,
        subject=first.subject,
        credentials=tuple(sorted({commitment.credential for commitment, _ in commitments})),
        attribute=first.attribute,
        answers=sum(commitment.answers for commitment, _ in commitments),
        rows=tuple(
            Row(each.intervals, each.words, each.answers, tuple(sorted(each.indices)), tuple(each.relying_parties))
            for each in facts
        ),
        left=left,
        words=_words(first, left),
    )


def _words(commitment: Commitment, left: Intervals) -> str:
    if not left:
        return "nothing: these answers cannot all be true"
    attribute = commitment.attribute
    remainder = Remainder(((1, attribute.name),), (attribute.minimum, attribute.maximum), left)
    return sentence(remainder, commitment.predicate, commitment.vocabulary, as_of=commitment.as_of)


def _plot_json(plot: Plot) -> dict[str, Any]:
    attribute = plot.attribute

    def decoded(intervals: Intervals) -> list[list[str]]:
        return [[attribute.decode(low), attribute.decode(high)] for low, high in intervals]

    rows = [asdict(replace(row, intervals=())) | {"intervals": decoded(row.intervals)} for row in plot.rows]
    return {
        "provider": plot.provider,
        "subject": plot.subject,
        "credentials": list(plot.credentials),
        "attribute": attribute.name,
        "type": str(attribute.type),
        "currency": attribute.currency,
        "period": attribute.period,
        "answers": plot.answers,
        "rows": rows,
        "left": decoded(plot.left),
        "words": plot.words,
    }


def _time(at: int | None) -> str | None:
    return None if at is None else calendar.rfc3339(at)
