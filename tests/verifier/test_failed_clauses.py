"""A NO with the clauses that failed, when they were asked for: each proven, all told, and nothing else told."""

import os
from dataclasses import replace

import pytest

from circuits import jws, statement
from circuits.errors import WitnessError
from circuits.predicate import parse
from circuits.query import Reasons
from circuits.statement import Statement, Witness
from circuits.vocabulary import Vocabulary
from verifier.answered import Answered
from verifier.attestation import TYP, Attestation, attest
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.checking import CheckedProof, appraise, check, check_batch
from verifier.entries.kinds import AnswerEntry, decode_logged, encode
from verifier.errors import AttestationError, Blame, CheckFailed, ClausesRefused, EvidenceError, ProofRefused
from verifier.evidence.evidence import build, verify_evidence
from verifier.log.writer import Draft

from .conftest import said as nothing_told

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

ORIGIN = "verifier.example/log"
# bob earns 58,000.50, was born in 1990 and lives in the United States.
QUESTION = 'salary > 100000 && age(date_of_birth) >= 21 && country == "CA"'
FAILED = Reasons.FAILED_CLAUSES


@pytest.fixture
def case(world, people):
    query = world.query(QUESTION, "bob", reasons=FAILED)
    return {
        "query": query,
        "consent": world.token(query),
        "answered": world.company.prove(query, people["bob"]),
        "registry": world.registry,
        "audience": ORIGIN,
        "asked_at": world.log.size,
        "now": world.now + 1,
    }


def payload(world, logged):
    return jws.open_signed(logged.attestation.token, typ=TYP, key=world.key.public)


# -- what is told ------------------------------------------------------------------------------------------------------

TOLD = [
    (QUESTION, "bob", (False, True, False), ["salary > 100000.00", 'country == "CA"']),
    (QUESTION, "ada", (True, True, False), ['country == "CA"']),
    ("salary > 100000", "bob", (False,), ["salary > 100000.00"]),
    ('salary > 100000 || country == "CA"', "bob", (False, False), ["salary > 100000.00", 'country == "CA"']),
    (
        'at_least(2, salary > 100000, age(date_of_birth) >= 21, country == "CA")',
        "bob",
        (False, True, False),
        ["salary > 100000.00", 'country == "CA"'],
    ),
    (
        '(salary > 100000 || country == "CA") && age(date_of_birth) >= 21',
        "bob",
        (False, True),
        ['salary > 100000.00 || country == "CA"'],
    ),
]


@pytest.mark.parametrize(("question", "subject", "clauses", "failed"), TOLD)
def test_a_no_names_the_clauses_that_failed(world, question, subject, clauses, failed):
    logged = world.ask(question, subject, reasons=FAILED)
    assert not logged.checked.answer
    entry = decode_logged(world.log.entry(logged.index))
    assert (entry.clauses, entry.query.reasons) == (clauses, FAILED)
    stated = payload(world, logged)
    schema = world.company.schema
    assert stated["reasons"] == "failed-clauses"
    assert [each["predicate"] for each in stated["failed"]] == failed
    assert [each["question"] for each in stated["failed"]] == [parse(text, schema).english() for text in failed]
    assert [clause.text for clause in logged.checked.claim.failed] == failed
    for engine_name in ("fast", "reference"):
        verdict = verify_evidence(
            build(logged.index, log=world.log, registry=world.registry), trust=world.trust, engine=engine_name
        )
        assert [clause.text for clause in verdict.failed] == failed
        assert replay(export_lines(world.log), trust=world.trust, engine=engine_name).failure is None


@pytest.mark.parametrize(
    ("reasons", "subject", "question"),
    [
        (FAILED, "ada", "salary > 100000"),
        (Reasons.OUTCOME_ONLY, "ada", "salary > 100000"),
        (Reasons.OUTCOME_ONLY, "bob", QUESTION),
    ],
)
def test_whatever_else_is_answered_tells_of_no_clause(world, reasons, subject, question):
    logged = world.ask(question, subject, reasons=reasons)
    assert logged.checked.answer is (subject == "ada")
    assert decode_logged(world.log.entry(logged.index)).clauses is None
    stated = payload(world, logged)
    assert stated["reasons"] == reasons.value
    assert "failed" not in stated
    assert logged.checked.claim.failed == ()
    verdict = verify_evidence(build(logged.index, log=world.log, registry=world.registry), trust=world.trust)
    assert verdict.failed == ()
    assert replay(export_lines(world.log), trust=world.trust).failure is None


def test_the_clauses_of_several_credentials(world, schemas):
    logged = world.ask('monthly_pay > 4000 && country == "US"', "bob", schemas=schemas, reasons=FAILED)
    assert [clause.text for clause in logged.checked.claim.failed] == ["monthly_pay > 4000.00"]
    assert replay(export_lines(world.log), trust=world.trust).failure is None


# -- what is refused ---------------------------------------------------------------------------------------------------


def told(clauses):
    return lambda c: c | {"answered": replace(c["answered"], clauses=clauses)}


MUTATIONS = {
    "none told": (told(None), ClausesRefused),
    "all of them hold": (told((True, True, True)), ClausesRefused),
    "no clause": (told(()), ClausesRefused),
    "one fewer": (told((False, True)), ClausesRefused),
    "one more": (told((False, True, False, False)), ClausesRefused),
    "one that failed is said to hold": (told((True, True, False)), ProofRefused),
    "the other that failed is said to hold": (told((False, True, True)), ProofRefused),
    "one that holds is said to fail": (told((False, False, False)), ProofRefused),
    "turned round": (told((True, False, True)), ProofRefused),
    "not asked for": (lambda c: c | {"query": replace(c["query"], reasons=Reasons.OUTCOME_ONLY)}, ClausesRefused),
    "not asked for, not told": (
        lambda c: told(None)(c | {"query": replace(c["query"], reasons=Reasons.OUTCOME_ONLY)}),
        ProofRefused,
    ),
    "of a yes": (lambda c: c | {"answered": replace(c["answered"], answer=True)}, ClausesRefused),
    "a yes without": (lambda c: told(None)(c | {"answered": replace(c["answered"], answer=True)}), ProofRefused),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_check_rejects(case, name):
    assert check(**case).claim.answered.clauses == (False, True, False)
    mutate, expected = MUTATIONS[name]
    with pytest.raises(CheckFailed) as caught:
        check(**mutate(case))
    assert type(caught.value) is expected
    assert caught.value.blame is Blame.PROVIDER


def test_clauses_that_do_not_fail_the_question(world, people):
    query = world.query('at_least(1, salary > 100000, country == "CA")', "bob", reasons=FAILED)
    settings = {"registry": world.registry, "audience": ORIGIN, "asked_at": world.log.size, "now": world.now}
    settings["consent"] = world.token(query)
    answered = world.company.prove(query, people["bob"])
    check(query, answered, **settings)
    for clauses in ((True, False), (False, True), (True, True)):
        with pytest.raises(ClausesRefused):
            check(query, replace(answered, clauses=clauses), **settings)


def test_a_no_that_was_not_asked_with_reasons_gains_none(world, people):
    query = world.query(QUESTION, "bob")
    settings = {"registry": world.registry, "audience": ORIGIN, "asked_at": world.log.size, "now": world.now}
    settings["consent"] = world.token(query)
    answered = world.company.prove(query, people["bob"])
    check(query, answered, **settings)
    with pytest.raises(ClausesRefused):
        check(query, replace(answered, clauses=(False, True, False)), **settings)
    with pytest.raises(ProofRefused):
        check(replace(query, reasons=FAILED), replace(answered, clauses=(False, True, False)), **settings)


def test_a_batch_names_the_liar(world, people):
    settings = {"registry": world.registry, "audience": ORIGIN, "asked_at": world.log.size, "now": world.now}
    claims = []
    for _ in range(4):
        query = world.query(QUESTION, "bob", reasons=FAILED)
        settings["consent"] = world.token(query)
        claims.append(appraise(query, world.company.prove(query, people["bob"]), **settings))
    assert all(isinstance(outcome, CheckedProof) for outcome in check_batch(claims, entropy=bytes(32)))
    lie = replace(claims[2].answered, clauses=(True, True, False))
    claims[2] = appraise(claims[2].query, lie, **settings)
    outcomes = check_batch(claims, entropy=bytes(32))
    assert [isinstance(outcome, ProofRefused) for outcome in outcomes] == [False, False, True, False]


def test_a_prover_that_lies_about_a_clause_proves_nothing(world, people):
    """It makes a true proof, of the clauses as they are, and binds the others to it."""
    schema, bob = world.company.schema, people["bob"]
    query = world.query(QUESTION, "bob", reasons=FAILED)
    predicate, vocabulary = parse(QUESTION, schema), Vocabulary((schema,))
    settings = {"registry": world.registry, "audience": ORIGIN, "asked_at": world.log.size, "now": world.now}
    settings["consent"] = world.token(query)
    truth = (False, True, False)
    honest = statement.build(query, predicate, vocabulary, [bob], answer=False, clauses=truth)
    witness = Witness.of(honest, world.company.openings[bob.id])
    for clauses in (truth, (True, True, False), (False, False, False), (False, True, True), (True, False, True)):
        said = statement.build(query, predicate, vocabulary, [bob], answer=False, clauses=clauses)
        bound = Statement(honest.relation, said.V, said.context, said.answer, clauses)
        proof = statement.prove(bound, witness, entropy=os.urandom(32))
        answered = Answered(
            answer=False,
            credentials=(bob.id,),
            proof=proof,
            clauses=clauses,
            disclosed=nothing_told(predicate, vocabulary),
        )
        if clauses == truth:
            check(query, answered, **settings)
            continue
        with pytest.raises(ProofRefused):
            check(query, answered, **settings)
        with pytest.raises(WitnessError):
            statement.prove(said, witness, entropy=os.urandom(32))


# -- what a dishonest verifier logs ------------------------------------------------------------------------------------


@pytest.fixture
def logged(world):
    return world.ask(QUESTION, "bob", reasons=FAILED)


FEWER = {
    "one fewer": lambda failed: failed[:1],
    "the other": lambda failed: failed[1:],
    "none": lambda _failed: [],
    "in another order": lambda failed: failed[::-1],
    "one twice": lambda failed: [*failed, failed[0]],
    "another question": lambda failed: [failed[0], failed[1] | {"question": "country is Canada"}],
    "another text": lambda failed: [failed[0], failed[1] | {"predicate": 'country == "US"'}],
}


@pytest.mark.parametrize("name", FEWER)
def test_an_attestation_names_what_was_proven(world, logged, name):
    settings = {"checked": logged.checked, "origin": ORIGIN, "index": logged.index, "now": logged.logged_at}
    stated = payload(world, logged)
    Attestation.open(jws.sign(stated, typ=TYP, key=world.key), world.key.public, **settings)
    fewer = jws.sign(stated | {"failed": FEWER[name](stated["failed"])}, typ=TYP, key=world.key)
    without = jws.sign({key: stated[key] for key in stated if key != "failed"}, typ=TYP, key=world.key)
    for token in (fewer, without):
        with pytest.raises(AttestationError, match="failed"):
            Attestation.open(token, world.key.public, **settings)


LOGGED = {
    "the truth": ((False, True, False), None),
    "one that failed is said to hold": ((True, True, False), "proof-refused"),
    "all of them hold": ((True, True, True), "clauses-refused"),
    "none told": (None, "clauses-refused"),
}


@pytest.mark.parametrize("name", LOGGED)
@pytest.mark.parametrize("engine_name", ["fast", "reference"])
def test_a_lie_about_a_clause_in_a_well_kept_log_is_found(world, case, engine_name, name):
    """Every signature is right, also that of an attestation that says the same."""
    clauses, code = LOGGED[name]
    honest = case["answered"]
    claim = appraise(**case | {"now": world.now})
    stated = CheckedProof(replace(claim, answered=replace(honest, clauses=clauses)))

    def lie(number):
        token = attest(stated, signer=world.key, origin=ORIGIN, index=number, now=world.now).token
        entry = AnswerEntry(
            case["query"],
            case["asked_at"],
            honest.credentials,
            honest.answer,
            honest.proof,
            token,
            case["consent"],
            honest.disclosed,
            clauses,
        )
        return Draft(entry.kind, encode(entry, world.now), world.now)

    index = world.log.append(lie).result(20)
    report = replay(export_lines(world.log), trust=world.trust, engine=engine_name)
    evidence = build(index, log=world.log, registry=world.registry)
    if code is None:
        assert report.failure is None
        assert len(verify_evidence(evidence, trust=world.trust, engine=engine_name).failed) == 2
        return
    assert (report.failure.index, report.failure.blame, report.failure.code) == (index, Blame.PROVIDER, code)
    with pytest.raises(EvidenceError):
        verify_evidence(evidence, trust=world.trust, engine=engine_name)
