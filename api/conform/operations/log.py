"""The log, as foreign tools know it: notes, checkpoints, cosignatures, leaves, trees, tiles, tlog-proofs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from api.conform.operations.members import Members, Operation, hex_all, unhex, unhex_all
from circuits.group import EngineName
from verifier.evidence.tlog_proof import TlogProof
from verifier.log import merkle
from verifier.log.bundles import leaves_of
from verifier.log.layout import Place, places
from verifier.log.leaves import salted_leaf
from verifier.log.note import Checkpoint, NoteVerifier, open_note
from verifier.witnesses.cosigning import CosignatureVerifier, Quorum

if TYPE_CHECKING:
    from verifier.log.keys import PublicKey


def _vkey(members: Members, _engine: EngineName) -> dict[str, Any]:
    kinds: dict[str, type[PublicKey]] = {"log": NoteVerifier, "witness": CosignatureVerifier}
    key = kinds[members["kind"]].from_vkey(members["vkey"])
    return {"name": key.name, "hash": key.key_hash.hex(), "public": key.public.hex()}


def _note(members: Members, _engine: EngineName) -> dict[str, Any]:
    return {"text": open_note(members["note"], NoteVerifier.from_vkey(members["vkey"])).decode()}


def _checkpoint(members: Members, _engine: EngineName) -> dict[str, Any]:
    return _told(Checkpoint.open(members["note"], NoteVerifier.from_vkey(members["vkey"])))


def _told(checkpoint: Checkpoint) -> dict[str, Any]:
    return {"origin": checkpoint.origin, "size": str(checkpoint.size), "root": checkpoint.root.hex()}


def _cosigned(members: Members, _engine: EngineName) -> dict[str, Any]:
    witnesses = tuple(CosignatureVerifier.from_vkey(vkey) for vkey in members["witnesses"])
    found = Quorum(witnesses, members["quorum"]).require(members["note"])
    return {"cosigned": [{"witness": each.witness, "time": str(each.time)} for each in found]}


def _leaf(members: Members, _engine: EngineName) -> dict[str, Any]:
    leaf = salted_leaf(unhex(members["salt"]), members["body"].encode())
    return {"leaf": leaf.hex(), "leaf_hash": merkle.leaf_hash(leaf).hex()}


def _nodes(hashes: Sequence[bytes]) -> merkle.Nodes:
    def node(level: int, number: int) -> bytes:
        if level == 0:
            return hashes[number]
        return merkle.node_hash(node(level - 1, 2 * number), node(level - 1, 2 * number + 1))

    return node


def _root(members: Members, _engine: EngineName) -> dict[str, Any]:
    hashes = unhex_all(members["leaf_hashes"])
    return {"root": merkle.root(len(hashes), _nodes(hashes)).hex()}


def _prove_inclusion(members: Members, _engine: EngineName) -> dict[str, Any]:
    hashes = unhex_all(members["leaf_hashes"])
    return {"proof": hex_all(merkle.inclusion(members["index"], len(hashes), _nodes(hashes)))}


def _prove_consistency(members: Members, _engine: EngineName) -> dict[str, Any]:
    hashes = unhex_all(members["leaf_hashes"])
    return {"proof": hex_all(merkle.consistency(members["old"], len(hashes), _nodes(hashes)))}


def _verify_inclusion(members: Members, _engine: EngineName) -> dict[str, Any]:
    leaf_hash, root, path = unhex(members["leaf_hash"]), unhex(members["root"]), unhex_all(members["proof"])
    merkle.verify_inclusion(leaf_hash, int(members["index"]), int(members["size"]), path, root)
    return {}


def _verify_consistency(members: Members, _engine: EngineName) -> dict[str, Any]:
    old, new, path = int(members["old"]), int(members["new"]), unhex_all(members["proof"])
    merkle.verify_consistency(old, new, path, unhex(members["old_root"]), unhex(members["new_root"]))
    return {}


def _path(members: Members, _engine: EngineName) -> dict[str, Any]:
    place = Place.parse(members["path"])
    return {"level": place.level, "number": str(place.number), "width": place.width}


def _places(members: Members, _engine: EngineName) -> dict[str, Any]:
    return {"paths": [place.path for place in places(members["size"])]}


def _bundle(members: Members, _engine: EngineName) -> dict[str, Any]:
    leaves = leaves_of(unhex(members["bytes"]))
    return {"leaves": hex_all(leaves), "leaf_hashes": hex_all(map(merkle.leaf_hash, leaves))}


def _tlog_proof(members: Members, _engine: EngineName) -> dict[str, Any]:
    proof = TlogProof.from_text(members["text"])
    log = NoteVerifier.from_vkey(members["vkey"])
    return {"index": str(proof.index), **_told(proof.verify(unhex(members["leaf_hash"]), log=log))}


OPERATIONS: Final[dict[str, Operation]] = {
    "vkey.read": _vkey,
    "note.open": _note,
    "checkpoint.open": _checkpoint,
    "cosignatures.require": _cosigned,
    "leaf.hash": _leaf,
    "tree.root": _root,
    "inclusion.prove": _prove_inclusion,
    "inclusion.verify": _verify_inclusion,
    "consistency.prove": _prove_consistency,
    "consistency.verify": _verify_consistency,
    "tile.path": _path,
    "tile.list": _places,
    "bundle.read": _bundle,
    "tlog-proof.verify": _tlog_proof,
}
