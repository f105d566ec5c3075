import { eq } from "drizzle-orm";
import { countedDatabase } from "../bindings.ts";
import { type CoursePointer, loadActiveProgram } from "../courses/index.ts";
import type { Program } from "../unlock/index.ts";
import type { ProjectedSubmission } from "./contract.ts";
import { loadMirror, type MirroredEnrollment } from "./mirror.ts";
import { submissions } from "./tables.ts";

/** What D1 knows of an enrollment whose object is empty: never created yet, or lost. */
export interface Adoption {
  mirror: MirroredEnrollment;
  /** All of them: one that waits for its verdict must be found again, one that was judged must not be judged twice. */
  submissions: ProjectedSubmission[];
  pointer: CoursePointer;
  program: Program;
}

/** Reads everything an object needs to start from D1; null when there is no active enrollment of a published course. */
export async function findAdoption(env: Env, enrollment: string): Promise<Adoption | null> {
  const db = countedDatabase(env.DB, { count: 0 });
  const mirror = await loadMirror(db, enrollment);
  if (mirror === null || mirror.status !== "active") return null;
  const active = await loadActiveProgram(db, mirror.course);
  if (active === null) return null;
  const rows = await db.select().from(submissions).where(eq(submissions.enrollment_id, enrollment)).all();
  const taken = rows.map(({ item_id, enrollment_id: _enrollment, ...rest }) => ({ item: item_id, ...rest }));
  return { mirror, submissions: taken, ...active };
}
