import { and, eq, sql } from "drizzle-orm";
import { addAuditEntryWhere } from "../audit/index.ts";
import type { Database } from "../platform/database/counted.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { removeContents } from "./contents.ts";
import { courseOutlines, courseVersions } from "./tables.ts";
import { documentKey, isThere } from "./versions.ts";

// Drafts: versions that were never active. Deleting one removes everything except its number.

/** The data of a deleted draft that must still be removed. */
export interface DroppedDraft {
  course: string;
  version: number;
  sha256: string;
  /** The owner of the files that its texts may name. */
  owner: string;
}

const wasNeverActive = sql`NOT EXISTS (SELECT 1 FROM course_activations AS a
  WHERE a.course_slug = course_versions.course_slug AND a.version = course_versions.version)`;

/** How many drafts a course has. */
export async function countDrafts(db: Database, slug: string): Promise<number> {
  const row = await db
    .select({ n: sql<number>`count(*)` })
    .from(courseVersions)
    .where(and(eq(courseVersions.course_slug, slug), isThere, wasNeverActive))
    .get();
  return row?.n ?? 0;
}

/**
 * Deletes a draft: outline and texts are removed and the deletion is noted, in one batch with its entry for the audit
 * log. {@link removeDocument} and the files room remove its document and files. A second deletion finds nothing.
 * @returns what is left to remove; null: there was nothing to delete.
 */
export async function dropDraft(
  db: Database,
  slug: string,
  version: number,
  { actor, request_id, now }: { actor: { id: string; role: string }; request_id: string; now: number },
): Promise<Result<DroppedDraft | null>> {
  const place = and(eq(courseVersions.course_slug, slug), eq(courseVersions.version, version));
  const droppedNow = sql`EXISTS (SELECT 1 FROM course_versions
    WHERE course_slug = ${slug} AND version = ${version} AND dropped_at = ${now})`;
  const entry = {
    action: "course.draft_dropped",
    actor,
    target: { type: "course", id: slug },
    course: slug,
    request_id,
    details: { version },
    unique: `${slug}:${version}`,
  } as const;
  const [[row]] = await db.batch([
    db
      .update(courseVersions)
      .set({ dropped_at: now })
      .where(and(place, isThere, wasNeverActive))
      .returning(),
    db
      .delete(courseOutlines)
      .where(and(eq(courseOutlines.course_slug, slug), eq(courseOutlines.version, version), droppedNow)),
    removeContents(db, slug, version, droppedNow),
    addAuditEntryWhere(db, entry, now, droppedNow),
  ]);
  if (row !== undefined) return ok({ course: slug, version, sha256: row.sha256, owner: row.published_by });
  const known = await db.select({ dropped_at: courseVersions.dropped_at }).from(courseVersions).where(place).get();
  if (known === undefined) return refuse("version_not_found");
  return known.dropped_at === null ? refuse("version_was_active") : ok(null);
}

/** A page of deleted drafts with data to remove: a deletion died, or the bucket did not answer. */
export async function droppedDrafts(db: Database, before: number, most: number): Promise<DroppedDraft[]> {
  const rows = await db
    .select()
    .from(courseVersions)
    .where(sql`dropped_at < ${before} AND is_kept = 1`)
    .limit(most)
    .all();
  return rows.map((row) => ({
    course: row.course_slug,
    version: row.version,
    sha256: row.sha256,
    owner: row.published_by,
  }));
}

/** Removes the document of a deleted draft, if no existing version has the same one. */
export async function removeDocument(env: Env, db: Database, { course, sha256 }: DroppedDraft): Promise<void> {
  const key = documentKey(course, sha256);
  if (await isNamed(db, course, sha256)) return;
  const kept = await env.DOCUMENTS.get(key);
  const text = kept === null ? null : await kept.text();
  await env.DOCUMENTS.delete(key);
  // Another version may have stored the same document meanwhile: then it needs it.
  if (text !== null && (await isNamed(db, course, sha256))) {
    await env.DOCUMENTS.put(key, text, { httpMetadata: { contentType: "application/json" } });
  }
}

async function isNamed(db: Database, course: string, sha256: string): Promise<boolean> {
  const row = await db
    .select({ version: courseVersions.version })
    .from(courseVersions)
    .where(and(eq(courseVersions.course_slug, course), eq(courseVersions.sha256, sha256), isThere))
    .limit(1)
    .get();
  return row !== undefined;
}

/** Nothing is left to remove of this draft. */
export async function forgetDropped(db: Database, { course, version }: DroppedDraft): Promise<void> {
  await db
    .update(courseVersions)
    .set({ is_kept: 0 })
    .where(and(eq(courseVersions.course_slug, course), eq(courseVersions.version, version)));
}
