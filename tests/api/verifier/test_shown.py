"""What a verifier with witnesses shows: the newest checkpoint that both have cosigned, whatever else is new."""

import time

import pytest

from api.settings import WitnessAddress
from api.witness.app import create_app
from api.witness.home import WitnessHome
from api.witness.settings import WitnessSettings
from verifier.evidence.evidence import verify_evidence
from verifier.log.note import Checkpoint
from verifier.trust import Trust
from verifier.witnesses.cosigning import Quorum, WitnessedVerifier


@pytest.fixture(scope="module")
def scene(tmp_path_factory, tables, world_over, served):
    """A running world, its two witnesses, and pins that name both."""
    folder = tmp_path_factory.mktemp("shown")
    homes = [WitnessHome(folder / f"w{number}" / "witness") for number in (1, 2)]
    keys = [home.make_key(f"witness.example/w{number}", seed=bytes([number]) * 32) for number, home in enumerate(homes)]
    world = world_over(folder, tables)
    vkey = world.verifier.signer.verifier.vkey
    apps = [
        create_app(WitnessSettings(key_file=each.key_file, memory=each.memory, refused=each.refused, logs=(vkey,)))
        for each in homes
    ]
    with served(apps[0]) as first, served(apps[1]) as second:
        addresses = [
            WitnessAddress(url=server.url, vkey=key.verifier.vkey)
            for server, key in zip((first, second), keys, strict=True)
        ]
        world.more |= {"witnesses": addresses, "witness_pause": 0.05}
        with world.running():
            plain = world.verifier.service.trust
            quorum = Quorum(tuple(key.verifier for key in keys), 2)
            world.pins = Trust(WitnessedVerifier(plain.log.name, plain.log.public, quorum), plain.attestations)
            yield world


def read(world):
    response = world.lender.get("/log/checkpoint")
    assert response.status_code == 200
    return response.text, response.headers["etag"]


def await_cosigned(world, index):
    """The checkpoint that is shown once it covers an entry; every one on the way opens for who has pinned both."""
    deadline = time.monotonic() + 60
    while True:
        note, etag = read(world)
        if Checkpoint.from_bytes(note.partition("\n\n")[0].encode() + b"\n").size > index and note.count("\n— ") == 3:
            assert Checkpoint.open(note, world.pins.log).size > index
            return note, etag
        assert time.monotonic() < deadline, world.take_log()[-2000:]
        time.sleep(0.02)


def test_an_answer_is_shown_cosigned_and_its_evidence_with_it(scene):
    told = scene.ask().json()
    _note, before = await_cosigned(scene, told["log"]["index"])
    file = scene.lender.get(told["links"]["evidence"]).content
    assert verify_evidence(file, trust=scene.pins).index == told["log"]["index"]
    assert verify_evidence(file, trust=scene.verifier.service.trust).index == told["log"]["index"]
    unchanged = scene.lender.get("/log/checkpoint", headers={"If-None-Match": before})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    later = scene.ask("salary > 1000").json()
    _note, after = await_cosigned(scene, later["log"]["index"])
    assert after != before
    assert scene.lender.get("/log/checkpoint", headers={"If-None-Match": before}).status_code == 200


def test_what_is_shown_never_goes_back(scene):
    await_cosigned(scene, scene.ask("salary > 2000").json()["log"]["index"])
    sizes = []
    for number in range(6):
        scene.ask(f"salary > {3000 + number}")
        note, _etag = read(scene)
        sizes.append(Checkpoint.open(note, scene.pins.log).size)
    assert sizes == sorted(sizes)


def test_its_card_names_them(scene):
    named = scene.lender.get("/.well-known/zkattest").json()["witnesses"]
    assert named == [each.vkey for each in scene.pins.log.quorum.witnesses]


def test_its_metrics_tell_how_far_each_witness_is(scene):
    await_cosigned(scene, scene.ask("salary > 5000").json()["log"]["index"])
    size = scene.verifier.service.log.size
    deadline = time.monotonic() + 60
    while f"zkattest_verifier_shown_entries {size}.0" not in (text := scene.lender.get("/metrics").text):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for name in ("w0", "w1"):
        assert f'zkattest_verifier_cosigned_entries{{witness="witness.example/{name}"}} {size}.0' in text
