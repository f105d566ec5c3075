import { and, asc, eq, gt, isNull, sql } from "drizzle-orm";
import type { OwnEntry } from "../../audit/index.ts";
import { addAuditEntry } from "../../audit/index.ts";
import { jsonSet, oneBatch } from "../../platform/database/batches.ts";
import type { Database } from "../../platform/database/counted.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { callRevocations } from "../revocations-stub.ts";
import { type KeyRow, serviceKeys } from "../tables.ts";
import type { AdminRef } from "../users.ts";
import { newKey, newKeyId } from "./format.ts";
import { hashOfKey, objectOfKey } from "./key-check.ts";
import type { CreateKey, RotateKey } from "./schemas.ts";

const DAY_MS = 86_400_000;
/** Largest number of valid keys; more are a mistake. */
const MAX_LIVE_KEYS = 500;

export interface ShownKey {
  row: KeyRow;
  /** The key itself: to be shown once. */
  key: string;
}

const NO_KEY = refuse("not_found", { detail: "There is no such key." });
const OVER = refuse("not_found", { detail: "The key has ended: it was revoked or has expired. Create another." });

/** Creates a key. @returns it with its row, or `invalid_input` for a course that does not exist. */
export async function createKey(
  db: Database,
  input: CreateKey,
  admin: AdminRef,
  now: number,
): Promise<Result<ShownKey>> {
  const courses = input.courses === "all" ? null : [...new Set(input.courses)];
  if (courses !== null) {
    const unknown = await unknownCourses(db, courses);
    if (unknown.length > 0) {
      const at = (slug: string) => (input.courses === "all" ? -1 : input.courses.indexOf(slug));
      const errors = unknown.map((slug) => ({
        path: `courses[${at(slug)}]`,
        rule: "unknown_course",
        message: `there is no course "${slug}"`,
      }));
      return refuse("invalid_input", { errors });
    }
  }
  const live = await db.$count(serviceKeys, and(isNull(serviceKeys.revoked_at), gt(serviceKeys.expires_at, now)));
  if (live >= MAX_LIVE_KEYS) {
    return refuse("quota_exceeded", {
      detail: `At most ${MAX_LIVE_KEYS} keys may be valid at a time; revoke one first.`,
    });
  }
  const id = newKeyId();
  const key = newKey(id);
  const row: KeyRow = {
    id,
    name: input.name,
    hash: await hashOfKey(key),
    previous_hash: null,
    previous_until: null,
    scopes: JSON.stringify([...new Set(input.scopes)]),
    courses: courses === null ? null : JSON.stringify(courses),
    created_by: admin.id,
    created_at: now,
    expires_at: now + input.expires_in_days * DAY_MS,
    rotated_at: null,
    last_used_on: null,
    revoked_at: null,
  };
  await db.batch([db.insert(serviceKeys).values(row), addAuditEntry(db, entryOf("key.created", id, admin, row), now)]);
  return ok({ row, key });
}

/**
 * Replaces the secret of a key; the old one stays valid for the requested overlap. A secret that still overlapped from
 * an earlier rotation ends.
 */
export async function rotateKey(
  env: Env,
  db: Database,
  id: string,
  input: RotateKey,
  admin: AdminRef,
  now: number,
): Promise<Result<ShownKey>> {
  const found = await readKey(db, id);
  if (!found.ok) return found;
  if (!counts(found.value, now)) return OVER;
  const begun = await callRevocations(env, objectOfKey(id), (stub) => stub.changeKey("rotate"));
  if (!begun.ok) return begun;
  const key = newKey(id);
  const overlap = input.overlap_seconds * 1_000;
  const change = {
    hash: await hashOfKey(key),
    previous_hash: overlap === 0 ? null : sql`${serviceKeys.hash}`,
    previous_until: overlap === 0 ? null : now + overlap,
    rotated_at: now,
    expires_at: now + input.expires_in_days * DAY_MS,
  };
  const update = db
    .update(serviceKeys)
    .set(change)
    .where(and(eq(serviceKeys.id, id), eq(serviceKeys.hash, found.value.hash), isNull(serviceKeys.revoked_at)))
    .returning();
  const [rows] = await db.batch([update, addAuditEntry(db, entryOf("key.rotated", id, admin, change), now)]);
  await callRevocations(env, objectOfKey(id), (stub) => stub.settleKey());
  const [row] = rows;
  return row === undefined ? refuse("concurrent_change", { retry_after: 1 }) : ok({ row, key });
}

/** Ends a key, at once. Harmless to repeat. */
export async function revokeKey(
  env: Env,
  db: Database,
  id: string,
  admin: AdminRef,
  now: number,
): Promise<Result<null>> {
  const found = await readKey(db, id);
  if (!found.ok) return found;
  const begun = await callRevocations(env, objectOfKey(id), (stub) => stub.changeKey("revoke"));
  if (!begun.ok) return begun;
  if (found.value.revoked_at === null) {
    const update = db
      .update(serviceKeys)
      .set({ revoked_at: now })
      .where(and(eq(serviceKeys.id, id), isNull(serviceKeys.revoked_at)));
    await db.batch([update, addAuditEntry(db, entryOf("key.revoked", id, admin), now)]);
  }
  await callRevocations(env, objectOfKey(id), (stub) => stub.settleKey());
  return ok(null);
}

/** @returns the key's row, or `not_found`. */
export async function readKey(db: Database, id: string): Promise<Result<KeyRow>> {
  const [row] = await db.select().from(serviceKeys).where(eq(serviceKeys.id, id)).limit(1);
  return row === undefined ? NO_KEY : ok(row);
}

/** Keys by id, those that are over too. */
export function findKeys(db: Database, after: string, limit: number): Promise<KeyRow[]> {
  return db.select().from(serviceKeys).where(gt(serviceKeys.id, after)).orderBy(asc(serviceKeys.id)).limit(limit);
}

function counts(row: Pick<KeyRow, "revoked_at" | "expires_at">, now: number): boolean {
  return row.revoked_at === null && row.expires_at > now;
}

async function unknownCourses(db: Database, slugs: readonly string[]): Promise<string[]> {
  const found = await db.all<{ slug: string }>(
    sql`SELECT slug FROM courses WHERE slug IN (SELECT value FROM ${jsonSet(oneBatch(slugs))})`,
  );
  return slugs.filter((slug) => !found.some((course) => course.slug === slug));
}

function entryOf(
  action: "key.created" | "key.rotated" | "key.revoked",
  id: string,
  { request_id, ...actor }: AdminRef,
  row?: { expires_at: number },
): OwnEntry {
  const target = { type: "key", id };
  return { action, actor, target, request_id, ...(row && { details: { expires_at: row.expires_at } }) };
}
