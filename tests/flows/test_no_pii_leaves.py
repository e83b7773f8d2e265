"""No value leaves the prover: a thousand planted values, and every byte that comes out searched for each of them.

Two recording proxies stand on both hops between the services, so what is searched is what was on the wire; beside it
both logs, both databases, evidence, export, rejects and everything the command line printed.
"""

import base64
import csv
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from api.audit.exporting import export_lines, opened
from api.cli.connection import connect, connect_log
from api.cli.demo_stage import ask_or_declined
from api.home.bootstrap import bootstrap
from api.home.directory import Address, Home
from api.home.files import write_file
from api.home.services import Services, free_ports
from api.peers.lender_client import Refusal
from circuits.attributes import Schema

PEOPLE = 250
GRADES = tuple(f"GRADE-{n:03d}" for n in range(200))
SCHEMA = {
    "schema": "planted",
    "version": 1,
    "attributes": [
        {"name": "salary", "type": "money", "currency": "USD", "period": "year", "max": "999999999999999.99"},
        {"name": "date_of_birth", "type": "date"},
        {"name": "employer", "type": "text"},
        {"name": "grade", "type": "enum", "values": list(GRADES)},
    ],
}


class Recorder:
    """A TCP proxy that keeps every byte of both directions."""

    def __init__(self, target: Address) -> None:
        self.target = (target.host, target.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address(port=self.listener.getsockname()[1])
        self.seen = bytearray()
        self.guard = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                try:
                    far = socket.create_connection(self.target, timeout=30)
                except OSError:
                    near.close()
                    continue
                for source, sink in ((near, far), (far, near)):
                    source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    threading.Thread(target=self.pump, args=(source, sink), daemon=True).start()

    def pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                with self.guard:
                    self.seen += chunk
                sink.sendall(chunk)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        self.listener.close()


def planted() -> list[dict[str, str]]:
    """Values that occur nowhere by chance: names, days of the next century, and amounts of seven bytes in cents.

    Shorter amounts would: among a few megabytes of ciphertext, four given bytes are found in one run of ten.
    """
    draw = Random(1000)  # noqa: S311 - reproducible values
    return [
        {
            "id": f"P-{n}",
            "salary": f"{draw.randrange(2 * 10**14, 10**15)}.{draw.randrange(11, 99)}",
            "date_of_birth": f"{draw.randrange(2120, 2199)}-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d}",
            "employer": f"Planted {draw.getrandbits(48):012x} Ltd",
            "grade": draw.choice(GRADES[20:]),
        }
        for n in range(PEOPLE)
    ]


def forms(schema: Schema, name: str, text: str) -> set[bytes]:
    """How a value could show: as written, encoded, in base64, as a scalar, or as a pair with its name."""
    number = schema.attribute(name).encode(text)
    scalar = number.to_bytes(32, "big")
    found = {
        scalar.hex().encode(),
        scalar.hex().upper().encode(),
        base64.b64encode(scalar).rstrip(b"="),
        base64.urlsafe_b64encode(scalar).rstrip(b"="),
    }
    for written in {text, str(number)}:
        pairs = (f'"{name}":"{written}"', f'"{name}": "{written}"', f'"{name}":{written}', f"{name}={written}")
        found |= {pair.encode() for pair in pairs}
        found |= {f"'{name}': '{written}'".encode(), f"'{name}': {written}".encode()}
    if name != "grade":  # the names of the grades are public: they are in the schema
        found |= {text.encode(), base64.b64encode(text.encode()).rstrip(b"=")}
    if name in ("salary", "employer"):
        found |= {str(number).encode(), scalar.lstrip(b"\0"), scalar.lstrip(b"\0")[::-1]}
    return found


@dataclass
class Outcome:
    """Everything that came out, by where, and what was planted."""

    schema: Schema
    people: list[dict[str, str]]
    places: dict[str, bytes] = field(default_factory=dict)

    def leaks(self) -> list[tuple[str, str, str]]:
        wanted = [
            (person["id"], name, shortest(forms(self.schema, name, person[name])))
            for person in self.people
            for name in ("salary", "date_of_birth", "employer", "grade")
        ]
        return [
            (place, person, name)
            for place, content in self.places.items()
            for person, name, found in wanted
            if any(form in content for form in found)
        ]


def shortest(found: set[bytes]) -> list[bytes]:
    """Without the forms that have another one inside: where they are, it is too."""
    return [form for form in found if not any(other in form for other in found if other != form)]


def attest(home: Home, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "api.cli", *map(str, arguments), "--json", "--home", str(home.root)]
    return subprocess.run(command, capture_output=True, timeout=60, check=True)  # noqa: S603 - ours


def ask_everything(lender, consents, people) -> list[dict]:
    """Every kind of outcome; thresholds are round, so that no question names a planted value."""
    asked = []
    for number, person in enumerate(people):
        predicate = (
            "salary > 500000000000000",
            'date_of_birth < date("2160-01-01")',
            'employer == "Nobody"',
            'grade == "GRADE-001"',
        )
        asked.append(ask_or_declined(lender, predicate[number % 4], consents[person["id"]]))
    asked.append(ask_or_declined(lender, "salary > 1", consents["another lender's"]))
    for wrong in ("salary >", 'salary > date("2001-01-01")', "wage > 1"):
        with pytest.raises(Refusal) as caught:
            lender.ask(wrong, consent=consents["P-1"])
        asked.append(dict(caught.value.problem))
    return asked


def ask_with_reasons(lender, consents, people) -> list[dict]:
    """Noes that say which clauses failed, of those who have consented; the others are declined."""
    question = 'salary > 999000000000000 && date_of_birth < date("2120-01-01") && grade == "GRADE-001"'
    asked = []
    for person in people:
        try:
            asked.append(lender.ask(question, consent=consents[person["id"]], reasons="failed-clauses"))
        except Refusal as error:
            asked.append(dict(error.problem))
    return asked


def consented(home: Home, people) -> tuple[dict[str, str], bytes]:
    """Everybody's consent, with reasons of the first two, and one to another lender; and what was printed of them."""
    reasons = ("--reasons", "failed-clauses", "--purpose", "credit-decision")
    granting = ("prover", "consent", "grant", *reasons, "--subject")
    granted = {person["id"]: attest(home, *granting, person["id"]) for person in people[:2]}
    granted["another lender's"] = attest(home, *granting, people[0]["id"], "--relying-party", "another-lender")
    listed = attest(home, "prover", "consent", "list")
    tokens = {each["subject"]: each["consent"] for each in json.loads(listed.stdout)["consents"]}
    tokens |= {name: json.loads(ran.stdout)["consent"] for name, ran in granted.items()}
    return tokens, b"".join(each.stdout + each.stderr for each in (*granted.values(), listed))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory) -> Outcome:
    folder = tmp_path_factory.mktemp("planted")
    home = Home(folder / "home")
    home.create()
    verifier, prover = (Address(port=port) for port in free_ports("127.0.0.1", 2))
    to_prover, to_verifier = Recorder(prover), Recorder(verifier)
    # The log knows the prover by the recorder's address; the prover itself listens elsewhere.
    config = bootstrap(home, verifier_port=verifier.port, prover_port=to_prover.address.port)
    write_file(home.config_file, config.model_copy(update={"prover": prover}).model_dump_json().encode())
    people = planted()
    rejected = {
        "id": "P-bad",
        "salary": "314159265358979.323",
        "date_of_birth": "2150-02-30",
        "employer": "x",
        "grade": "none",
    }
    file = folder / "planted.csv"
    with file.open("w", newline="") as text:
        writer = csv.DictWriter(text, fieldnames=list(people[0]))
        writer.writeheader()
        writer.writerows([*people, rejected])
    schema = Schema.from_json(SCHEMA)
    environment = {**os.environ, "ZKATTEST_PROVER_VERIFIER_URL": to_verifier.address.url}
    found = Outcome(schema, people)
    with closing(to_prover), closing(to_verifier), Services.start(home, environment=environment):
        rejects, definition = folder / "rejects.csv", folder / "planted.schema.json"
        definition.write_text(json.dumps(SCHEMA))
        ran = attest(home, "prover", "import", file, "--schema", definition, "--subject", "id", "--rejects", rejects)
        found.places["printed by the import"] = ran.stdout + ran.stderr
        told = json.loads(ran.stdout)
        assert (told["issued"], told["registered"], told["rejected"]) == (PEOPLE, PEOPLE, 1)
        consents, found.places["printed by the consents"] = consented(home, people)
        with connect(home) as lender:
            answers = ask_everything(lender, consents, people) + ask_with_reasons(lender, consents, people[:20])
            some = [each for each in answers if each.get("outcome") == "answer"][:20]
            found.places["evidence"] = b"".join(lender.evidence(each["id"]) for each in some)
        inquiries = [attest(home, "prover", "subject", "inquiries", "--subject", each["id"]) for each in people[:4]]
        found.places["inquiries"] = b"".join(each.stdout + each.stderr for each in inquiries)
        found.places["answers"] = json.dumps(answers).encode()
        with opened(home, connect=lambda: connect_log(home)) as log:
            found.places["export"] = b"".join(export_lines(log))
        found.places["rejects"] = rejects.read_bytes()
    found.places["wire verifier to prover"] = bytes(to_prover.seen)
    found.places["wire prover to verifier"] = bytes(to_verifier.seen)
    for path in sorted(home.root.rglob("*")):
        if path.is_file():
            found.places[str(path.relative_to(home.root))] = path.read_bytes()
    return found


def test_a_thousand_values_are_planted(outcome):
    values = {(name, person["id"], person[name]) for person in outcome.people for name in person if name != "id"}
    assert len(values) == 1000


def test_what_is_searched_is_really_what_came_out(outcome):
    places = outcome.places
    assert {"prover/vault.sqlite", "verifier/log.sqlite", "logs/prover.log", "logs/verifier.log"} <= set(places)
    assert b"/v1/proofs" in places["wire verifier to prover"]
    assert b"salary > 500000000000000" in places["wire verifier to prover"]
    assert b"/v1/credential-batches" in places["wire prover to verifier"]
    assert places["logs/prover.log"]
    assert places["logs/verifier.log"]
    assert places["inquiries"].count(b'"answered"') >= 6
    assert places["evidence"].count(b"zkattest-evidence/3") == 20
    assert places["export"].count(b"\n") > PEOPLE
    answers = json.loads(places["answers"])
    assert {each["answer"] for each in answers if each.get("outcome") == "answer"} == {"yes", "no"}
    assert any(each.get("outcome") == "declined" for each in answers)
    assert [len(each["failed"]) >= 2 for each in answers if each.get("failed")] == [True, True]


def test_no_planted_value_is_found_anywhere(outcome):
    assert outcome.leaks() == []


@pytest.mark.parametrize("name", ["salary", "date_of_birth", "employer", "grade"])
def test_the_search_finds_every_form_of_a_value_planted_in_the_clear(outcome, name):
    person = outcome.people[77]
    for form in forms(outcome.schema, name, person[name]):
        control = Outcome(outcome.schema, [person], {"control": b"..." + form + b"..."})
        assert ("control", person["id"], name) in control.leaks(), form


def test_a_rejected_value_is_not_repeated_either(outcome):
    for value in (b"314159265358979.323", b"2150-02-30"):
        assert [place for place, content in outcome.places.items() if value in content] == []


def test_the_source_file_is_where_the_values_are(outcome, tmp_path):
    path = Path(tmp_path / "source.csv")
    path.write_text("\n".join(",".join(person.values()) for person in outcome.people))
    control = Outcome(outcome.schema, outcome.people, {"source": path.read_bytes()})
    found = {(person, name) for _, person, name in control.leaks()}
    assert len(found) == 3 * PEOPLE
