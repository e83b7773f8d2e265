"""Put what providers register into the log and the registry: schemas, credentials, revocations, and providers."""

from collections.abc import Iterable
from concurrent.futures import Future, wait
from dataclasses import dataclass

from verifier.entries.kinds import Entry, encode
from verifier.errors import AlreadyRegistered, EntryError, LogUnavailable, RegistryError
from verifier.fold.registry import Admitted, Registry
from verifier.log.writer import Draft, Log


@dataclass(frozen=True, slots=True)
class Published:
    """An entry that the log has, now or from before."""

    index: int
    new: bool


def publish(entry: Entry, *, log: Log, registry: Registry, now: int, timeout: float = 30) -> Published:
    """Register one entry and wait for its commit; registering the same thing again is harmless.

    Args:
        entry: a provider, schema, credential or revocation.
        log: where it goes.
        registry: what the log says; it knows the entry when this returns.
        now: Unix seconds.
        timeout: seconds to wait for the commit.

    Raises:
        RegistryError: it contradicts what the log says, or its signature does not verify (blame: the sender).
        LogUnavailable: nothing was committed, or not in time; registering again is safe.
    """
    outcome = publish_all([entry], log=log, registry=registry, now=now, timeout=timeout)[0]
    if isinstance(outcome, RegistryError):
        raise outcome
    return outcome


def publish_all(
    entries: Iterable[Entry], *, log: Log, registry: Registry, now: int, timeout: float = 60
) -> list[Published | RegistryError]:
    """Register many entries in order; one that is refused does not hinder the others.

    Returns:
        For each entry where it is in the log, or why it was refused.

    Raises:
        LogUnavailable: some could not be committed, or not in time; registering all of them again is safe. It is
            raised when the fate of each is known, so that none of them is still being written, unless time ran out.
    """
    log.caught_up(timeout)  # another process may have logged the provider, or the schema, that these need
    pending: list[Future[int] | RegistryError] = []
    for entry in entries:
        try:
            pending.append(_append(registry.admit(entry), log, registry, now))
        except RegistryError as error:
            pending.append(error)
        except EntryError as error:  # too long, say
            pending.append(RegistryError(str(error)))
    wait([future for future in pending if isinstance(future, Future)], timeout)
    return [_outcome(future) for future in pending]


def _append(admitted: Admitted, log: Log, registry: Registry, now: int) -> Future[int]:
    body = encode(admitted.entry, now)

    def build(index: int) -> Draft:
        undo = registry.enter(index, admitted, now)
        return Draft(admitted.entry.kind, body, now, undo=undo)

    return log.append(build)


def _outcome(pending: Future[int] | RegistryError) -> Published | RegistryError:
    if isinstance(pending, RegistryError):
        return pending
    try:
        return Published(pending.result(timeout=0), new=True)
    except AlreadyRegistered as known:
        return Published(known.index, new=False)
    except RegistryError as error:
        return error
    except TimeoutError as error:
        raise LogUnavailable("the log did not commit in time; it may still do so") from error
