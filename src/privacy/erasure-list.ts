import { z } from "@hono/zod-openapi";
import { directory } from "../platform/database/shards.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { acceptedSecrets, signingKey } from "../platform/secrets.ts";
import { erasedSubjects, erasuresAfter } from "./erasure-notes.ts";
import { tombstonesAfter } from "./statements/tombstones.ts";

// The list of erasures: hashes of the ids of everybody who was ever erased. It is small, has no personal data, and must
// outlive the deployment: a restore without it would bring erased people back.

const listSchema = z.object({
  format: z.literal(1),
  /** Every erasure asked for before this instant is in it. Epoch ms. */
  at: z.int(),
  subjects: z.array(z.string().regex(/^[0-9a-f]{64}$/)),
});
export type ErasureList = z.infer<typeof listSchema>;

const signedSchema = z.strictObject({ erasures: z.unknown(), signature: z.string().regex(/^[0-9a-f]{64}$/) });

/** Hashes read by one statement. */
const PAGE = 5_000;

/** The whole list of this deployment: from D1, from the notes beside the backups, and from lists that were brought. */
export async function listErasures(env: Env, now: number): Promise<ErasureList> {
  const subjects = await everyErasure(env);
  for (let after = ""; ; ) {
    const { results } = await tombstonesAfter(directory(env), after, PAGE).all<{ subject: string }>();
    for (const { subject } of results) subjects.add(subject);
    const last = results.at(-1);
    if (last === undefined || results.length < PAGE) break;
    after = last.subject;
  }
  return { format: 1, at: now, subjects: [...subjects].sort() };
}

/** Every hash that the bucket of backups knows. */
export async function everyErasure(env: Env): Promise<Set<string>> {
  const subjects = await erasedSubjects(env);
  for (const list of await broughtLists(env)) for (const subject of list.subjects) subjects.add(subject);
  return subjects;
}

/** Lists that were brought to this deployment and have a valid signature of its secret. */
export async function broughtLists(env: Env): Promise<ErasureList[]> {
  const found: ErasureList[] = [];
  for (let key = ""; ; ) {
    const { lists, last, more } = await erasuresAfter(env, key);
    for (const text of lists) {
      const opened = await openErasures(env, text);
      if (opened.ok) found.push(opened.value);
    }
    if (!more || last === null) return found;
    key = last;
  }
}

const encoder = new TextEncoder();

/**
 * A list for another deployment. It is signed, because an added line erases somebody, and a removed line brings
 * somebody back.
 */
export async function signErasures(secret: string, list: ErasureList): Promise<string> {
  const key = await signingKey(secret, "backup");
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(`erasures ${JSON.stringify(list)}`));
  return JSON.stringify({ erasures: list, signature: new Uint8Array(signature).toHex() });
}

/**
 * Reads a signed list.
 * @returns `erasures_tampered` when it differs from what was signed with a secret of this deployment.
 */
export async function openErasures(env: Env, text: string): Promise<Result<ErasureList>> {
  const tampered = refuse("erasures_tampered");
  const signed = signedSchema.safeParse(jsonOf(text));
  if (!signed.success) return tampered;
  const given = Uint8Array.fromHex(signed.data.signature);
  const data = encoder.encode(`erasures ${JSON.stringify(signed.data.erasures)}`);
  for (const secret of acceptedSecrets(env)) {
    if (secret === undefined) continue;
    const key = await signingKey(secret, "backup");
    if (!(await crypto.subtle.verify("HMAC", key, given, data))) continue;
    const list = listSchema.safeParse(signed.data.erasures);
    return list.success ? ok(list.data) : tampered;
  }
  return tampered;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // refused as tampered with
  }
}
