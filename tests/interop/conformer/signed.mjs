// What providers sign besides credentials: consents and their withdrawals, revocations, erasures and receipts.
import { hex, need, sha256 } from "./common.mjs";
import { bytes, isText, name, openSigned, same, time } from "./tokens.mjs";

const MEMBERS = "iss sub aud via jti iat exp purpose mode reasons frequency allowed".split(" ");
const PURPOSES = [
  ...["credit-decision", "credit-monitoring", "tenancy", "employment", "insurance", "age-check", "residence-check"],
  ...["sanctions-check", "fraud-prevention", "sandbox"],
];
const REASONS = ["superseded", "erroneous", "withdrawn", "compromised"];
const COUNTED = ["credentials", "consents", "inquiries"];
const isMap = (value, members) => value instanceof Map && same([...value.keys()], members);

export function openConsent({ token, jwk }) {
  const stated = openSigned({ token, jwk }, "zkattest-consent+jwt");
  need(isMap(stated, MEMBERS), "other members");
  const [issued_at, expires_at] = [time(stated.get("iat")), time(stated.get("exp"))];
  need(expires_at > issued_at, "it ends when it begins");
  need(stated.get("mode") === "answers-only" && PURPOSES.includes(stated.get("purpose")), "another mode or purpose");
  need(["outcome-only", "failed-clauses"].includes(stated.get("reasons")), "other reasons");
  return {
    id: bytes(stated.get("jti"), 16).toString("base64url"),
    provider: name(stated.get("iss")),
    handle: bytes(stated.get("sub"), 16).toString("base64url"),
    relying_party: name(stated.get("aud")),
    via: name(stated.get("via")),
    purpose: stated.get("purpose"),
    allowed: allowed(stated.get("allowed")),
    reasons: stated.get("reasons"),
    frequency: frequency(stated.get("frequency")),
    issued_at,
    expires_at,
    digest: hex(sha256(token)),
  };
}
function frequency(limit) {
  if (limit === null) return null;
  need(isMap(limit, ["count", "seconds"]), "other members");
  const [count, seconds] = [limit.get("count"), limit.get("seconds")];
  need(Number.isInteger(count) && count > 0 && Number.isInteger(seconds) && seconds > 0, "not a frequency");
  return { count, seconds };
}
const isPrintable = (value) => isText(value) && /^(?:[^\p{C}\p{Z}]| )*$/u.test(value);
function texts(value) {
  need(Array.isArray(value) && value.length <= 64 && value.every(isPrintable), "not a list of texts");
  return value;
}
function allowed(value) {
  need(isMap(value, ["attributes", "thresholds", "questions"]), "other members");
  const [attributes, thresholds] = [value.get("attributes"), value.get("thresholds")];
  need(thresholds instanceof Map && thresholds.size <= 64, "not thresholds of attributes");
  return {
    attributes: attributes === null ? null : texts(attributes),
    thresholds: Object.fromEntries([...thresholds].map(([attribute, values]) => [attribute, texts(values)])),
    questions: texts(value.get("questions")),
  };
}
export function openWithdrawal({ token, jwk }) {
  const stated = openSigned({ token, jwk }, "zkattest-consent-revocation+jwt");
  need(isMap(stated, ["iss", "iat", "consent"]), "other members");
  return { provider: name(stated.get("iss")), consent: hex(bytes(stated.get("consent"), 32)), issued_at: time(stated.get("iat")) };
}
export function openRevocation({ token, jwk }) {
  const stated = openSigned({ token, jwk }, "zkattest-revocation+jwt");
  need(isMap(stated, ["iss", "iat", "credential", "reason"]), "other members");
  const [provider, credential, reason] = ["iss", "credential", "reason"].map((member) => stated.get(member));
  need(isText(provider) && isText(credential) && REASONS.includes(reason), "another issuer, credential or reason");
  return { provider, credential, reason, issued_at: time(stated.get("iat")) };
}
export function openErasure({ token, jwk }) {
  const stated = openSigned({ token, jwk }, "zkattest-erasure+jwt");
  need(isMap(stated, ["iss", "iat", "credentials"]) && isText(stated.get("iss")), "other members");
  const credentials = stated.get("credentials");
  need(Array.isArray(credentials) && credentials.length >= 1 && credentials.length <= 3000, "none, or too many");
  credentials.forEach((id) => bytes(id, 16));
  need(credentials.every((id, place) => place === 0 || credentials[place - 1] < id), "not in ascending order");
  return { provider: stated.get("iss"), credentials, issued_at: time(stated.get("iat")) };
}
export function openReceipt({ token, jwk }) {
  const stated = openSigned({ token, jwk }, "zkattest-erasure-receipt+jwt");
  need(isMap(stated, ["iss", "iat", "request", ...COUNTED]), "other members");
  const erased = Object.fromEntries(COUNTED.map((kind) => [kind, stated.get(kind)]));
  need(Object.values(erased).every((count) => Number.isInteger(count) && count >= 0), "not numbers");
  const request = hex(bytes(stated.get("request"), 16));
  return { provider: name(stated.get("iss")), request, erased, issued_at: time(stated.get("iat")) };
}
