"""After an erasure nothing of the person is in any byte that the product keeps: both services run, on both databases.

One person has themselves erased with their token, another is erased by the operator, a third one stays. Looked for are
values, reference, handles, consents, tokens, questions and every sealed row of theirs, in the databases with what
lies beside them, logs, the home, and an export with its bodies that is brought up to date.
"""

import json
import sqlite3
import time
import uuid
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psycopg
import pytest
import searching

from api.home.directory import Home
from api.home.services import free_ports
from api.home.settings import PROVER_DATABASE, VERIFIER_DATABASE
from circuits.attributes import Schema
from circuits.encoding import b64u_decode
from circuits.jws import peek

pytestmark = pytest.mark.long
SCHEMA = {
    "schema": "planted",
    "version": 1,
    "attributes": [
        {"name": "salary", "type": "money", "currency": "USD", "period": "year", "max": "999999999999999.99"},
        {
            "name": "net_worth",
            "type": "money",
            "currency": "USD",
            "min": "-999999999999999.99",
            "max": "0",
            "disclosure": {"residual": "1000000"},
        },
        {"name": "date_of_birth", "type": "date"},
        {"name": "employer", "type": "text"},
    ],
}
ADA = {
    "id": "ada-planted-51c3",
    "salary": "271828182845904.52",
    "net_worth": "-314159265358979.32",
    "date_of_birth": "2187-03-14",
    "employer": "Quillfeather 7f3b Ltd",
}
DEE = {
    "id": "dee-planted-08e1",
    "salary": "577215664901532.86",
    "net_worth": "-461803398874989.48",
    "date_of_birth": "2191-11-29",
    "employer": "Marrowbone d4a0 LLC",
}
BOB = {
    "id": "bob-planted-77aa",
    "salary": "141421356237309.50",
    "net_worth": "-523606797749978.97",
    "date_of_birth": "2179-07-02",
    "employer": "Stays 99 Inc",
}
PEOPLE = (ADA, DEE, BOB)
THRESHOLDS = {ADA["id"]: "173205080756887", DEE["id"]: "244948974278317", BOB["id"]: "264575131106459"}
OF_A_PERSON = {
    "prover_subject": ("id", ("lookup", "sealed_reference", "wrapped_key"), 3),
    "prover_credential": ("subject_id", ("sealed", "fingerprint"), 2),
    "prover_consent": ("subject_id", ("id", "digest", "party", "sealed"), 8),
    "prover_knowledge": ("subject_id", ("party", "sealed"), 4),
    "prover_inquiry": ("subject_id", ("query", "sealed"), 8),
    "prover_subject_token": ("subject_id", ("digest",), 1),
}
"""Where the vault keeps what is a person's: by which column, which columns, and how many of them at least."""


@dataclass
class Place:
    """A home with its databases, wherever these are."""

    home: Home
    urls: dict[str, str] = field(default_factory=dict)
    cluster: Path | None = None

    def read(self, room, query, *arguments):
        """Rows of one room's database."""
        if self.urls:
            url = self.urls[room].replace("postgresql+psycopg", "postgresql")
            with psycopg.connect(url) as connection:
                return connection.execute(query.replace("?", "%s"), arguments).fetchall()
        file = self.home.vault if room == "prover" else self.home.log_database
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return connection.execute(query, arguments).fetchall()

    def settle(self):
        """What an operator of PostgreSQL does in a quiet hour; SQLite needs nothing."""
        for url in self.urls.values():
            with psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True) as connection:
                connection.execute("VACUUM FULL")
                connection.execute("CHECKPOINT")

    def contents(self):
        """Every byte there is, but the write-ahead log of PostgreSQL, which is the operator's to recycle."""
        yield from searching.files(self.home.root, self.home.root.parent / "exported")
        for room, url in self.urls.items():
            yield from searching.rows(url)
            ((folder,),) = self.read(room, "SELECT oid FROM pg_database WHERE datname = current_database()")
            yield from searching.files(self.cluster / "data" / "base" / str(folder))
        if self.cluster:
            yield "the server's log", (self.cluster / "log").read_bytes()

    def find(self, lives):
        """What stands somewhere of some lives: their numbers and names, and where."""
        self.settle()
        wanted = {
            (number, name): forms
            for number, life in enumerate(lives)
            for name, forms in ({f"never {name}": forms for name, forms in life.hidden.items()} | life.shown).items()
        }
        return searching.search(self.contents(), wanted)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path, monkeypatch):
    home = Home(tmp_path / "home")
    if request.param == "sqlite":
        yield Place(home)
        return
    server = request.getfixturevalue("postgres_server")
    urls = {}
    for room, variable in (("verifier", VERIFIER_DATABASE), ("prover", PROVER_DATABASE)):
        name = f"erased_{uuid.uuid4().hex}"
        server.execute(f"CREATE DATABASE {name}")
        urls[room] = server.url(name)
        monkeypatch.setenv(variable, urls[room])
    yield Place(home, urls, server.folder)
    for url in urls.values():
        server.execute(f"DROP DATABASE {url.partition('@/')[2].partition('?')[0]} WITH (FORCE)")


@pytest.fixture
def running(place, start):
    verifier, prover = free_ports("127.0.0.1", 2)
    up = start(place.home, "--verifier-port", verifier, "--prover-port", prover)
    yield up
    assert up.stop() == 0
    up.process.stdout.close()
    up.process.stderr.close()


def forms_of(person):
    """How their values could show."""
    schema = Schema.from_json(SCHEMA)
    forms = {"reference": searching.written(person["id"].encode())}
    for name in ("salary", "net_worth", "date_of_birth", "employer"):
        encoded = schema.attribute(name).encode(person[name])
        told = person[name].removeprefix("-").encode()
        if name == "date_of_birth":  # a day's number is too short to be looked for but as a scalar
            scalar = encoded.to_bytes(32, "big")
            forms[name] = searching.written(told) | searching.written(scalar) | searching.written(scalar[::-1])
        else:
            forms[name] = searching.written(told) | searching.number(encoded)
    return forms


def sealed_of(place, consent):
    """Every sealed thing that the vault holds of whoever gave a consent, and every keyed hash that finds it."""
    ((subject,),) = place.read(
        "prover", "SELECT subject_id FROM prover_consent WHERE id = ?", b64u_decode(consent["id"])
    )
    found = {}
    for table, (owner, columns, fewest) in OF_A_PERSON.items():
        chosen = ", ".join(columns)
        stored = place.read("prover", f"SELECT {chosen} FROM {table} WHERE {owner} = ?", subject)  # noqa: S608 - ours
        blobs = [bytes(blob) for row in stored for blob in row if blob is not None]
        assert len(blobs) >= fewest, table
        found |= {f"{table} {number}": searching.stored(blob) for number, blob in enumerate(blobs)}
    return found


def logged_of(place, consent):
    """Salts and bodies of the questions that were asked under a consent, and of what was answered from."""
    kept = place.read("verifier", "SELECT kind, salt, body FROM log_entry WHERE body IS NOT NULL")
    mine = [row for row in kept if consent["subject"].encode() in bytes(row[2])]
    assert sorted(row[0] for row in mine) == ["answer", "answer", "declined", "undetermined"]
    named = {each for row in mine for each in json.loads(bytes(row[2])).get("credentials", ())}
    mine += [row for row in kept if row[0] == "credential" and peek(json.loads(bytes(row[2]))["token"])["jti"] in named]
    assert len(mine) == 5
    found = {f"salt {number}": searching.stored(bytes(row[1])) for number, row in enumerate(mine)}
    return found | {f"body {number}": searching.stored(bytes(row[2])) for number, row in enumerate(mine)}


@dataclass
class Life:
    """What is known of a person to whoever looks for them."""

    shown: dict
    """Forms, by name, of what stands somewhere in the clear or sealed until it is erased."""
    hidden: dict
    """Forms of what stands nowhere, not even before."""
    evidence: Path
    token: str
    consent: dict


def live(place, attest, person, folder):
    """Their life with two lenders: answers, a gap, a refusal, a token, a dispute, a consent taken back."""
    about, threshold = ("--subject", person["id"]), THRESHOLDS[person["id"]]
    consent = attest("prover", "consent", "show", *about, "--json").json
    second = ("--relying-party", "other-bank", "--purpose", "tenancy")
    other = attest("prover", "consent", "grant", *about, *second, "--json").json
    attest("prover", "consent", "revoke", "--id", other["id"])
    evidence = folder / f"{person['id']}.evidence.json"
    asked = attest("ask", f"salary > {threshold}", *about, "--evidence", evidence, "--json").json
    attest("ask", f"net_worth > -{threshold}", *about)
    attest("ask", f"net_worth > -{threshold}.01", *about, code=3)  # nearer than is promised: declined
    token = attest("prover", "subject", "token", *about, "--json").json["token"]
    attest("prover", "subject", "dispute", *about)
    attest("ask", f"salary < {threshold}", *about, code=3)  # undetermined
    attest("prover", "subject", "settle", *about)
    shown = {"question": searching.written(threshold.encode()), "attestation": {asked["attestation"].encode()}}
    hidden = {"token": searching.written(token.encode())} | forms_of(person)
    for each, forms in ((consent, shown), (other, hidden)):
        payload, signature = each["consent"].split(".")[1:]
        for name in ("subject", "id"):
            forms[f"consent's {name}"] = searching.written(each[name].encode())
        forms["consent"] = {payload.encode(), signature.encode()}
    shown |= sealed_of(place, consent) | logged_of(place, consent)
    return Life(shown, hidden, evidence, token, consent)


def erase_as_the_person(place, token):
    """Over HTTP, with nothing but the token, and wait until the verifier was told."""
    prover = place.home.config().prover.url
    with httpx2.Client(base_url=prover, trust_env=False, timeout=30) as client:
        me = {"Authorization": f"Bearer {token}"}
        erased = client.delete("/v1/subjects/me", headers=me)
        assert erased.status_code == 200, erased.text
        assert client.delete("/v1/subjects/me", headers=me).status_code == 401
        deadline = time.monotonic() + 60
        while client.get("/readyz").json()["pending_erasures"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return erased.json()


def test_no_byte_of_an_erased_person_is_left(place, running, tmp_path):
    attest, exported = running.attest, tmp_path / "exported"
    file, schema = tmp_path / "people.csv", tmp_path / "planted.json"
    file.write_text("\n".join(",".join(each) for each in (ADA, *(person.values() for person in PEOPLE))) + "\n")
    schema.write_text(json.dumps(SCHEMA))
    importing = ("prover", "import", file, "--schema", schema, "--subject", "id", "--json")
    assert attest(*importing).json["registered"] == 3
    ada, dee, bob = lives = [live(place, attest, person, tmp_path) for person in PEOPLE]
    attest("verifier", "log", "export", exported, "--bodies")
    before = place.find(lives)
    assert set(before) == {(number, name) for number, life in enumerate(lives) for name in life.shown}

    assert erase_as_the_person(place, ada.token)["credentials"] == 1
    told = attest("prover", "erase", "--subject", DEE["id"], "--yes", "--json").json
    assert told["logged"]["erased"] == {"answer": 2, "credential": 1, "declined": 1, "undetermined": 1}
    attest("prover", "erase", "--subject", DEE["id"], "--yes", code=2)
    attest("verifier", "log", "export", exported, "--bodies")
    assert set(place.find(lives)) == {(2, name) for name in bob.shown}

    for source in ((), (exported,)):  # the log as it is served, and as it was exported
        report = attest("audit", "replay", *source, "--json").json
        assert (report["clean"], report["answers"], sum(report["erased"].values())) == (True, 2, 10)
    attest("verifier", "fsck")
    for life in lives:  # each lender has its own
        attest("evidence", "verify", life.evidence)

    again = attest(*importing).json
    assert (again["issued"], again["unchanged"]) == (2, 1)
    for person, life in ((ADA, ada), (DEE, dee)):
        assert (
            attest("prover", "consent", "show", "--subject", person["id"], "--json").json["subject"]
            != life.consent["subject"]
        )
        attest("ask", "salary > 1", "--subject", person["id"])
        kept = tmp_path / "kept.consent"
        kept.write_text(life.consent["consent"])
        attest("ask", "salary > 1", "--consent", kept, code=3)
    assert attest("audit", "replay", "--json").json["clean"]
    attest("verifier", "fsck")


@pytest.mark.parametrize("name", ["reference", "salary", "net_worth", "date_of_birth", "employer"])
def test_the_search_finds_every_form_of_what_is_planted(tmp_path, name):
    forms = forms_of(ADA)[name]
    assert len(searching.shortest(forms)) >= 6
    for place, form in enumerate(forms):
        (tmp_path / "control").write_bytes(b"." * (place % 5) + form + b"." * (place % 3))
        assert set(searching.search(searching.files(tmp_path), {name: forms})) == {name}, form
    (tmp_path / "control").write_bytes(b"...")
    assert searching.search(searching.files(tmp_path), {name: forms}) == {}
