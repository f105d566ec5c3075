import { directory } from "../platform/database/shards.ts";
import { DAY_MS } from "../platform/instants.ts";
import { logEvent } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { chainOf } from "./chain-links.ts";
import { rememberEpochs } from "./changes.ts";
import { type Chain, FORMAT, instantOf, type Link, MANIFEST, type Manifest, sha256Of } from "./format.ts";
import { d1Tables } from "./rows.ts";
import { schemaOf } from "./schema.ts";
import { backupIds, keyOf, manifestOf, newestNotes, verifications } from "./store.ts";

/** Links of a chain: a full copy once a week, and the changes of the nights in between. */
const MAX_LINKS = 7;
/** A full backup of this age gets no further links; an hour less than a week, so that it is weekly. */
const FULL_EVERY_MS = 7 * DAY_MS - 3_600_000;
/**
 * A full copy gets no further links either when the links together have this share of its bytes: a restore would read
 * more and more.
 */
const MAX_SHARE = 0.5;
/** A chain of so few bytes may always grow. */
const FEW_BYTES = 16_000_000;
/** The chain that ends with a backup of this bucket. */
export async function storedChain(env: Env, id: string): Promise<Result<Chain>> {
  const opened = await manifestOf(env, id);
  if (!opened.ok) return opened;
  return chainOf(opened.value, (parent) => storedLink(env, parent));
}

async function storedLink(env: Env, id: string): Promise<Result<{ manifest: Manifest; sha256: string }>> {
  const opened = await manifestOf(env, id);
  if (!opened.ok) return opened;
  const stored = await env.BACKUPS.get(keyOf(id, MANIFEST));
  if (stored === null) return refuse("not_found");
  return ok({ manifest: opened.value, sha256: await sha256Of(new Uint8Array(await stored.arrayBuffer())) });
}

/**
 * The beginning of a new backup of changes: the backup before it, and the place of the audit chain then; null: it must
 * be a full copy.
 */
export async function parentFor(env: Env, now: number): Promise<{ link: Link; manifest: Manifest } | null> {
  const { succeeded } = await newestNotes(env);
  if (succeeded === null) return null;
  const reason = await whyFull(env, succeeded.backup, now);
  if (reason === null) {
    const found = await storedLink(env, succeeded.backup);
    if (found.ok) return { link: { id: succeeded.backup, sha256: found.value.sha256 }, manifest: found.value.manifest };
  }
  logEvent("backup_full", { after: succeeded.backup, reason: reason ?? "it is missing" });
  return null;
}

/** The reason why no link can be built on a backup; null if one can. */
async function whyFull(env: Env, id: string, now: number): Promise<string | null> {
  const found = await storedChain(env, id);
  if (!found.ok) return `${found.refusal.code}: ${found.refusal.detail ?? id}`;
  const [full, ...links] = found.value;
  const last = links.at(-1) ?? full;
  if (last.format < FORMAT || last.epochs === null) return "the changes since then are not known";
  if (last.unreadable.length > 0) return "it does not have all objects";
  if (links.length + 1 >= MAX_LINKS) return "the chain has its full length";
  if (now - instantOf(full.id) >= FULL_EVERY_MS || now < instantOf(last.id)) return "the full copy is a week old";
  const bytes = ({ parts }: Manifest) => parts.reduce((sum, part) => sum + part.bytes, 0);
  const most = Math.max(bytes(full) * MAX_SHARE, FEW_BYTES);
  if (links.reduce((sum, link) => sum + bytes(link), 0) > most) return "too much has changed";
  if ((await schemaOf(d1Tables(directory(env)))).sha256 !== last.schema.sha256) return "the schema is different now";
  // A database that was set back, or is another one, does not know what changed.
  if (!(await rememberEpochs(env, last.id, last.epochs))) return "the database has no note of it";
  return null;
}

/** After so many links since the last verification, the chain must be verified again. */
const VERIFY_AFTER_LINKS = MAX_LINKS - 1;

/** Whether this chain has to be verified now: when it begins, and before it ends. */
export async function isVerificationDue(env: Env, id: string): Promise<boolean> {
  const chain = await storedChain(env, id);
  if (!chain.ok) return true;
  const verified = await verifications(env);
  const after = chain.value.toReversed().findIndex((link) => verified.has(link.id));
  return after < 0 || after >= VERIFY_AFTER_LINKS;
}

/** These backups and every backup on which they are built: a backup cannot be restored without those. */
async function withParents(env: Env, ids: readonly string[]): Promise<Set<string>> {
  const needed = new Set<string>();
  const waiting = [...ids];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (needed.has(id)) continue;
    needed.add(id);
    const opened = await manifestOf(env, id);
    if (opened.ok && opened.value.parent !== null) waiting.push(opened.value.parent.id);
  }
  return needed;
}

/** Keeps every backup that a kept one needs. @returns those of `old` on which none of the others is built. */
export async function removable(env: Env, old: readonly string[]): Promise<string[]> {
  const kept = (await backupIds(env)).filter((id) => !old.includes(id));
  const needed = await withParents(env, kept);
  return old.filter((id) => !needed.has(id));
}
