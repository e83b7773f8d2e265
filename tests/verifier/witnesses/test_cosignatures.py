"""What witnesses have signed, as it is kept: verified, bounded, and the newest with enough of them is the one shown."""

import pytest
from sqlalchemy import func, select

from verifier.errors import LogUnavailable, NoteError
from verifier.log.note import Checkpoint, NoteSigner
from verifier.models import COSIGNATURES
from verifier.witnesses.cosignatures import KEPT_SIZES, Cosignatures
from verifier.witnesses.cosigning import Cosigner, Quorum, WitnessedVerifier, cosignatures, line_of

LOG = NoteSigner("verifier.example/log", bytes(range(32)))
WITNESSES = [Cosigner(f"witness.example/w{number}", bytes([number]) * 32) for number in (1, 2, 3)]
W1, W2, W3 = WITNESSES
NOW = 1_795_000_000


def note(size, root=b"\7"):
    return Checkpoint(LOG.name, size, root * 32).sign(LOG)


def lines(text, *witnesses, now=NOW):
    body = text.partition("\n\n")[0].encode() + b"\n"
    return {each.verifier.vkey: each.cosign(body, now=now) for each in witnesses}


@pytest.fixture
def opened(engine):
    def make(needed=2, witnesses=WITNESSES):
        return Cosignatures(engine, Quorum(tuple(each.verifier for each in witnesses), needed))

    return make


def test_enough_witnesses_make_a_checkpoint_that_is_shown(opened):
    kept = opened()
    assert (kept.newest(), kept.sizes()) == (None, {})
    first = note(5)
    kept.add(first, lines(first, W1))
    assert kept.newest() is None
    kept.add(first, lines(first, W3))
    found = kept.newest()
    assert (found.size, set(found.witnesses)) == (5, {W1.name, W3.name})
    assert [each.witness for each in cosignatures(found.note, kept.quorum.witnesses)] == list(found.witnesses)
    pinned = WitnessedVerifier(LOG.name, LOG.verifier.public, kept.quorum)
    assert Checkpoint.open(found.note, pinned).size == 5
    with pytest.raises(NoteError, match="of the pinned witnesses"):
        Checkpoint.open(first, pinned)


def test_a_newer_one_is_shown_when_it_has_enough_and_not_before(opened):
    kept = opened()
    old, new = note(5), note(9)
    kept.add(old, lines(old, W1, W2))
    kept.add(new, lines(new, W1))
    assert kept.newest().size == 5
    assert kept.sizes() == {W1.verifier.vkey: 9, W2.verifier.vkey: 5}
    kept.add(new, lines(new, W3))
    assert kept.newest().size == 9


def test_a_line_that_was_read_once_stays_as_it_is(opened):
    kept = opened(needed=1)
    checkpoint = note(5)
    kept.add(checkpoint, lines(checkpoint, W1))
    before = kept.newest()
    kept.add(checkpoint, lines(checkpoint, W1, now=NOW + 60))
    assert kept.newest() == before


def test_one_that_is_no_witness_any_more_does_not_count(opened):
    checkpoint = note(5)
    opened().add(checkpoint, lines(checkpoint, W1, W2))
    assert opened().newest().size == 5
    assert opened(needed=2, witnesses=[W1, W3]).newest() is None
    assert opened(needed=1, witnesses=[W2, W3]).newest().witnesses == (W2.name,)


def test_what_is_kept_does_not_grow_with_the_log(opened, engine):
    def rows():
        with engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(COSIGNATURES))

    kept = opened()
    first = note(1)
    kept.add(first, lines(first, W1, W2))
    for size in range(2, 40):  # one witness alone is no quorum, for as long as the other is away
        checkpoint = note(size)
        kept.add(checkpoint, lines(checkpoint, W1))
    assert rows() == KEPT_SIZES + 2
    assert kept.newest().size == 1
    newest = note(39)
    kept.add(newest, lines(newest, W2))
    assert (rows(), kept.newest().size) == (2, 39)


def answers():
    checkpoint, other = note(5), note(6)
    (good,) = lines(checkpoint, W1).values()
    (of_another,) = lines(other, W1).values()
    (by_another,) = lines(checkpoint, W2).values()
    return checkpoint, good, of_another, by_another


CHECKPOINT, GOOD, OF_ANOTHER, BY_ANOTHER = answers()


@pytest.mark.parametrize("answer", [GOOD, BY_ANOTHER + GOOD, GOOD + BY_ANOTHER])
def test_a_witness_line_is_found_among_others(answer):
    assert line_of(CHECKPOINT, answer, W1.verifier) == GOOD


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "ok\n",
        OF_ANOTHER,
        BY_ANOTHER,
        GOOD + GOOD,
        GOOD[:-1],
        "\n" + GOOD,
        f"more text\n\n{GOOD}",
        GOOD.replace("— ", "- "),
    ],
)
def test_what_is_no_cosignature_is_not_stored(opened, answer):
    kept = opened(needed=1)
    with pytest.raises(NoteError):
        kept.add(CHECKPOINT, {W1.verifier.vkey: answer})
    assert kept.newest() is None
    kept.add(CHECKPOINT, {W1.verifier.vkey: GOOD})
    assert kept.newest().size == 5


def test_a_database_without_the_table_is_unavailable(opened, engine):
    kept = opened()
    assert kept.newest() is None
    COSIGNATURES.drop(engine)
    for ask in (kept.newest, kept.sizes, lambda: kept.add(CHECKPOINT, {W1.verifier.vkey: GOOD})):
        with pytest.raises(LogUnavailable):
            ask()
