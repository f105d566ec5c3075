import { and, desc, eq, gte, lte, ne, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { firstBytes, jsonSet, oneBatch } from "../platform/database/batches.ts";
import { countedDatabase, type Database } from "../platform/database/counted.ts";
import { directory } from "../platform/database/shards.ts";
import type { FieldError } from "../platform/results.ts";
import {
  ASK_AGAIN_MS,
  LEASE_MS,
  MAX_ATTEMPTS,
  MAX_ERROR_BYTES,
  MAX_ERRORS,
  MAX_OWNED_BYTES,
  MAX_UNENDED,
} from "./limits.ts";
import { courseImports, type ImportRow } from "./tables.ts";

/** The directory, which has all imports, for work outside of requests. */
export function importsDatabase(env: Env): Database {
  return countedDatabase(directory(env), { count: 0 });
}

/** The data of an import before its archive comes. */
export type NewImport = Pick<
  ImportRow,
  "owner" | "role" | "request_id" | "upload_key" | "format" | "course_slug" | "name" | "size"
>;

/** The states in which an import has not ended. */
const UNENDED = sql`('receiving', 'queued', 'reading', 'checking')`;

/**
 * Writes the row of an import whose archive will come, if its owner has room for it: one statement counts and inserts.
 * @returns its id, or null if there is no room, or if the owner has used the key before.
 */
export async function reserve(db: Database, row: NewImport, now: number): Promise<string | null> {
  const id = crypto.randomUUID().replaceAll("-", "");
  const inserted = await db.all<{ id: string }>(sql`
    INSERT INTO course_imports
      (id, owner, role, request_id, upload_key, format, course_slug, name, size, state, created_at)
    SELECT ${id}, ${row.owner}, ${row.role}, ${row.request_id}, ${row.upload_key}, ${row.format}, ${row.course_slug},
      ${row.name}, ${row.size}, 'receiving', ${now}
    FROM (SELECT coalesce(sum(state IN ${UNENDED}), 0) AS unended, coalesce(sum(size), 0) AS bytes
      FROM course_imports WHERE owner = ${row.owner} AND held = 1)
    WHERE unended < ${MAX_UNENDED} AND bytes + ${row.size} <= ${MAX_OWNED_BYTES}
    ON CONFLICT DO NOTHING
    RETURNING id`);
  return inserted[0]?.id ?? null;
}

export function findImport(db: Database, id: string): Promise<ImportRow | undefined> {
  return db.select().from(courseImports).where(eq(courseImports.id, id)).get();
}

/** The import that an earlier try of the same upload made, if any. */
export function findByUploadKey(db: Database, owner: string, uploadKey: string): Promise<ImportRow | undefined> {
  return db
    .select()
    .from(courseImports)
    .where(and(eq(courseImports.owner, owner), eq(courseImports.upload_key, uploadKey)))
    .get();
}

/** Whether another import into this course has not ended. */
export async function hasOthers(db: Database, course: string, id: string): Promise<boolean> {
  const row = await db
    .select({ id: courseImports.id })
    .from(courseImports)
    .where(
      and(
        eq(courseImports.announced, 0),
        ne(courseImports.state, "receiving"),
        gte(courseImports.due_at, 0),
        sql`state IN ('queued', 'reading', 'checking')`,
        eq(courseImports.course_slug, course),
        eq(courseImports.kind, "course"),
        ne(courseImports.id, id),
      ),
    )
    .limit(1)
    .get();
  return row !== undefined;
}

/** The archive has arrived: the import waits for its worker. Does nothing if the row was given up in the meantime. */
export function queueStatement(db: Database, id: string, sha256: string, now: number) {
  return db
    .update(courseImports)
    .set({ state: "queued", sha256, asked_at: now })
    .where(and(eq(courseImports.id, id), eq(courseImports.state, "receiving")))
    .returning();
}

/**
 * Ids of imports that wait without a recent message: their worker has died or failed, or their owner was not notified
 * of the end.
 */
export async function waiting(db: Database, now: number, most: number): Promise<string[]> {
  const rows = await db
    .select({ id: courseImports.id })
    .from(courseImports)
    .where(
      and(
        eq(courseImports.announced, 0),
        ne(courseImports.state, "receiving"),
        lte(courseImports.due_at, now),
        lte(courseImports.asked_at, now - ASK_AGAIN_MS),
      ),
    )
    .orderBy(courseImports.due_at)
    .limit(most)
    .all();
  return rows.map(({ id }) => id);
}

/** Notes when messages asked for these imports. @param at epoch ms; 0: never. */
export async function noteAsked(db: Database, ids: readonly string[], at: number): Promise<void> {
  const set = jsonSet(oneBatch(ids));
  await db.run(sql`UPDATE course_imports SET asked_at = ${at} WHERE id IN (SELECT value FROM ${set})`);
}

/** A job that one worker holds. */
export interface Held {
  row: ImportRow;
  lease: string;
}

/**
 * Takes a job for this worker (compare-and-set): no other worker has it until {@link LEASE_MS} after its last sign of
 * life.
 * @returns null if another worker has it, it has ended, or its attempts are used up.
 */
export async function take(db: Database, id: string, now: number): Promise<Held | null> {
  const lease = crypto.randomUUID();
  const row = await db
    .update(courseImports)
    .set({
      state: "reading",
      lease,
      due_at: now + LEASE_MS,
      asked_at: 0,
      attempts: sql`attempts + 1`,
      bytes_read: 0,
      started_at: sql`coalesce(started_at, ${now})`,
    })
    .where(
      and(
        eq(courseImports.id, id),
        sql`state IN ('queued', 'reading', 'checking')`,
        lte(courseImports.due_at, now),
        sql`attempts < ${MAX_ATTEMPTS}`,
      ),
    )
    .returning()
    .get();
  return row === undefined ? null : { row, lease };
}

const mine = ({ row, lease }: Held) => and(eq(courseImports.id, row.id), eq(courseImports.lease, lease));

/** Reports that the worker lives, and its progress. @returns false if the job is not its own any more. */
export async function note(
  db: Database,
  held: Held,
  change: Partial<Pick<ImportRow, "state" | "bytes_read" | "counts" | "reported" | "applied" | "size" | "errors">>,
  now: number,
): Promise<boolean> {
  const rows = await db
    .update(courseImports)
    .set({ ...change, due_at: now + LEASE_MS })
    .where(mine(held))
    .returning({ id: courseImports.id });
  return rows.length > 0;
}

/**
 * A statement that ends the job with a draft. It belongs to the batch that stores the draft, and fails the whole batch
 * if the job belongs to another worker by then: it puts null into a column that may not be null.
 */
export function doneStatement(db: Database, held: Held, version: number, now: number): BatchItem<"sqlite"> {
  return db
    .update(courseImports)
    .set({
      state: sql`CASE WHEN lease = ${held.lease} THEN 'done' END`,
      version,
      errors: "[]",
      lease: null,
      due_at: 0,
      finished_at: now,
    })
    .where(eq(courseImports.id, held.row.id));
}

/** Ends a job about people. @returns false if the job is not this worker's any more. */
export async function endPeople(
  db: Database,
  held: Held,
  {
    counts,
    errors = [],
    ...rest
  }: Partial<Pick<ImportRow, "bytes_read" | "reported" | "applied" | "size">> & {
    counts: Readonly<Record<string, number>>;
    errors?: readonly FieldError[];
  },
  now: number,
): Promise<boolean> {
  const rows = await db
    .update(courseImports)
    .set({
      ...rest,
      state: "done",
      counts: JSON.stringify(counts),
      errors: kept(errors),
      lease: null,
      due_at: 0,
      finished_at: now,
    })
    .where(mine(held))
    .returning({ id: courseImports.id });
  return rows.length > 0;
}

/** Ends the job without a draft. @returns false if the job is not this worker's any more. */
export async function fail(db: Database, held: Held, errors: readonly FieldError[], now: number): Promise<boolean> {
  const rows = await db
    .update(courseImports)
    .set({ state: "failed", errors: kept(errors), lease: null, due_at: 0, finished_at: now })
    .where(mine(held))
    .returning({ id: courseImports.id });
  return rows.length > 0;
}

/** Pauses the job until `dueAt` (epoch ms). @returns false if it is not this worker's any more. */
export async function layDown(db: Database, held: Held, error: FieldError, dueAt: number): Promise<boolean> {
  const rows = await db
    .update(courseImports)
    .set({ state: "queued", errors: kept([error]), lease: null, due_at: dueAt })
    .where(mine(held))
    .returning({ id: courseImports.id });
  return rows.length > 0;
}

/** Ends a job whose last attempt was killed too. */
export async function giveUp(db: Database, id: string, error: FieldError, now: number): Promise<void> {
  await db
    .update(courseImports)
    .set({ state: "failed", errors: kept([error]), lease: null, due_at: 0, finished_at: now })
    .where(
      and(
        eq(courseImports.id, id),
        sql`state IN ('queued', 'reading', 'checking')`,
        lte(courseImports.due_at, now),
        sql`attempts >= ${MAX_ATTEMPTS}`,
      ),
    );
}

/** The owner was notified of the import's end. */
export async function noteAnnounced(db: Database, id: string): Promise<void> {
  await db.update(courseImports).set({ announced: 1 }).where(eq(courseImports.id, id));
}

function kept(errors: readonly FieldError[]): string {
  return JSON.stringify(firstBytes(errors.slice(0, MAX_ERRORS), MAX_ERROR_BYTES));
}

/** Jobs about the people of an archive, newest first. @param source the import, or the roster. */
export async function newestOf(db: Database, kind: ImportRow["kind"], source: string): Promise<ImportRow | null> {
  const row = await db
    .select()
    .from(courseImports)
    .where(and(eq(courseImports.source_id, source), eq(courseImports.kind, kind)))
    .orderBy(desc(courseImports.created_at), desc(courseImports.id))
    .limit(1)
    .get();
  return row ?? null;
}

/** A statement that makes a job about people wait for its worker, if its owner does not have too many under way. */
export function peopleStatement(
  db: Database,
  id: string,
  from: ImportRow,
  { kind, owner, role, request_id }: Pick<ImportRow, "kind" | "owner" | "role" | "request_id">,
  now: number,
) {
  const { format, course_slug, name, id: source } = from;
  // In the order of the columns of the table.
  return db.insert(courseImports).select(sql`
    SELECT ${id}, ${owner}, ${role}, ${request_id}, NULL, ${format}, ${course_slug}, ${name}, 0, NULL, 'queued', 1, 0, 0, NULL,
      0, ${now}, 0, 0, NULL, NULL, '[]', ${now}, NULL, NULL, NULL, ${kind}, ${source}, 0
    FROM (SELECT coalesce(sum(state IN ${UNENDED}), 0) AS unended FROM course_imports WHERE owner = ${owner} AND held = 1)
    WHERE unended < ${MAX_UNENDED}`);
}
