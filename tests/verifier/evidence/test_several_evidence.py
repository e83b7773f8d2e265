"""The file of an answer from several credentials: all that it relies on, in order, and nothing beside it."""

import json

import pytest

from circuits.attributes import Schema
from circuits.encoding import b64u, canonical_json
from circuits.jws import SigningKey
from verifier.entries.kinds import MAX_BODY, SchemaEntry, encode
from verifier.errors import EvidenceError
from verifier.evidence.evidence import MAX_EVIDENCE, build, verify_evidence

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
BOTH = 'monthly_pay > 4000 && country == "US"'


def file_of(world, index):
    return json.loads(build(index, log=world.log, registry=world.registry))


def verified(world, file, engine_name="fast"):
    return verify_evidence(canonical_json(file) + b"\n", trust=world.trust, engine=engine_name)


def entry_of(world, index):
    """An entry with its proof under the newest checkpoint."""
    logged = world.log.entry(index)
    path = [b64u(digest) for digest in world.log.inclusion(index, world.log.size)]
    return {"index": index, "salt": b64u(logged.salt), "body": logged.body.decode(), "inclusion": path}


@pytest.fixture
def files(world, schemas):
    """Evidence of two answers from different credentials, under one checkpoint."""
    indices = [world.ask(BOTH, subject, schemas=schemas).index for subject in ("ada", "bob")]
    return [file_of(world, index) for index in indices]


@pytest.mark.parametrize("engine_name", ["fast", "reference"])
@pytest.mark.parametrize(("subject", "answer"), [("ada", True), ("bob", False)])
def test_it_proves_the_answer(world, schemas, subject, answer, engine_name):
    index = world.ask(BOTH, subject, schemas=schemas).index
    file = file_of(world, index)
    assert [len(file[role]) for role in ("providers", "schemas", "credentials")] == [1, 2, 2]
    verdict = verified(world, file, engine_name)
    assert (verdict.answer, verdict.index, verdict.subject, verdict.failed) == (
        answer,
        index,
        world.company.handle(subject, "first-bank"),
        (),
    )


def lists(**changes):
    return lambda file, _other: file | {role: change(file[role]) for role, change in changes.items()}


def borrowed(role, place):
    """Put another answer's entry in the place of one."""

    def change(file, other):
        entries = list(file[role])
        entries[place] = other[role][place]
        return file | {role: entries}

    return change


def added(role):
    return lambda file, other: file | {role: [*file[role], other[role][0]]}


MUTATIONS = (
    {f"{role}: first missing": lists(**{role: lambda both: both[1:]}) for role in ("schemas", "credentials")}
    | {f"{role}: last missing": lists(**{role: lambda both: both[:1]}) for role in ("schemas", "credentials")}
    | {f"{role}: first twice": lists(**{role: lambda both: both[:1] * 2}) for role in ("schemas", "credentials")}
    | {f"{role}: last twice": lists(**{role: lambda both: both[1:] * 2}) for role in ("schemas", "credentials")}
    | {f"{role}: one too many": lists(**{role: lambda both: [*both, both[0]]}) for role in ("schemas", "credentials")}
    | {f"{role}: swapped": lists(**{role: lambda both: both[::-1]}) for role in ("schemas", "credentials")}
    | {
        "both missing a half": lists(schemas=lambda both: both[:1], credentials=lambda both: both[:1]),
        "both swapped": lists(schemas=lambda both: both[::-1], credentials=lambda both: both[::-1]),
        "provider twice": lists(providers=lambda one: one * 2),
        "another's payslip": borrowed("credentials", 0),
        "another's passport": borrowed("credentials", 1),
        "another's payslip beside them": added("credentials"),
    }
)


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_it_relies_on_must_be_there_in_order(world, files, name):
    for file in files:
        verified(world, file)
    with pytest.raises(EvidenceError):
        verified(world, MUTATIONS[name](*files))


@pytest.mark.parametrize("name", ["schemas: last missing", "credentials: last missing", "credentials: one too many"])
def test_nobody_but_the_file_is_blamed_for_what_it_has_lost(files, world, name):
    with pytest.raises(EvidenceError, match="not those that the answer is from") as refused:
        verified(world, MUTATIONS[name](*files))
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("role", ["providers", "schemas", "credentials"])
def test_an_entry_that_is_true_and_beside_the_point_is_refused(world, schemas, role):
    """A file says one thing in one way: nothing may be smuggled along."""
    company = world.company
    spare = Schema.from_json({"schema": "spare", "version": 1, "attributes": [{"name": "spare", "type": "bool"}]})
    beside = {
        "schemas": world.publish(SchemaEntry(company.name, spare)),
        "credentials": world.register(company.issue("zoe", {"country": "US"})),
    }
    index = world.ask(BOTH, schemas=schemas).index
    beside["providers"] = world.publish(company.entry(prover_url="https://moved.example"))
    file = file_of(world, index)
    verified(world, file)
    with pytest.raises(EvidenceError, match="not those that the answer is from"):
        verified(world, file | {role: [*file[role], entry_of(world, beside[role])]})


def test_a_key_that_was_changed_between_the_credentials(world, schemas, pairs):
    company = world.company
    company.key = SigningKey(bytes(31) + b"\x07")
    rotated = world.publish(company.entry())
    newer = company.issue("ada/2", {"monthly_pay": "9000"}, schema=schemas[0], supersedes=pairs["ada"][0].id)
    world.register(newer)
    file = file_of(world, world.ask(BOTH, schemas=schemas).index)
    assert [entry["index"] for entry in file["providers"]] == [0, rotated]
    for engine_name in ("fast", "reference"):
        assert verified(world, file, engine_name).answer
    for change in (
        lambda providers: providers[:1],
        lambda providers: providers[1:],
        lambda providers: providers[::-1],
    ):
        with pytest.raises(EvidenceError):
            verified(world, file | {"providers": change(file["providers"])})


def test_eight_of_the_longest_schemas_fit(world):
    """A provider must not be able to make answers that nobody can verify from a file."""
    company, letters = world.company, "abcdefgh"
    words = [f"{'v' * 8}{number}" for number in range(1024)]
    schemas = []
    for letter in letters:
        many = [{"name": f"{letter}{number}", "type": "enum", "values": words} for number in range(17)]
        schema = Schema.from_json({"schema": f"long_{letter}", "version": 1, "attributes": many})
        assert 240_000 < len(encode(SchemaEntry(company.name, schema), world.now)) <= MAX_BODY
        world.publish(SchemaEntry(company.name, schema))
        values = {f"{letter}{number}": words[number] for number in range(17)}
        world.register(company.issue(f"zoe/{letter}", values, schema=schema))
        schemas.append(schema)
    question = " && ".join(f'{letter}0 == "{words[0]}"' for letter in letters)
    index = world.ask(question, "zoe", schemas=tuple(schemas)).index
    evidence = build(index, log=world.log, registry=world.registry)
    assert 2_000_000 < len(evidence) < MAX_EVIDENCE
    assert verify_evidence(evidence, trust=world.trust).answer
