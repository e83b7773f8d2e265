"""The file that a replay notes its progress in: written whole and synced, read only if nobody else could write it."""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.home.files import require_writable, write_file
from api.version import VERSION
from verifier.audit.ledger import Ledger, LedgerError
from verifier.checking import EngineName
from verifier.trust import Trust

MOST: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class LedgerFile:
    """A replay's progress under some pins and an engine, as a file."""

    path: Path
    trust: Trust
    engine: EngineName

    def read(self) -> Ledger | None:
        """What an earlier replay wrote, or None if there is no file yet.

        Raises:
            LedgerError: somebody else could have written it, or it is not about these pins, engine and version.
            OSError: it cannot be read, or not be written later.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            require_writable(self.path)
            return None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise LedgerError("it is a link") from None
            raise
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise LedgerError("it is no file")
            if found.st_uid != os.geteuid() or found.st_mode & 0o022:
                raise LedgerError("others than you could have written it")
            content = file.read(MOST + 1)
        if len(content) > MOST:
            raise LedgerError("it is too long")
        require_writable(self.path)
        return Ledger.from_bytes(content, trust=self.trust, engine=self.engine, software=VERSION)

    def write(self, ledger: Ledger) -> None:
        """Replace the file, whole or not at all, and sync it. Raises OSError."""
        write_file(self.path, ledger.to_bytes(trust=self.trust, engine=self.engine, software=VERSION))
