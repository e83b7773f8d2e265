// Canonical bytes and their strict inverses.
import { ascii, length8, need, Refused, unhex } from "./common.mjs";

// JSON as RFC 8785 writes it, without fractions; a parser of its own, because JSON.parse takes a name twice.

export class Reader {
  constructor(text) { this.text = text; this.at = 0; }
  peek() { return this.text[this.at]; }
  skip() { while (" \t\n\r".includes(this.peek() ?? "x")) this.at += 1; }
  take(token) { need(this.text.startsWith(token, this.at), "not JSON"); this.at += token.length; }
  document() {
    const value = this.value(0);
    this.skip();
    need(this.at === this.text.length, "something follows");
    return value;
  }
  value(depth) {
    this.skip();
    switch (this.peek()) {
      case "{": return this.object(depth + 1);
      case "[": return this.list(depth + 1);
      case '"': return this.string();
      case "t": this.take("true"); return true;
      case "f": this.take("false"); return false;
      case "n": this.take("null"); return null;
      default: return this.integer();
    }
  }
  items(depth, open, close, item) {
    need(depth <= 64, "nested too deep");
    this.take(open);
    this.skip();
    for (let first = true; this.peek() !== close; first = false) {
      if (!first) this.take(",");
      item();
      this.skip();
      need(this.peek() === close || this.peek() === ",", "not JSON");
    }
    this.take(close);
  }
  list(depth) {
    const found = [];
    this.items(depth, "[", "]", () => found.push(this.value(depth)));
    return found;
  }
  object(depth) {
    const found = new Map();
    this.items(depth, "{", "}", () => {
      this.skip();
      const name = this.string();
      need(!found.has(name), "a name stands twice");
      this.skip();
      this.take(":");
      found.set(name, this.value(depth));
    });
    return found;
  }
  string() {
    const match = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
    match.lastIndex = this.at;
    const token = match.exec(this.text);
    need(token, "not a string");
    this.at += token[0].length;
    const text = JSON.parse(token[0]);
    need(!/\p{Surrogate}/u.test(text), "half a surrogate pair");
    return text;
  }
  integer() {
    const match = /-?(?:0|[1-9][0-9]*)(?![0-9.eE])/y;
    match.lastIndex = this.at;
    const token = match.exec(this.text);
    need(token && token[0] !== "-0" && Number.isSafeInteger(Number(token[0])), "not an integer up to 2^53 - 1");
    this.at += token[0].length;
    return Number(token[0]);
  }
}
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!(value instanceof Map)) return JSON.stringify(value);
  const names = [...value.keys()].sort((a, b) => (a < b ? -1 : 1)); // by UTF-16 units, in RFC 8785 as in JavaScript
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value.get(name))}`).join(",")}}`;
}
export function document({ text, bytes }) {
  if (bytes === undefined) return text;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(unhex(bytes));
  } catch {
    throw new Refused("not UTF-8");
  }
}

// -- Binary as text, framed fields, dates

export function framed(label, values) {
  return Buffer.concat([ascii(label), ...values].flatMap((part) => [length8(part.length), part]));
}
export function unframed(label, content, count) {
  const parts = [];
  for (let rest = content; rest.length; ) {
    need(rest.length >= 8, "cut short");
    const size = rest.readBigUInt64BE();
    need(size <= BigInt(rest.length - 8), "cut short");
    parts.push(rest.subarray(8, 8 + Number(size)));
    rest = rest.subarray(8 + Number(size));
  }
  need(parts.length === count + 1 && parts[0].equals(ascii(label)), "other fields");
  return parts.slice(1);
}
export function date(text) {
  const found = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text);
  need(found && found[1] !== "0000", "not a date");
  const time = new Date(`${text}T00:00:00Z`);
  need(!Number.isNaN(time.getTime()) && time.toISOString().startsWith(text), "no such day");
  return time.getTime() / 86_400_000 + 719_163;
}
export function seconds(text) {
  const found = /^([0-9-]{10})T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])Z$/.exec(text);
  need(found, "not a time");
  return (date(found[1]) - 719_163) * 86_400 + Number(found[2]) * 3600 + Number(found[3]) * 60 + Number(found[4]);
}
export function age(born, now) {
  need(date(born) && date(now), "no date");
  return Number(now.slice(0, 4)) - Number(born.slice(0, 4)) - (now.slice(5) < born.slice(5) ? 1 : 0);
}
