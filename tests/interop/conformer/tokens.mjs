// Keys as JWKs (RFC 8037, thumbprints of RFC 7638) and credentials; compact JWS with one acceptable header.
import { date, document, Reader } from "./bytes.mjs";
import { hex, need, sha256, unbase64 } from "./common.mjs";
import { point } from "./curve.mjs";
import { requireStrong, signedBy } from "./notes.mjs";

const ITEM = ["name", "commitment", "source", "verified_at"];
const SOURCES = ["payroll", "bank", "document", "self"];
const MEMBERS = ["iss", "jti", "person", "iat", "exp", "as_of", "schema", "attributes"];
const [FIRST, LAST] = [-62_135_596_800, 253_402_300_799]; // the years 1 to 9999
export const isText = (value) => typeof value === "string";
export const same = (found, wanted) => found.length === wanted.length && wanted.every((name) => found.includes(name));

export function readJwk(jwk) {
  need(Object.keys(jwk).every((name) => ["kty", "crv", "x", "kid", "alg", "use"].includes(name)), "another member");
  need(jwk.kty === "OKP" && jwk.crv === "Ed25519" && isText(jwk.x), "another kind of key");
  need((jwk.alg ?? "Ed25519") === "Ed25519" && (jwk.use ?? "sig") === "sig", "a key for something else");
  const key = unbase64(jwk.x, "base64url");
  need(key.length === 32, "an Ed25519 key has 32 bytes");
  requireStrong(key);
  const kid = sha256(`{"crv":"Ed25519","kty":"OKP","x":"${jwk.x}"}`).toString("base64url");
  need((jwk.kid ?? kid) === kid, "the thumbprint of another key");
  return { kid, public: hex(key) };
}
export function bytes(text, size) {
  need(isText(text), "not a text");
  const content = unbase64(text, "base64url");
  need(content.length === size, "another length");
  return content;
}
const json = (part) => new Reader(document({ bytes: hex(unbase64(part, "base64url")) })).document();

export function openSigned({ token, jwk }, type) {
  const key = readJwk(jwk);
  const parts = token.split(".");
  need(parts.length === 3 && token.length <= 1 << 17, "not three parts");
  const [header, stated] = [json(parts[0]), json(parts[1])];
  need(header instanceof Map && same([...header.keys()], ["alg", "kid", "typ"]), "another header");
  need(header.get("alg") === "Ed25519" && header.get("kid") === key.kid, "another algorithm or key");
  need(header.get("typ") === type, "another type of token");
  signedBy(key, Buffer.from(`${parts[0]}.${parts[1]}`), unbase64(parts[2], "base64url"));
  need(stated instanceof Map, "not an object");
  return stated;
}
export function time(value) {
  need(Number.isInteger(value) && value >= FIRST && value <= LAST, "not a time");
  return value;
}
export function name(value) {
  need(isText(value) && /^(?:[^\p{C}\p{Z}]| ){1,256}$/u.test(value), "not a name");
  return value;
}
export function openCredential({ token, jwk }) {
  const stated = openSigned({ token, jwk }, "zkattest-credential+jwt");
  const names = [...stated.keys()].filter((name) => name !== "supersedes");
  need(same(names, MEMBERS), "other members");
  const [issued_at, expires_at] = [time(stated.get("iat")), time(stated.get("exp"))];
  need(expires_at > issued_at, "it ends when it begins");
  need(isText(stated.get("as_of")) && date(stated.get("as_of")), "not a date");
  return {
    id: bytes(stated.get("jti"), 16).toString("base64url"),
    provider: name(stated.get("iss")),
    person: bytes(stated.get("person"), 16).toString("base64url"),
    schema: hex(bytes(stated.get("schema"), 32)),
    digest: hex(sha256(token)),
    commitments: commitments(stated.get("attributes")),
    as_of: stated.get("as_of"),
    issued_at,
    expires_at,
    supersedes: stated.has("supersedes") ? bytes(stated.get("supersedes"), 16).toString("base64url") : null,
  };
}
function commitments(items) {
  need(Array.isArray(items) && items.length >= 1 && items.length <= 64, "no attributes, or too many");
  const found = {};
  for (const item of items) {
    need(item instanceof Map && same([...item.keys()], ITEM), "other members");
    const [name, verified] = [item.get("name"), item.get("verified_at")];
    need(isText(name) && /^[a-z][a-z0-9_]{0,62}$/.test(name) && !Object.hasOwn(found, name), "another name");
    need(SOURCES.includes(item.get("source")) && isText(verified) && date(verified), "no provenance");
    const commitment = bytes(item.get("commitment"), 33);
    point(commitment);
    found[name] = hex(commitment);
  }
  return found;
}
