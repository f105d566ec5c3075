import type { Database } from "../platform/database/counted.ts";
import { textOfItem } from "./contents.ts";
import { type Rubric, rubricOf, rubricSchema } from "./rubric.ts";

/** The rubric of an item in one version; null where it has none. Only for who judges: one query. */
export async function loadRubric(
  db: Database,
  at: { course: string; version: number; item: string },
): Promise<Rubric | null> {
  const text = await textOfItem(db, { ...at, item: rubricOf(at.item) });
  return text === null ? null : rubricSchema.parse(JSON.parse(text));
}
