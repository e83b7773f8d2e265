"""Whether a question was asked, and answered, under a consent that holds: one rule, live and in replay.

A consent is not logged when it is granted; it is shown with the question. It counts if the key that signed it counted
at its date: from its `valid_from` until another was registered. Its period is looked at when the question was put.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from circuits import jws
from circuits.attributes import Attributes
from circuits.consent import Consent
from circuits.encoding import b64u
from circuits.errors import CircuitsError, ConsentRefused
from circuits.jws import VerifyKey
from circuits.permission import require_permitted
from circuits.predicate import Predicate
from circuits.query import Query
from verifier.errors import ConsentElsewhere, ConsentUnfit, ConsentWithdrawn
from verifier.fold.catalogue import Provider
from verifier.fold.registry import Registry

CLOCK_SKEW = 300
"""Seconds by which a provider's clock may be ahead of the verifier's."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A consent, verified.

    Attributes:
        consent: as the provider signed it.
        provider_index: the entry with the key that signed it.
    """

    consent: Consent
    provider_index: int


def require_granted(
    query: Query, predicate: Predicate, schema: Attributes, token: str, *, registry: Registry, asked_at: int
) -> Granted:
    """Require that a consent is what a question names, is the provider's, and allows it.

    Args:
        query: as put.
        predicate: its question.
        schema: what that was typed under.
        token: the consent.
        registry: what the log says.
        asked_at: size of the log when the question was put.

    Raises:
        ConsentElsewhere: the question names another one (blame: verifier).
        ConsentUnfit: it is not the provider's, or does not allow the question (blame: provider, if it answered).
    """
    granted = open_granted(query, token, registry=registry, asked_at=asked_at)
    consent, at = granted.consent, query.issued_at
    if at < consent.issued_at <= at + CLOCK_SKEW:
        at = consent.issued_at
    try:
        require_permitted(consent, query, predicate, schema, now=at)
    except ConsentRefused as error:
        raise ConsentUnfit(str(error)) from error
    except CircuitsError as error:
        raise ConsentUnfit(f"the consent does not fit its schema: {error}") from error
    return granted


def open_granted(query: Query, token: str, *, registry: Registry, asked_at: int) -> Granted:
    """Open the consent that a question names, whatever it allows; see require_granted."""
    if b64u(hashlib.sha256(token.encode()).digest()) != query.consent:
        raise ConsentElsewhere("the consent is not the one that the question names")
    return _opened(token, registry.history(query.provider), asked_at)


def require_usable(granted: Granted, query: Query, *, registry: Registry, asked_at: int) -> None:
    """Require that a consent had not been withdrawn, nor used up, when a question was put.

    Raises:
        ConsentWithdrawn, ConsentExhausted: it had (blame: provider).
    """
    consent = granted.consent
    withdrawn = registry.consents.withdrawn_index(consent.provider, consent.digest)
    if withdrawn is not None and withdrawn < asked_at:
        raise ConsentWithdrawn(f"the consent was withdrawn by entry {withdrawn}")
    registry.consents.require_seldom(consent.provider, consent.digest, consent.frequency, query.issued_at)


def _opened(token: str, history: tuple[Provider, ...], asked_at: int) -> Granted:
    """Open a consent with the newest of its provider's keys that signed it and counted at its date."""
    known = [each for each in history if each.index < asked_at]
    ends = {before.index: after.at for before, after in pairwise(known) if before.entry.key != after.entry.key}
    try:
        kid = jws.peek_kid(token)
        for each in reversed(known):
            if each.entry.key.kid == kid:
                consent = _opened_with(token, each.entry.key)
                end = ends.get(each.index)
                if each.entry.valid_from - CLOCK_SKEW <= consent.issued_at and (
                    end is None or consent.issued_at < end + CLOCK_SKEW
                ):
                    return Granted(consent, each.index)
    except CircuitsError as error:
        raise ConsentUnfit(f"{type(error).__name__}: {error}") from error
    raise ConsentUnfit("the consent is not signed by a key that was its provider's at its date")


@lru_cache(maxsize=4096)
def _opened_with(token: str, key: VerifyKey) -> Consent:
    """Open a consent; people are asked about more than once under one."""
    return Consent.open(token, key)
