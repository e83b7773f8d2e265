"""Ask a signed question, with nothing of zkattest: the whole client in a page, to be read, copied and translated.

    python sign_question.py https://verifier.example verifier.example/log bank.pem "salary > 100000" consent.jws

`bank.pem` is an Ed25519 key (attest keygen bank.pem); the verifier's operator has logged its public half (attest
verifier client add first-bank --public-key ...). `consent.jws` is the consent of the person in question, as their
provider handed it out. The signature is HTTP Message Signatures, RFC 9421.
"""

import base64
import hashlib
import json
import secrets
import sys
import time
import urllib.request
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def key_id(key: Ed25519PrivateKey) -> str:
    """Write the RFC 7638 thumbprint of the public key."""
    x = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
    jwk = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(jwk.encode()).digest()).rstrip(b"=").decode()


def signed_headers(key: Ed25519PrivateKey, method: str, uri: str, body: bytes) -> dict[str, str]:
    """Sign one request, for one minute; sent again, it needs a new signature."""
    now, nonce = int(time.time()), secrets.token_urlsafe(16)
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    parameters = (
        '("@method" "@target-uri" "content-digest")'
        f';created={now};expires={now + 60};nonce="{nonce}";keyid="{key_id(key)}";tag="zkattest"'
    )
    base = f'"@method": {method}\n"@target-uri": {uri}\n"content-digest": {digest}\n"@signature-params": {parameters}'
    return {
        "Content-Type": "application/json",
        "Content-Digest": digest,
        "Signature-Input": f"sig={parameters}",
        "Signature": f"sig=:{base64.b64encode(key.sign(base.encode())).decode()}:",
    }


def main(url: str, origin: str, key_file: str, predicate: str, consent_file: str) -> None:
    """Ask, and print what the verifier answers."""
    key = load_pem_private_key(Path(key_file).read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        sys.exit(f"{key_file} holds no Ed25519 key")
    # The question names the verifier it is put to: nobody else can present it as one that was put to them.
    consent = Path(consent_file).read_text("ascii").strip()
    body = json.dumps({"audience": origin, "predicate": predicate, "consent": consent}).encode()
    uri = f"{url}/v1/queries"
    request = urllib.request.Request(uri, data=body, headers=signed_headers(key, "POST", uri, body))  # noqa: S310 - the caller's own https address
    with urllib.request.urlopen(request) as response:  # noqa: S310 - see above
        sys.stdout.write(response.read().decode() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
