import type { ProjectedNews } from "../hooks/index.ts";
import type { ProjectedSubmission } from "../mirror/index.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { enrollmentPayload, eventPayload, judgedPayload, progressPayload } from "./notices.ts";
import type { OutboxRow } from "./outbox-row.ts";

/** One piece of news names at most this many items; more items make more pieces. */
const ITEMS_NAMED = 100;

/** No commit takes longer, milliseconds. */
const SAME_COMMIT_MS = 2_000;

type Piece = Pick<ProjectedNews, "type" | "at" | "data">;

/**
 * What pending rows say to other systems, in the order in which it happened. Rows that only restore what was known before have
 * no payload, and are no news.
 * @param submissions those that the rows name, in their present state.
 */
export function newsOf(
  enrollment: string,
  rows: readonly OutboxRow[],
  submissions: readonly ProjectedSubmission[],
): ProjectedNews[] {
  const { course, user } = parseEnrollmentId(enrollment);
  const named = { course_id: course, enrollment_id: enrollment, user_id: user };
  const ofItems = (type: Piece["type"], at: number, items: readonly string[], data: Piece["data"] = {}): Piece[] => {
    const pieces: Piece[] = [];
    for (let start = 0; start < items.length; start += ITEMS_NAMED) {
      pieces.push({ type, at, data: { ...named, ...data, item_ids: items.slice(start, start + ITEMS_NAMED) } });
    }
    return pieces;
  };
  const piecesOf = ({ id, kind, ref, payload }: OutboxRow): Piece[] => {
    if (kind === "submission") return graded(id, ref, payload);
    if (payload === null) return [];
    const value: unknown = JSON.parse(payload);
    if (kind === "event") {
      const { unlocked, locked, cause, announced_at } = eventPayload.parse(value);
      return [
        ...ofItems("item.unlocked", announced_at, unlocked, { cause }),
        ...ofItems("item.relocked", announced_at, locked, { cause }),
      ];
    }
    if (kind === "fact") {
      const { at, completed = [] } = progressPayload.parse(value);
      return ofItems("item.completed", at, completed);
    }
    if (kind !== "enrollment") return [];
    const { change, at } = enrollmentPayload.parse(value);
    if (change !== "enrolled" && change !== "returned") return [];
    return [{ type: "enrollment.created", at, data: { ...named, returned: change === "returned" } }];
  };
  const graded = (row: number, id: string, payload: string | null): Piece[] => {
    if (payload !== null) {
      const { item, status, score, at } = judgedPayload.parse(JSON.parse(payload));
      return [{ type: "submission.graded", at, data: { ...named, submission_id: id, item_id: item, status, score } }];
    }
    // An item judged at once is part of the progress of the same commit. Restored rows have no progress.
    const found = submissions.find((one) => one.id === id);
    if (found === undefined || found.status === "pending" || found.judged_at !== found.submitted_at) return [];
    const fact = rows.find((one) => one.id > row && one.kind === "fact");
    if (fact === undefined || fact.payload === null) return [];
    if (progressPayload.parse(JSON.parse(fact.payload)).at - found.submitted_at > SAME_COMMIT_MS) return [];
    const { item, status, score, submitted_at: at } = found;
    return [{ type: "submission.graded", at, data: { ...named, submission_id: id, item_id: item, status, score } }];
  };
  return inOrder(rows).flatMap((row) => piecesOf(row).map((piece, part) => ({ ...piece, row: row.id, part })));
}

/** Enrolling comes before anything opens, although the commit writes it last. */
function inOrder(rows: readonly OutboxRow[]): OutboxRow[] {
  const begun = new Map(rows.flatMap((row) => (row.kind === "enrollment" ? [[row.ref, row] as const] : [])));
  const ordered: OutboxRow[] = [];
  for (const row of rows) {
    const first = row.kind === "event" ? begun.get(row.ref) : undefined;
    if (first !== undefined && !ordered.includes(first)) ordered.push(first);
    if (row.kind !== "enrollment" || !ordered.includes(row)) ordered.push(row);
  }
  return ordered;
}
