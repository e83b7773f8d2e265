"""Collecting cosignatures from real witnesses over sockets: grown, away, back again, rolled back, forked, faster."""

import io
import json
import os
import socket
import threading
import time

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from api.database import migrate, open_engine
from api.peers.witness_client import WitnessClient
from api.settings import WitnessAddress
from api.verifier.collecting import Collector
from api.web.logs import open_logger
from api.witness.app import create_app
from api.witness.home import WitnessHome
from api.witness.settings import WitnessSettings
from verifier.errors import NoteError
from verifier.log.note import Checkpoint, NoteSigner
from verifier.log.writer import Draft, Log
from verifier.models import COSIGNATURES
from verifier.witnesses.cosignatures import Cosignatures
from verifier.witnesses.cosigning import Cosigner, Quorum, WitnessedVerifier

SIGNER = NoteSigner("verifier.example/log", bytes(range(32)))


class Party:
    """A witness's files and key; it can be started on its port again and again."""

    def __init__(self, folder, number, served):
        self.home = WitnessHome(folder / f"w{number}")
        self.cosigner = self.home.make_key(f"witness.example/w{number}", seed=bytes([number]) * 32)
        self.verifier = self.cosigner.verifier
        self._served = served
        self.port = 0
        self.server = None

    def start(self, **more):
        settings = WitnessSettings(
            key_file=self.home.key_file,
            memory=self.home.memory,
            refused=self.home.refused,
            logs=(SIGNER.verifier.vkey,),
            **more,
        )
        self.server = self._served(create_app(settings), self.port)
        self.server.__enter__()
        self.url = self.server.url
        self.port = int(self.url.rpartition(":")[2])
        return self

    def stop(self):
        if self.server:
            self.server.__exit__()
            self.server = None


@pytest.fixture
def parties(tmp_path, served):
    made = [Party(tmp_path, number, served).start() for number in (1, 2)]
    yield made
    for each in made:
        each.stop()


class Operator:
    """A log's operator: database, log, and one who collects cosignatures for it."""

    def __init__(self, folder, parties, name="log", needed=2, database=None):
        self.engine = open_engine(database or f"sqlite:///{folder / name}.sqlite")
        migrate(self.engine, "verifier")
        self.log = Log(self.engine, SIGNER, entropy=os.urandom)
        self.quorum = Quorum(tuple(each.verifier for each in parties), needed)
        self.kept = Cosignatures(self.engine, self.quorum)
        self.said = io.StringIO()
        self.registry = CollectorRegistry()
        self.parties = parties
        self.clients = []
        self.collector = None
        self.open_collector()

    def open_collector(self, **more):
        self.close_collector()
        self.clients = [WitnessClient(each.url, each.verifier, timeout=2) for each in self.parties]
        self.collector = Collector(
            self.log,
            self.kept,
            self.clients,
            logger=open_logger("verifier", stream=self.said),
            **({"pause": 0.02, "registry": self.registry, "jitter": lambda: 0.0} | more),
        )
        return self.collector

    def grow(self, count=1):
        for _ in range(count):
            self.log.append(lambda _index: Draft("answer", os.urandom(8).hex().encode(), 1_700_000_000)).result(20)

    def shown(self):
        """The size that a reader with both witnesses pinned is shown."""
        pinned = WitnessedVerifier(SIGNER.name, SIGNER.verifier.public, self.quorum)
        newest = self.kept.newest()
        return Checkpoint.open(newest.note, pinned).size if newest else None

    def reasons(self):
        return [line.get("reason") for line in map(json.loads, self.said.getvalue().splitlines())]

    def close_collector(self):
        if self.collector:
            self.collector.close()
        for each in self.clients:
            each.close()

    def close(self):
        self.close_collector()
        self.log.close()
        self.engine.dispose()


@pytest.fixture
def operate(tmp_path, parties):
    made = []

    def make(name="log", **more):
        made.append(Operator(tmp_path, parties, name, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


def due(operator):
    for peer in operator.collector._peers:
        peer.due = 0.0


def test_every_size_is_cosigned_and_nothing_is_asked_twice(operate):
    operator = operate()
    assert operator.collector.collect() == 0  # an empty log
    for count in (1, 1, 5, 300):
        operator.grow(count)
        assert operator.collector.collect() == 2
        assert operator.shown() == operator.log.size
        assert operator.collector.collect() == 0
    rendered = generate_latest(operator.registry).decode()
    assert 'zkattest_verifier_cosigned_entries{witness="witness.example/w2"} 307.0' in rendered
    assert "zkattest_verifier_shown_entries 307.0" in rendered


def test_a_witness_that_is_away_is_asked_again_and_catches_up(operate, parties):
    operator = operate()
    operator.grow(3)
    operator.collector.collect()
    parties[1].stop()
    for _ in range(4):
        operator.grow(2)
        due(operator)
        assert operator.collector.collect() == 1
    assert (operator.shown(), operator.log.size) == (3, 11)
    assert operator.reasons() == ["PeerUnreachable"] * 3  # said when it begins, and ever more seldom
    parties[1].start()
    assert operator.collector.collect() == 0  # not before its pause is over
    due(operator)
    assert operator.collector.collect() == 1  # the same checkpoint, without an entry more
    assert operator.shown() == 11


def test_one_that_never_answers_holds_nobody_up(operate, parties):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        parties[1].url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        operator = operate(needed=1)
        operator.grow(4)
        first_round = threading.Thread(target=operator.collector.collect)
        first_round.start()
        await_true(operator.kept.newest)
        assert first_round.is_alive()  # it still waits for the other one
        operator.grow(1)
        first_round.join()
        assert operator.reasons() == ["PeerUnreachable"]
        assert (operator.collector.collect(), operator.kept.newest().size) == (1, 5)


def test_one_of_two_is_enough_where_one_is_asked_for(operate, parties):
    operator = operate(needed=1)
    parties[0].stop()
    operator.grow(4)
    assert (operator.collector.collect(), operator.kept.newest().size) == (1, 4)


def test_one_who_starts_without_memory_asks_from_the_size_that_it_is_told(operate):
    operator = operate()
    operator.grow(5)
    operator.collector.collect()
    with operator.engine.begin() as connection:
        connection.execute(COSIGNATURES.delete())
    operator.open_collector(registry=CollectorRegistry())
    assert (operator.collector.collect(), operator.shown()) == (2, 5)
    operator.grow(4)
    assert (operator.collector.collect(), operator.shown()) == (2, 9)


def test_a_log_that_was_rolled_back_or_forked_gets_no_cosignature(operate, parties):
    honest = operate("honest")
    honest.grow(8)
    assert honest.collector.collect() == 2
    fork = operate("fork")
    told = []
    for count in (5, 3, 4):  # behind the witnesses, where they are, beyond them
        fork.grow(count)
        due(fork)
        assert (fork.collector.collect(), fork.shown()) == (0, None)
        told.append({type(error).__name__ for error in _refusals(fork)})
    assert told == [{"LogBehindWitness"}, {"Forked"}, {"Inconsistent"}]
    assert set(fork.reasons()) == {"LogBehindWitness", "Forked", "Inconsistent"}
    assert 'reason="Inconsistent"' in generate_latest(fork.registry).decode()
    assert len(list(parties[0].home.refused.iterdir())) >= 2
    honest.grow(1)
    assert (honest.collector.collect(), honest.shown()) == (2, 9)


def _refusals(operator):
    """What each witness says to the newest checkpoint."""
    for peer in operator.collector._peers:
        try:
            peer.cosign(operator.log, operator.log.note, operator.log.size)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the test asks for
            yield error


def test_what_is_not_the_witness_word_is_not_stored(operate, parties):
    other = Cosigner(parties[1].cosigner.name, b"\7" * 32)  # the pinned key is another one than the running witness has
    operator = operate()
    operator.quorum = Quorum((parties[0].verifier, other.verifier), 2)
    operator.kept = Cosignatures(operator.engine, operator.quorum)
    operator.parties[1].verifier = other.verifier
    operator.open_collector(registry=CollectorRegistry())
    operator.grow(2)
    assert (operator.collector.collect(), operator.shown()) == (1, None)
    assert operator.reasons() == [NoteError.__name__]


def test_two_processes_collect_for_one_log(operate, database):
    first, second = operate(database=database), operate(database=database)
    stop = threading.Event()

    def run(operator):
        while not stop.is_set():
            operator.grow()
            operator.collector.collect()

    threads = [threading.Thread(target=run, args=[each]) for each in (first, second)]
    for each in threads:
        each.start()
    try:
        await_true(first.shown)  # even while both of them hurry
    finally:
        stop.set()
        for each in threads:
            each.join()
    due(second)
    second.collector.collect()
    assert second.shown() == first.shown() == second.log.caught_up()


def test_its_thread_survives_a_database_that_fails(operate):
    operator = operate()
    COSIGNATURES.drop(operator.engine)
    operator.grow(2)
    operator.collector.start()
    await_true(lambda: '"collecting-failed"' in operator.said.getvalue())
    COSIGNATURES.create(operator.engine)
    await_true(lambda: operator.shown() == 2)
    operator.grow(2)
    await_true(lambda: operator.shown() == 4)


def await_true(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_witness_is_an_address_and_a_key():
    vkey = Cosigner("witness.example/w1", b"\1" * 32).verifier.vkey
    assert WitnessAddress(url="https://witness.example/zk", vkey=vkey).verifier.vkey == vkey
    for wrong in ({"url": "ftp://x"}, {"url": "https://x?y"}, {"vkey": "witness"}, {"vkey": SIGNER.verifier.vkey}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            WitnessAddress(**({"url": "https://witness.example", "vkey": vkey} | wrong))
