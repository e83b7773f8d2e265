// Leaves, the trees of RFC 6962, tiles and bundles (C2SP tlog-tiles).
import { need, sha256 } from "./common.mjs";

export const leafHash = (leaf) => sha256(Buffer.of(0), leaf);
const node = (left, right) => sha256(Buffer.of(1), left, right);
const half = (size) => 2 ** Math.ceil(Math.log2(size) - 1); // the largest power of two below size

export function saltedLeaf(salt, body) {
  need(salt.length === 32, "a salt has 32 bytes");
  return sha256("zkattest/leaf/1", salt, body);
}
export function root(hashes) {
  if (hashes.length === 0) return sha256();
  if (hashes.length === 1) return hashes[0];
  const middle = half(hashes.length);
  return node(root(hashes.slice(0, middle)), root(hashes.slice(middle)));
}
export function proveInclusion(hashes, index) {
  need(index < hashes.length, "no such entry");
  if (hashes.length === 1) return [];
  const middle = half(hashes.length);
  const [left, right] = [hashes.slice(0, middle), hashes.slice(middle)];
  if (index < middle) return [...proveInclusion(left, index), root(right)];
  return [...proveInclusion(right, index - middle), root(left)];
}
export function proveConsistency(hashes, old) {
  need(old <= hashes.length, "a log does not shrink");
  return old === 0 ? [] : subproof(hashes, old, true);
}
function subproof(hashes, old, whole) {
  if (old === hashes.length) return whole ? [] : [root(hashes)];
  const middle = half(hashes.length);
  const [left, right] = [hashes.slice(0, middle), hashes.slice(middle)];
  if (old <= middle) return [...subproof(left, old, whole), root(right)];
  return [...subproof(right, old - middle, false), root(left)];
}
function require32(...hashes) {
  for (const hash of hashes) need(hash.length === 32, "a hash has 32 bytes");
}
// RFC 9162, sections 2.1.3.2 and 2.1.4.2
export function verifyInclusion(leaf, index, size, proof, expected) {
  require32(leaf, expected, ...proof);
  need(index >= 0n && index < size, "no such entry");
  let [fn, sn, found] = [index, size - 1n, leaf];
  for (const hash of proof) {
    need(sn !== 0n, "the proof is too long");
    if (fn & 1n || fn === sn) {
      found = node(hash, found);
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      found = node(found, hash);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  need(sn === 0n && found.equals(expected), "another root");
}
export function verifyConsistency(old, size, proof, oldRoot, newRoot) {
  require32(oldRoot, newRoot, ...proof);
  need(old >= 0n && old <= size, "a log does not shrink");
  if (old === 0n || old === size) {
    need(!proof.length && (old !== 0n || oldRoot.equals(sha256())), "the empty log has one root");
    need(old !== size || oldRoot.equals(newRoot), "two roots of one size");
    return;
  }
  const path = old & (old - 1n) ? [...proof] : [oldRoot, ...proof];
  need(path.length, "no proof");
  let [fn, sn] = [old - 1n, size - 1n];
  while (fn & 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  let [before, after] = [path[0], path[0]];
  for (const hash of path.slice(1)) {
    need(sn !== 0n, "the proof is too long");
    if (fn & 1n || fn === sn) {
      [before, after] = [node(hash, before), node(hash, after)];
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      after = node(after, hash);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  need(sn === 0n && before.equals(oldRoot) && after.equals(newRoot), "another root");
}
export function tilePath(path) {
  const form = /^(entries|[0-9]|[1-5][0-9]|6[0-3])\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;
  const found = form.exec(path);
  need(found && !found[2].startsWith("x000") && Number(found[3] ?? 1) < 256, "no such path");
  const number = String(BigInt(found[2].replaceAll(/[x/]/g, "")));
  return { level: found[1] === "entries" ? null : Number(found[1]), number, width: Number(found[3] ?? 256) };
}
export function tileList(size) {
  const paths = [];
  const level = (name, hashes) => {
    for (let number = 0; number * 256 < hashes; number += 1) {
      const groups = String(number).padStart(Math.ceil(String(number).length / 3) * 3, "0").match(/.{3}/g);
      const width = Math.min(256, hashes - number * 256);
      const path = groups.map((group, place) => (place < groups.length - 1 ? `x${group}` : group)).join("/");
      paths.push(`${name}/${path}${width < 256 ? `.p/${width}` : ""}`);
    }
  };
  level("entries", size);
  for (let [name, left] = [0, size]; left; [name, left] = [name + 1, Math.floor(left / 256)]) level(name, left);
  return paths;
}
export function readBundle(content) {
  need(content.length % 34 === 0 && content.length <= 256 * 34, "not a bundle");
  const leaves = [];
  for (let at = 0; at < content.length; at += 34) {
    need(content.readUInt16BE(at) === 32, "a leaf has 32 bytes");
    leaves.push(content.subarray(at + 2, at + 34));
  }
  return leaves;
}
