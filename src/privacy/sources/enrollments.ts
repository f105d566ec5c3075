import { callEnrollment } from "../../bindings.ts";
import { projectEnrollments } from "../../enrollment/index.ts";
import { inParallel } from "../../shared/parallel.ts";
import { answered, exportedBy } from "../object-source.ts";
import type { PersonalDataSource } from "../source.ts";

/** Enrollments erased by one call. */
const PAGE = 25;
const PARALLEL_OBJECTS = 6;
/** What D1 mirrors by enrollment. */
const MIRRORS = ["progress", "submissions", "unlock_events", "divergences"] as const;

/** Enrollments with all facts: in their objects, and in D1 as their mirrors. */
export const enrollmentsSource: PersonalDataSource = {
  name: "enrollments",
  async *export(env, user) {
    const { results } = await env.DB.prepare("SELECT * FROM enrollments WHERE user_id = ? ORDER BY course_slug")
      .bind(user)
      .all<{ id: string }>();
    for (const registration of results) {
      const { id } = registration;
      yield { kind: "registration", row: registration };
      for await (const record of exportedBy((from) => callEnrollment(env, id, (stub) => stub.exportOf(from)))) {
        yield { kind: record.kind, row: { enrollment_id: id, ...record.row } };
      }
      for (const table of MIRRORS) {
        const mirrored = await env.DB.prepare(`SELECT * FROM ${table} WHERE enrollment_id = ?`)
          .bind(id)
          .all<Record<string, unknown>>();
        for (const mirror of mirrored.results) yield { kind: `stored_${table}`, row: mirror };
      }
    }
  },
  /**
   * The object first and its rows after: a crash between leaves rows that are found again. No object starts from them
   * meanwhile, because an erased one never does.
   */
  async erase(env, user) {
    const { results } = await env.DB.prepare("SELECT id FROM enrollments WHERE user_id = ? LIMIT ?")
      .bind(user, PAGE)
      .all<{ id: string }>();
    const ids = results.map(({ id }) => id);
    await inParallel(ids, PARALLEL_OBJECTS, async (id) => {
      const erase = () => callEnrollment(env, id, (stub) => stub.erase());
      const erased = await erase();
      if (erased.ok) return;
      // Entries for the audit chain that it still owes.
      await projectEnrollments(env, [id]);
      answered(await erase());
    });
    await eraseRows(env.DB, user, ids);
    return ids.length === PAGE ? "more" : "done";
  },
};

/**
 * Removes the rows of these enrollments, and those that a delivery under way has brought after the registration of its
 * enrollment was gone: every course is asked for them by its enrollment's id.
 */
async function eraseRows(db: D1Database, user: string, ids: readonly string[]): Promise<void> {
  const list = JSON.stringify(ids);
  await db.batch([
    ...MIRRORS.map((table) =>
      db
        .prepare(
          `DELETE FROM ${table} WHERE enrollment_id IN
             (SELECT value FROM json_each(?1) UNION ALL SELECT slug || ':' || ?2 FROM courses)`,
        )
        .bind(list, user),
    ),
    db.prepare("DELETE FROM enrollments WHERE id IN (SELECT value FROM json_each(?))").bind(list),
  ]);
}
