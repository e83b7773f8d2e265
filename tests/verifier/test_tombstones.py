"""A body that is gone counts only under an erasure that its provider signed; all else is found, and whose fault."""

from dataclasses import replace

import pytest

from circuits import calendar
from circuits.encoding import b64u, canonical_json, parse_json
from circuits.erasure import sign_erasure
from circuits.jws import SigningKey
from verifier.answered import Declined
from verifier.audit.export import export_lines, parse_entry_line
from verifier.audit.ledger import LedgerError
from verifier.audit.replay import replay
from verifier.entries.erasure import ErasureEntry
from verifier.entries.kinds import RevocationEntry, decode, encode
from verifier.entries.revocation import revoke
from verifier.erasing import erase
from verifier.errors import Blame, ExportError
from verifier.log.leaves import LoggedEntry, Tombstone, salted_leaf
from verifier.log.writer import Draft

from .conftest import NOW, PAYROLL, SEALER, Says, record_of


@pytest.fixture(params=["sqlite"])
def database(tmp_path):
    """What a replay is given comes from no database: one of them is enough."""
    return f"sqlite:///{tmp_path / 'database.sqlite'}"


@pytest.fixture
def asked(world):
    """Entries 5 to 8: ada, bob, ada declined, bob."""
    for subject, source in (("ada", None), ("bob", None), ("ada", Says(Declined())), ("bob", None)):
        record_of(world, "salary > 100000", subject, source=source)
    return world


def word(world, *names, key=None, provider=None):
    return sign_erasure(
        provider=provider or world.company.name,
        credentials=[world.company.subjects[name].id for name in names],
        issued_at=NOW,
        key=key or world.company.key,
    ).token


def buried(line, by):
    """The line of an entry without its body, as an operator can make it without anybody's word."""
    entry = parse_entry_line(line, parse_json(line[:-1])["index"])
    members = {"index": entry.index, "kind": entry.kind, "appended_at": calendar.rfc3339(entry.appended_at)}
    leaf = salted_leaf(entry.salt, entry.body)
    return canonical_json(members | {"leaf": b64u(leaf), "erased": by}) + b"\n"


def log_erasure(world, token, *entries):
    """Log an erasure as an operator can, past every rule; its number."""
    entry = ErasureEntry(token, entries)
    return world.log.append(lambda _index: Draft(entry.kind, encode(entry, NOW), NOW)).result(10)


def replayed(world, *, without=(), by=None, lines=None):
    lines = list(export_lines(world.log)) if lines is None else lines
    for index in without:
        lines[index + 1] = buried(lines[index + 1], by)
    return replay(lines, trust=world.trust)


def found(report):
    return [(each.index, each.blame, each.code) for each in report.findings]


def test_an_erasure_at_the_providers_word_is_clean_and_counted(asked):
    by = log_erasure(asked, word(asked, "ada"), 2, 5, 7)
    report = replayed(asked, without=(2, 5, 7), by=by)
    assert found(report) == []
    assert (report.erased, report.erased_on, report.answers) == (3, {"2026-11-18": 3}, 2)
    assert report.counts == {"provider": 1, "schema": 1, "credential": 2, "answer": 2, "erasure": 1}


def test_bodies_that_an_operator_removes_are_found(asked):
    assert found(replayed(asked)) == []
    report = replayed(asked, without=(2, 5, 7), by=9)
    assert found(report) == [(index, Blame.LOG, "erasure") for index in (2, 5, 7)]
    assert report.erased == 0
    assert "behind this checkpoint" in report.findings[0].reason


def test_an_erasure_that_nobody_signed_covers_nothing(asked):
    by = log_erasure(asked, word(asked, "ada", key=SigningKey(bytes(31) + b"\x09")), 2, 5, 7)
    report = replayed(asked, without=(2, 5, 7), by=by)
    assert found(report) == [
        *((index, Blame.LOG, "erasure") for index in (2, 5, 7)),
        (by, Blame.VERIFIER, "registry"),
    ]


def test_a_word_about_another_person_covers_nothing(asked):
    by = log_erasure(asked, word(asked, "bob"), 2, 5, 7)
    report = replayed(asked, without=(2, 5, 7), by=by)
    assert found(report) == [
        *((index, Blame.LOG, "erasure") for index in (2, 5, 7)),
        (by, Blame.VERIFIER, "registry"),
    ]
    assert "entry 3" in report.findings[-1].reason


def test_bodies_that_should_be_gone_are_found(asked):
    by = log_erasure(asked, word(asked, "ada"), 2, 5, 7)
    report = replayed(asked, without=(2, 5), by=by)
    assert found(report) == [(by, Blame.LOG, "erasure")]
    assert "entry 7" in report.findings[0].reason


@pytest.mark.parametrize("late", [8, 9, 400])
def test_an_erasure_of_later_entries_than_its_own_is_found(late, asked):
    by = log_erasure(asked, word(asked, "ada"), 2, 5, 7, *([] if late == 8 else [late]))
    report = replayed(asked, without=(2, 5, 7), by=by)
    assert (report.failure is None) == (late == 8)


def test_an_answer_that_was_left_behind_is_found(asked):
    by = log_erasure(asked, word(asked, "ada"), 2, 7)
    report = replayed(asked, without=(2, 7), by=by)
    assert found(report) == [(5, Blame.VERIFIER, "credential-erased")]


def test_an_answer_from_what_is_not_there_is_the_fault_of_who_shows_it(asked):
    """The provider's credential was in the log: only the operator can have taken it away."""
    report = replayed(asked, without=(3,), by=4)
    assert found(report) == [
        (3, Blame.LOG, "erasure"),
        (6, Blame.VERIFIER, "credential-unknown"),
        (8, Blame.VERIFIER, "credential-unknown"),
    ]
    by = log_erasure(asked, word(asked, "ada"), 2, 3, 5, 7)  # a genuine word about somebody else
    assert {each.blame for each in replayed(asked, without=(2, 3, 5, 7), by=by).findings} == {Blame.VERIFIER}


def test_an_answer_whose_credential_cannot_be_read_accuses_no_provider(asked):
    lines = list(export_lines(asked.log))
    lines[4] = lines[4].replace(b'"kind":"credential"', b'"kind":"revocation"')
    assert found(replayed(asked, lines=lines)) == [
        (3, Blame.LOG, "entry"),
        (6, Blame.VERIFIER, "credential-unknown"),
        (8, Blame.VERIFIER, "credential-unknown"),
    ]


def test_what_is_never_erased_is_found_even_when_somebody_signs(asked):
    by = log_erasure(asked, word(asked, "ada"), 1, 2, 5, 7)
    report = replayed(asked, without=(1, 2, 5, 7), by=by)
    assert (1, Blame.LOG, "erasure") in found(report)


def test_an_erasure_that_is_erased_covers_nothing(asked):
    first = log_erasure(asked, word(asked, "ada"), 2, 5, 7)
    second = log_erasure(asked, word(asked, "ada"), first)
    lines = list(export_lines(asked.log))
    for index in (2, 5, 7):
        lines[index + 1] = buried(lines[index + 1], first)
    lines[first + 1] = buried(lines[first + 1], second)
    report = replayed(asked, lines=lines)
    assert {each.index for each in report.findings} == {2, 5, 7, first}


def test_two_erasures_of_one_entry_are_found(asked):
    first = log_erasure(asked, word(asked, "ada"), 2, 5, 7)
    assert replayed(asked, without=(2, 5, 7), by=first).failure is None
    second = log_erasure(asked, word(asked, "ada"), 5)
    assert found(replayed(asked, without=(2, 5, 7), by=first)) == [(second, Blame.LOG, "erasure")]
    assert (5, Blame.LOG, "erasure") in found(replayed(asked, without=(2, 5, 7), by=second))


def test_a_leaf_that_is_not_the_one_that_was_logged_is_found(asked):
    by = log_erasure(asked, word(asked, "ada"), 2, 5, 7)
    lines = list(export_lines(asked.log))
    for index in (2, 5, 7):
        lines[index + 1] = buried(lines[index + 1], by)
    changed = parse_json(lines[6][:-1]) | {"leaf": b64u(bytes(32))}
    lines[6] = canonical_json(changed) + b"\n"
    assert found(replayed(asked, lines=lines)) == [(None, Blame.LOG, "root")]


def test_kind_and_time_beside_a_leaf_change_nothing(asked):
    by = log_erasure(asked, word(asked, "ada"), 2, 5, 7)
    lines = list(export_lines(asked.log))
    for index, kind, at in ((2, "answer", 0), (5, "declined", NOW * 2), (7, "revocation", NOW - 10**6)):
        claimed = {"kind": kind, "appended_at": calendar.rfc3339(at)}
        lines[index + 1] = canonical_json(parse_json(buried(lines[index + 1], by)[:-1]) | claimed) + b"\n"
    report = replayed(asked, lines=lines)
    assert (found(report), report.erased) == ([], 3)


@pytest.mark.parametrize(
    "change",
    [{"leaf": "AAAA"}, {"leaf": 1}, {"erased": -1}, {"erased": True}, {"erased": "9"}, {"body": "{}"}, {"index": 3}],
    ids=str,
)
def test_a_line_has_one_form(change, asked):
    line = buried(list(export_lines(asked.log))[3], 9)
    assert isinstance(parse_entry_line(line, 2), Tombstone)
    with pytest.raises(ExportError):
        parse_entry_line(canonical_json(parse_json(line[:-1]) | change) + b"\n", 2)


def test_what_was_settled_before_an_erasure_is_not_taken_over(asked, engine):
    kept = []
    lines = list(export_lines(asked.log))
    assert replay(lines, trust=asked.trust, keep=kept.append).answers == 3
    token = word(asked, "ada")
    ada = {
        "handles": [asked.company.handle("ada", "first-bank")],
        "engine": engine,
        "log": asked.log,
        "registry": asked.registry,
    }
    erase(token, **ada, sealer=SEALER, now=NOW)
    again = list(export_lines(asked.log))
    with pytest.raises(LedgerError, match="erased since"):
        replay(again, trust=asked.trust, ledger=kept[-1])
    assert replay(again, trust=asked.trust, keep=kept.append).answers == 2
    asked.ask("salary > 1", "bob")
    assert replay(list(export_lines(asked.log)), trust=asked.trust, ledger=kept[-1]).answers == 3


@pytest.fixture
def two_values(world, payslips):  # noqa: ARG001 - the log has them
    """A payslip says another salary than the passport, and is asked about after what may come between."""

    def ask(between=lambda _world: None):
        world.ask("salary > 100000", "ada")
        between(world)
        world.ask("salary > 100000", "ada", schemas=(PAYROLL,))
        return world

    return ask


def revoked(world):
    company = world.company
    ada = company.subjects["ada"].id
    word = revoke(provider=company.name, credential=ada, reason="erroneous", issued_at=NOW, key=company.key)
    world.publish(RevocationEntry(word.token))


def test_two_values_with_nothing_between_are_found(two_values):
    world = two_values()
    by = log_erasure(world, word(world, "bob"), 3)  # afterwards
    assert found(replayed(world, without=(3,), by=by)) == [(world.log.size - 2, Blame.PROVIDER, "contradiction")]


def test_a_revocation_that_an_operator_takes_away_does_not_make_an_honest_provider_contradict_itself(two_values):
    """Nobody can tell whose the entries were that go with a genuine word about somebody else."""
    world = two_values(between=revoked)
    assert found(replayed(world)) == []
    (revocation,) = (each.index for each in world.log.read(0) if each.kind == "revocation")
    by = log_erasure(world, word(world, "bob"), 3, revocation)
    report = replayed(world, without=(3, revocation), by=by)
    assert (found(report), report.erased) == ([], 2)


def test_a_value_that_changes_while_it_is_asked_for_is_no_contradiction(world, payslips):  # noqa: ARG001 - in the log
    """The later question was put before the revocation, or the verifier says so: it was answered after."""

    class Revoking:
        def fetch(self, query):
            revoked(world)
            return world.company.fetch(query)

    world.ask("salary > 100000", "ada")
    world.ask("salary > 100000", "ada", schemas=(PAYROLL,), source=Revoking())
    assert found(replayed(world)) == []


def test_a_credential_that_was_erased_and_is_still_shown_accuses_nobody(two_values):
    world = two_values(between=revoked)
    (revocation,) = (each.index for each in world.log.read(0) if each.kind == "revocation")
    log_erasure(world, word(world, "ada"), 2, revocation)
    assert {each.blame for each in replayed(world).findings} == {Blame.LOG}


def without_proof(world):
    """Log an answer that nothing proves, as a verifier can that looks at nothing; its number."""
    entry = decode(world.log.entry(6).body)[0]
    forged = replace(entry, proof=bytes(len(entry.proof)), query=replace(entry.query, id=b64u(bytes(16))))
    return world.log.append(lambda _index: Draft(entry.kind, encode(forged, NOW), NOW)).result(10)


def another_kind(lines, index):
    lines[index + 1] = lines[index + 1].replace(b'"kind":"answer"', b'"kind":"declined"')


def another_time(lines, index):
    stated = parse_json(lines[index + 1][:-1])
    lines[index + 1] = canonical_json(stated | {"appended_at": calendar.rfc3339(NOW + 1)}) + b"\n"


def no_body(lines, index):
    lines[index + 1] = buried(lines[index + 1], index + 1)


@pytest.mark.parametrize("hide", [another_kind, another_time, no_body])
def test_what_was_hidden_while_a_ledger_was_written_is_not_taken_for_settled(hide, asked):
    """The root is the same: an operator shows a false answer so that it is passed over, breaks off, and shows it."""
    forged = without_proof(asked)
    good = list(export_lines(asked.log))
    assert (forged, Blame.VERIFIER, "attestation") in found(replay(good, trust=asked.trust))
    shown, kept = list(good), []
    hide(shown, forged)
    first = replay(shown, trust=asked.trust, keep=kept.append)
    assert forged in {each.index for each in first.findings}
    assert replay(shown, trust=asked.trust, ledger=kept[-1]) == first
    other = list(good)
    if hide is no_body:
        no_body(other, 8)  # as many without a body as before
    with pytest.raises(LedgerError, match="shown"):
        replay(other, trust=asked.trust, ledger=kept[-1])


def test_the_auditors_earlier_export_still_says_what_was_erased(asked, engine):
    earlier = list(export_lines(asked.log))
    note = asked.log.note
    erase(
        word(asked, "ada"),
        handles=[asked.company.handle("ada", "first-bank")],
        engine=engine,
        log=asked.log,
        registry=asked.registry,
        sealer=SEALER,
        now=NOW,
    )
    assert replay(earlier, trust=asked.trust).answers == 3
    report = replay(export_lines(asked.log), trust=asked.trust, since=note)
    assert (report.failure, report.answers, report.erased) == (None, 2, 3)
    before = {entry.index: entry for entry in (parse_entry_line(line, n) for n, line in enumerate(earlier[1:]))}
    for entry in asked.log.read(0):
        if isinstance(entry, Tombstone):
            was = before[entry.index]
            assert isinstance(was, LoggedEntry)
            assert salted_leaf(was.salt, was.body) == entry.leaf
