"""One statement over several credentials: each under its own schema, each by every rule, each beside the baseline."""

from dataclasses import replace

import pytest

from circuits.attributes import Schema
from circuits.credential import Provenance
from circuits.encoding import b64u
from circuits.jws import SigningKey, open_signed
from verifier import errors
from verifier.attestation import TYP
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.checking import CheckedProof, check
from verifier.entries.kinds import RevocationEntry, SchemaEntry, decode_logged
from verifier.entries.revocation import revoke
from verifier.errors import Blame, CheckFailed

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

ORIGIN = "verifier.example/log"
BOTH = 'monthly_pay > 4000 && country == "US"'
SPARE = Schema.from_json({"schema": "spare", "version": 1, "attributes": [{"name": "spare", "type": "bool"}]})


@pytest.fixture
def case(world, pairs, schemas):
    query = world.query(BOTH, schemas=schemas)
    return {
        "query": query,
        "consent": world.token(query),
        "answered": world.company.prove(query, *pairs["ada"]),
        "registry": world.registry,
        "audience": ORIGIN,
        "asked_at": world.log.size,
        "now": world.now + 1,
    }


def clean(world):
    return replay(export_lines(world.log), trust=world.trust).failure is None


# -- the appraisal -----------------------------------------------------------------------------------------------------


def with_query(**changes):
    return lambda c, _w: c | {"query": replace(c["query"], **changes)}


def with_credentials(choose):
    """Choose from (payslip, passport); the proof stays as it was."""
    return lambda c, _w: c | {"answered": replace(c["answered"], credentials=tuple(choose(*c["answered"].credentials)))}


def under(choose):
    """Put the question under other schemas than the answer was proven under."""
    return lambda c, _w: c | {"query": replace(c["query"], schema_digests=tuple(choose(*c["query"].schema_digests)))}


def both(first, second):
    return lambda c, w: second(first(c, w), w)


def of(name, place):
    def change(c, w):
        listed = list(c["answered"].credentials)
        schema = next(s for s in w.registry.schemas() if s.digest == c["query"].schema_digests[place])
        listed[place] = w.company.held[name, schema].id
        return c | {"answered": replace(c["answered"], credentials=tuple(listed))}

    return change


def unneeded(c, w):
    """A schema that the log has and the question does not need, with a credential under it."""
    w.publish(SchemaEntry(w.company.name, SPARE))
    credential = w.company.issue("ada/spare", {"spare": "yes"}, schema=SPARE)
    w.register(credential)
    query = replace(c["query"], schema_digests=(*c["query"].schema_digests, SPARE.digest))
    answered = replace(c["answered"], credentials=(*c["answered"].credentials, credential.id))
    return c | {"query": query, "answered": answered, "asked_at": w.log.size}


MUTATIONS = {
    "answer": (lambda c, _w: c | {"answered": replace(c["answered"], answer=False)}, errors.ProofRefused),
    "credentials swapped": (with_credentials(lambda a, b: (b, a)), errors.WrongSchema),
    "payslip twice": (with_credentials(lambda a, _b: (a, a)), errors.WrongSchema),
    "passport twice": (with_credentials(lambda _a, b: (b, b)), errors.WrongSchema),
    "passport missing": (with_credentials(lambda a, _b: (a,)), errors.WrongSchema),
    "payslip missing": (with_credentials(lambda _a, b: (b,)), errors.WrongSchema),
    "none": (with_credentials(lambda _a, _b: ()), errors.WrongSchema),
    "one too many": (with_credentials(lambda a, b: (a, b, b)), errors.WrongSchema),
    "payslip unknown": (with_credentials(lambda _a, b: (b64u(bytes(16)), b)), errors.CredentialUnknown),
    "passport malformed": (with_credentials(lambda a, _b: (a, "!")), errors.CredentialUnknown),
    "payslip of another person": (of("bob", 0), errors.CredentialElsewhere),
    "passport of another person": (of("bob", 1), errors.CredentialElsewhere),
    "schemas swapped": (under(lambda a, b: (b, a)), errors.WrongSchema),
    "schemas and credentials swapped": (
        both(under(lambda a, b: (b, a)), with_credentials(lambda a, b: (b, a))),
        errors.ProofRefused,
    ),
    "a schema fewer": (under(lambda a, _b: (a,)), errors.QueryRefused),
    "a schema and a credential fewer": (
        both(under(lambda _a, b: (b,)), with_credentials(lambda _a, b: (b,))),
        errors.QueryRefused,
    ),
    "a schema more, unknown": (under(lambda a, b: (a, b, bytes(32))), errors.QueryRefused),
    "a schema more, not needed": (unneeded, errors.QueryRefused),
    "max age that the passport is too old for": (with_query(max_age=16), errors.CredentialStale),
    "another provider asked": (with_query(provider="other-kyc"), errors.ConsentUnfit),
    "passport logged after the question": (lambda c, _w: c | {"asked_at": 2}, errors.CredentialLate),
    "payslip logged after the question": (lambda c, _w: c | {"asked_at": 5}, errors.CredentialLate),
    "a clause is told": (
        lambda c, _w: c | {"answered": replace(c["answered"], clauses=(True, True))},
        errors.ClausesRefused,
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_check_rejects(case, world, name):
    checked = check(**case)
    assert isinstance(checked, CheckedProof)
    assert [each.credential.schema_digest for each in checked.claim.registered] == list(case["query"].schema_digests)
    mutate, expected = MUTATIONS[name]
    with pytest.raises(CheckFailed) as caught:
        check(**mutate(case, world))
    assert type(caught.value) is expected
    assert caught.value.blame is (Blame.VERIFIER if expected is errors.QueryRefused else Blame.PROVIDER)


@pytest.mark.parametrize("engine_name", ["fast", "reference"])
def test_both_engines_agree(case, engine_name):
    check(**case, engine=engine_name)
    with pytest.raises(errors.ProofRefused):
        check(**case | {"answered": replace(case["answered"], answer=False)}, engine=engine_name)


WEAK = {
    "expired": ({"expires_at": 1_795_000_030}, {"now": 1_795_000_031}, errors.CredentialExpired),
    "stale": ({"as_of": "2026-08-19"}, {}, errors.CredentialStale),
}


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("name", WEAK)
def test_each_credential_must_keep_every_rule(world, schemas, name, place):
    changes, when, expected = WEAK[name]
    values = ({"monthly_pay": "10750"}, {"country": "US"})[place]
    weak = world.company.issue("zoe/weak", values, schema=schemas[place], **changes)
    world.register(weak)
    other = ({"country": "US"}, {"monthly_pay": "10750"})[place]
    strong = world.company.issue("zoe/strong", other, schema=schemas[1 - place])
    world.register(strong)
    credentials = [weak, strong] if place == 0 else [strong, weak]
    query = world.query(BOTH, schemas=schemas)
    lenient = replace(query, max_age=91)
    settings = {"registry": world.registry, "audience": ORIGIN, "asked_at": world.log.size}
    settings["consent"] = world.token(query)
    check(lenient, world.company.prove(lenient, *credentials), **settings, now=world.now)
    with pytest.raises(expected):
        check(query, world.company.prove(query, *credentials), **settings, now=when.get("now", world.now))


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("how", ["superseded", "revoked"])
def test_one_that_ended_is_refused_from_the_next_question_on(case, world, pairs, how, place):
    company, ended = world.company, pairs["ada"][place]
    if how == "superseded":
        values = ({"monthly_pay": "1"}, {"country": "CA"})[place]
        world.register(
            company.issue("ada/newer", values, schema=world.registry.schema(ended.schema_digest), supersedes=ended.id)
        )
    else:
        word = revoke(
            provider=company.name, credential=ended.id, reason="erroneous", issued_at=world.now, key=company.key
        )
        world.publish(RevocationEntry(word.token))
    check(**case)
    with pytest.raises(errors.CredentialSuperseded):
        check(**case | {"asked_at": world.log.size})


def test_one_of_another_provider_is_refused(case, world, schemas):
    other = type(world.company)(name="other-kyc", key=SigningKey(bytes(31) + b"\x09"))
    world.publish(other.entry())
    world.publish(SchemaEntry(other.name, schemas[0]))
    foreign = other.issue("ada/foreign", {"monthly_pay": "10750"}, schema=schemas[0])
    world.register(foreign)
    case = case | {"asked_at": world.log.size}
    check(**case)
    with pytest.raises(errors.WrongProvider):
        check(**with_credentials(lambda _a, b: (foreign.id, b))(case, world))


def test_the_schema_that_is_listed_first_gives_a_name_that_both_have(world, schemas):
    """Every payslip says a salary of 1, ada's passport says 129,000."""
    assert not world.ask('salary > 100000 && country == "US"', schemas=schemas).checked.answer
    logged = world.ask("salary > 100000 && monthly_pay > 0", schemas=schemas[::-1])
    assert logged.checked.answer
    assert logged.checked.claim.source("salary").schema_digest == world.company.schema.digest
    assert logged.checked.claim.source("monthly_pay").schema_digest == schemas[0].digest
    assert clean(world)


# -- answering ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("subject", "answer"), [("ada", True), ("bob", False)])
def test_yes_and_no_are_proven_attested_logged_and_replayed(world, pairs, schemas, subject, answer):
    logged = world.ask(BOTH, subject, schemas=schemas)
    assert logged.checked.answer is answer
    credentials = pairs[subject]
    entry = decode_logged(world.log.entry(logged.index))
    assert entry.credentials == tuple(credential.id for credential in credentials)
    assert entry.clauses is None
    payload = open_signed(logged.attestation.token, typ=TYP, key=world.key.public)
    assert payload["schema_digests"] == [b64u(schema.digest) for schema in schemas]
    assert payload["credential_digests"] == [b64u(credential.digest) for credential in credentials]
    assert [source["attribute"] for source in payload["sources"]] == ["monthly_pay", "country"]
    for engine_name in ("fast", "reference"):
        assert replay(export_lines(world.log), trust=world.trust, engine=engine_name).failure is None


def test_each_source_is_what_its_own_credential_says(world, schemas, payslips):
    newer = world.company.issue(
        "ada/newer",
        {"monthly_pay": "10750"},
        schema=schemas[0],
        supersedes=payslips["ada"].id,
        provenance={"monthly_pay": Provenance("bank", "2026-10-01")},
    )
    world.register(newer)
    payload = open_signed(world.ask(BOTH, schemas=schemas).attestation.token, typ=TYP, key=world.key.public)
    assert payload["sources"] == [
        {"attribute": "monthly_pay", "source": "bank", "verified_at": "2026-10-01"},
        {"attribute": "country", "source": "payroll", "verified_at": "2026-10-31"},
    ]
