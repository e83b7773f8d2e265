// secp256k1, y^2 = x^3 + 7, in big integers; generators, commitments, the transcript.
import { createHash } from "node:crypto";
import { ascii, be32, big, hex, length8, need, Refused, sha256, unhex } from "./common.mjs";

const P = 2n ** 256n - 2n ** 32n - 977n;
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const G = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const mod = (a, m = P) => ((a % m) + m) % m;
function power(base, exponent) {
  let result = 1n;
  for (let b = mod(base), e = exponent; e; e >>= 1n, b = mod(b * b)) if (e & 1n) result = mod(result * b);
  return result;
}
const inverse = (a) => power(a, P - 2n);
export function point(bytes) {
  need(bytes.length === 33 && (bytes[0] === 2 || bytes[0] === 3), "not a compressed point");
  const x = big(bytes.subarray(1));
  need(x < P, "x is not reduced");
  const square = mod(x ** 3n + 7n);
  const y = power(square, (P + 1n) / 4n);
  need(mod(y * y) === square, "not on the curve");
  return [x, (y & 1n) === BigInt(bytes[0] & 1) ? y : P - y];
}
function add(a, b) {
  if (!a || !b) return a ?? b;
  if (a[0] === b[0] && mod(a[1] + b[1]) === 0n) return null;
  const slope = a[0] === b[0] ? mod(3n * a[0] * a[0] * inverse(2n * a[1])) : mod((b[1] - a[1]) * inverse(b[0] - a[0]));
  const x = mod(slope * slope - a[0] - b[0]);
  return [x, mod(slope * (a[0] - x) - a[1])];
}
function times(scalar, base) {
  let sum = null;
  for (let s = scalar, b = base; s; s >>= 1n, b = add(b, b)) if (s & 1n) sum = add(sum, b);
  return sum;
}
export function scalar(bytes) {
  need(bytes.length === 32 && big(bytes) < N, "not a scalar");
  return big(bytes);
}
export function generator(label) {
  for (let counter = 0; ; counter += 1) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(counter);
    const found = Buffer.concat([Buffer.of(2), sha256(`zkattest/bpp/secp256k1/1/gen/${label}/`, number)]);
    try {
      point(found);
      return { point: hex(found), counter };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }
}
export function commit(value, blinding) {
  const sum = add(times(mod(BigInt(value), N), point(unhex(G))), times(blinding, point(unhex(generator("H/0").point))));
  need(sum, "infinity has no form");
  return hex(Buffer.concat([Buffer.of(2 + Number(sum[1] & 1n)), be32(sum[0])]));
}
export function transcript(steps) {
  const state = [];
  const challenges = [];
  const label = (text) => [Buffer.of(text.length), ascii(text)];
  for (const step of steps) {
    if (step.challenge === undefined) {
      const content = unhex(step.bytes);
      state.push(...label(step.absorb), length8(content.length), content);
      continue;
    }
    for (let drawn = 0n; !drawn; ) {
      state.push(...label(step.challenge), Buffer.alloc(8, 0xff));
      const digest = createHash("shake256", { outputLength: 64 }).update(Buffer.concat(state)).digest();
      drawn = big(digest) % N;
      if (drawn) challenges.push(hex(be32(drawn)));
    }
  }
  return challenges;
}
