"""A table of multiples that lies makes a verifier accept false statements; one that was changed is never used."""

import hashlib
import shutil

import pytest
from adversary import CONTEXT, Adversary, commit, square_root
from mutants import accepts_honestly, everywhere, mutant

from circuits.arithmetic import verify
from circuits.constraints import Circuit, Row, V
from circuits.errors import ProofInvalid, TableError
from circuits.generators import G_OFFSET
from circuits.group import engine, tables
from circuits.group.curve import N
from circuits.group.digests import CHUNK_DIGESTS
from circuits.group.tables import TABLE
from circuits.prover import Wires

IS_5 = Circuit(1, 0, 0, (), (Row.of([(V, 0, 1)], -5),))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Tables as an honest process leaves them, and a verifier that uses them."""
    folder = tmp_path_factory.mktemp("tables")
    group = engine("fast", tables=folder)
    commitments, proof = accepts_honestly(IS_5, [5], Wires((), (), ()), CONTEXT)
    verify(IS_5, commitments, CONTEXT, proof, engine=group)
    return folder


@pytest.fixture
def directory(built, tmp_path):
    """A copy to tamper with."""
    (path,) = built.glob("*.table")
    shutil.copy(path, tmp_path)
    return tmp_path


def overwrite(directory, change):
    (path,) = directory.glob("*.table")
    content = bytearray(path.read_bytes())
    change(content)
    path.unlink()
    path.write_bytes(content)
    path.chmod(0o444)
    return hashlib.sha256(content).digest()


def g_zero_is_g(content):
    """The table of G_0 becomes a copy of G's, and a relation between generators is known."""
    at = G_OFFSET * TABLE
    content[at : at + TABLE] = content[:TABLE]


class KnowsRelation(Adversary):
    """What is missing on G is moved to the norm vector, whose generator is G."""

    def after_tau(self):
        # moving by x changes the equation's G by -mu (2 n x + x^2) - x
        mu, n = self.w.mu[0], self.n[0]
        linear = 2 * mu * n + 1
        root = square_root((linear * linear + 4 * mu * self.excess()) % N)
        self.lucky = root is not None
        self.n[0] = (n + ((root or 0) - linear) * pow(2 * mu, -1, N)) % N


def forged_under(group):
    for seed in range(64):
        forger = KnowsRelation(IS_5, commit(6), seed=seed, group=group)
        commitments, proof = forger.forge()
        if forger.lucky:
            return commitments, proof
    raise AssertionError


def test_poisoned_table(directory):
    digest = overwrite(directory, g_zero_is_g)
    trusting = (digest, *CHUNK_DIGESTS[1:])
    with mutant(lambda patch: everywhere(patch, CHUNK_DIGESTS, trusting)):
        poisoned = engine("fast", tables=directory)
        commitments, proof = forged_under(poisoned)
        verify(IS_5, commitments, CONTEXT, proof, engine=poisoned)
    for group in (engine(), engine("reference"), engine("fast", tables=directory)):
        with pytest.raises(ProofInvalid):
            verify(IS_5, commitments, CONTEXT, proof, engine=group)
    (path,) = directory.glob("*.table")
    assert hashlib.sha256(path.read_bytes()).digest() == CHUNK_DIGESTS[0], "the lying file was replaced"


@pytest.mark.parametrize("place", [0, 5 * TABLE + 63, 24 * TABLE - 1])
def test_one_bit_is_enough_to_refuse(directory, place):
    def flip(content):
        content[place] ^= 1

    assert overwrite(directory, flip) != CHUNK_DIGESTS[0]
    commitments, proof = accepts_honestly(IS_5, [5], Wires((), (), ()), CONTEXT)
    verify(IS_5, commitments, CONTEXT, proof, engine=engine("fast", tables=directory))
    (path,) = directory.glob("*.table")
    assert hashlib.sha256(path.read_bytes()).digest() == CHUNK_DIGESTS[0]


@pytest.mark.parametrize("mode", [0o666, 0o464, 0o446])
def test_file_that_others_may_write(directory, mode):
    (path,) = directory.glob("*.table")
    path.chmod(mode)
    with pytest.raises(TableError):
        engine("fast", tables=directory).prepare(G_OFFSET)


def test_file_of_another_user(directory):
    """Who owns a file can change it while it is mapped, after it was compared: `6 == 5` was accepted that way."""
    (path,) = directory.glob("*.table")
    engine("fast", tables=directory).prepare(G_OFFSET)
    stranger = path.stat().st_uid + 1

    def strange(patch):
        everywhere(patch, tables.own_uid, lambda: stranger)
        patch.setattr(tables, "ROOT", stranger)  # root's files are for everybody, and these tests may run as root

    with mutant(strange), pytest.raises(TableError):
        engine("fast", tables=directory).prepare(G_OFFSET)


def test_file_that_is_exchanged_while_it_is_opened(directory, tmp_path):
    """Whoever may write to the directory shows an honest file to whoever asks for its owner, and has another opened."""
    (path,) = directory.glob("*.table")
    honest, open_to_all = tmp_path / "honest", tmp_path / "open"
    shutil.copy(path, honest)
    shutil.copy(path, open_to_all)
    open_to_all.chmod(0o666)

    class Exchanged(type(path)):
        def open(self, *arguments, **more):
            shutil.move(self.second, self)
            file = super().open(*arguments, **more)
            shutil.move(honest, self)
            return file

    def exchange(second):
        Exchanged.second = second
        return lambda patch: patch.setattr(tables.Tables, "_path", staticmethod(lambda *_: Exchanged(path)))

    another = tmp_path / "another"
    shutil.copy(honest, another)
    with mutant(exchange(another)):
        engine("fast", tables=directory).prepare(G_OFFSET)
    shutil.copy(path, honest)
    with mutant(exchange(open_to_all)), pytest.raises(TableError):
        engine("fast", tables=directory).prepare(G_OFFSET)


def test_the_owner_of_a_mapped_file_proves_anything(directory):
    """Why it matters whose file it is: here the owner is the verifier itself."""
    (path,) = directory.glob("*.table")
    path.chmod(0o644)
    trusting = engine("fast", tables=directory)
    trusting.prepare(G_OFFSET + 1)
    with path.open("r+b") as file:
        content = bytearray(file.read())
        g_zero_is_g(content)
        file.seek(0)
        file.write(content)
    commitments, proof = forged_under(trusting)
    verify(IS_5, commitments, CONTEXT, proof, engine=trusting)
    with pytest.raises(ProofInvalid):
        verify(IS_5, commitments, CONTEXT, proof)
