import type { Program } from "../../unlock/index.ts";
import { DIGEST_BYTES } from "./format.ts";

const digests = new WeakMap<Program, { version: number; digest: Uint8Array }>();

/** The hash for a version and the order of its items: chapters first, then problems. */
export async function itemsDigest(program: Program, version: number): Promise<Uint8Array> {
  const known = digests.get(program);
  if (known?.version === version) return known.digest;
  const digest = await shortHash(`latchkey-items\n${program.outline.course}\n${version}\n${program.ids.join("\n")}`);
  digests.set(program, { version, digest });
  return digest;
}

/** The hash for a learner in a course. */
export function subjectHash(enrollment: string): Promise<Uint8Array> {
  return shortHash(`latchkey-pass\n${enrollment}`);
}

async function shortHash(text: string): Promise<Uint8Array> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).slice(0, DIGEST_BYTES);
}
