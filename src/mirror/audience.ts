import type { CoursePointer } from "../courses/index.ts";
import type { Database } from "../platform/database/counted.ts";
import { type ItemState, mayAppear, type Program, type Reason, reasonsOf, stateOf } from "../unlock/index.ts";
import { loadMirroredPage } from "./mirror.ts";
import { mirroredView } from "./mirrored.ts";

export interface AudienceRow {
  user_id: string;
  enrollment_id: string;
  is_open: boolean;
  /** The learner does not see it while it is locked. */
  is_hidden: boolean;
  status: ItemState;
  /** The reasons why this learner cannot open it; empty if the item is open. */
  reasons: Reason[];
}

/** Enrollments evaluated for one page; fewer if they are large. */
const AUDIENCE_SCAN = 200;

/**
 * Who can open an item, who is blocked on it and by which condition. It evaluates a page of enrollments from D1, so it
 * is exact for the data in D1 and needs no table of every learner's every item.
 * @returns rows that match `state`, and the id after which the next page starts (null at the end). A page may have
 * fewer rows than requested, even none, while there is a next one.
 */
export async function audience(
  db: Database,
  course: { slug: string; pointer: CoursePointer; program: Program },
  query: { item: number; state: "open" | "blocked" | "any"; after: string | null; limit: number },
  now: number,
): Promise<{ rows: AudienceRow[]; next: string | null }> {
  const { mirrors, next } = await loadMirroredPage(db, course.slug, query.after ?? "", AUDIENCE_SCAN);
  const rows: AudienceRow[] = [];
  for (const mirror of mirrors) {
    const { program, learner, evaluation } = mirroredView(mirror, course.pointer, course.program, now);
    const isOpen = evaluation.open[query.item] === 1;
    const isWanted = query.state === "any" || (query.state === "open") === isOpen;
    if (mayAppear(learner.program, evaluation, query.item) && isWanted) {
      rows.push({
        user_id: mirror.user,
        enrollment_id: mirror.id,
        is_open: isOpen,
        is_hidden: evaluation.visible[query.item] !== 1,
        status: stateOf(learner, evaluation, query.item),
        reasons: reasonsOf(program, learner, evaluation, query.item, now),
      });
    }
    if (rows.length === query.limit) return { rows, next: mirror.user };
  }
  return { rows, next };
}
