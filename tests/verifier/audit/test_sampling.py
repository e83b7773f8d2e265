"""A random sample is verified by the other engine too: which answers are drawn, and what if the two do not agree."""

import pytest

from api.audit.replaying import ReplayWorkers
from circuits.jws import SigningKey
from verifier.audit import replay as replaying
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.audit.sampling import Sample
from verifier.audit.settling import Finding, settle
from verifier.errors import Blame
from verifier.trust import Trust

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ANSWERS = 9


@pytest.fixture
def lines(world, monkeypatch):
    monkeypatch.setattr(replaying, "BATCH", 2)
    monkeypatch.setattr(replaying, "CHUNK", 4)
    for threshold in range(ANSWERS):
        world.ask(f"salary > {99_995 + threshold}", "eve", relying_party=f"lender-{threshold}")
    return list(export_lines(world.log))


def watched(drawn, engine="reference"):
    """A settler that notes what it is given."""

    def settler(batch):
        drawn.extend(waiting.index for waiting in batch)
        found = settle(batch, engine=engine)
        return lambda: found

    return settler


def draw(lines, trust, size, seed="s", **settings):
    drawn = []
    sample = Sample(size, seed=seed, engine="reference", settler=watched(drawn))
    report = replay(lines, trust=trust, sample=sample, **settings)
    assert report.failure is None
    assert (report.sampled.answers, report.sampled.seed, report.sampled.findings) == (len(drawn), seed, ())
    return drawn


def test_engines_agree(lines, world):
    for engine, other in (("fast", "reference"), ("reference", "fast")):
        report = replay(lines, trust=world.trust, engine=engine, sample=Sample(4, seed="s", engine=other))
        assert (report.failure, report.engine, report.answers) == (None, engine, ANSWERS)
        assert (report.sampled.engine, report.sampled.answers, report.sampled.findings) == (other, 4, ())
    assert replay(lines, trust=world.trust).sampled is None


def test_a_seed_decides_which(lines, world):
    answers = [number for number, line in enumerate(lines[1:]) if b'"kind":"answer"' in line]
    once = draw(lines, world.trust, 4)
    assert once == sorted(once)
    assert once == draw(lines, world.trust, 4)
    assert set(once) < set(draw(lines, world.trust, 5))
    assert len({tuple(draw(lines, world.trust, 4, f"{seed}")) for seed in range(8)}) > 4
    assert draw(lines, world.trust, 100) == answers
    assert draw(lines, world.trust, 0) == []
    often = [index for seed in range(60) for index in draw(lines, world.trust, 3, f"{seed}")]
    assert all(8 <= often.count(index) <= 36 for index in answers)  # 20 each, give or take four deviations


def test_a_resumed_replay_draws_the_same(lines, world):
    kept = []
    replay(lines, trust=world.trust, keep=kept.append)
    assert len(kept) > 2
    for ledger in kept:
        assert draw(lines, world.trust, 4, ledger=ledger) == draw(lines, world.trust, 4)


def test_workers_give_the_second_opinion(lines, world):
    with ReplayWorkers(jobs=2, engine="reference") as workers:
        sample = Sample(7, seed="s", engine="reference", settler=workers.settle)
        report = replay(lines, trust=world.trust, sample=sample)
    assert (report.failure, report.sampled.answers) == (None, 7)


def test_what_the_second_engine_refuses_is_a_finding(lines, world):
    wrong = []

    def refuses_one(batch):
        found = [Finding(waiting.index, Blame.PROVIDER, "proof-refused", "") for waiting in batch if not wrong]
        wrong.extend(each.index for each in found[:1])
        return lambda: tuple(found[:1])

    sample = Sample(4, seed="s", engine="reference", settler=refuses_one)
    report = replay(lines, trust=world.trust, sample=sample)
    assert (report.findings_count, report.answers) == (1, ANSWERS)
    assert report.failure == report.sampled.findings[0]
    assert (report.failure.index, report.failure.blame, report.failure.code) == (wrong[0], Blame.AUDITOR, "engines")
    assert "reference engine refuses what the other accepts" in report.failure.reason


def test_what_only_the_first_engine_refuses_is_a_finding(lines, world):
    strangers = Trust(world.trust.log, SigningKey(bytes(32)).public)
    agreed = replay(lines, trust=strangers, sample=Sample(4, seed="s", engine="reference"))
    assert (agreed.findings_count, agreed.sampled.findings) == (ANSWERS, ())
    blind = Sample(4, seed="s", engine="reference", settler=lambda _batch: lambda: ())
    report = replay(lines, trust=strangers, sample=blind)
    assert (report.findings_count, len(report.sampled.findings)) == (ANSWERS + 4, 4)
    assert all("accepts what the other refuses" in found.reason for found in report.sampled.findings)
