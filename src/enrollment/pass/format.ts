import type { PassKey } from "./keys.ts";

// A pass is a COSE_Sign1 message (RFC 9052) without its tag, in base64url. The payload is an array, so that 5,000 items
// fit into 1,024 characters whatever the learner may open. `src/client/pass` reads the same form; a test compares the
// two.

/** This text makes a signature one of a pass in this form. */
const PASS_CONTEXT = "latchkey-pass-1";
/** Longest pass, characters. */
export const MAX_PASS_LENGTH = 1_024;

/** Bytes of the hashes for a learner and for an order of items. */
export const DIGEST_BYTES = 12;
const SIGNATURE_BYTES = 64;

/** The content of a pass. Instants in epoch seconds. */
export interface PassFacts {
  /** Hash of the enrollment's id. */
  subject: Uint8Array;
  issued_at: number;
  /** How long it lasts from then on, seconds. */
  lasts: number;
  /** Hash of course, version and the order of its items: it says which bit belongs to which item. */
  items_digest: Uint8Array;
  course_version: number;
  /** Version of the snapshot. */
  version: number;
  progress_seq: number;
  policy_seq: number;
  engine: number;
  /** One bit per item, beginning with the lowest bit of the first byte. Missing bits at the end mean "not open". */
  open: Uint8Array;
}

const encoder = new TextEncoder();

/** Signs a pass. */
export async function encodePass(facts: PassFacts, key: PassKey): Promise<string> {
  const header = headerOf(key.kid);
  const payload = joined([
    Uint8Array.of(0x8a),
    bytes(facts.subject),
    head(0, facts.issued_at),
    head(0, facts.lasts),
    bytes(facts.items_digest),
    head(0, facts.course_version),
    head(0, facts.version),
    head(0, facts.progress_seq),
    head(0, facts.policy_seq),
    head(0, facts.engine),
    bytes(withoutTail(facts.open)),
  ]);
  const signature = await crypto.subtle.sign("Ed25519", key.sign, signedBytes(header, payload));
  const message = joined([
    Uint8Array.of(0x84),
    bytes(header),
    Uint8Array.of(0xa0),
    bytes(payload),
    bytes(new Uint8Array(signature)),
  ]);
  return message.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Reads a pass and checks its signature; null if it is not one of ours, for whatever reason. */
export async function decodePass(text: string, keys: readonly PassKey[]): Promise<PassFacts | null> {
  if (text.length > MAX_PASS_LENGTH) return null;
  try {
    const message = new Reader(Uint8Array.fromBase64(text, { alphabet: "base64url" }));
    message.expect(4, 4);
    const header = message.bytes();
    message.expect(5, 0);
    const payload = message.bytes();
    const signature = message.bytes(SIGNATURE_BYTES);
    message.end();
    const key = keys.find(({ kid }) => isSame(headerOf(kid), header));
    if (key === undefined) return null;
    if (!(await crypto.subtle.verify("Ed25519", key.verify, signature, signedBytes(header, payload)))) return null;
    return readFacts(new Reader(payload));
  } catch {
    return null; // not base64url, or not of this form
  }
}

function readFacts(payload: Reader): PassFacts {
  payload.expect(4, 10);
  const facts = {
    subject: payload.bytes(DIGEST_BYTES),
    issued_at: payload.number(),
    lasts: payload.number(),
    items_digest: payload.bytes(DIGEST_BYTES),
    course_version: payload.number(),
    version: payload.number(),
    progress_seq: payload.number(),
    policy_seq: payload.number(),
    engine: payload.number(),
    open: payload.bytes(),
  };
  payload.end();
  return facts;
}

/** Whether an item, by its number in the order, is open. */
export function isOpenIn(open: Uint8Array, item: number): boolean {
  return item >= 0 && (((open[item >> 3] ?? 0) >> (item & 7)) & 1) === 1;
}

/** The algorithm (EdDSA) and the name of the key, in the one accepted encoding. */
function headerOf(kid: Uint8Array): Uint8Array {
  return joined([Uint8Array.of(0xa2, 0x01, 0x27, 0x04), bytes(kid)]);
}

/** `Sig_structure` of RFC 9052 section 4.4. */
function signedBytes(header: Uint8Array, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return joined([
    Uint8Array.of(0x84),
    text("Signature1"),
    bytes(header),
    bytes(encoder.encode(PASS_CONTEXT)),
    bytes(payload),
  ]);
}

function withoutTail(bits: Uint8Array): Uint8Array {
  let end = bits.length;
  while (end > 0 && bits[end - 1] === 0) end -= 1;
  return bits.subarray(0, end);
}

/** A CBOR head (RFC 8949): major type and argument, in the fewest bytes. */
function head(major: number, value: number): Uint8Array {
  const type = major << 5;
  if (value < 24) return Uint8Array.of(type | value);
  if (value < 0x100) return Uint8Array.of(type | 24, value);
  if (value < 0x1_0000) return Uint8Array.of(type | 25, value >> 8, value & 0xff);
  return Uint8Array.of(type | 26, value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

function bytes(value: Uint8Array): Uint8Array {
  return joined([head(2, value.length), value]);
}

function text(value: string): Uint8Array {
  return joined([head(3, value.length), encoder.encode(value)]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Reads the CBOR of a pass. Every method throws at anything else. */
class Reader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  number(): number {
    return this.#head(0);
  }

  bytes(length?: number): Uint8Array<ArrayBuffer> {
    const found = this.#head(2);
    if (length !== undefined && found !== length) throw new RangeError("another length");
    return this.#take(found);
  }

  expect(major: number, value: number): void {
    if (this.#head(major) !== value) throw new RangeError("another form");
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new RangeError("more than a pass");
  }

  #head(major: number): number {
    const [first = 0] = this.#take(1);
    const value = first & 31;
    if (first >> 5 !== major || value > 26) throw new RangeError("another type");
    if (value < 24) return value;
    return this.#take(1 << (value - 24)).reduce((sum, byte) => sum * 256 + byte, 0);
  }

  #take(length: number): Uint8Array<ArrayBuffer> {
    if (this.#at + length > this.#bytes.length) throw new RangeError("cut off");
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }
}
