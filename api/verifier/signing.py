"""The private keys of attestations: which one signs next is the log's to say, and it may say so while we run.

A change needs two files. The new key is put beside the old one, `attestation.next.pem` beside `attestation.pem`; the
log says that it counts from the next entry on; then it takes the old one's place. A crash between any two of these
leaves a verifier that starts, or goes on, with the right key.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.home.files import PRIVATE_FILE, write_file
from circuits.errors import CircuitsError
from circuits.jws import SigningKey, VerifyKey
from verifier.entries.attestors import AttestorEntry, Period, replace_lost, rotate
from verifier.entries.kinds import encode
from verifier.errors import LogUnavailable
from verifier.fold.registry import Registry
from verifier.log.writer import Draft, Log

APPEND_WITHIN: Final = 30.0


class KeyRefused(Exception):  # noqa: N818 - names what became of it
    """A private key is not where it must be, or not the one that counts (the operator's fault)."""


def next_file(file: Path) -> Path:
    """Where the key lies that is to follow the one in a file."""
    return file.with_name(f"{file.stem}.next{file.suffix}")


def read_key(file: Path) -> SigningKey | None:
    """The private key in a file, or None if there is no such file.

    Raises:
        KeyRefused: there is something else in it.
    """
    try:
        return SigningKey.from_pem(file.read_bytes())
    except FileNotFoundError:
        return None
    except CircuitsError as error:
        raise KeyRefused(f"{file.name}: {error}") from error


class AttestationKeys:
    """What signs attestations, as the log says; asked by its writer, for every answer.

    Args:
        file: the key; another may lie beside it, see next_file.
        registry: what the log says, folded up to now.

    Raises:
        KeyRefused: there is no key that counts.
    """

    def __init__(self, file: Path, registry: Registry) -> None:
        self._file = file
        self._attestors = registry.attestors
        self._lock = threading.Lock()
        self._key = read_key(file)
        try:
            found = self.current()
        except LogUnavailable as error:
            raise KeyRefused(str(error)) from error
        self._first = self._attestors.first or found.public

    def __repr__(self) -> str:
        return f"AttestationKeys({self._first.kid} and later ones, redacted)"

    @property
    def first(self) -> VerifyKey:
        """What auditors pin: the key before any change."""
        return self._first

    def current(self) -> SigningKey:
        """The key for the log's next entry.

        Raises:
            LogUnavailable: the log names another than is here: nothing may be signed until it is (blame: operator).
        """
        wanted = self._attestors.current
        with self._lock:
            if self._key is not None and wanted in (None, self._key.public):
                return self._key
            for file in (next_file(self._file), self._file):
                found = _quietly(file)
                if found is not None and found.public == wanted:
                    self._key = found
                    return found
        if wanted is None:
            raise LogUnavailable(f"there is no key {self._file.name}")
        raise LogUnavailable(f"the log says that {wanted.kid} signs attestations, and that key is not here")

    def periods(self) -> tuple[Period, ...]:
        """When each key counted, in order."""
        return self._attestors.periods(self._first)


def _quietly(file: Path) -> SigningKey | None:
    try:
        return read_key(file)
    except (KeyRefused, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Changed:
    """A change of the key: the entry that says so, and both public keys."""

    index: int
    before: VerifyKey
    after: VerifyKey


def change_key(
    log: Log, registry: Registry, file: Path, *, reason: str, now: Callable[[], int], entropy: Callable[[int], bytes]
) -> Changed:
    """Have another key sign attestations from the next entry on; a change that was interrupted is completed.

    Args:
        log: the verifier's log; other processes may have it open.
        registry: folded from at least the log's `attestor` entries, and told of new ones.
        file: the private key that signs now; replaced by the new one. An own key may lie in next_file already.
        reason: `rotated` or `compromised`.
        now: the clock, Unix seconds.
        entropy: a source of random bytes.

    Raises:
        KeyRefused: the key in the file is not the one that counts.
        RegistryError: the log contradicts it (blame: who asked).
        LogUnavailable: nothing was changed; trying again is safe.
    """
    if (completed := _completed(registry, file)) is not None:
        return completed
    old, following, current = read_key(file), next_file(file), registry.attestors.current
    if old is None or current not in (None, old.public):
        raise KeyRefused(f"{file.name} is not the key that signs attestations now")
    new, at = read_key(following) or _made(following, entropy), now()
    entry = rotate(origin=log.origin, key=new.public, by=old, now=at, reason=reason)
    index = _logged(log, registry, entry, at)
    following.replace(file)
    return Changed(index, old.public, new.public)


def replace_lost_key(
    log: Log,
    registry: Registry,
    file: Path,
    *,
    before: VerifyKey,
    now: Callable[[], int],
    entropy: Callable[[int], bytes],
) -> Changed:
    """Have another key sign attestations where the one before is gone: nobody believes it whose pins do not name it.

    Args:
        log: as for change_key, and so is what is not named here.
        registry: the same.
        file: where the lost key was.
        before: its public half, if the log names none.
        now: the clock, Unix seconds.
        entropy: a source of random bytes.

    Raises:
        KeyRefused: the key is there.
        RegistryError, LogUnavailable: as for change_key.
    """
    if (completed := _completed(registry, file)) is not None:
        return completed
    lost, following = registry.attestors.current or before, next_file(file)
    for place in (file, following):
        found = read_key(place)
        if found is not None and found.public == lost:
            raise KeyRefused(f"the key is not lost: it is in {place.name}")
    new = read_key(following) or _made(following, entropy)
    index = _logged(log, registry, replace_lost(key=new.public, after=lost), now())
    following.replace(file)
    return Changed(index, lost, new.public)


def _completed(registry: Registry, file: Path) -> Changed | None:
    """Put a key in its place whose change was logged, and then interrupted."""
    new, periods = read_key(next_file(file)), registry.attestors.periods()
    if new is None or not periods or periods[-1].key != new.public or periods[-1].since_index is None:
        return None
    next_file(file).replace(file)
    return Changed(periods[-1].since_index, periods[-2].key, new.public)


def _made(file: Path, entropy: Callable[[int], bytes]) -> SigningKey:
    made = SigningKey.generate(entropy=entropy(32))
    write_file(file, made.to_pem(), mode=PRIVATE_FILE)
    return made


def _logged(log: Log, registry: Registry, entry: AttestorEntry, at: int) -> int:
    admitted = registry.admit(entry)

    def build(index: int) -> Draft:
        body = encode(entry, at)
        return Draft(entry.kind, body, at, undo=registry.enter(index, admitted, at))

    return log.append(build).result(APPEND_WITHIN)
