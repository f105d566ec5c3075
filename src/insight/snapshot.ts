import { sha256Hex } from "../platform/hash.ts";
import { courseOfParts, type SnapshotPart } from "./snapshot-text.ts";
import type { CourseFacts } from "./world.ts";

/**
 * Data snapshots: the data from which a run learnt. They are stored as lines of JSON under the hash of their content,
 * so that a model's data cannot change without notice. Learners have a pseudonym in them, see `pseudonymOf`.
 */
const PREFIX = "insight/snapshots/";

/** The key for the content with a hash. */
export function snapshotKey(sha256: string): string {
  return `${PREFIX}${sha256}`;
}

/** Stores content under its hash; existing content is the same. @returns the hash. */
export async function storeContent(bucket: R2Bucket, text: string): Promise<string> {
  const sha256 = await sha256Hex(text);
  await bucket.put(snapshotKey(sha256), text, { onlyIf: { etagDoesNotMatch: "*" } });
  return sha256;
}

/** Content by its hash, or null if it is missing or does not match the hash. */
export async function loadContent(bucket: R2Bucket, sha256: string): Promise<string | null> {
  const stored = await bucket.get(snapshotKey(sha256));
  const text = await stored?.text();
  return text !== undefined && (await sha256Hex(text)) === sha256 ? text : null;
}

/** A course of a snapshot. @throws if a part is missing or altered. */
export async function loadCourse(bucket: R2Bucket, parts: readonly SnapshotPart[]): Promise<CourseFacts> {
  const texts: string[] = [];
  for (const { sha256 } of parts) {
    const text = await loadContent(bucket, sha256);
    if (text === null) throw new Error(`part ${sha256} of a data snapshot is missing or altered`);
    texts.push(text);
  }
  return courseOfParts(texts);
}

/** The name of a user in snapshots: it cannot be reversed, and is the same in every snapshot. */
export async function pseudonymOf(secret: CryptoKey, user: string): Promise<string> {
  const signature = await crypto.subtle.sign("HMAC", secret, new TextEncoder().encode(user));
  return new Uint8Array(signature).slice(0, 12).toHex();
}
