"""A few people of the simulation that `make leakage` runs over thousands, and that it can fail."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import providers
import pytest
from picture import picture
from run import table
from simulation import ATTACKERS, attack, promised, simulate

from circuits.leakage import Knowledge, Known, Refusal, decide
from prover.knowledge import Names

PROMISED = [each for each in ATTACKERS if each.promised]
RULED = [each for each in ATTACKERS if not each.prover]


def names(attacker):
    return f"{attacker.name}, {attacker.target}, {attacker.lenders}{', at a prover' * attacker.prover}"


def named(name, *, prover=False):
    return next(each for each in ATTACKERS if (each.name, each.prover) == (name, prover))


@pytest.mark.parametrize("attacker", PROMISED, ids=names)
def test_nobody_comes_below_the_promised_width(attacker):
    summary = simulate(attacker, 2 if attacker.prover else 6)
    assert summary.kept
    assert 1 < summary.paid <= summary.answered < summary.asked


@pytest.mark.parametrize("name", ["bisection", "random", "masks", "clauses"])
def test_without_the_residual_they_do(name, monkeypatch):
    def lenient(question, known, rules):
        decision = decide(question, known, rules)
        return replace(decision, refusal=None) if decision.refusal is Refusal.RESIDUAL else decision

    monkeypatch.setattr(providers, "decide", lenient)
    attacker = named(name)
    assert attack(attacker, 1).width < promised(attacker)


def test_without_looking_at_pairs_who_moves_does(monkeypatch):
    def single(question, known, rules):
        return decide(question, Known(replace(known.own, mixed=frozenset()), known.everyone), rules)

    attacker = named("moving")
    assert attack(attacker, 9).width >= promised(attacker)
    monkeypatch.setattr(providers, "decide", single)
    assert attack(attacker, 9).width < promised(attacker)


@pytest.mark.parametrize("name", ["new commitments", "versions"])
def test_a_prover_that_forgets_what_was_asked_about_another_credential_is_found_out(name, monkeypatch):
    read = Names.read

    def forgetful(self, learnt, current):
        known = read(self, learnt, current)
        return (
            Knowledge() if any(each.credential not in current.values() for each in learnt.sources.values()) else known
        )

    attacker = named(name, prover=True)
    assert simulate(attacker, 2).kept
    monkeypatch.setattr(Names, "read", forgetful)
    assert not simulate(attacker, 2).kept


def test_with_budgets_of_their_own_and_no_ladder_many_lenders_together_come_below():
    (together,) = (each for each in ATTACKERS if not each.promised and each.lenders == 16)
    assert not simulate(together, 30).kept


def test_table_and_picture():
    summaries = [simulate(each, 3) for each in (*RULED[-5:], named("races", prover=True))]
    assert table(summaries).count("\n") == len(summaries) + 1
    ET.fromstring(picture(summaries))  # noqa: S314 - our own drawing
