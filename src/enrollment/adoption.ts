import { countedDatabase } from "../bindings.ts";
import { type CoursePointer, loadActiveProgram } from "../courses/index.ts";
import type { Program } from "../unlock/index.ts";
import { loadMirror, type MirroredEnrollment } from "./mirror.ts";

/** What D1 knows of an enrollment whose object is empty: never created yet, or lost. */
export interface Adoption {
  mirror: MirroredEnrollment;
  pointer: CoursePointer;
  program: Program;
}

/** Reads everything an object needs to start from D1; null when there is no active enrollment of a published course. */
export async function findAdoption(env: Env, enrollment: string): Promise<Adoption | null> {
  const db = countedDatabase(env.DB, { count: 0 });
  const mirror = await loadMirror(db, enrollment);
  if (mirror === null || mirror.status !== "active") return null;
  const active = await loadActiveProgram(db, mirror.course);
  return active === null ? null : { mirror, ...active };
}
