import { CborReader, readSigned, toHex } from "./cose.ts";

/** The public keys of a Latchkey, from `/.well-known/jwks.json`. */
export interface PassKeySet {
  keys: readonly { kid?: string; kty?: string; crv?: string; x?: string }[];
}

/** Why a pass opens nothing. */
export type PassFault = "malformed" | "unknown_key" | "bad_signature" | "over";

export type PassResult = { ok: true; pass: Pass } | { ok: false; fault: PassFault };

/** Bytes of the hashes in a pass. */
const DIGEST_BYTES = 12;
/** No pass lasts longer, in seconds. One with a later end is not accepted. */
const LONGEST = 300;
/** The greatest accepted difference of clocks, milliseconds: a pass from the future is not valid yet. */
const TOLERANCE_MS = 5_000;

/** What a learner may open, signed by a Latchkey. */
export class Pass {
  /** Hash of the learner in the course, see {@link subjectOf}. */
  readonly subject: string;
  /** Epoch ms. */
  readonly issuedAt: number;
  /** The pass ends at this instant (exclusive), epoch ms. */
  readonly validUntil: number;
  /** Hash of the order of the bits, see {@link ItemOrder}. */
  readonly itemsDigest: string;
  readonly courseVersion: number;
  /** Version of the snapshot from which it was made. */
  readonly version: number;
  readonly progressSeq: number;
  readonly policySeq: number;
  readonly engine: number;
  readonly #open: Uint8Array;

  /** From a payload whose signature has been checked. @throws RangeError for another form. */
  constructor(payload: Uint8Array<ArrayBuffer>) {
    const reader = new CborReader(payload);
    reader.expect(4, 10);
    const subject = reader.bytes();
    const issued = reader.number();
    const lasts = reader.number();
    const digest = reader.bytes();
    if (subject.length !== DIGEST_BYTES || digest.length !== DIGEST_BYTES || lasts > LONGEST) {
      throw new RangeError("not the form of a pass");
    }
    this.subject = toHex(subject);
    this.issuedAt = issued * 1_000;
    this.validUntil = (issued + lasts) * 1_000;
    this.itemsDigest = toHex(digest);
    this.courseVersion = reader.number();
    this.version = reader.number();
    this.progressSeq = reader.number();
    this.policySeq = reader.number();
    this.engine = reader.number();
    this.#open = reader.bytes();
    reader.end();
  }

  /**
   * Whether the learner may open an item now. False if the order belongs to another course or version.
   * @param now epoch ms.
   */
  mayOpen(order: ItemOrder, item: string, now: number = Date.now()): boolean {
    if (now >= this.validUntil || order.digest !== this.itemsDigest) return false;
    const index = order.indexOf(item);
    return index !== undefined && (((this.#open[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
  }
}

/** The items of one course version in the order of the bits, from `/courses/{course}/versions/{version}/items`. */
export class ItemOrder {
  readonly digest: string;
  readonly #indexOf: ReadonlyMap<string, number>;

  private constructor(digest: string, items: readonly string[]) {
    this.digest = digest;
    this.#indexOf = new Map(items.map((item, index) => [item, index]));
  }

  /** Computes the hash itself, so that a changed order fits no pass. */
  static async of(course: string, version: number, items: readonly string[]): Promise<ItemOrder> {
    return new ItemOrder(await shortHash(`latchkey-items\n${course}\n${version}\n${items.join("\n")}`), items);
  }

  indexOf(item: string): number | undefined {
    return this.#indexOf.get(item);
  }
}

/** The hash by which a pass names its learner. Compare it if you know who the caller is. */
export function subjectOf(course: string, user: string): Promise<string> {
  return shortHash(`latchkey-pass\n${course}:${user}`);
}

/** Checks the signature and the time of a pass. @param now epoch ms. */
export async function verifyPass(text: string, keySet: PassKeySet, now: number = Date.now()): Promise<PassResult> {
  try {
    const { kid, signed, signature, payload } = readSigned(text);
    const jwk = keySet.keys.find((key) => key.kid === kid && key.kty === "OKP" && key.crv === "Ed25519");
    if (jwk?.x === undefined) return { ok: false, fault: "unknown_key" };
    const material = { kty: "OKP", crv: "Ed25519", x: jwk.x };
    const key = await crypto.subtle.importKey("jwk", material, "Ed25519", false, ["verify"]);
    if (!(await crypto.subtle.verify("Ed25519", key, signature, signed))) return { ok: false, fault: "bad_signature" };
    const pass = new Pass(payload);
    if (now >= pass.validUntil || now < pass.issuedAt - TOLERANCE_MS) return { ok: false, fault: "over" };
    return { ok: true, pass };
  } catch {
    return { ok: false, fault: "malformed" };
  }
}

/** Passes that were revoked before their end, from `/courses/{course}/pass/revoked`. */
export interface RevokedPasses {
  issued_before: string | null;
  learners: readonly { subject: string; before_version: number }[];
}

/** Whether a pass is revoked. */
export function isRevoked(pass: Pass, revoked: RevokedPasses): boolean {
  if (revoked.issued_before !== null && pass.issuedAt < Date.parse(revoked.issued_before)) return true;
  return revoked.learners.some(({ subject, before_version }) => {
    return subject === pass.subject && pass.version < before_version;
  });
}

async function shortHash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return toHex(new Uint8Array(digest).slice(0, DIGEST_BYTES));
}
