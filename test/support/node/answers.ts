import { z } from "zod";
import type { ApiAnswer, ApiClient } from "./api.ts";

// The parts of the API's answers that the system tests look at.

const ids = z.array(z.string());
export const deltaSchema = z.looseObject({ unlocked: ids, locked: ids, progress_seq: z.int(), version: z.int() });
export const submissionSchema = deltaSchema.extend({ submission_id: z.string(), status: z.string() });
export const statesSchema = z.object({
  states: z.record(z.string(), z.enum(["locked", "unlocked", "started", "completed"])),
  snapshot: z.looseObject({
    version: z.int(),
    progress_seq: z.int(),
    course_version: z.int(),
    source: z.string(),
    computed_at: z.string(),
  }),
});
export type States = z.infer<typeof statesSchema>;
const pageSchema = z.object({ results: z.array(z.unknown()), next_cursor: z.string().nullable() });
export const enrollmentRowSchema = z.looseObject({
  id: z.string(),
  user_id: z.string(),
  open_count: z.int(),
  completed_count: z.int(),
  item_count: z.int(),
  is_stale: z.boolean(),
  course_version: z.int(),
});

/** The body of an answer of one of the expected statuses. @throws with request, status and body otherwise. */
export function expectAnswer<T>(answer: ApiAnswer, status: number | readonly number[], schema: z.ZodType<T>): T {
  if (![status].flat().includes(answer.status)) {
    throw new Error(`${answer.request}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return schema.parse(answer.body);
}

/** Every row of a list, page by page. */
export async function allRows<T>(client: ApiClient, path: string, row: z.ZodType<T>): Promise<T[]> {
  const rows: T[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = expectAnswer(await client.get(`${path}?limit=1000${query}`), 200, pageSchema);
    rows.push(...z.array(row).parse(page.results));
    cursor = page.next_cursor;
  } while (cursor !== null);
  return rows;
}

/** What D1 says of a course's learners; asking touches no learner's object. */
export function enrollmentRows(admin: ApiClient, course: string) {
  return allRows(admin, `/api/v1/courses/${course}/enrollments`, enrollmentRowSchema);
}

/** The states of a learner's items. `minSeq` asks for an answer that includes the write that returned it. */
export async function readStates(client: ApiClient, course: string, minSeq?: number): Promise<States> {
  const query = minSeq === undefined ? "" : `?min_seq=${minSeq}`;
  return expectAnswer(await client.get(`/api/v1/courses/${course}/unlocks${query}`), 200, statesSchema);
}

/** Ids of the items that are not locked, sorted. */
export function openOf({ states }: States): string[] {
  return Object.keys(states)
    .filter((id) => states[id] !== "locked")
    .sort();
}
