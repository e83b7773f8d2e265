"""Notes, checkpoints, cosignatures, leaves, trees, tiles and tlog-proofs."""

import base64
import hashlib
import json
from pathlib import Path

from topics import Topic

from circuits.encoding import canonical_json
from verifier.evidence.tlog_proof import TlogProof
from verifier.log import merkle
from verifier.log.bundles import bundle
from verifier.log.keys import ED25519, key_hash
from verifier.log.leaves import salted_leaf
from verifier.log.note import Checkpoint, NoteSigner, SignatureLine
from verifier.witnesses.cosigning import Cosigner

ORIGIN = "verifier.example/log"
SIGNER = NoteSigner(ORIGIN, bytes(range(32)))
VKEY = SIGNER.verifier.vkey
WITNESSES = [Cosigner(f"witness.example/w{number}", bytes([number]) * 32) for number in (1, 2, 3)]
LEAVES = [salted_leaf(number.to_bytes(32, "big"), b'{"kind":"note","number":%d}' % number) for number in range(300)]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]
MERKLE = json.loads((Path(__file__).parents[1] / "merkle.json").read_text("ascii"))
# An auditor who saw an empty log has nothing to compare, but for the one root it had: C2SP tlog-witness starts so too.
LENIENT = "additional/size1-is-zero-and-size2-is-not-zero"

NO_PATHS = (
    *("0/0", "0/0000", "0/x000/000", "0/001/000", "64/000", "00/000", "0/000.p/0", "0/000.p/256", "0/000.p/08"),
    *("0/000.p/", "0/000/", "/0/000", "0/..", "entries", "-1/000", "data/000", "0/x1/000", "0/00\u0661", ""),
)


def nodes(level, number):
    if level == 0:
        return HASHES[number]
    return merkle.node_hash(nodes(level - 1, 2 * number), nodes(level - 1, 2 * number + 1))


def checkpoint(size):
    return Checkpoint(ORIGIN, size, merkle.root(size, nodes))


def note_topic():
    topic = Topic(
        "note", "Signed notes, checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint, cosignature)."
    )
    good = checkpoint(7).sign(SIGNER)
    topic.shared["checkpoint"] = good
    topic.accept("vkey", "vkey.read", {"kind": "log", "vkey": VKEY}, "name, hash, and an algorithm byte before the key")
    topic.accept("vkey-witness", "vkey.read", {"kind": "witness", "vkey": WITNESSES[0].verifier.vkey}, "its byte is 04")
    name, stated, key = VKEY.split("+", 2)
    weak = bytes([1]) + bytes(31)
    for case, vkey, why in (
        ("hash", f"{name}+00000000+{key}", "the hash is of something else"),
        ("hash-upper", f"{name}+{stated.upper()}+{key}", "the hash is in lower case"),
        ("name", f"other.example/log+{stated}+{key}", "the hash belongs to another name"),
        ("space", f"a b+{stated}+{key}", "a name has no spaces"),
        ("no-name", f"+{stated}+{key}", "a key has a name"),
        ("short", f"{name}+{stated}+{key[:-4]}", "31 bytes"),
        ("padding", f"{name}+{stated}+{key}=", "base64 that is not canonical"),
        ("algorithm", WITNESSES[0].verifier.vkey, "a witness's key is no log's key"),
        ("weak", _vkey(ORIGIN, weak), "under a key of small order anyone can sign"),
        ("two-parts", f"{name}+{key}", "the hash is missing"),
    ):
        topic.reject(f"vkey-{case}", "vkey.read", {"kind": "log", "vkey": vkey}, why, mutates="vkey")
    asked = {"vkey": VKEY}
    topic.accept("open", "note.open", asked | {"note": good}, "one signature by the pinned key")
    topic.accept("checkpoint", "checkpoint.open", asked | {"note": good}, "origin, size, root")
    topic.accept("checkpoint-empty", "checkpoint.open", asked | {"note": checkpoint(0).sign(SIGNER)}, "an empty log")
    stranger = Checkpoint.sign(
        Checkpoint("other.example/log", 7, bytes(32)), NoteSigner("other.example/log", bytes(32))
    )
    line = stranger.rpartition("\n\n")[2]
    topic.accept("unknown-key", "note.open", asked | {"note": good + line}, "a line of an unknown key is passed over")
    cosigned = good + WITNESSES[0].cosign(checkpoint(7).to_bytes(), now=1_795_000_000)
    topic.accept(
        "cosigned", "checkpoint.open", asked | {"note": cosigned}, "with a cosignature, which is not asked for"
    )
    _notes_refused(topic, good, line)
    _checkpoints_refused(topic)
    _cosigning(topic, good)
    return topic


def _vkey(name, public):
    stated = key_hash(name, ED25519, public).hex()
    return f"{name}+{stated}+{base64.b64encode(ED25519 + public).decode()}"


def _notes_refused(topic, good, line):
    text, signature = good.rpartition("\n\n")[0] + "\n", good.rpartition("\n\n")[2]
    forged = SignatureLine(ORIGIN, SIGNER.verifier.key_hash, bytes(64)).to_text()
    for case, note, why in (
        ("size", good.replace("\n7\n", "\n8\n"), "the text is not what was signed"),
        ("origin", good.replace(ORIGIN, "other.example/log", 1), "the text is not what was signed"),
        ("signature", f"{text}\n{forged}", "a signature of zeros"),
        ("unsigned", f"{text}\n", "no signature line"),
        ("only-strangers", f"{text}\n{line}", "not signed by the pinned key"),
        ("twice", good + signature, "the pinned key's line stands twice"),
        ("good-and-forged", good + forged, "a second line that claims the pinned key"),
        ("no-empty-line", text + signature, "no empty line before the signatures"),
        ("no-newline", good[:-1], "it does not end with a newline"),
        ("hyphen", good.replace("\N{EM DASH}", "-"), "a signature line starts with an em dash"),
        ("carriage-return", good.replace("\n", "\r\n"), "lines end with a newline alone"),
        ("control", good.replace("\n7\n", "\n7\x00\n"), "a control character"),
        ("text-after", good + "more\n", "a line that is no signature"),
        ("empty", "", "nothing"),
        ("short-signature", good.replace(signature, signature[:40] + "\n"), "a signature that is cut short"),
        ("renamed-line", good.replace(f"\N{EM DASH} {ORIGIN}", "\N{EM DASH} x"), "the key's hash under another name"),
    ):
        topic.reject(case, "note.open", {"note": note, "vkey": VKEY}, why, mutates="open")


def _checkpoints_refused(topic):
    root = base64.b64encode(bytes(32)).decode()
    for case, text, why in (
        ("leading-zero", f"{ORIGIN}\n07\n{root}\n", "a size has no leading zeros"),
        ("negative", f"{ORIGIN}\n-7\n{root}\n", "a size is not negative"),
        ("plus", f"{ORIGIN}\n+7\n{root}\n", "a size has no sign"),
        ("hexadecimal", f"{ORIGIN}\n0x7\n{root}\n", "a size is decimal"),
        ("huge", f"{ORIGIN}\n{'9' * 20}\n{root}\n", "a size has at most 19 digits"),
        ("root-short", f"{ORIGIN}\n7\n{base64.b64encode(bytes(31)).decode()}\n", "a root has 32 bytes"),
        ("root-stray", f"{ORIGIN}\n7\n{root[:-2]}B=\n", "base64 that is not canonical"),
        ("root-url", f"{ORIGIN}\n7\n{'_' * 42}8=\n", "another base64 alphabet"),
        ("two-lines", f"{ORIGIN}\n7\n", "the root is missing"),
        ("extension", f"{ORIGIN}\n7\n{root}\nmore\n", "an extension line: this log writes none"),
        ("other-origin", f"other.example/log\n7\n{root}\n", "signed by the pinned key, and of another origin"),
    ):
        note = SIGNER.sign(text.encode())
        topic.reject(f"checkpoint-{case}", "checkpoint.open", {"note": note, "vkey": VKEY}, why, mutates="checkpoint")


def _cosigning(topic, good):
    text, vkeys = checkpoint(7).to_bytes(), [each.verifier.vkey for each in WITNESSES]
    lines = [each.cosign(text, now=1_795_000_000 + number) for number, each in enumerate(WITNESSES)]
    two = {"note": good + lines[0] + lines[2], "witnesses": vkeys, "quorum": 2}
    topic.accept("quorum", "cosignatures.require", two, "two of three, each with its time")
    topic.accept("quorum-1", "cosignatures.require", two | {"quorum": 1}, "more than are needed")
    other = checkpoint(6).to_bytes()
    cut = lines[0][:-8] + "\n"
    for case, change, why in (
        ("too-few", {"quorum": 3}, "two of three are not three"),
        ("none", {"note": good}, "nobody has cosigned"),
        ("zero", {"quorum": 0}, "a quorum is at least one"),
        ("beyond", {"quorum": 4}, "more than there are witnesses"),
        ("twice", {"note": good + lines[0] * 2}, "one witness twice"),
        ("named-twice", {"witnesses": [vkeys[0], vkeys[0], vkeys[2]]}, "one witness pinned twice"),
        (
            "other-text",
            {"note": good + WITNESSES[0].cosign(other, now=1_795_000_000) + lines[2]},
            "of another checkpoint",
        ),
        ("cut", {"note": good + cut + lines[2]}, "a cosignature that is too short"),
    ):
        topic.reject(f"quorum-{case}", "cosignatures.require", two | change, why, mutates="quorum")


def log_topic():
    topic = Topic("log", "Salted leaves, RFC 6962 trees, tiles and bundles (C2SP tlog-tiles), tlog-proofs.")
    body = canonical_json({"at": "2026-11-18T11:06:40Z", "kind": "note"}).decode()
    leaf = {"salt": "00" * 32, "body": body}
    topic.accept("leaf", "leaf.hash", leaf, 'SHA-256("zkattest/leaf/1" || salt || body), then its RFC 6962 leaf hash')
    topic.accept("leaf-empty", "leaf.hash", leaf | {"body": ""}, "an empty body")
    topic.accept("leaf-unicode", "leaf.hash", leaf | {"body": '"\u00f6\U0001f600"'}, "a body is UTF-8")
    for case, salt in (("short", "00" * 31), ("long", "00" * 33), ("none", "")):
        topic.reject(f"leaf-salt-{case}", "leaf.hash", leaf | {"salt": salt}, "a salt has 32 bytes", mutates="leaf")
    hashes = [digest.hex() for digest in HASHES]
    for size in (0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17):
        topic.accept(f"root-{size}", "tree.root", {"leaf_hashes": hashes[:size]}, f"a tree of {size}")
    for size, index in ((1, 0), (2, 1), (5, 4), (7, 2), (8, 7), (9, 8)):
        argument = {"leaf_hashes": hashes[:size], "index": index}
        topic.accept(f"prove-{index}-of-{size}", "inclusion.prove", argument, "RFC 6962 2.1.1")
    for size, index in ((0, 0), (7, 7)):
        argument = {"leaf_hashes": hashes[:size], "index": index}
        topic.reject(f"prove-{index}-of-{size}", "inclusion.prove", argument, "no such entry", mutates="prove-2-of-7")
    for old, new in ((0, 5), (1, 2), (3, 7), (4, 7), (6, 8), (7, 7)):
        argument = {"leaf_hashes": hashes[:new], "old": old}
        topic.accept(f"extend-{old}-to-{new}", "consistency.prove", argument, "RFC 6962 2.1.2")
    argument = {"leaf_hashes": hashes[:7], "old": 8}
    topic.reject("extend-8-to-7", "consistency.prove", argument, "a log does not shrink", mutates="extend-3-to-7")
    _tiles(topic)
    _tlog_proofs(topic)
    return topic


def _tiles(topic):
    paths = ("0/000", "0/x001/x234/067", "1/000.p/8", "entries/003.p/17", "entries/000", "63/000.p/1", "2/x001/000")
    for number, path in enumerate(paths):
        topic.accept(f"path-{number}", "tile.path", {"path": path}, "level or entries, number, width while partial")
    for number, path in enumerate(NO_PATHS):
        topic.reject(f"path-refused-{number}", "tile.path", {"path": path}, "no such path", mutates="path-0")
    for size in (0, 1, 256, 257, 70_000):
        topic.accept(f"tiles-{size}", "tile.list", {"size": size}, f"all that a log of {size} consists of")
    content = bundle(LEAVES[:3]).hex()
    topic.accept("bundle", "bundle.read", {"bytes": content}, "leaves of 32 bytes, each behind its length")
    topic.accept("bundle-empty", "bundle.read", {"bytes": ""}, "no entry")
    for case, changed, why in (
        ("cut", content[:-2], "the last leaf is cut short"),
        ("length", "0021" + content[4:], "a leaf of 33 bytes"),
        ("long", content + "00", "something follows"),
        ("too-many", bundle(LEAVES[:256]).hex() + content[:68], "257 entries"),
    ):
        topic.reject(f"bundle-{case}", "bundle.read", {"bytes": changed}, why, mutates="bundle")


def _tlog_proofs(topic):
    size, index = 7, 2
    note = checkpoint(size).sign(SIGNER)
    proof = TlogProof(index, tuple(merkle.inclusion(index, size, nodes)), note)
    text = proof.to_text()
    topic.shared["tlog-proof"] = text
    asked = {"text": text, "leaf_hash": HASHES[index].hex(), "vkey": VKEY}
    topic.accept("tlog-proof", "tlog-proof.verify", asked, "an entry's inclusion under a signed checkpoint")
    extra = TlogProof(index, proof.path, note, b"more").to_text()
    topic.accept("tlog-proof-extra", "tlog-proof.verify", asked | {"text": extra}, "a line nothing authenticates")
    lines = text.split("\n")
    swapped = "\n".join([*lines[:2], lines[3], lines[2], *lines[4:]])
    for case, change, why in (
        ("leaf", {"leaf_hash": HASHES[3].hex()}, "another entry"),
        ("key", {"vkey": NoteSigner(ORIGIN, bytes(32)).verifier.vkey}, "another pinned key"),
        ("index", {"text": text.replace("index 2", "index 3")}, "another place"),
        ("index-zeros", {"text": text.replace("index 2", "index 02")}, "a number with a leading zero"),
        ("index-beyond", {"text": text.replace("index 2", "index 7")}, "beyond the tree"),
        ("header", {"text": text.replace("@v1", "@v2")}, "another version"),
        ("no-header", {"text": "\n".join(lines[1:])}, "no header"),
        ("swapped", {"text": swapped}, "hashes in another order"),
        ("short", {"text": "\n".join([*lines[:2], *lines[3:]])}, "a hash is missing"),
        ("long", {"text": "\n".join([*lines[:3], lines[2], *lines[3:]])}, "a hash too many"),
        ("size", {"text": text.replace("\n7\n", "\n8\n")}, "the checkpoint is not what was signed"),
        ("no-checkpoint", {"text": text.partition("\n\n")[0] + "\n"}, "no checkpoint"),
        ("extra-empty", {"text": text.replace("index 2", "extra \nindex 2")}, "an extra line of nothing"),
        ("extra-after", {"text": text.replace("index 2", "index 2\nextra bW9yZQ==")}, "the extra line comes first"),
    ):
        topic.reject(f"tlog-proof-{case}", "tlog-proof.verify", asked | change, why, mutates="tlog-proof")


def merkle_topic():
    source = MERKLE["source"]
    about = (
        f"Inclusion and consistency proofs of {source['repository']} ({source['license']}), commit {source['commit']}."
    )
    topic = Topic("merkle", about)
    words = (b"WrongLeaf", b"WrongRoot", b"don't care 1", b"don't care 2")
    listed = [base64.b64decode(text) for text in MERKLE["hashes"]]
    hashes = [hashlib.sha256(each).hexdigest() if each in words else each.hex() for each in listed]
    rows = [(kind, row) for kind in ("inclusion", "consistency") for row in MERKLE[kind] if row[0] != LENIENT]
    for kind, (name, first, second, start, path, root, refused) in rows:
        numbers = (
            ("index", "size", "leaf_hash", "root") if kind == "inclusion" else ("old", "new", "old_root", "new_root")
        )
        proof = [hashes[place] for place in path]
        argument = dict(zip(numbers, (str(first), str(second), hashes[start], hashes[root]), strict=True))
        case, asked = f"{kind}-{name}", (f"{kind}.verify", argument | {"proof": proof})
        if refused:
            topic.reject(case, *asked, "as published: refused")
        else:
            topic.accept(case, *asked, "as published: accepted", known={})
    return topic


def topics():
    return [note_topic(), log_topic(), merkle_topic()]
