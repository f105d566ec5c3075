import { z } from "@hono/zod-openapi";
import { eventOf, type NewEvent } from "../events/index.ts";
import { parseEnrollmentId } from "../shared/ids.ts";
import { DAY_MS, toInstant } from "../shared/instants.ts";
import type { OutlineItem, Program } from "../unlock/index.ts";
import type { OutboxRow } from "./outbox.ts";

/** Payload of an outbox row of kind "event". */
export const eventPayload = z.object({
  unlocked: z.array(z.string()),
  locked: z.array(z.string()),
  cause: z.string(),
  announced_at: z.number(),
});

/** Payload of an outbox row of kind "content". */
const contentPayload = z.object({ course_version: z.number(), items: z.array(z.string()), at: z.number() });

/**
 * The live events that outbox rows stand for. Keys name the snapshot's version and the course's activation, so that
 * telling twice has one effect. What is older than the history of live events is left out: D1 has it, and telling it
 * now would be neither live nor recognised as a repetition.
 */
export function noticesOf(enrollment: string, rows: readonly OutboxRow[], now: number): NewEvent[] {
  const { course } = parseEnrollmentId(enrollment);
  return rows.flatMap(({ kind, ref, payload }): NewEvent[] => {
    if (payload === null) return [];
    if (kind === "event") {
      const { announced_at, ...delta } = eventPayload.parse(JSON.parse(payload));
      if (now - announced_at > DAY_MS) return [];
      const data = {
        enrollment_id: enrollment,
        course_id: course,
        snapshot_version: Number(ref),
        ...delta,
        announced_at: toInstant(announced_at),
      };
      return [eventOf("unlock.changed", data, { key: `${enrollment}:${ref}` })];
    }
    if (kind === "content") {
      const { course_version, items, at } = contentPayload.parse(JSON.parse(payload));
      if (now - at > DAY_MS) return [];
      const data = { course_id: course, course_version, items };
      return [eventOf("content.chapter-updated", data, { key: `content:${course}:${ref}` })];
    }
    return [];
  });
}

/** Payload of the notice that the learner's course has moved to another version. */
export function contentNotice(from: Program, to: Program, courseVersion: number, now: number): string {
  const notice: z.input<typeof contentPayload> = {
    course_version: courseVersion,
    items: changedItems(from, to),
    at: now,
  };
  return JSON.stringify(notice);
}

/** Ids of items that were added, removed, or differ in title, status, place or rule. */
function changedItems(from: Program, to: Program): string[] {
  const before = describeItems(from);
  const after = describeItems(to);
  const changed = [...after].filter(([id, text]) => before.get(id) !== text).map(([id]) => id);
  return [...changed, ...[...before.keys()].filter((id) => !after.has(id))];
}

function describeItems({ outline }: Program): Map<string, string> {
  const items: OutlineItem[] = [...outline.chapters, ...outline.problems];
  return new Map(items.map((item) => [item.id, JSON.stringify(item)]));
}
