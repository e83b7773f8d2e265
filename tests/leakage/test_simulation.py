"""A few people of the simulation that `make leakage` runs over thousands, and that it can fail."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
import simulation
from picture import picture
from run import table
from simulation import ATTACKERS, attack, promised, simulate

from circuits.leakage import Refusal, decide

NAMES = [f"{each.name}, {each.target}, {each.lenders}" for each in ATTACKERS]


@pytest.mark.parametrize("attacker", [each for each in ATTACKERS if each.promised], ids=lambda each: each.name)
def test_nobody_comes_below_the_promised_width(attacker):
    summary = simulate(attacker, 8)
    assert summary.kept
    assert summary.paid > 1


@pytest.mark.parametrize("attacker", ATTACKERS[:2], ids=NAMES[:2])
def test_without_the_residual_they_do(attacker, monkeypatch):
    def lenient(question, known, rules):
        decision = decide(question, known, rules)
        return replace(decision, refusal=None) if decision.refusal is Refusal.RESIDUAL else decision

    monkeypatch.setattr(simulation, "decide", lenient)
    assert attack(attacker, 1).width < promised(attacker)


def test_with_budgets_of_their_own_and_no_ladder_many_lenders_together_come_below():
    (together,) = (each for each in ATTACKERS if not each.promised and each.lenders == 16)
    assert not simulate(together, 30).kept


def test_table_and_picture():
    summaries = [simulate(each, 3) for each in ATTACKERS]
    assert table(summaries).count("\n") == len(ATTACKERS) + 1
    ET.fromstring(picture(summaries))  # noqa: S314 - our own drawing
