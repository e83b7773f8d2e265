"""The documented example runs as it stands, against a running verifier, and what it signs is what we verify."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import api.samples.sign_question as example
from circuits.jws import SigningKey, peek
from verifier.entries.parties import PartyEntry
from verifier.publishing import publish


def run(*arguments, check):
    command = [sys.executable, Path(example.__file__), *arguments]
    return subprocess.run(command, capture_output=True, check=check, timeout=30)  # noqa: S603 - our own example


def test_the_example_asks_a_signed_question(world, tmp_path):
    key, service = SigningKey.generate(entropy=os.urandom(32)), world.verifier.service
    (tmp_path / "bank.pem").write_bytes(key.to_pem())
    (tmp_path / "consent.jws").write_text(world.consent("ann", "example-bank") + "\n")
    who = (world.verifier_server.url, world.provider.origin, tmp_path / "bank.pem")
    question = (*who, "salary > 100000", tmp_path / "consent.jws")
    assert b"401" in run(*question, check=False).stderr
    now = int(time.time())
    publish(PartyEntry("example-bank", key.public, now), log=service.log, registry=service.registry, now=now)
    told = json.loads(run(*question, check=True).stdout)
    said = peek(told["attestation"])
    assert (told["answer"], said["request"], said["aud"]) == ("yes", "signed", "example-bank")


def test_it_names_keys_as_we_do():
    key = SigningKey(bytes(31) + b"\x09")
    assert example.key_id(Ed25519PrivateKey.from_private_bytes(key.seed)) == key.kid
