"""The home directory: everything a party keeps between two runs, in one place, readable by its owner only.

HOME/                     0700
  config.json             names, ports; no secret
  keys.json               the client keys of this machine (lender, auditor, the two services)    0600
  trust.json              what an auditor pins: log origin and key, the verifier's key; public
  lock                    held by the running pair of services
  services.json           addresses of the running pair; gone when it stops
  prover/                 vault.sqlite, kek, signing.pem, callers.json, lock                      0700
  verifier/               log.sqlite, log.key, attestation.pem                                    0700
  logs/                   prover.log, verifier.log
"""

import fcntl
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.home.files import PRIVATE_DIRECTORY, PRIVATE_FILE
from api.settings import WitnessAddress
from api.web.unfit import plain

ENVIRONMENT: Final = "ZKATTEST_HOME"
DEFAULT_HOME: Final = "~/.local/share/zkattest"


class HomeError(Exception):
    """The home directory cannot be used as it is; the person at the keyboard can mend it.

    Attributes:
        where: the path in question.
        remedy: what to do about it.
    """

    def __init__(self, what: str, *, where: Path, remedy: str) -> None:
        super().__init__(what)
        self.where = where
        self.remedy = remedy


class HomeBusyError(HomeError):
    """Another process holds the lock."""


class Address(BaseModel):
    """Where a service listens."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)

    @property
    def url(self) -> str:
        """The address as an URL without a trailing slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class Config(BaseModel):
    """`config.json`: names and addresses, chosen on the first run and stable afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: int = Field(default=1, ge=1, le=1)
    origin: str
    provider_id: str = "sandbox-kyc"
    provider_name: str = "Sandbox KYC"
    relying_party: str = "sandbox-lender"
    prover: Address
    verifier: Address
    witnesses: tuple[WitnessAddress, ...] = ()
    cosigned_by: int | None = Field(default=None, ge=1)


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below one root. Building one touches nothing; `create` makes the directories."""

    root: Path

    @classmethod
    def at(cls, path: str | Path | None = None, *, environment: Mapping[str, str]) -> Self:
        """The home named on the command line, else by ZKATTEST_HOME, else the default."""
        return cls(Path(path or environment.get(ENVIRONMENT) or DEFAULT_HOME).expanduser().absolute())

    @property
    def config_file(self) -> Path:
        """Names and addresses."""
        return self.root / "config.json"

    @property
    def keys_file(self) -> Path:
        """Client keys, secret."""
        return self.root / "keys.json"

    @property
    def trust_file(self) -> Path:
        """What an auditor pins, public."""
        return self.root / "trust.json"

    @property
    def services_file(self) -> Path:
        """Addresses and process ids of the running pair."""
        return self.root / "services.json"

    @property
    def prover(self) -> Path:
        """The provider's side: vault and its keys."""
        return self.root / "prover"

    @property
    def verifier(self) -> Path:
        """The verifier's side: log and its keys."""
        return self.root / "verifier"

    @property
    def logs(self) -> Path:
        """Log files of both services."""
        return self.root / "logs"

    @property
    def vault(self) -> Path:
        """The prover's database."""
        return self.prover / "vault.sqlite"

    @property
    def kek(self) -> Path:
        """The key-encryption key of the vault, secret."""
        return self.prover / "kek"

    @property
    def signing_key(self) -> Path:
        """The provider's signing key (PEM), secret."""
        return self.prover / "signing.pem"

    @property
    def callers(self) -> Path:
        """Who may call the prover; digests only."""
        return self.prover / "callers.json"

    @property
    def log_database(self) -> Path:
        """The verifier's database."""
        return self.verifier / "log.sqlite"

    @property
    def log_key(self) -> Path:
        """The signed-note key of the log, secret."""
        return self.verifier / "log.key"

    @property
    def attestation_key(self) -> Path:
        """The verifier's attestation key (PEM), secret."""
        return self.verifier / "attestation.pem"

    @property
    def is_ready(self) -> bool:
        """Whether the first run has completed: its last act is to write the configuration."""
        return self.config_file.is_file()

    def create(self) -> None:
        """Makes the directories, 0700.

        Raises:
            HomeError: the path is taken by something else, not writable, or open to others.
        """
        try:
            for directory in (self.root, self.prover, self.verifier, self.logs):
                directory.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        except OSError as error:
            raise HomeError(
                f"cannot create the home directory: {error.strerror}",
                where=self.root,
                remedy="choose another place with --home DIR or ZKATTEST_HOME",
            ) from None
        require_private(self.root)
        require_private(self.prover)

    def config(self) -> Config:
        """Reads `config.json`.

        Raises:
            HomeError: there is none yet, or it is damaged.
        """
        remedy = "start it once with: attest up"
        if not self.config_file.is_file():
            raise HomeError("nothing has been set up here yet", where=self.root, remedy=remedy)
        try:
            return Config.model_validate_json(self.config_file.read_bytes())
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            path = ".".join(str(part) for part in first["loc"]) or "the whole file"
            if path == "version":
                raise HomeError(
                    "this home was made by another version of zkattest, whose files this one does not know",
                    where=self.config_file,
                    remedy="use that version, or start afresh with another --home",
                ) from None
            raise HomeError(
                f"the configuration is damaged at {path}: {plain(first)}",
                where=self.config_file,
                remedy="mend the file by hand, or start afresh with another --home",
            ) from None

    def keys(self) -> Mapping[str, str]:
        """Reads the client keys by name.

        Raises:
            HomeError: missing, damaged, or readable by others.
        """
        remedy = "start it once with: attest up"
        if not self.keys_file.is_file():
            raise HomeError("there are no client keys here", where=self.keys_file, remedy=remedy)
        require_private(self.keys_file)
        content = read_json(self.keys_file)
        if not all(isinstance(value, str) for value in content.values()):
            raise HomeError("the client keys are damaged", where=self.keys_file, remedy="restore the file from a copy")
        return MappingProxyType({name: str(value) for name, value in content.items()})


def require_private(path: Path) -> None:
    """Refuses a path that others may read or write.

    Raises:
        HomeError: with the command that mends it.
    """
    status = path.stat()
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        mode = PRIVATE_DIRECTORY if stat.S_ISDIR(status.st_mode) else PRIVATE_FILE
        raise HomeError(
            f"open to other users (mode {stat.S_IMODE(status.st_mode):04o})",
            where=path,
            remedy=f"close it with: chmod {mode:o} {path}",
        )


def read_json(path: Path) -> dict[str, Any]:
    """Reads one JSON object from a file.

    Raises:
        HomeError: unreadable, not JSON, or not an object.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise HomeError(
            f"cannot be read: {error.strerror}", where=path, remedy="check the path and its permissions"
        ) from None
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise HomeError("this is not a JSON object", where=path, remedy="restore the file, or name another one")
    return content


@contextmanager
def locked(path: Path, *, what: str, remedy: str) -> Iterator[None]:
    """Holds an exclusive lock on `path` while the block runs; the kernel frees it when the process dies.

    Raises:
        HomeBusyError: another process holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise HomeBusyError(what, where=path, remedy=remedy) from None
        yield
    finally:
        os.close(descriptor)
