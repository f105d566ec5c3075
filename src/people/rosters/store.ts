import { and, desc, eq, isNotNull, lte, sql } from "drizzle-orm";
import { jsonSet, oneBatch } from "../../platform/database/batches.ts";
import { countedDatabase, type Database } from "../../platform/database/counted.ts";
import { directory } from "../../platform/database/shards.ts";
import type { FieldError } from "../../platform/results.ts";
import { type RunRow, rosterRuns, rosterSources, type SourceRow } from "../tables.ts";
import { ASK_AGAIN_MS, LEASE_MS, MAX_ATTEMPTS, MAX_ERRORS } from "./limits.ts";

/** The directory, where all rosters stand, for work that no request counts. */
export function rosterDatabase(env: Env): Database {
  return countedDatabase(directory(env), { count: 0 });
}

/** Where the bucket DOCUMENTS has what belongs to a run. */
export const fileKey = (id: string) => `rosters/runs/${id}/file`;
export const planKey = (id: string) => `rosters/runs/${id}/plan.json`;
export const previewKey = (id: string) => `rosters/runs/${id}/preview.json`;
export const keysOf = (id: string) => [fileKey(id), planKey(id), previewKey(id)];
/** Where operators put files of a source of the kind `bucket`. */
export const inboxKey = (course: string, key: string) => `rosters/inbox/${course}/${key}`;

/** The states in which somebody works on a run, or will. */
const UNDER_WAY = sql`('queued', 'reading', 'confirmed', 'applying')`;

export async function findSource(db: Database, course: string, name: string): Promise<SourceRow | null> {
  const row = await db
    .select()
    .from(rosterSources)
    .where(and(eq(rosterSources.course_slug, course), eq(rosterSources.name, name)))
    .get();
  return row ?? null;
}

export async function findRun(db: Database, id: string): Promise<RunRow | null> {
  return (await db.select().from(rosterRuns).where(eq(rosterRuns.id, id)).get()) ?? null;
}

/** The newest run of a source, if any. */
export async function lastRun(db: Database, course: string, source: string): Promise<RunRow | null> {
  const row = await db
    .select()
    .from(rosterRuns)
    .where(and(eq(rosterRuns.course_slug, course), eq(rosterRuns.source, source)))
    .orderBy(desc(rosterRuns.created_at), desc(rosterRuns.id))
    .limit(1)
    .get();
  return row ?? null;
}

export type NewRun = Pick<
  RunRow,
  "id" | "course_slug" | "source" | "begun" | "file_name" | "owner" | "role" | "request_id"
>;

/**
 * Makes a run that waits for its worker, unless one of the source is under way; one that waits for a confirmation is
 * replaced, because it rests on what was before.
 * @returns whether it was made.
 */
export async function makeRun(db: Database, run: NewRun, now: number): Promise<boolean> {
  const ofSource = sql`course_slug = ${run.course_slug} AND source = ${run.source}`;
  const { id, course_slug, source, begun, file_name, owner, role, request_id } = run;
  const made = await db.all<{ id: string }>(sql`
    INSERT INTO roster_runs (id, course_slug, source, begun, file_name, owner, role, request_id, state, asked_at, created_at)
    SELECT ${id}, ${course_slug}, ${source}, ${begun}, ${file_name}, ${owner}, ${role}, ${request_id}, 'queued', ${now}, ${now}
    WHERE NOT EXISTS (SELECT 1 FROM roster_runs WHERE ${ofSource} AND state IN ${UNDER_WAY})
    RETURNING id`);
  if (made.length === 0) return false;
  // Only says so: nobody can confirm a plan that a newer run has followed.
  await db.run(sql`UPDATE roster_runs SET state = 'replaced', finished_at = ${now}
    WHERE ${ofSource} AND state = 'planned' AND id <> ${id}`);
  return true;
}

/** A run in the hands of one worker. */
export interface Held {
  row: RunRow;
  lease: string;
}

/**
 * Takes a run for this worker (compare-and-set): nobody else has it until {@link LEASE_MS} after its last sign of life.
 * @returns null when somebody else has it, nothing is to be done, or its attempts are used up.
 */
export async function take(db: Database, id: string, now: number): Promise<Held | null> {
  const lease = crypto.randomUUID();
  const row = await db
    .update(rosterRuns)
    .set({
      state: sql`CASE WHEN state IN ('queued', 'reading') THEN 'reading' ELSE 'applying' END`,
      lease,
      due_at: now + LEASE_MS,
      asked_at: 0,
      attempts: sql`attempts + 1`,
    })
    .where(
      and(
        eq(rosterRuns.id, id),
        sql`state IN ${UNDER_WAY}`,
        lte(rosterRuns.due_at, now),
        sql`attempts < ${MAX_ATTEMPTS}`,
      ),
    )
    .returning()
    .get();
  return row === undefined ? null : { row, lease };
}

type Change = Partial<
  Pick<RunRow, "state" | "total" | "applied" | "counts" | "attempts" | "due_at" | "finished_at" | "errors" | "asked_at">
> & { lease?: null };

/** Changes a run that is this worker's. @returns false when it is another's by now. */
export async function change(db: Database, { row, lease }: Held, to: Change): Promise<boolean> {
  const rows = await db
    .update(rosterRuns)
    .set(to)
    .where(and(eq(rosterRuns.id, row.id), eq(rosterRuns.lease, lease)))
    .returning({ id: rosterRuns.id });
  return rows.length > 0;
}

/** Ends a run whose last attempt was killed too. */
export async function giveUp(db: Database, id: string, now: number): Promise<RunRow | null> {
  const message = `The run was begun ${MAX_ATTEMPTS} times without getting further.`;
  const row = await db
    .update(rosterRuns)
    .set({ state: "failed", errors: kept([{ path: "", rule: "gave_up", message }]), lease: null, finished_at: now })
    .where(
      and(
        eq(rosterRuns.id, id),
        sql`state IN ${UNDER_WAY}`,
        lte(rosterRuns.due_at, now),
        sql`attempts >= ${MAX_ATTEMPTS}`,
      ),
    )
    .returning()
    .get();
  return row ?? null;
}

/** Runs that wait and that nobody was asked for lately. */
export async function waitingRuns(db: Database, now: number, most: number): Promise<string[]> {
  const rows = await db
    .select({ id: rosterRuns.id })
    .from(rosterRuns)
    .where(and(sql`state IN ${UNDER_WAY}`, lte(rosterRuns.due_at, now), lte(rosterRuns.asked_at, now - ASK_AGAIN_MS)))
    .orderBy(rosterRuns.due_at)
    .limit(most)
    .all();
  return rows.map(({ id }) => id);
}

/** Notes when messages asked for these runs. @param at epoch ms; 0: nobody did. */
export async function noteAsked(db: Database, ids: readonly string[], at: number): Promise<void> {
  const set = jsonSet(oneBatch(ids));
  await db.run(sql`UPDATE roster_runs SET asked_at = ${at} WHERE id IN (SELECT value FROM ${set})`);
}

/** Nightly sources whose hour has come. */
export function dueSources(db: Database, now: number, most: number): Promise<SourceRow[]> {
  return db
    .select()
    .from(rosterSources)
    .where(and(isNotNull(rosterSources.due_at), lte(rosterSources.due_at, now)))
    .orderBy(rosterSources.due_at)
    .limit(most)
    .all();
}

export function kept(errors: readonly FieldError[]): string {
  return JSON.stringify(errors.slice(0, MAX_ERRORS).map((one) => ({ ...one, message: one.message.slice(0, 500) })));
}
