import type { CourseDatabases } from "../platform/database/course-databases.ts";
import { toInstantOrNull } from "../platform/instants.ts";
import { logFault } from "../platform/log.ts";
import { csvLine } from "../platform/write-csv.ts";
import type { ClassQuery } from "./class-page.ts";
import type { ClassRow, ClassState } from "./class-row.ts";
import { type ClassCourse, classView } from "./class-view.ts";

/** Learners read at a time: 50,000 of them need fewer than the thousand statements that a request may send. */
const EXPORT_PAGE = 200;

/**
 * The table of a whole class as CSV: a line for each learner, with the state and score of each item. A page is read
 * after the reader has read the page before. An error cuts the stream: a reader sees a broken connection, never a file
 * that looks complete.
 */
export function classExport(
  databases: CourseDatabases,
  course: ClassCourse,
  query: Omit<ClassQuery, "after" | "limit"> & { items: readonly number[]; state: ClassState | null },
  now: number,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const ids = query.items.map((item) => course.program.ids[item] ?? "");
  const columns = ["user_id", "name", "last_active_at", "completed_count"];
  let head = csvLine([...columns, ...ids.flatMap((id) => [id, `${id} score`])]);
  let after: string | null = null;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          let text = head;
          head = "";
          // On some pages there may be nobody that matches.
          do {
            const page = await classView(databases, course, { ...query, after, limit: EXPORT_PAGE }, now);
            text += page.rows.map(lineOf).join("");
            after = page.next;
          } while (text === "" && after !== null);
          if (text !== "") controller.enqueue(encoder.encode(text));
          if (after === null) controller.close();
        } catch (fault) {
          logFault("class_export_cut", fault, { course_id: course.slug });
          controller.error(fault);
        }
      },
    },
    // Nothing is read ahead of the reader.
    { highWaterMark: 0 },
  );
}

function lineOf({ user_id, name, last_active_at, completed_count, states, scores }: ClassRow): string {
  const cells = states.flatMap((state, at) => [state, scores[at] ?? null]);
  return csvLine([user_id, name, toInstantOrNull(last_active_at), completed_count, ...cells]);
}
