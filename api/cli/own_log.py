"""The verifier's own log, opened to append to it beside a verifier that runs, and what it says of keys."""

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from api.settings import VerifierSettings
    from verifier.fold.registry import Registry
    from verifier.log.writer import Log


@contextmanager
def own_log(settings: "VerifierSettings", *, kinds: "Collection[str]") -> "Iterator[tuple[Log, Registry]]":
    """The log and a registry that knows its entries of some kinds, those included that others append meanwhile.

    Raises:
        LogUnavailable, LogCorrupt: the log cannot be used.
    """
    from api.database import open_engine
    from verifier.fold.registry import Registry
    from verifier.log.leaves import AnyEntry
    from verifier.log.note import NoteSigner
    from verifier.log.writer import Log

    registry = Registry()

    def recall(logged: AnyEntry) -> None:
        if logged.kind in kinds:
            registry.recall(logged)

    engine = open_engine(settings.database_url.get_secret_value())
    try:
        signer = NoteSigner.from_skey(settings.log_key_file.read_text("ascii").strip())
        with Log(engine, signer, entropy=os.urandom, observer=recall) as log:
            for logged in log.read(0, kinds=kinds):
                registry.recall(logged)
            yield log, registry
    finally:
        engine.dispose()
