import { sql } from "drizzle-orm";
import { addAuditEntryWhere } from "../audit/index.ts";
import type { Database } from "../platform/database/counted.ts";
import type { LocalizedText } from "../platform/text.ts";
import { courses } from "./tables.ts";

/** Creates a course without a version, and says so in the audit log. @returns its row, or null when the slug is taken. */
export async function createCourse(
  db: Database,
  { slug, title }: { slug: string; title: LocalizedText },
  { actor, request_id }: { actor: { id: string; role: string }; request_id: string },
  now: number,
): Promise<typeof courses.$inferSelect | null> {
  const row = {
    slug,
    owner_id: actor.id,
    title: JSON.stringify(title),
    created_at: now,
    updated_at: now,
    // An author's course belongs where the author does.
    organization_id: sql`(SELECT organization_id FROM users WHERE id = ${actor.id})`,
  };
  const target = { type: "course", id: slug };
  const entry = { action: "course.created", actor, target, course: slug, request_id, unique: slug } as const;
  const [[inserted]] = await db.batch([
    db.insert(courses).values(row).onConflictDoNothing().returning(),
    addAuditEntryWhere(
      db,
      entry,
      now,
      sql`EXISTS (SELECT 1 FROM courses WHERE slug = ${slug} AND owner_id = ${row.owner_id} AND created_at = ${now})`,
    ),
  ]);
  return inserted ?? null;
}
