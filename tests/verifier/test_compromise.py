"""What a thief of each key can do, and what finds it: the statements of SECURITY.md, "If a key is lost or stolen"."""

import os
from dataclasses import replace

import pytest

from circuits.encoding import canonical_json
from circuits.jws import SigningKey
from verifier.answered import Answered
from verifier.attestation import attest
from verifier.audit.export import entry_line, export_lines
from verifier.audit.forks import ForkError, require_one_log
from verifier.audit.replay import replay
from verifier.checking import CheckedProof, appraise
from verifier.entries.attestors import AttestorEntry, replace_lost, rotate
from verifier.entries.kinds import AnswerEntry, CredentialEntry, RevocationEntry, encode
from verifier.entries.revocation import revoke
from verifier.errors import (
    CredentialElsewhere,
    CredentialLate,
    CredentialSuperseded,
    EvidenceError,
    NoteError,
    RegistryError,
)
from verifier.evidence.evidence import build, verify_evidence
from verifier.evidence.file import LISTS, Enclosed, EvidenceFile
from verifier.evidence.tlog_proof import TlogProof
from verifier.log import merkle
from verifier.log.leaves import LoggedEntry
from verifier.log.note import Checkpoint, NoteSigner
from verifier.trust import Trust
from verifier.witnesses.cosigning import Cosigner
from verifier.witnesses.store import FileStore
from verifier.witnesses.witness import Forked, Witness

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ORIGIN = "verifier.example/log"
THIEF = SigningKey(bytes(31) + b"\x66")
WITNESSES = [Cosigner(f"witness.example/w{number}", bytes(31) + bytes([number])) for number in (1, 2, 3)]


@pytest.fixture
def pins(world):
    """What everybody pinned before anything was stolen."""
    return world.trust


def refused(entries, pins, signer):
    """Show a log of these entries, under a checkpoint that its key signed: what evidence and replay say to it."""
    note, path = signed(entries, signer)
    index = len(entries) - 1
    changes = [each.index for each in entries if each.kind == AttestorEntry.kind]
    places = {"providers": [0], "schemas": [1], "credentials": [2], "attestors": changes}
    listed = {name: tuple(Enclosed(entries[each], path(each)) for each in places.get(name, ())) for name in LISTS}
    file = EvidenceFile(TlogProof(index, path(index), note), entries[index], listed).to_bytes()
    lines = [canonical_json({"checkpoint": note}) + b"\n", *map(entry_line, entries)]
    found = replay(lines, trust=pins).failure
    try:
        verify_evidence(file, trust=pins)
    except EvidenceError as error:
        return str(error), found
    return None, found


def signed(entries, signer):
    leaves, tree = [entry.leaf_hash for entry in entries], merkle.Frontier()
    for leaf in leaves:
        tree.append(leaf)

    def nodes(level, number):
        if level == 0:
            return leaves[number]
        return merkle.node_hash(nodes(level - 1, 2 * number), nodes(level - 1, 2 * number + 1))

    note = Checkpoint(signer.name, tree.size, tree.root()).sign(signer)
    return note, lambda index: tuple(merkle.inclusion(index, len(entries), nodes))


def logged(index, entry, at):
    return LoggedEntry(index, entry.kind, at, os.urandom(32), encode(entry, at))


def forged(world, entries, key, *, lie=False):
    """An answer about ada at the end of these entries, attested by some key; a lie turns the proven bit around."""
    query = world.query()
    told = world.company.fetch(query)
    told = Answered(told.answer != lie, told.credentials, told.proof, None, told.disclosed)
    claim = appraise(
        query, told, consent=world.token(query), registry=world.registry, audience=ORIGIN, asked_at=5, now=world.now
    )
    index = len(entries)
    token = attest(CheckedProof(claim), signer=key, origin=ORIGIN, index=index, now=world.now).token
    entry = AnswerEntry(query, 5, told.credentials, told.answer, told.proof, token, world.token(query), told.disclosed)
    return logged(index, entry, world.now)


# -- the attestation key ---------------------------------------------------------------------------------------------


def test_an_attestation_outside_the_log_is_no_evidence(world, pins):
    """The thief signs what he likes. Nothing shows that the log has it."""
    index = world.ask().index
    honest = EvidenceFile.from_bytes(build(index, log=world.log, registry=world.registry))
    verify_evidence(honest.to_bytes(), trust=pins)
    entries = list(world.log.read(0))
    for lie in (False, True):
        answer = forged(world, entries[:index], world.key, lie=lie)
        with pytest.raises(EvidenceError, match="answer: "):
            verify_evidence(replace(honest, answer=answer).to_bytes(), trust=pins)


def test_the_attestation_key_alone_names_no_successor(world, pins):
    index = world.ask().index
    honest = EvidenceFile.from_bytes(build(index, log=world.log, registry=world.registry))
    change = logged(4, rotate(origin=ORIGIN, key=THIEF.public, by=world.key, now=world.now), world.now)
    verify_evidence(honest.to_bytes(), trust=pins)
    lists = dict(honest.lists) | {"attestors": (Enclosed(change, honest.lists["schemas"][0].path),)}
    with pytest.raises(EvidenceError, match="attestor: "):
        verify_evidence(replace(honest, lists=lists).to_bytes(), trust=pins)


def test_a_stolen_attestation_key_that_was_changed_signs_nothing_any_more(world, pins):
    """Even if the thief could put entries into the log: what counts is the place in the log, not a date."""
    stolen, world.key = world.key, SigningKey(bytes(31) + b"\x07")
    change = rotate(origin=ORIGIN, key=world.key.public, by=stolen, now=world.now, reason="compromised")
    world.publish(change)
    good = world.ask().index
    own, world.key = world.key, stolen
    bad = world.ask("salary > 1").index
    world.key = own
    verify_evidence(build(good, log=world.log, registry=world.registry), trust=pins)
    with pytest.raises(EvidenceError):
        verify_evidence(build(bad, log=world.log, registry=world.registry), trust=pins)
    assert [found.index for found in replay(list(export_lines(world.log)), trust=pins).findings] == [bad]
    with pytest.raises(RegistryError, match="not the one that counts"):
        world.publish(rotate(origin=ORIGIN, key=THIEF.public, by=stolen, now=world.now))


# -- the log's key ---------------------------------------------------------------------------------------------------


def test_the_log_key_alone_attests_nothing(world, pins, signer):
    """A fork is signed in a moment. Its answers need the attestation key, and that does not follow from the log's."""
    entries = list(world.log.read(0))
    assert refused([*entries, forged(world, entries, world.key)], pins, signer) == (None, None)
    reason, found = refused([*entries, forged(world, entries, THIEF)], pins, signer)
    assert "Signature" in reason
    assert found.code == "attestation"
    for change in (
        replace_lost(key=THIEF.public, after=world.key.public),
        rotate(origin=ORIGIN, key=THIEF.public, by=THIEF, now=world.now),
        AttestorEntry(THIEF.public, world.key.public, "rotated", "a.b.c"),
    ):
        more = [*entries, logged(len(entries), change, world.now)]
        reason, found = refused([*more, forged(world, more, THIEF)], pins, signer)
        assert "key" in reason
        assert (found.index, found.code) == (len(entries), "registry")


def test_both_keys_of_the_verifier_prove_no_lie(world, pins, signer):
    """What the provider committed to is not theirs to say."""
    entries = list(world.log.read(0))
    assert refused([*entries, forged(world, entries, world.key)], pins, signer) == (None, None)
    reason, found = refused([*entries, forged(world, entries, world.key, lie=True)], pins, signer)
    assert "proof" in reason
    assert found.code == "proof-refused"


@pytest.fixture
def fork(world, signer):
    """Two checkpoints of one size: the log's, and a thief's who left its last answer out and put in another."""
    world.ask()
    entries = list(world.log.read(0))
    other = [*entries[:-1], forged(world, entries[:-1], world.key)]
    return [signed(history, signer)[0] for history in (entries, other)]


def test_a_fork_is_found_by_whoever_sees_both_sides(world, pins, fork):
    ours, theirs = (Checkpoint.open(note, pins.log) for note in fork)
    require_one_log(ours, world.log.checkpoint())
    with pytest.raises(ForkError):
        require_one_log(ours, theirs)


def test_a_witness_signs_one_side_of_a_fork_only(world, pins, fork, tmp_path):
    witness = Witness({ORIGIN: pins.log}, cosigner=WITNESSES[0], store=FileStore(tmp_path), clock=lambda: world.now)
    ours, theirs = fork
    line = witness.add_checkpoint(f"old 0\n\n{ours}".encode())
    size = Checkpoint.open(ours, pins.log).size
    with pytest.raises(Forked):
        witness.add_checkpoint(f"old {size}\n\n{theirs}".encode())
    witnessed = Trust.from_json(pins.to_json() | {"witnesses": [WITNESSES[0].verifier.vkey], "quorum": 1})
    Checkpoint.open(ours + (line.decode() if isinstance(line, bytes) else line), witnessed.log)
    with pytest.raises(NoteError):
        Checkpoint.open(theirs, witnessed.log)


# -- a witness's key -------------------------------------------------------------------------------------------------


def test_fewer_witness_keys_than_the_quorum_change_nothing(world, pins, fork):
    ours, theirs = fork
    vkeys = [witness.verifier.vkey for witness in WITNESSES]
    trust = Trust.from_json(pins.to_json() | {"witnesses": vkeys, "quorum": 2})

    def cosigned(note, witnesses):
        text = note.partition("\n\n")[0].encode() + b"\n"
        return note + "".join(witness.cosign(text, now=world.now) for witness in witnesses)

    Checkpoint.open(cosigned(ours, WITNESSES[:2]), trust.log)
    with pytest.raises(NoteError, match="pinned witnesses"):
        Checkpoint.open(cosigned(theirs, WITNESSES[2:]), trust.log)


def test_all_witness_keys_without_the_log_key_sign_no_log(world, pins):
    vkeys = [witness.verifier.vkey for witness in WITNESSES]
    trust = Trust.from_json(pins.to_json() | {"witnesses": vkeys, "quorum": 3})
    checkpoint = world.log.checkpoint()
    cosignatures = "".join(witness.cosign(checkpoint.to_bytes(), now=world.now) for witness in WITNESSES)
    Checkpoint.open(world.log.note + cosignatures, trust.log)
    with pytest.raises(NoteError):
        Checkpoint.open(checkpoint.sign(NoteSigner(ORIGIN, bytes(32))) + cosignatures, trust.log)


# -- a provider's keys -----------------------------------------------------------------------------------------------


def test_a_stolen_provider_key_back_dates_nothing(world, people):
    """Dates in a credential are the thief's to choose, its place in the log is not."""
    company, asked_at = world.company, world.log.size
    late = company.issue("zoe", {"salary": "999999"}, as_of="2026-10-01", issued_at=world.now - 86_400 * 40)
    world.register(late)
    query = world.query(subject="zoe")
    settings = {"consent": world.token(query), "registry": world.registry, "audience": ORIGIN, "now": world.now}
    appraise(query, company.prove(query, late), asked_at=world.log.size, **settings)
    with pytest.raises(CredentialLate):
        appraise(query, company.prove(query, late), asked_at=asked_at, **settings)
    world.ask()  # binds ada to her line
    query = world.query()
    settings["consent"] = world.token(query)
    appraise(query, company.prove(query, people["ada"]), asked_at=world.log.size, **settings)
    with pytest.raises(CredentialElsewhere):
        appraise(query, company.prove(query, late), asked_at=world.log.size, **settings)


def test_what_a_stolen_provider_key_ends_is_seen_and_takes_nothing_back(world, pins):
    company = world.company
    index = world.ask().index
    evidence = build(index, log=world.log, registry=world.registry)
    ada = company.subjects["ada"].id
    signed_by = {"issued_at": world.now, "key": company.key}
    ended = world.publish(
        RevocationEntry(revoke(provider=company.name, credential=ada, reason="erroneous", **signed_by).token)
    )
    assert world.registry.credential(ada).ended_index == ended
    with pytest.raises(CredentialSuperseded):
        world.ask("salary > 1")
    verify_evidence(evidence, trust=pins)
    assert replay(list(export_lines(world.log)), trust=pins).answers == 1


def test_after_a_provider_changed_its_key_the_stolen_one_signs_nothing(world, pins):
    company = world.company
    before = world.ask().index
    waiting = company.issue("yan", {"salary": "1"})
    stolen, company.key = company.key, SigningKey(bytes(31) + b"\x07")
    world.publish(company.entry())
    world.register(company.issue("zoe", {"salary": "5"}))
    with pytest.raises(RegistryError):
        world.register(waiting)  # signed in time, and registered too late
    void = revoke(
        provider=company.name,
        credential=company.subjects["ada"].id,
        reason="erroneous",
        issued_at=world.now,
        key=stolen,
    )
    with pytest.raises(RegistryError):
        world.publish(RevocationEntry(void.token))
    after = world.ask("salary > 2").index  # from a credential that the old key had signed, logged before
    for index in (before, after):
        verify_evidence(build(index, log=world.log, registry=world.registry), trust=pins)
    assert replay(list(export_lines(world.log)), trust=pins).failure is None


def test_a_providers_api_key_without_its_signing_key_registers_nothing(world):
    """Whoever may post credentials must still have them signed."""
    company = world.company
    world.register(company.issue("yan", {"salary": "1"}))
    with pytest.raises(RegistryError, match="Signature"):
        world.publish(CredentialEntry(company.issue("zoe", {"salary": "1"}, key=THIEF).token))
