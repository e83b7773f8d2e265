"""Bodies of entries, signed questions and tokens, changed in one place; the keys that are used besides the world's."""

import json

from world import NOW, ORIGIN, granted

from circuits.encoding import b64u, b64u_decode, canonical_json
from circuits.jws import SigningKey
from verifier.entries.signed_request import Parameters, sign

BANK = SigningKey(bytes(31) + b"\x03")
NEXT_ATTESTING = SigningKey(bytes(31) + b"\x04")
NEXT_SIGNING = SigningKey(bytes(31) + b"\x05")
REQUEST = {"predicate": "salary > 100000", "consent": granted().token, "audience": ORIGIN, "max_age": 90}


def signed(
    body=REQUEST, *, key=BANK, uri="https://verifier.example/v1/queries", created=NOW - 2, nonce="vectors-nonce-0001"
):
    """A question as its relying party signs it."""
    parameters = Parameters(created, created + 60, nonce, key.kid)
    return sign("POST", uri, canonical_json(body), key=key, parameters=parameters)


def changed(body, **changes):
    """Another value of some members."""
    return canonical_json(json.loads(body) | changes).decode()


def in_query(body, **changes):
    """Another value of some members of the question."""
    return changed(body, query=json.loads(body)["query"] | changes)


def lacking(body, name):
    """One member less."""
    members = json.loads(body)
    del members[name]
    return canonical_json(members).decode()


def flip(text):
    """Another last bit."""
    content = bytearray(b64u_decode(text))
    content[-1] ^= 1
    return b64u(bytes(content))
