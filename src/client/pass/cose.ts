// Reads the form of a pass: COSE_Sign1 (RFC 9052) in base64url, with an array as its payload.

/** Longest pass, in characters. A longer text is not read. */
const MAX_LENGTH = 1_024;
/**
 * Every signature of a pass also covers this text, so that no other message signed with this key can be used as a pass.
 */
const CONTEXT = "latchkey-pass-1";

/** A pass whose signature has not been checked yet. */
export interface SignedPass {
  /** Name of the key, hex. */
  kid: string;
  /** The signed bytes, and the signature. */
  signed: Uint8Array<ArrayBuffer>;
  signature: Uint8Array<ArrayBuffer>;
  payload: Uint8Array<ArrayBuffer>;
}

/** @throws RangeError if the text is not a pass. */
export function readSigned(text: string): SignedPass {
  if (text.length > MAX_LENGTH) throw new RangeError("longer than a pass");
  const message = new CborReader(fromBase64Url(text));
  message.expect(4, 4);
  const header = message.bytes();
  message.expect(5, 0);
  const payload = message.bytes();
  const signature = message.bytes();
  message.end();
  const names = new CborReader(header);
  names.expect(5, 2); // two entries:
  names.expect(0, 1); // the algorithm
  names.expect(1, 7); // is EdDSA (-8),
  names.expect(0, 4); // and the key is
  const kid = toHex(names.bytes());
  names.end();
  const context = new TextEncoder().encode(CONTEXT);
  const name = new TextEncoder().encode("Signature1");
  const parts = [[0x84], head(3, name.length), name, head(2, header.length), header];
  const rest = [head(2, context.length), context, head(2, payload.length), payload];
  const signed = Uint8Array.from([...parts, ...rest].flatMap((part) => [...part]));
  return { kid, signed, signature, payload };
}

/** Reads the few kinds of CBOR (RFC 8949) in a pass. Every method throws a RangeError at any other kind. */
export class CborReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  number(): number {
    return this.#head(0);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#take(this.#head(2));
  }

  expect(major: number, value: number): void {
    if (this.#head(major) !== value) throw new RangeError("not the form of a pass");
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new RangeError("more than a pass");
  }

  #head(major: number): number {
    const first = this.#take(1)[0] ?? 0;
    const value = first & 31;
    if (first >> 5 !== major || value > 26) throw new RangeError("not the form of a pass");
    if (value < 24) return value;
    return this.#take(1 << (value - 24)).reduce((sum, byte) => sum * 256 + byte, 0);
  }

  #take(length: number): Uint8Array<ArrayBuffer> {
    if (this.#at + length > this.#bytes.length) throw new RangeError("cut off");
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Written by hand, because not every host has `Uint8Array.fromBase64` yet. @throws if the text is not base64url. */
function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[\w-]*$/.test(text)) throw new RangeError("not base64url");
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** For up to 65,535 bytes: far more than a pass has. */
function head(major: number, length: number): number[] {
  const type = major << 5;
  if (length < 24) return [type | length];
  return length < 0x100 ? [type | 24, length] : [type | 25, length >> 8, length & 0xff];
}
