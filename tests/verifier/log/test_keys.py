"""Keys of notes, a log's and a witness's: the published ones, and every part that may not change."""

import base64
import hashlib

import pytest

from verifier.errors import NoteError
from verifier.log.note import NoteSigner, NoteVerifier
from verifier.witnesses.cosigning import CosignatureVerifier, Cosigner

# The example of golang.org/x/mod/sumdb/note, by the key PeterNeumann; the witness of C2SP tlog-cosignature.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
REMORA = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
KINDS = {"log": (NoteVerifier, NoteSigner, PETER), "witness": (CosignatureVerifier, Cosigner, REMORA)}


def vkey(name, public, algorithm):
    hashed = hashlib.sha256(name.encode() + b"\n" + algorithm + public).digest()[:4]
    return f"{name}+{hashed.hex()}+{base64.b64encode(algorithm + public).decode()}"


def changed(key):
    name, hashed, encoded = key.split("+", 2)
    return {
        "name": f"x{key}",
        "hash": f"{name}+{int(hashed, 16) ^ 1:08x}+{encoded}",
        "hash in capitals": f"{name}+{hashed.upper()}+{encoded}",
        "algorithm": f"{name}+{hashed}+Ah{encoded[2:]}",
        "key": f"{name}+{hashed}+{encoded[:-4]}AAAA",
        "short": key[:-4],
        "two parts": f"{name}+{hashed}",
        "empty": "",
        "no name": f"+{hashed}+{encoded}",
        "not base64": key[:-1] + "!",
    }


@pytest.mark.parametrize("part", changed(PETER))
@pytest.mark.parametrize("kind", KINDS)
def test_vkey_rejects(kind, part):
    verifier, _, published = KINDS[kind]
    assert verifier.from_vkey(published).vkey == published
    with pytest.raises(NoteError):
        verifier.from_vkey(changed(published)[part])


@pytest.mark.parametrize(("kind", "other"), [("log", REMORA), ("witness", PETER)])
def test_one_kind_of_key_does_not_pass_for_the_other(kind, other):
    with pytest.raises(NoteError, match="of this kind"):
        KINDS[kind][0].from_vkey(other)
    name, public = "x.example/log", (3).to_bytes(32, "little")
    assert NoteVerifier(name, public) != CosignatureVerifier(name, public)


@pytest.mark.parametrize("kind", KINDS)
def test_private_key_rejects(kind):
    signer = KINDS[kind][1]
    assert signer.from_skey(PETER_SECRET).skey == PETER_SECRET
    for mutant in (PETER_SECRET.replace("c74f", "c74e"), PETER_SECRET.replace("+AYEK", "+AYEL"), PETER):
        with pytest.raises(NoteError) as caught:
            signer.from_skey(mutant)
        assert "KFALVFGyNhPJ" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_secret_is_not_shown(kind):
    signer = KINDS[kind][1].from_skey(PETER_SECRET)
    assert repr(signer) == f"{KINDS[kind][1].__name__}('PeterNeumann', <redacted>)"


@pytest.mark.parametrize(("name", "key"), [("", bytes(32)), ("a b", bytes(32)), ("a+b", bytes(32)), ("a", bytes(31))])
@pytest.mark.parametrize("kind", KINDS)
def test_keys_need_a_name_and_32_bytes(kind, name, key):
    verifier, signer, _ = KINDS[kind]
    signer("a", bytes(32))
    for make in (verifier, signer):
        with pytest.raises(NoteError):
            make(name, key)


@pytest.mark.parametrize(("kind", "algorithm"), [("log", b"\x01"), ("witness", b"\x04")])
def test_a_key_under_which_anyone_can_sign_is_none(kind, algorithm):
    verifier = KINDS[kind][0]
    verifier.from_vkey(vkey("x.example", (3).to_bytes(32, "little"), algorithm))
    with pytest.raises(NoteError, match="anyone can sign"):
        verifier.from_vkey(vkey("x.example", (1).to_bytes(32, "little"), algorithm))
