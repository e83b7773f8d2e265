// A second implementation of what needs no proof system: canonical bytes, the group, the transcript, what
// providers sign, notes, the log. Node's own crypto and big integers, nothing of ours. It answers on stdin and stdout:
//   attest conform "node tests/interop/conformer/main.mjs"
import { createInterface } from "node:readline";
import { age, canonical, date, document, framed, Reader, seconds, unframed } from "./bytes.mjs";
import { hex, need, Refused, unbase64, unhex } from "./common.mjs";
import { commit, generator, point, scalar, transcript } from "./curve.mjs";
import { openCheckpoint, openNote, readKey, requireCosigned, verifyTlogProof } from "./notes.mjs";
import { openConsent, openErasure, openReceipt, openRevocation, openWithdrawal } from "./signed.mjs";
import { openCredential, readJwk } from "./tokens.mjs";
import * as tree from "./tree.mjs";

const OPERATIONS = {
  "json.canonical": (input) => ({ canonical: canonical(new Reader(document(input)).document()) }),
  "json.require-canonical": (input) => {
    need(canonical(new Reader(document(input)).document()) === document(input), "not canonical");
    return {};
  },
  "base64url.encode": ({ bytes }) => ({ text: unhex(bytes).toString("base64url") }),
  "base64url.decode": ({ text }) => ({ bytes: hex(unbase64(text, "base64url")) }),
  "fields.encode": ({ label, values }) => ({ bytes: hex(framed(label, values.map(unhex))) }),
  "fields.decode": ({ label, bytes, count }) => ({ values: unframed(label, unhex(bytes), count).map(hex) }),
  "scalar.decode": ({ bytes }) => ({ number: String(scalar(unhex(bytes))) }),
  "date.decode": (input) => ({ day: date(input.date) }),
  "time.decode": ({ time }) => ({ seconds: seconds(time) }),
  "age.count": ({ born, as_of }) => ({ years: age(born, as_of) }),
  "point.decode": ({ bytes }) => { point(unhex(bytes)); return {}; },
  "generator.derive": ({ label }) => generator(label),
  "commitment.make": ({ value, blinding }) => ({ commitment: commit(value, scalar(unhex(blinding))) }),
  "transcript.run": ({ steps }) => ({ challenges: transcript(steps) }),
  "key.read": ({ jwk }) => readJwk(jwk),
  "credential.open": openCredential,
  "revocation.open": openRevocation,
  "erasure.open": openErasure,
  "consent.open": openConsent,
  "withdrawal.open": openWithdrawal,
  "receipt.open": openReceipt,
  "vkey.read": ({ kind, vkey }) => readKey(vkey, kind),
  "note.open": ({ note, vkey }) => ({ text: openNote(note, vkey) }),
  "checkpoint.open": ({ note, vkey }) => openCheckpoint(note, vkey),
  "cosignatures.require": requireCosigned,
  "leaf.hash": ({ salt, body }) => {
    const leaf = tree.saltedLeaf(unhex(salt), body);
    return { leaf: hex(leaf), leaf_hash: hex(tree.leafHash(leaf)) };
  },
  "tree.root": ({ leaf_hashes }) => ({ root: hex(tree.root(leaf_hashes.map(unhex))) }),
  "inclusion.prove": (input) => ({ proof: tree.proveInclusion(input.leaf_hashes.map(unhex), input.index).map(hex) }),
  "consistency.prove": (input) => ({ proof: tree.proveConsistency(input.leaf_hashes.map(unhex), input.old).map(hex) }),
  "inclusion.verify": ({ leaf_hash, index, size, proof, root }) => {
    tree.verifyInclusion(unhex(leaf_hash), BigInt(index), BigInt(size), proof.map(unhex), unhex(root));
    return {};
  },
  "consistency.verify": (input) => {
    const roots = [unhex(input.old_root), unhex(input.new_root)];
    tree.verifyConsistency(BigInt(input.old), BigInt(input.new), input.proof.map(unhex), ...roots);
    return {};
  },
  "tile.path": ({ path }) => tree.tilePath(path),
  "tile.list": ({ size }) => ({ paths: tree.tileList(size) }),
  "bundle.read": ({ bytes }) => {
    const leaves = tree.readBundle(unhex(bytes));
    return { leaves: leaves.map(hex), leaf_hashes: leaves.map((leaf) => hex(tree.leafHash(leaf))) };
  },
  "tlog-proof.verify": verifyTlogProof,
};

function respond({ id, operation, input }) {
  if (!Object.hasOwn(OPERATIONS, operation)) return { id, unsupported: true };
  try {
    return { id, ok: true, output: OPERATIONS[operation](input) };
  } catch (error) {
    if (error instanceof Refused) return { id, ok: false, reason: error.message };
    return { id, error: String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(respond(JSON.parse(line)))}\n`);
}
