"""Where a witness keeps what it has: its key, its memory, and what it refused.

HOME/witness/            0700
  key                    the signature key (a private note key)    0600
  logs/                  the last cosigned checkpoint of each log
  refused/               signed checkpoints that do not extend these, with these, as evidence
  lock                   held by the running witness
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from api.home.directory import Home, HomeError, require_private
from api.home.files import PRIVATE_DIRECTORY, write_file
from verifier.errors import NoteError
from verifier.witnesses.cosigning import Cosigner


@dataclass(frozen=True, slots=True)
class WitnessHome:
    """Paths of one witness. Building one touches nothing."""

    root: Path

    @classmethod
    def of(cls, home: Home) -> Self:
        """The witness of a home."""
        return cls(home.root / "witness")

    @property
    def key_file(self) -> Path:
        """The private key, secret."""
        return self.root / "key"

    @property
    def memory(self) -> Path:
        """The last checkpoint of each log."""
        return self.root / "logs"

    @property
    def refused(self) -> Path:
        """What logs signed and the witness refused."""
        return self.root / "refused"

    @property
    def lock(self) -> Path:
        """Held while the witness runs."""
        return self.root / "lock"

    def make_key(self, name: str, *, seed: bytes) -> Cosigner:
        """Make the key of a new witness.

        Raises:
            NoteError: the name cannot stand on a signature line.
            HomeError: there is a key already, or there has been one.
        """
        cosigner = Cosigner(name, seed)
        if self.key_file.exists():
            raise HomeError(
                "there is a witness already; keys are never overwritten",
                where=self.key_file,
                remedy="choose another place with --home DIR or ZKATTEST_HOME",
            )
        for directory in (self.root.parent, self.root):
            directory.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        require_private(self.root)
        write_file(self.key_file, cosigner.skey.encode() + b"\n")
        return cosigner

    def cosigner(self) -> Cosigner:
        """Read the key.

        Raises:
            HomeError: there is none, or it is readable by others, or damaged.
        """
        if not self.key_file.is_file():
            raise HomeError(
                "there is no witness here yet", where=self.root, remedy="make its key with: attest witness keygen NAME"
            )
        require_private(self.key_file)
        try:
            return Cosigner.from_skey(self.key_file.read_text("ascii").strip())
        except (NoteError, UnicodeDecodeError) as error:
            raise HomeError(
                "the witness's key is damaged", where=self.key_file, remedy="restore the file from a copy"
            ) from error
