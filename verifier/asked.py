"""Who asked: whether a signed request is the question that was put, by the party that is said to have put it.

A question whose request is kept with it cannot be denied by the relying party, nor made up by the verifier. What the
verifier added itself (id, nonce, what the consent says, today's date, which schemas are needed) is what
the signed words leave open.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from circuits import calendar, jws
from circuits.attributes import Schema
from circuits.encoding import b64u, parse_json
from circuits.errors import CircuitsError
from circuits.query import Query, Reasons
from verifier.entries.signed_request import MOST_LIFETIME, SignedRequest
from verifier.errors import RegistryError, RequestRefused
from verifier.fold.registry import Registry

PATH: Final = "/v1/queries"
CLOCK_AHEAD: Final = 30
"""Seconds by which a relying party's clock may be ahead of the verifier's."""
MOST_WAITING: Final = 3600
"""Seconds that a question may wait for its answer: all that time an answer may rely on the past it was put in."""
CLOCK_STEP: Final = 900
"""Seconds by which an entry's time may lie before that of an earlier entry: clocks are set, and requests wait."""
_REQUIRED: Final = frozenset({"predicate", "consent", "audience"})
_MEMBERS: Final = frozenset(
    {*_REQUIRED, "schema", "schemas", "reasons", "as_of", "max_age"},
)


def require_asked(query: Query, request: SignedRequest | None, *, registry: Registry, asked_at: int, now: int) -> None:
    """Require that a signed request is this question.

    Args:
        query: as it was put to the provider.
        request: as it was received; None, of which nothing is required, if it was not signed.
        registry: what the log says; of the parties at least the one that asks.
        asked_at: size of the log when the question was put: the key must have been current then.
        now: time of the entry, Unix seconds.

    Raises:
        RequestRefused: it is not (blame: verifier).
    """
    if request is None:
        return
    try:
        party = registry.parties.at(query.relying_party, asked_at)
        schemas = tuple(registry.schema(digest) for digest in query.schema_digests)
    except RegistryError as error:
        raise RequestRefused(str(error)) from error
    if party.entry.key is None:
        raise RequestRefused("the relying party had no key when the question was put")
    request.verify(party.entry.key)
    require_time(request, query.issued_at)
    if abs(now - query.issued_at) > MOST_WAITING:
        raise RequestRefused("the signed question was logged at another time than it was put")
    if request.method != "POST" or not request.target_uri.endswith(PATH):
        raise RequestRefused("the signed request is no question")
    _require_words(query, _parse(request.body), schemas)


def require_time(request: SignedRequest, at: int) -> None:
    """Require that a signature counts at a time (Unix seconds).

    Raises:
        RequestRefused: not yet, or no longer (blame: who presents it).
    """
    parameters = request.parameters
    if not parameters.created - CLOCK_AHEAD <= at < parameters.expires:
        raise RequestRefused("the request was not signed at that time")


def _parse(body: bytes) -> Mapping[str, Any]:
    try:
        said = parse_json(body)
    except CircuitsError as error:
        raise RequestRefused(f"the signed body cannot be read: {error}") from error
    if not isinstance(said, dict) or not _REQUIRED <= said.keys() <= _MEMBERS:
        raise RequestRefused("the signed body has other members than a question")
    return said


def _require_words(query: Query, said: Mapping[str, Any], schemas: tuple[Schema, ...]) -> None:
    """Compare what was signed with what was asked, member by member."""
    _require_consent(query, said.get("consent"))
    asked: dict[str, Any] = {
        "predicate": query.predicate_text,
        "audience": query.audience,
        "reasons": query.reasons.value,
        "as_of": query.as_of,
        "max_age": query.max_age,
    }
    left_out: dict[str, Any] = {
        "reasons": Reasons.OUTCOME_ONLY.value,
        "as_of": calendar.rfc3339(query.issued_at)[:10],
        "max_age": None,
    }
    for name, value in asked.items():
        meant = said.get(name)
        if meant is None:
            meant = left_out.get(name)
        if type(meant) is not type(value) or meant != value:
            raise RequestRefused(f"the signed body says something else: {name}")
    _require_schemas(said.get("schema"), said.get("schemas"), schemas)


def _require_consent(query: Query, token: object) -> None:
    """The consent that was shown says whom it is about, who is to answer, and why."""
    if not isinstance(token, str) or b64u(hashlib.sha256(token.encode()).digest()) != query.consent:
        raise RequestRefused("the signed body says something else: consent")
    try:
        stated = jws.peek(token)
    except CircuitsError as error:
        raise RequestRefused(f"the signed body has no consent in it: {error}") from error
    for name, due in (("sub", query.subject), ("iss", query.provider), ("purpose", query.purpose)):
        if stated.get(name) != due:
            raise RequestRefused(f"the signed body says something else: consent, {name}")


def _require_schemas(one: object, several: object, schemas: tuple[Schema, ...]) -> None:
    """Those that were named, in their order; what the question does not need may be missing."""
    if one is not None and several is not None:
        raise RequestRefused("the signed body says something else: schema and schemas")
    if one is not None:
        named: list[object] = [one]
    elif several is None:
        return
    elif isinstance(several, list):
        named = several
    else:
        raise RequestRefused("the signed body says something else: schemas")
    left = iter(named)
    for schema in schemas:
        if not any(name in {schema.name, b64u(schema.digest)} for name in left):
            raise RequestRefused("the signed body says something else: the schemas")


class Requests:
    """The requests of a log's questions, in its order: counted, and none of them logged twice.

    A nonce is remembered as long as its request could be logged again, for a few hours of questions: it counts for at
    most MOST_LIFETIME, its question is logged within MOST_WAITING, and entries are out of order by at most CLOCK_STEP.
    What lies further apart is refused for its time.
    """

    _WINDOW: Final = MOST_LIFETIME + 2 * MOST_WAITING + CLOCK_STEP

    def __init__(self) -> None:
        self.signed = 0
        self._recent: set[bytes] = set()
        self._earlier: set[bytes] = set()
        self._begun = 0

    def read(self, request: SignedRequest | None, at: int) -> None:
        """Take note of the next question's request, logged at a time (Unix seconds); None if it was not signed.

        Raises:
            RequestRefused: its key has signed this nonce before (blame: verifier).
        """
        if request is None:
            return
        self.signed += 1
        if at - self._begun > self._WINDOW:
            self._earlier, self._recent, self._begun = self._recent, set(), at
        parameters = request.parameters
        digest = hashlib.sha256(f"{parameters.key_id}/{parameters.nonce}".encode()).digest()[:16]
        if digest in self._recent or digest in self._earlier:
            raise RequestRefused("the signed request was logged before: it was asked once")
        self._recent.add(digest)
