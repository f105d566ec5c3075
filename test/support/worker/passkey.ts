/** Bytes one after the other. */
function joined(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

const text = (value: string) => new Uint8Array(new TextEncoder().encode(value));
const asBase64 = (bytes: Uint8Array) => bytes.toBase64({ alphabet: "base64url", omitPadding: true });
const digest = async (bytes: Uint8Array<ArrayBuffer>) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

/** A signature as authenticators write it (ASN.1), from the two numbers that WebCrypto gives. */
function inDer(raw: Uint8Array): Uint8Array {
  const number = (bytes: Uint8Array) => {
    const first = bytes.findIndex((byte) => byte !== 0);
    const short = bytes.subarray(first);
    const value = (short[0] ?? 0) >= 0x80 ? joined([0], short) : short;
    return joined([0x02, value.length], value);
  };
  const body = joined(number(raw.subarray(0, 32)), number(raw.subarray(32)));
  return joined([0x30, body.length], body);
}

/** An authenticator made of software: one key for one site (WebAuthn Level 3, sections 6.1 and 6.5). */
export class Authenticator {
  readonly #keys: CryptoKeyPair;
  readonly #id = crypto.getRandomValues(new Uint8Array(16));
  readonly #origin: string;
  #counter = 0;
  /** Whether it has looked at its owner's finger, face or PIN. */
  verifies = true;
  /** Whether it counts its answers; those whose owner's other devices have the key too do not. */
  counts = true;

  private constructor(keys: CryptoKeyPair, origin: string) {
    this.#keys = keys;
    this.#origin = origin;
  }

  static async of(origin: string): Promise<Authenticator> {
    const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    if (!("privateKey" in keys)) throw new Error("not a pair of keys");
    return new Authenticator(keys, origin);
  }

  get id(): string {
    return asBase64(this.#id);
  }

  async #data(rpId: string, flags: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.counts) this.#counter += 1;
    return joined(await digest(text(rpId)), [flags | (this.verifies ? 0x05 : 0x01), 0, 0, 0, this.#counter]);
  }

  #client(type: string, challenge: string, origin: string): Uint8Array<ArrayBuffer> {
    return text(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
  }

  /** Answers `navigator.credentials.create()`. */
  async make(challenge: string, { origin = this.#origin } = {}) {
    const jwk = await crypto.subtle.exportKey("jwk", this.#keys.publicKey);
    if (!("x" in jwk)) throw new Error("not a key");
    const point = (value: string | undefined) => Uint8Array.fromBase64(value ?? "", { alphabet: "base64url" });
    const key = joined(
      [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20],
      point(jwk.x),
      [0x22, 0x58, 0x20],
      point(jwk.y),
    );
    const start = await this.#data(new URL(this.#origin).hostname, 0x40);
    const data = joined(start, new Uint8Array(16), [0, this.#id.length], this.#id, key);
    const attestation = joined(
      [0xa3, 0x63],
      text("fmt"),
      [0x64],
      text("none"),
      [0x67],
      text("attStmt"),
      [0xa0, 0x68],
      text("authData"),
      [0x58, data.length],
      data,
    );
    return {
      id: this.id,
      rawId: this.id,
      type: "public-key",
      clientExtensionResults: {},
      response: {
        clientDataJSON: asBase64(this.#client("webauthn.create", challenge, origin)),
        attestationObject: asBase64(attestation),
        transports: ["internal"],
      },
    };
  }

  /** Answers `navigator.credentials.get()`. */
  async show(challenge: string, { origin = this.#origin } = {}) {
    const data = await this.#data(new URL(this.#origin).hostname, 0);
    const client = this.#client("webauthn.get", challenge, origin);
    const signed = joined(data, await digest(client));
    const raw = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, this.#keys.privateKey, signed);
    return {
      id: this.id,
      rawId: this.id,
      type: "public-key",
      clientExtensionResults: {},
      response: {
        clientDataJSON: asBase64(client),
        authenticatorData: asBase64(data),
        signature: asBase64(inDer(new Uint8Array(raw))),
      },
    };
  }
}
