// Signed notes, checkpoints, cosignatures, tlog-proofs (C2SP).
import { createPublicKey, verify } from "node:crypto";
import { verifyInclusion } from "./tree.mjs";
import { big, hex, need, sha256, unbase64, unhex } from "./common.mjs";

const ALGORITHMS = { log: 1, witness: 4 };
const NAME = /^[^\s+\u0000-\u001f]{1,255}$/u;
const FIELD = 2n ** 255n - 19n;
const ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
const SMALL = new Set([0n, 1n, FIELD - 1n, ORDER_8, FIELD - ORDER_8]);

export function readKey(vkey, kind) {
  const [name, stated, encoded] = [...vkey.split("+", 2), vkey.split("+").slice(2).join("+")];
  need(NAME.test(name) && /^[0-9a-f]{8}$/.test(stated ?? ""), "not name+hash+key");
  const key = unbase64(encoded, "base64");
  need(key.length === 33 && key[0] === ALGORITHMS[kind], "another kind of key");
  const hash = sha256(`${name}\n`, key).subarray(0, 4);
  need(hex(hash) === stated, "the hash is of something else");
  requireStrong(key.subarray(1));
  return { name, hash: stated, public: hex(key.subarray(1)) };
}
export function requireStrong(key) {
  const y = big(Buffer.from(key).reverse()) & ((1n << 255n) - 1n);
  need(!SMALL.has(y % FIELD), "a key under which anyone can sign");
}
export function signedBy(key, message, signature) {
  const jwk = { kty: "OKP", crv: "Ed25519", x: unhex(key.public).toString("base64url") };
  need(signature.length === 64, "not a signature");
  need(verify(null, message, createPublicKey({ key: jwk, format: "jwk" }), signature), "it does not verify");
}
function split(note) {
  const end = note.lastIndexOf("\n\n");
  need(end >= 0 && note.endsWith("\n"), "text, an empty line, signatures");
  const text = note.slice(0, end + 1);
  need(!text.includes("\n\n") && !text.startsWith("\n"), "an empty line in the text");
  need(!/[\u0000-\u0009\u000b-\u001f]/.test(text), "a control character");
  const lines = note.slice(end + 2, -1).split("\n").map((line) => {
    const [dash, name, encoded, ...more] = line.split(" ");
    need(dash === "\u2014" && NAME.test(name ?? "") && encoded && !more.length, "not a signature line");
    const content = unbase64(encoded, "base64");
    need(content.length > 4, "a short signature");
    return { name, hash: hex(content.subarray(0, 4)), signature: content.subarray(4) };
  });
  return { text, lines };
}
export function openNote(note, vkey) {
  const key = readKey(vkey, "log");
  const { text, lines } = split(note);
  const ours = lines.filter((line) => line.name === key.name && line.hash === key.hash);
  need(ours.length === 1, "not signed once by this key");
  signedBy(key, Buffer.from(text), ours[0].signature);
  return text;
}
export function openCheckpoint(note, vkey) {
  const [origin, size, root, ...rest] = openNote(note, vkey).split("\n");
  need(rest.length === 1 && rest[0] === "" && /^(0|[1-9][0-9]{0,18})$/.test(size), "not three lines");
  const hash = unbase64(root, "base64");
  need(hash.length === 32 && origin === readKey(vkey, "log").name, "another root or origin");
  return { origin, size, root: hex(hash) };
}
export function requireCosigned({ note, witnesses, quorum }) {
  const keys = witnesses.map((vkey) => readKey(vkey, "witness"));
  need(quorum >= 1 && quorum <= keys.length, "no such quorum");
  need(new Set(keys.map((key) => key.public)).size === keys.length, "a witness is named twice");
  const { text, lines } = split(note);
  const cosigned = [];
  for (const line of lines) {
    const key = keys.find((each) => each.name === line.name && each.hash === line.hash);
    if (!key) continue;
    need(!cosigned.some((each) => each.witness === key.name), "cosigned twice");
    need(line.signature.length === 72, "not a cosignature");
    const time = line.signature.readBigUInt64BE();
    need(time < 2n ** 63n, "no such time");
    signedBy(key, Buffer.from(`cosignature/v1\ntime ${time}\n${text}`), line.signature.subarray(8));
    cosigned.push({ witness: key.name, time: String(time) });
  }
  need(cosigned.length >= quorum, "too few");
  return { cosigned };
}
export function verifyTlogProof({ text, leaf_hash, vkey }) {
  const end = text.indexOf("\n\n");
  need(end >= 0, "no checkpoint");
  const [header, ...lines] = text.slice(0, end).split("\n");
  need(header === "c2sp.org/tlog-proof@v1", "another version");
  if (lines[0]?.startsWith("extra ")) need(unbase64(lines.shift().slice(6), "base64").length, "an empty extra line");
  const index = /^index (0|[1-9][0-9]{0,18})$/.exec(lines.shift() ?? "");
  need(index, "no index");
  const proof = lines.map((line) => unbase64(line, "base64"));
  const checkpoint = openCheckpoint(text.slice(end + 2), vkey);
  verifyInclusion(unhex(leaf_hash), BigInt(index[1]), BigInt(checkpoint.size), proof, unhex(checkpoint.root));
  return { index: index[1], ...checkpoint };
}
