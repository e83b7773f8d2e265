"""A refusal is a function of past public answers and of the question: of two people with different values, who were
answered the same so far, both are refused, or neither is. And what an answer is said to disclose depends on no more.

Pairs of people who differ in nothing but their values are asked the same questions at a real prover, until an answer
sets them apart: for a relying party only an answer that it was given itself, unless there is one budget for all.
"""

import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.database import migrate, open_engine
from circuits import predicate as predicates
from circuits.attributes import Schema
from circuits.encoding import b64u
from circuits.errors import PredicateError
from circuits.leakage import Decision, Known, Refusal, learn
from circuits.leakage.cuts import alone
from circuits.query import Query, Reasons
from circuits.telling.intervals import count
from circuits.vocabulary import Vocabulary
from prover import disclosure
from prover.catalogue import Catalogue
from prover.consent import Consents, Terms
from prover.disclosure import Ledger
from prover.errors import Declined
from prover.issuance import Issuer
from prover.records import Record
from prover.vault import Vault

NOW = 1_800_000_000  # 2027-01-15
ORIGIN = "verifier.example/log"
SCHEMA = Schema.from_json(
    {
        "schema": "small",
        "version": 1,
        "attributes": [
            {"name": "x", "type": "integer", "min": "0", "max": "40", "disclosure": {"residual": "5"}},
            {"name": "y", "type": "integer", "min": "-10", "max": "25", "disclosure": {"residual": "4"}},
            {"name": "z", "type": "integer", "min": "0", "max": "30", "disclosure": {"ladder": ["5", "10", "20"]}},
            {
                "name": "born",
                "type": "date",
                "min": "2000-01-01",
                "max": "2009-12-31",
                "disclosure": {"residual": "90"},
            },
            {"name": "h", "type": "bool"},
            {"name": "turn", "type": "integer", "min": "0", "max": "1000"},
        ],
    }
)
VOCABULARY = Vocabulary((SCHEMA,))
LENDERS = 2

OPERATORS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
COMPARISONS = st.one_of(
    st.builds("x {} {}".format, OPERATORS, st.integers(-1, 42)),
    st.builds("y {} {}".format, OPERATORS, st.integers(-12, 27)),
    st.builds("z {} {}".format, OPERATORS, st.sampled_from([5, 6, 10, 20])),
    st.builds("{} * x + {} * y {} {}".format, *[st.integers(1, 3)] * 2, OPERATORS, st.integers(-20, 90)),
    st.builds("x - y {} {}".format, OPERATORS, st.integers(-20, 50)),
    st.builds("x in [{}, {}]".format, *[st.integers(0, 40)] * 2),
    st.builds("age(born) {} {}".format, OPERATORS, st.integers(18, 26)),
    st.just("h"),
)
TEXTS = st.one_of(
    COMPARISONS,
    COMPARISONS.filter(lambda text: text.startswith("x ")),
    st.builds("({} && {})".format, COMPARISONS, COMPARISONS),
    st.builds("({} || !({}))".format, COMPARISONS, COMPARISONS),
    st.builds("at_least(2, {}, {}, {})".format, COMPARISONS, COMPARISONS, COMPARISONS),
)
VALUES = st.fixed_dictionaries(
    {"x": st.integers(0, 40), "y": st.integers(-10, 25), "z": st.integers(0, 30), "h": st.sampled_from(["yes", "no"])},
    optional={"born": st.sampled_from(["2000-06-01", "2004-05-06", "2008-12-31"])},
)
PAIRS = st.lists(VALUES, min_size=2, max_size=2)
ASKED = st.tuples(st.just("ask"), st.integers(0, LENDERS - 1), TEXTS, st.sampled_from(Reasons))
STEPS = st.lists(
    st.one_of(
        *[ASKED] * 6,
        st.tuples(st.just("again"), st.integers(0, LENDERS - 1)),
        st.tuples(st.just("renew"), PAIRS),
    ),
    min_size=2,
    max_size=14,
)


class House:
    """A provider of its own, and pairs of people."""

    def __init__(self, folder, keys, key):
        self.engine = open_engine(f"sqlite:///{folder / 'vault.sqlite'}")
        migrate(self.engine, "prover")
        self.vault = Vault.unlock(self.engine, keys, entropy=os.urandom)
        self.issuer = Issuer(self.engine, self.vault, key=key, provider="bank")
        self.consents = Consents(self.engine, self.vault, key=key, provider="bank")
        ours = {"key": key.public, "schemas": Catalogue(self.engine)}
        self.ledgers = [Ledger(self.engine, self.vault, shared=shared, **ours) for shared in (False, True)]
        self.values, self.handles, self.granted, self.decided = {}, {}, {}, []
        self.pairs = self.turn = 0

    def admit(self, names, pair):
        """Commit to a pair's values, anew if they have some; whatever they are, as a change."""
        self.turn += 1
        everything = dict.fromkeys(attribute.name for attribute in SCHEMA)
        for name, values in zip(names, pair, strict=True):
            texts = {attribute: str(value) for attribute, value in values.items()} | {"turn": str(self.turn % 1000)}
            (outcome,) = self.issuer.issue([Record(name, texts)], schema=SCHEMA, now=NOW, entropy=os.urandom)
            assert outcome.credential, outcome
            encoded = {each: SCHEMA.attribute(each).encode(text) for each, text in texts.items()}
            self.values[name] = everything | encoded
        waiting = self.issuer.pending(10)
        self.issuer.mark_registered([one.id for one in waiting], range(len(waiting)))

    def query(self, name, lender, text, reasons):
        """Ask about somebody, under a consent of theirs to anything."""
        if (name, lender) not in self.granted:
            terms = Terms(f"lender-{lender}", ORIGIN, "sandbox", NOW + 10**6, reasons=Reasons.FAILED_CLAUSES)
            self.granted[name, lender] = self.consents.grant(name, terms, now=NOW, entropy=os.urandom)
        consent = self.granted[name, lender]
        self.handles[consent.handle] = name
        return Query(
            id=b64u(os.urandom(16)),
            nonce=os.urandom(32),
            audience=ORIGIN,
            relying_party=consent.relying_party,
            provider="bank",
            subject=consent.handle,
            purpose=consent.purpose,
            predicate_text=text,
            predicate_digest=predicates.parse(text, VOCABULARY).digest,
            schema_digests=(SCHEMA.digest,),
            as_of="2027-01-15",
            max_age=None,
            issued_at=NOW,
            expires_at=NOW + 300,
            consent=b64u(consent.digest),
            reasons=reasons,
        )

    def spend(self, query, *, shared):
        """What is told, and what was decided; of that, what is kept of who asks."""
        self.decided.clear()
        predicate = predicates.parse(query.predicate_text, VOCABULARY)
        try:
            told = self.ledgers[shared].spend(query, predicate, VOCABULARY, now=NOW, entropy=os.urandom).told
        except Declined as declined:
            return ("declined", str(declined)), self.decided[:]
        return (told.outcome.value, told.answer, told.clauses, told.disclosed, told.reason), self.decided[:]

    def judging(self, rule):
        """The prover's judge, by a rule that is also told the values; what is decided is kept."""

        def judge(query, question, consent, standing, known, **more):
            def decide(known):
                return original(query, question, consent, standing, known, **more)

            decision = rule(self.values[self.handles[query.subject]], question, known, decide)
            self.decided.append(decision if isinstance(decision, str) else (decision.free, decision.spent.own))
            return decision

        original = disclosure.judge
        return judge


def compared(house, pair, steps, *, shared):
    """Ask about two people the same, and say how often both were refused and both were not."""
    house.pairs += 1
    names = [f"{who}-{house.pairs}" for who in ("one", "other")]
    house.admit(names, pair)
    alike = dict.fromkeys(range(LENDERS), True)
    last = {}
    counts = {"declined": 0, "told": 0}
    for kind, *more in steps:
        if kind == "renew":
            house.admit(names, *more)
            continue
        lender, *asked = more
        if not (all(alike.values()) if shared else alike[lender]):
            continue
        if kind == "ask":
            try:
                last[lender] = [house.query(name, lender, *asked) for name in names]
            except PredicateError:
                continue
        elif lender not in last:
            continue
        (one, decided), (other, decided_too) = (house.spend(query, shared=shared) for query in last[lender])
        assert (one[0] == "declined") == (other[0] == "declined")
        assert decided == decided_too
        counts["declined" if one[0] == "declined" else "told"] += 1
        alike[lender] = one[:3] == other[:3]
        assert not alike[lender] or one == other
    return counts


@pytest.fixture
def house(tmp_path, keys, signing_key):
    house = House(tmp_path, keys, signing_key)
    yield house
    house.engine.dispose()


def prove(house, *, examples):
    """Let hypothesis look for two people who are refused different questions."""
    totals = {"declined": 0, "told": 0}

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(pair=PAIRS, steps=STEPS, shared=st.booleans())
    def holds(pair, steps, shared):
        for outcome, times in compared(house, pair, steps, shared=shared).items():
            totals[outcome] += times

    holds()
    return totals


def honest(_values, _question, known, decide):
    return decide(known)


def looks_at_the_value(values, question, known, decide):
    """Refuse what would leave too little with the answer that there is, instead of with any."""
    decision = decide(known)
    if decision != Refusal.RESIDUAL or None in values.values():
        return decision
    answer = predicates.evaluate(question.predicate, values, question.as_of)
    own = learn(question, known, answer=answer).own
    left = {name: count(own.left(alone(name), SCHEMA)) for name in question.predicate.attributes}
    promised = {name: SCHEMA.attribute(name).disclosure for name in left}
    enough = all(left[name] >= ((promised[name] and promised[name].residual) or 1) for name in left)
    return Decision(free=False, refusal=None, spent=known) if enough else decision


def looks_whether_there_is_a_value(values, question, known, decide):
    """Refuse a question only if it could be answered."""
    if any(values[name] is None for name in question.predicate.attributes):
        return Decision(free=False, refusal=None, spent=known)
    return decide(known)


def looks_at_what_others_were_told(_values, _question, known, decide):
    """Decide from what all relying parties together know."""
    return decide(Known(known.everyone, known.everyone))


def keeps_cuts_by_the_value(values, _question, known, decide):
    """Forget what was asked about attributes whose value is even."""
    kept = {form: cuts for form, cuts in known.own.cuts.items() if len(form) > 1 or (values[form[0][1]] or 0) % 2}
    return decide(Known(replace(known.own, cuts=kept), known.everyone))


@pytest.mark.parametrize("examples", [40, pytest.param(600, marks=pytest.mark.long)])
def test_a_refusal_follows_from_past_answers_and_the_question_alone(house, monkeypatch, examples):
    monkeypatch.setattr(disclosure, "judge", house.judging(honest))
    totals = prove(house, examples=examples)
    assert totals["declined"] > examples // 4
    assert totals["told"] > examples // 4


@pytest.mark.parametrize(
    "mutant",
    [looks_at_the_value, looks_whether_there_is_a_value, looks_at_what_others_were_told, keeps_cuts_by_the_value],
)
def test_a_rule_that_looks_at_more_is_found_out(house, monkeypatch, mutant):
    monkeypatch.setattr(disclosure, "judge", house.judging(mutant))
    with pytest.raises(AssertionError):
        prove(house, examples=400)
