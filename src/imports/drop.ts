import { and, eq, sql } from "drizzle-orm";
import { addAuditEntryWhere } from "../audit/index.ts";
import { filesOfVersions, loadImporting } from "../courses/index.ts";
import { removeCourseFiles } from "../files/index.ts";
import type { Database } from "../platform/database/counted.ts";
import type { Actor } from "../platform/http/context.ts";
import { logEvent, logFault } from "../platform/log.ts";
import { ok, type Result } from "../platform/results.ts";
import { removeImport } from "./remove.ts";
import { hasOthers, importsDatabase } from "./store.ts";
import { courseImports, type ImportRow } from "./tables.ts";

interface By {
  actor: Actor;
  request_id: string;
  now: number;
}

/** Deleted drafts whose remaining data one step of the night removes, and how long a running deletion is left alone. */
const MAX_SWEPT = 20;
const LEFT_ALONE_MS = 600_000;

/** Deletes a draft with its texts, its document, and the files that no other version names. A repeat does nothing. */
export async function dropDraftWithFiles(
  env: Env,
  db: Database,
  course: string,
  version: number,
  by: By,
): Promise<Result<boolean>> {
  const { dropDraft } = await loadImporting();
  const dropped = await dropDraft(db, course, version, by);
  if (!dropped.ok) return dropped;
  if (dropped.value === null) return ok(false);
  // The draft is gone; the nightly job removes what cannot be removed now.
  await removeRest(env, db, dropped.value).catch((fault: unknown) =>
    logFault("draft_left", fault, { course_id: course }),
  );
  return ok(true);
}

type Dropped = Parameters<Awaited<ReturnType<typeof loadImporting>>["removeDocument"]>[2];

async function removeRest(env: Env, db: Database, draft: Dropped): Promise<void> {
  const { removeDocument, forgetDropped } = await loadImporting();
  await removeDocument(env, db, draft);
  if (!(await removeUnnamed(env, db, draft))) return;
  await forgetDropped(db, draft);
}

/**
 * Removes the files of a course that no version of it names. A running import has stored files that only its draft will
 * name, so nothing is removed while there is one.
 * @returns whether it was done.
 */
export async function removeUnnamed(
  env: Env,
  db: Database,
  { course, owner, id = "" }: { course: string; owner: string; id?: string },
): Promise<boolean> {
  if (await hasOthers(db, course, id)) return false;
  const named = await filesOfVersions(db, course);
  await removeCourseFiles(env, db, { owner, course, isNamed: (file) => named.has(file) });
  return true;
}

/** Every night: removes what is left of deleted drafts. @returns whether there may be more. */
export async function pruneDrafts(env: Env, now: number): Promise<boolean> {
  const db = importsDatabase(env);
  const { droppedDrafts } = await loadImporting();
  const left = await droppedDrafts(db, now - LEFT_ALONE_MS, MAX_SWEPT);
  for (const draft of left) {
    await removeRest(env, db, draft).catch((fault: unknown) =>
      logFault("draft_left", fault, { course_id: draft.course }),
    );
  }
  if (left.length > 0) logEvent("drafts_pruned", { drafts: left.length });
  // Data that could not be removed are tried again in the next night, not in the next step of this one.
  return false;
}

/** The states in which an import has not ended. */
const UNENDED = sql`state IN ('queued', 'reading', 'checking')`;
const DROPPED = [{ path: "", rule: "dropped", message: "Somebody has stopped this import." }];

/**
 * Stops an import that has not ended, or removes one that has, with its archive, its report, and the results about its
 * people. The draft that it made stays. A repeat does nothing.
 */
export async function dropImport(
  env: Env,
  db: Database,
  row: ImportRow,
  { actor, request_id, now }: By,
): Promise<void> {
  const entry = (step: "stopped" | "removed") =>
    ({
      action: "course.import_dropped",
      actor,
      target: { type: "course", id: row.course_slug },
      course: row.course_slug,
      request_id,
      details: { kind: row.format, status: step },
      unique: `${row.id}:${step}`,
    }) as const;
  const [[stopped]] = await db.batch([
    db
      .update(courseImports)
      .set({ state: "failed", errors: JSON.stringify(DROPPED), lease: null, due_at: 0, finished_at: now })
      .where(and(eq(courseImports.id, row.id), UNENDED))
      .returning(),
    addAuditEntryWhere(
      db,
      entry("stopped"),
      now,
      sql`EXISTS (SELECT 1 FROM course_imports WHERE id = ${row.id} AND state = 'failed' AND finished_at = ${now})`,
    ),
  ]);
  // Its worker sees that the job is gone, and removes what it has stored.
  if (stopped !== undefined) return;
  const below = await db.select().from(courseImports).where(eq(courseImports.source_id, row.id)).all();
  for (const { id } of below) {
    for (const one of await db.select().from(courseImports).where(eq(courseImports.source_id, id)).all()) {
      await removeImport(env, db, one);
    }
  }
  for (const one of below) await removeImport(env, db, one);
  await db.batch([
    addAuditEntryWhere(db, entry("removed"), now, sql`EXISTS (SELECT 1 FROM course_imports WHERE id = ${row.id})`),
  ]);
  await removeImport(env, db, row);
}
