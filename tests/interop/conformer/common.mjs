// What the other files share: hashes, hex, refusals.
import { createHash } from "node:crypto";

export class Refused extends Error {}
export const need = (holds, why) => { if (!holds) throw new Refused(why); };
export const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
export const ascii = (text) => Buffer.from(text, "ascii");
export const hex = (bytes) => Buffer.from(bytes).toString("hex");
export const unhex = (text) => Buffer.from(text, "hex");
export const big = (bytes) => BigInt("0x" + (hex(bytes) || "0"));
export const be32 = (number) => Buffer.from(number.toString(16).padStart(64, "0"), "hex");
export function length8(number) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(number));
  return bytes;
}
export function unbase64(text, form) {
  need(/^[A-Za-z0-9+/_=-]*$/.test(text), "not base64");
  const bytes = Buffer.from(text, form);
  need(bytes.toString(form) === text, "not the one text of some bytes");
  return bytes;
}
