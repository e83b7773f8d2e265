"""Real processes for the flow tests: a home with `attest up` running in it, and the command line against it."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api import samples
from api.home.directory import Home
from api.home.services import free_ports

# what flows share is plain modules beside them, and there is no package to import them from
sys.path.insert(0, str(Path(__file__).parent))

PATIENCE = 90


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)


@dataclass(frozen=True)
class Attest:
    """The command line in one home, as a process of its own each time."""

    home: Home

    def __call__(self, *arguments: object, code: int | None = 0, home: bool = True) -> Ran:
        command = [sys.executable, "-m", "api.cli", *map(str, arguments)]
        if home:
            command += ["--home", str(self.home.root)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603 - ours
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in ran.out + ran.err
        if code is not None:
            assert ran.code == code, (arguments, ran)
        return ran

    def consent(self, subject: str, party: str | None = None, *options: object) -> str:
        """The token of a person's consent, as their provider's operator reads or, with options, grants it."""
        verb = "grant" if options else "show"
        parties = ["--relying-party", party] if party else []
        return str(self("prover", "consent", verb, "--subject", subject, *parties, *options, "--json").json["consent"])

    def consents(self) -> dict[str, str]:
        """What the sandbox lender was given when people were imported, by the provider's reference.

        Other tests may have had somebody grant more, to others too, in a home that is shared.
        """
        found: dict[str, str] = {}
        for each in self("prover", "consent", "list", "--json").json["consents"]:  # the oldest first
            if each["relying_party"] == "sandbox-lender" and each["revoked_at"] is None:
                found.setdefault(each["subject"], each["consent"])
        return found


@dataclass(frozen=True)
class Up:
    """A running `attest up`."""

    attest: Attest
    process: subprocess.Popen[str]
    told: dict[str, Any]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def start_up(home: Home, *options: object) -> Up:
    command = [sys.executable, "-m", "api.cli", "up", "--json", "--home", str(home.root), *map(str, options)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - ours
    assert process.stdout is not None
    told = []
    while (line := process.stdout.readline()) and line != "}\n":
        told.append(line)
    if process.poll() is not None or not told:
        assert process.stderr is not None
        logs = "".join(path.read_text()[-2000:] for path in home.logs.glob("*.log"))
        raise AssertionError((process.wait(), told, process.stderr.read(), logs))
    return Up(Attest(home), process, json.loads("".join([*told, "}"])))


@pytest.fixture(scope="session")
def up(tmp_path_factory) -> Iterator[Up]:
    """Both services of one home, with the bundled sample imported."""
    home = Home(tmp_path_factory.mktemp("up") / "home")
    verifier, prover = free_ports("127.0.0.1", 2)
    running = start_up(home, "--verifier-port", verifier, "--prover-port", prover)
    try:
        file = home.root / "people.csv"
        file.write_bytes(samples.people())
        running.attest("prover", "import", file, "--subject", samples.SUBJECT)
        yield running
    finally:
        assert running.stop() == 0
        assert running.process.stdout is not None
        assert running.process.stderr is not None
        running.process.stdout.close()
        running.process.stderr.close()


@pytest.fixture(scope="session")
def attest_in() -> type[Attest]:
    """The command line in another home."""
    return Attest


@pytest.fixture(scope="session")
def start() -> Callable[..., Up]:
    """Starts another `attest up`; whoever starts it stops it."""
    return start_up
