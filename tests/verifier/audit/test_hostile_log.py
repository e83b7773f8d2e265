"""A log operator that signs anything: whatever an entry says, an auditor ends with a finding, never with a crash."""

import copy
import json
import random

import pytest

from circuits import jws
from circuits.encoding import EncodingError, canonical_json
from circuits.query import Reasons
from verifier.audit.export import entry_line
from verifier.audit.replay import replay
from verifier.errors import EvidenceError
from verifier.evidence.evidence import verify_evidence
from verifier.evidence.file import LISTS, Enclosed, EvidenceFile
from verifier.evidence.tlog_proof import TlogProof
from verifier.log.leaves import LoggedEntry
from verifier.log.merkle import Frontier, inclusion, node_hash
from verifier.log.note import Checkpoint

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ODD = (
    *(None, True, False, 0, 1, -1, 2**53 - 1, "", "x", "\ud800", "\0", "é" * 300, [], {}, [1], {"a": 1}),
    *("A" * 22, "A" * 43, "A" * 44, "2026-11-18", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "yes", "no"),
    *("salary > 1", "salary > 9999999999999999999", 'employer == "\\ud800"'),
)


def paths(node, path=()):
    if path:
        yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from paths(child, (*path, key))


def changed(document, chance):
    """Put something odd anywhere, or leave something out, or add something."""
    document = copy.deepcopy(document)
    *way, last = chance.choice(list(paths(document)))
    place = document
    for key in way:
        place = place[key]
    what = chance.random()
    if what < 0.7 or not isinstance(place, dict):
        place[last] = chance.choice(ODD)
    elif what < 0.85:
        del place[last]
    else:
        place["extra"] = chance.choice(ODD)
    return document


def resigned(body, world, chance):
    """Change an entry, or what is signed inside it, with every key the log's operator and the provider have."""
    for name, typ, key in (
        ("token", "zkattest-credential+jwt", world.company.key),
        ("attestation", "zkattest-attestation+jwt", world.key),
    ):
        if name in body and chance.random() < 0.6:
            try:
                return body | {name: jws.sign(changed(jws.peek(body[name]), chance), typ=typ, key=key)}
            except EncodingError:
                break
    return changed(body, chance)


def published(entries, signer, places):
    """Sign a log of these entries: its export, and the evidence of its last one, which relies on some places."""
    leaves, frontier = [entry.leaf_hash for entry in entries], Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    note = Checkpoint(signer.name, frontier.size, frontier.root()).sign(signer)

    def nodes(level, number):
        return (
            leaves[number] if level == 0 else node_hash(nodes(level - 1, 2 * number), nodes(level - 1, 2 * number + 1))
        )

    def path(index):
        return tuple(inclusion(index, len(entries), nodes))

    answer = len(entries) - 1
    lists = {name: tuple(Enclosed(entries[place], path(place)) for place in places.get(name, ())) for name in LISTS}
    file = EvidenceFile(TlogProof(answer, path(answer), note), entries[answer], lists)
    lines = [canonical_json({"checkpoint": note}) + b"\n", *map(entry_line, entries)]
    return lines, file.to_bytes()


def attacked(world, signer, places, chance):
    """Bend what an answer relies on, one thing at a time: count what evidence and replay refuse, and how often."""
    honest = list(world.log.read(0))
    lines, evidence = published(honest, signer, places)
    assert replay(lines, trust=world.trust).failure is None
    verify_evidence(evidence, trust=world.trust)
    refused = 0
    for _ in range(80):
        victim = chance.choice((*places["providers"], *places["schemas"], *places["credentials"], len(honest) - 1))
        body = json.dumps(resigned(json.loads(honest[victim].body), world, chance)).encode()
        entry = honest[victim]
        bent = LoggedEntry(victim, entry.kind, entry.appended_at, entry.salt, body)
        lines, evidence = published([*honest[:victim], bent, *honest[victim + 1 :]], signer, places)
        report = replay(lines, trust=world.trust)
        try:
            verify_evidence(evidence, trust=world.trust)
        except EvidenceError:
            refused += 1
            assert report.failure is not None
    return refused


@pytest.mark.parametrize("seed", range(4))
def test_no_entry_crashes_an_auditor(world, signer, seed):
    world.ask('salary > 100000 && country in ["US"]')
    places = {"providers": [0], "schemas": [1], "credentials": [2]}
    chance = random.Random(seed)  # noqa: S311 - picks what to bend, nothing secret
    assert attacked(world, signer, places, chance) > 40


@pytest.mark.parametrize("seed", range(4))
def test_no_entry_of_several_credentials_crashes_an_auditor(world, pairs, schemas, signer, seed):
    world.ask('monthly_pay > 4000 && country == "US"', "bob", schemas=schemas, reasons=Reasons.FAILED_CLAUSES)
    registered = [world.registry.credential(credential.id) for credential in pairs["bob"]]
    places = {
        "providers": [0],
        "schemas": [each.schema_index for each in registered],
        "credentials": [each.index for each in registered],
    }
    chance = random.Random(seed)  # noqa: S311 - picks what to bend, nothing secret
    assert attacked(world, signer, places, chance) > 40
