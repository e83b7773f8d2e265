"""Many people in one log, some erased one after the other: of these no byte stays in the file, of the others all do."""

import os
from pathlib import Path

import pytest
from sqlalchemy import insert

from circuits.encoding import b64u
from circuits.erasure import sign_erasure
from verifier.audit.export import export_lines
from verifier.audit.replay import replay
from verifier.entries.kinds import DeclinedEntry, encode
from verifier.erasing import erase
from verifier.log.writer import Draft
from verifier.models import QUERIES
from verifier.soundness.fsck import fsck

from .conftest import NOW, SEALER

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def plant(world, number):
    """Person number so-and-so has a credential, and was asked about often enough to fill pages of the file."""
    name = f"planted-{number:05}-person"
    credential = world.company.issue(name, {"country": "US"})
    world.register(credential)
    waiting = []
    for _ in range(5):
        query = world.query(consent=world.company.consent(name), purpose=f"loan-{'x' * (37 * number % 200)}")
        row = {
            "id": query.id,
            "relying_party": query.relying_party,
            "idempotency_key": f"{name}-{b64u(os.urandom(6))}",
            "request_digest": bytes(32),
            "state": "declined",
            "created_at": query.issued_at,
            "entry_index": 0,
            "response": None,
        }

        def build(index, query=query, row=row):
            entry = DeclinedEntry(query, index)
            sealed = SEALER.sealed("query_record", row | {"entry_index": index})
            return Draft(entry.kind, encode(entry, NOW), NOW, rows=((insert(QUERIES), sealed),))

        waiting.append(world.log.append(build))
    for future in waiting:
        future.result(10)
    return name, credential


def files(engine):
    file = Path(engine.url.database)
    return b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))


def erased(world, engine, name, credential):
    signed = sign_erasure(
        provider=world.company.name, credentials=[credential.id], issued_at=NOW, key=world.company.key
    )
    settings = {"engine": engine, "log": world.log, "registry": world.registry, "sealer": SEALER, "now": NOW}
    return erase(signed.token, handles=[world.company.handle(name, "first-bank")], **settings)


@pytest.mark.parametrize(
    ("size", "going"),
    [pytest.param(40, 6, id="some"), pytest.param(1_000, 250, id="many", marks=pytest.mark.long)],
)
def test_no_byte_of_them_stays(size, going, world, engine):
    planted = [plant(world, number) for number in range(size)]
    chosen = [planted[7 * place % size] for place in range(going)]
    for name, credential in chosen:
        assert name.encode() in files(engine)
        assert erased(world, engine, name, credential).counts == {"credential": 1, "declined": 5}
    left = files(engine)
    gone = {name for name, _ in chosen}
    for name, credential in planted:
        signature = credential.token.rpartition(".")[2]
        found = [text for text in (name, signature) if text.encode() in left]
        assert found == ([] if name in gone else [name, signature]), name
    report = replay(export_lines(world.log), trust=world.trust)
    assert (report.failure, report.erased) == (None, 6 * going)
    with engine.connect().execution_options(reading=True) as connection:
        checked = fsck(connection, trust=world.trust, sealer=SEALER)
    assert [str(fault) for fault in checked.faults] == []
