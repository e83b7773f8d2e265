"""Keys, credentials and how they end; and how tokens are forged."""

import json

from topics import Topic
from world import NOW, PROVIDER, SIGNING, peopled

from circuits import credential, erasure, jws
from circuits.encoding import b64u, b64u_decode, canonical_json
from circuits.erasure import sign_erasure
from circuits.jws import SigningKey
from verifier.entries import revocation
from verifier.entries.revocation import revoke

JWK = SIGNING.public.to_jwk()
OTHER = SigningKey(bytes(32)).public.to_jwk()


def key_cases(topic):
    topic.accept("key", "key.read", {"jwk": JWK}, "kid is the RFC 7638 thumbprint")
    bare = {name: JWK[name] for name in ("kty", "crv", "x")}
    topic.accept("key-bare", "key.read", {"jwk": bare}, "nothing but the key")
    for name, change, why in (
        ("private", {"d": JWK["x"]}, "a private key is not to be shown around"),
        ("kty", {"kty": "EC"}, "another type of key"),
        ("crv", {"crv": "X25519"}, "another curve"),
        ("alg", {"alg": "ES256"}, "another algorithm"),
        ("use", {"use": "enc"}, "another use"),
        ("kid", {"kid": OTHER["kid"]}, "the thumbprint of another key"),
        ("short", {"x": b64u(bytes(31))}, "31 bytes"),
        ("padded", {"x": JWK["x"] + "="}, "there is no padding"),
        ("weak-0", {"x": b64u(bytes(32))}, "a point of small order: anyone can sign"),
        ("weak-1", {"x": b64u(b"\x01" + bytes(31))}, "the neutral element"),
        ("number", {"x": 5}, "not a text"),
    ):
        topic.reject(f"key-{name}", "key.read", {"jwk": bare | change}, why, mutates="key-bare")


def credential_topic():
    about = "Keys (RFC 8037), credentials, how they end: compact JWS, Ed25519, one acceptable header."
    topic = Topic("credential", about)
    key_cases(topic)
    world, held = peopled()
    token = held["ada"][0].token
    topic.shared["ada"] = token
    topic.accept("open", "credential.open", {"token": token, "jwk": JWK}, "commitments to what a provider verified")
    successor = world.issue("ada/2", {"salary": "130000"}, supersedes=held["ada"][0].id, log=False).token
    topic.accept("supersedes", "credential.open", {"token": successor, "jwk": JWK}, "one that replaces another")
    forged(topic, "credential.open", token, credential.TYP, base="open")
    _nonsense(topic, token)
    _revocations(topic, held["ada"][0].id)
    _erasures(topic, [each.id for each in held["ada"]])
    return topic


def stated_in(token):
    """What a token says."""
    return json.loads(b64u_decode(token.split(".")[1]))


def forged(topic, operation, token, typ, *, base, prefix=""):
    """Tokens that the key did not sign so, or not as a token of this type."""
    head, payload, signature = token.split(".")
    stated, flipped = stated_in(token), bytearray(b64u_decode(signature))
    flipped[0] ^= 1
    names = {"alg": "Ed25519", "kid": SIGNING.kid, "typ": typ}
    for name, changed, why in (
        ("signature", f"{head}.{payload}.{b64u(bytes(flipped))}", "one bit of the signature"),
        ("signature-cut", f"{head}.{payload}.{signature[:-2]}", "a signature that is too short"),
        ("unsigned", f"{head}.{payload}.", "no signature"),
        ("none", f"{_header(names | {'alg': 'none'})}.{payload}.", "the algorithm none"),
        ("alg", f"{_header(names | {'alg': 'EdDSA'})}.{payload}.{signature}", "another name of the algorithm"),
        ("kid", f"{_header(names | {'kid': OTHER['kid']})}.{payload}.{signature}", "another key is named"),
        ("typ", f"{_header(names | {'typ': 'JWT'})}.{payload}.{signature}", "another type is named"),
        ("crit", f"{_header(names | {'crit': ['x']})}.{payload}.{signature}", "a header with more in it"),
        ("four-parts", f"{token}.", "four parts"),
        ("two-parts", f"{head}.{payload}", "two parts"),
        ("padded", f"{head}.{payload}.{signature}=", "there is no padding"),
        ("resigned", jws.sign(stated, typ="JWT", key=SIGNING), "signed, as a token of another type"),
        ("attestation", jws.sign(stated, typ="zkattest-attestation+jwt", key=SIGNING), "signed, as an attestation"),
    ):
        topic.reject(f"{prefix}{name}", operation, {"token": changed, "jwk": JWK}, why, mutates=base)
    topic.reject(f"{prefix}other-key", operation, {"token": token, "jwk": OTHER}, "signed by another key", mutates=base)


def _header(members):
    return b64u(canonical_json(members))


def signed_nonsense(topic, operation, token, typ, changes, *, base, prefix="signed-"):
    """What the provider's own key signed, and what is no such token all the same: each member missing, or changed."""
    stated = stated_in(token)
    for name, change, why in changes:
        said = jws.sign(stated | change, typ=typ, key=SIGNING)
        topic.reject(f"{prefix}{name}", operation, {"token": said, "jwk": JWK}, why, mutates=base)
    for member in sorted(stated):
        less = {name: stated[name] for name in stated if name != member}
        said = jws.sign(less, typ=typ, key=SIGNING)
        topic.reject(f"{prefix}no-{member}", operation, {"token": said, "jwk": JWK}, f"without {member}", mutates=base)


def _nonsense(topic, token):
    stated = stated_in(token)
    first = stated["attributes"][0]
    changes = (
        ("extra", {"note": "x"}, "a member more"),
        ("exp", {"exp": stated["iat"]}, "it ends when it begins"),
        ("iat", {"iat": "now"}, "a time that is no number"),
        ("jti", {"jti": b64u(bytes(15))}, "an id of 15 bytes"),
        ("person", {"person": b64u(bytes(15))}, "a person of 15 bytes"),
        ("person-name", {"person": "ada"}, "a person is no name"),
        ("schema", {"schema": b64u(bytes(31))}, "a digest of 31 bytes"),
        ("as-of", {"as_of": "2026-02-30"}, "no such day"),
        ("empty", {"attributes": []}, "no attribute"),
        ("twice", {"attributes": [first, first]}, "an attribute twice"),
        ("source", {"attributes": [first | {"source": "hearsay"}]}, "no such source"),
        ("verified-at", {"attributes": [first | {"verified_at": "yesterday"}]}, "no date"),
        ("point", {"attributes": [first | {"commitment": b64u(b"\x02" + bytes(31) + b"\x05")}]}, "not on the curve"),
        ("point-short", {"attributes": [first | {"commitment": b64u(bytes(32))}]}, "a commitment of 32 bytes"),
        ("item-extra", {"attributes": [first | {"value": "129000"}]}, "an attribute with a member more"),
        ("supersedes", {"supersedes": None}, "it supersedes nothing, and says so"),
    )
    signed_nonsense(topic, "credential.open", token, credential.TYP, changes, base="open")


def _revocations(topic, named):
    token = revoke(provider=PROVIDER, credential=named, reason="erroneous", issued_at=NOW, key=SIGNING).token
    topic.shared["revocation"] = token
    topic.accept("revocation", "revocation.open", {"token": token, "jwk": JWK}, "a credential is void from now on")
    settings = {"base": "revocation", "prefix": "revocation-"}
    forged(topic, "revocation.open", token, revocation.TYP, **settings)
    changes = (
        ("extra", {"note": "x"}, "a member more"),
        ("reason", {"reason": "boredom"}, "no such reason"),
        ("credential", {"credential": None}, "of no credential"),
        ("iat", {"iat": "now"}, "a time that is no number"),
        ("iss", {"iss": None}, "nobody"),
    )
    signed_nonsense(topic, "revocation.open", token, revocation.TYP, changes, **settings)


def _erasures(topic, named):
    token = sign_erasure(provider=PROVIDER, credentials=named, issued_at=NOW, key=SIGNING).token
    topic.shared["erasure"] = token
    ids = stated_in(token)["credentials"]
    topic.accept("erasure", "erasure.open", {"token": token, "jwk": JWK}, "all credentials of one person, by their ids")
    settings = {"base": "erasure", "prefix": "erasure-"}
    forged(topic, "erasure.open", token, erasure.TYP, **settings)
    changes = (
        ("extra", {"subject": "ada"}, "a member more"),
        ("empty", {"credentials": []}, "of no credential"),
        ("text", {"credentials": ids[0]}, "a text is no list"),
        ("turned", {"credentials": ids[::-1]}, "ids out of order"),
        ("twice", {"credentials": [ids[0], *ids]}, "an id twice"),
        ("id-short", {"credentials": [b64u(bytes(15))]}, "an id of 15 bytes"),
        ("id-padded", {"credentials": [ids[0] + "=="]}, "there is no padding"),
        ("id-number", {"credentials": [1]}, "a number is no id"),
        ("iat", {"iat": True}, "true is no time"),
        ("iss", {"iss": None}, "nobody"),
    )
    signed_nonsense(topic, "erasure.open", token, erasure.TYP, changes, **settings)


def topics():
    return [credential_topic()]
