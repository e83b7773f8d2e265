"""Signed notes and checkpoints: the format's published example, and every byte that may not change."""

from __future__ import annotations

import base64

import pytest

from verifier.errors import NoteError
from verifier.log.note import Checkpoint, NoteSigner, NoteVerifier, open_note

# The example of golang.org/x/mod/sumdb/note, by the key PeterNeumann.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_NOTE = (
    PETER_TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

ORIGIN = "verifier.example/log"
SIGNER = NoteSigner(ORIGIN, bytes(range(32)))
OTHER = NoteSigner("other.example/log", bytes(32))
IMPOSTOR = NoteSigner(ORIGIN, bytes(32))
CHECKPOINT = Checkpoint(ORIGIN, 3, bytes(range(100, 132)))
NOTE = CHECKPOINT.sign(SIGNER)


def test_published_note_opens_and_is_reproduced():
    verifier = NoteVerifier.from_vkey(PETER)
    assert verifier.vkey == PETER
    assert open_note(PETER_NOTE, verifier) == PETER_TEXT.encode()
    signer = NoteSigner.from_skey(PETER_SECRET)
    assert signer.verifier == verifier
    assert signer.skey == PETER_SECRET
    assert signer.sign(PETER_TEXT.encode()) == PETER_NOTE


def test_checkpoint_round_trip():
    assert Checkpoint.open(NOTE, SIGNER.verifier) == CHECKPOINT
    assert NOTE.startswith("verifier.example/log\n3\nZGVm")


def test_secret_is_not_shown():
    assert PETER_SECRET not in repr(NoteSigner.from_skey(PETER_SECRET))
    assert repr(SIGNER) == "NoteSigner('verifier.example/log', <redacted>)"


def test_unknown_signatures_are_ignored():
    cosigned = NOTE + OTHER.sign(CHECKPOINT.to_bytes()).partition("\n\n")[2]
    assert Checkpoint.open(cosigned, SIGNER.verifier) == CHECKPOINT


def signed(text):
    return SIGNER.sign(text.encode())


HEAD, _, TAIL = NOTE.partition("\n\n")
ROOT = base64.b64encode(CHECKPOINT.root).decode()
NOTES = {
    "another key of the same name": CHECKPOINT.sign(IMPOSTOR),
    "another origin's key": OTHER.sign(CHECKPOINT.to_bytes()),
    "text of another origin, signed": signed(f"other.example/log\n3\n{ROOT}\n"),
    "origin": NOTE.replace("verifier.example", "verifier.examplf", 1),
    "size": NOTE.replace("\n3\n", "\n4\n"),
    "root": NOTE.replace(ROOT[0], "B", 1) if ROOT[0] != "B" else NOTE.replace(ROOT[0], "C", 1),
    "signature": NOTE[:-6] + ("A" if NOTE[-6] != "A" else "B") + NOTE[-5:],
    "signature truncated": HEAD + "\n\n" + TAIL[:-9] + "\n",
    "signature missing": HEAD + "\n\n",
    "signature twice": NOTE + TAIL,
    "signature under another name": HEAD + "\n\n" + TAIL.replace(ORIGIN, "x"),
    "hyphen for em dash": HEAD + "\n\n" + TAIL.replace("—", "-"),
    "no empty line": HEAD + "\n" + TAIL,
    "two empty lines": HEAD + "\n\n\n" + TAIL,
    "no last newline": NOTE[:-1],
    "carriage returns": NOTE.replace("\n", "\r\n"),
    "text after the signatures": NOTE + "more\n",
    "extra line, unsigned": HEAD + "\nmore\n\n" + TAIL,
    "extra line, signed": signed(f"{ORIGIN}\n3\n{ROOT}\nmore\n"),
    "two lines, signed": signed(f"{ORIGIN}\n3\n"),
    "size with a leading zero, signed": signed(f"{ORIGIN}\n03\n{ROOT}\n"),
    "size negative, signed": signed(f"{ORIGIN}\n-3\n{ROOT}\n"),
    "size with other digits, signed": signed(f"{ORIGIN}\n٣\n{ROOT}\n"),
    "size endless, signed": signed(f"{ORIGIN}\n{'9' * 20}\n{ROOT}\n"),
    "root too short, signed": signed(f"{ORIGIN}\n3\n{base64.b64encode(bytes(31)).decode()}\n"),
    "root not base64, signed": signed(f"{ORIGIN}\n3\n{ROOT[:-2]}!=\n"),
    "root not canonical, signed": signed(f"{ORIGIN}\n3\n{base64.b64encode(bytes(32)).decode()[:-2]}B=\n"),
    "empty": "",
    "only newlines": "\n\n\n",
    "surrogate": "\ud800\n\n" + TAIL,
    "endless": "x" * 70_000 + NOTE,
    "too many signatures": NOTE + TAIL * 70,
}


@pytest.mark.parametrize("name", NOTES)
def test_checkpoint_rejects(name):
    assert Checkpoint.open(NOTE, SIGNER.verifier) == CHECKPOINT
    with pytest.raises(NoteError):
        Checkpoint.open(NOTES[name], SIGNER.verifier)


@pytest.mark.parametrize("position", range(len(NOTE)))
def test_every_character_of_a_checkpoint_counts(position):
    mutant = NOTE[:position] + chr(ord(NOTE[position]) ^ 1) + NOTE[position + 1 :]
    with pytest.raises(NoteError):
        Checkpoint.open(mutant, SIGNER.verifier)


@pytest.mark.parametrize("text", ["", "no newline", "an\n\nempty line\n", "\nstarts empty\n", "tab\tinside\n"])
def test_sign_refuses_what_cannot_be_a_note(text):
    SIGNER.sign(b"a line\n")
    with pytest.raises(NoteError):
        SIGNER.sign(text.encode())


def test_signer_refuses_another_origin():
    with pytest.raises(NoteError):
        CHECKPOINT.sign(OTHER)
