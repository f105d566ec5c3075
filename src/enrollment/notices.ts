import { z } from "@hono/zod-openapi";
import { eventOf, type NewEvent } from "../events/index.ts";
import { changedItems, contentEvent } from "../mirror/index.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { DAY_MS, toInstant } from "../platform/instants.ts";
import type { Program } from "../unlock/index.ts";
import type { OutboxRow } from "./outbox-row.ts";

/** Payload of an outbox row of kind "event". */
export const eventPayload = z.object({
  unlocked: z.array(z.string()),
  locked: z.array(z.string()),
  cause: z.string(),
  announced_at: z.number(),
});

/** Payload of an outbox row of kind "content". */
const contentPayload = z.object({ course_version: z.number(), items: z.array(z.string()), at: z.number() });

/** Payload of an outbox row of kind "fact" that was written for a change, not to restore earlier data. */
export const progressPayload = z.object({
  version: z.number(),
  at: z.number(),
  /** Items that are complete by it, or not any more. */
  derived: z.array(z.string()).optional(),
  /** Items that it completed; in the first row of the commit. */
  completed: z.array(z.string()).optional(),
});
/** Payload of an outbox row of kind "submission" whose verdict is news. */
export const judgedPayload = z.object({
  item: z.string(),
  status: z.enum(["passed", "failed"]),
  score: z.number().nullable(),
  at: z.number(),
  /** The number of the submission's verdict; absent: the first. */
  number: z.number().optional(),
});
/** Payload of an outbox row of kind "enrollment". */
export const enrollmentPayload = z.object({
  change: z.enum(["enrolled", "returned", "withdrawn", "policy"]),
  status: z.enum(["active", "withdrawn"]),
  at: z.number(),
});

export const progressNotice = (notice: z.output<typeof progressPayload>): string => JSON.stringify(notice);
export const judgedNotice = (notice: z.output<typeof judgedPayload>): string => JSON.stringify(notice);
export const enrollmentNotice = (notice: z.output<typeof enrollmentPayload>): string => JSON.stringify(notice);

/** The limit of items in one event of progress. With more, a reader loads the whole course again. */
const MAX_NAMED = 100;

/**
 * The live events for outbox rows. Keys name the snapshot's version and the course's activation, so that sending twice
 * has one effect. Events older than the history of live events are left out: D1 has them, and nobody would recognise a
 * repetition.
 */
export function noticesOf(enrollment: string, rows: readonly OutboxRow[], now: number): NewEvent[] {
  const { course } = parseEnrollmentId(enrollment);
  const named = { enrollment_id: enrollment, course_id: course };
  const progress = progressOf(rows, now);
  const notices: NewEvent[] = [];
  for (const { kind, ref, payload } of rows) {
    if (payload === null) continue;
    const value: unknown = JSON.parse(payload);
    if (kind === "event") {
      const { announced_at, ...delta } = eventPayload.parse(value);
      if (now - announced_at > DAY_MS) continue;
      const progressed = progress.take(Number(ref))?.items ?? [];
      const data = {
        ...named,
        snapshot_version: Number(ref),
        ...delta,
        announced_at: toInstant(announced_at),
        ...(progressed.length === 0 ? {} : { progressed }),
      };
      notices.push(eventOf("unlock.changed", data, { key: `${enrollment}:${ref}` }));
    } else if (kind === "content") {
      const { course_version, items, at } = contentPayload.parse(value);
      if (now - at > DAY_MS) continue;
      notices.push(contentEvent(course, ref, course_version, items));
    } else if (kind === "submission") {
      const { at, number, ...verdict } = judgedPayload.parse(value);
      if (now - at > DAY_MS) continue;
      const data = { ...named, submission_id: ref, ...verdict, judged_at: toInstant(at) };
      notices.push(
        eventOf("submission.judged", data, { key: number === undefined ? `judged:${ref}` : `judged:${ref}:${number}` }),
      );
    } else if (kind === "enrollment") {
      const { at, ...change } = enrollmentPayload.parse(value);
      if (now - at > DAY_MS) continue;
      const data = { ...named, ...change, snapshot_version: Number(ref), announced_at: toInstant(at) };
      notices.push(eventOf("enrollment.changed", data, { key: `${enrollment}:${ref}:enrollment` }));
    }
  }
  // A commit that opened something has sent its progress with that event.
  for (const [version, { items, at }] of progress.rest()) {
    const data = { ...named, snapshot_version: version, items, announced_at: toInstant(at) };
    // Not the unlock's own key: if the two rows are delivered separately, neither may hide the other.
    notices.push(eventOf("progress.changed", data, { key: `${enrollment}:${version}:progress` }));
  }
  return notices;
}

/** The progress in rows of facts, one entry for each version that a commit made. */
function progressOf(rows: readonly OutboxRow[], now: number) {
  const versions = new Map<number, { items: string[]; at: number }>();
  for (const { kind, ref, payload } of rows) {
    if (kind !== "fact" || payload === null) continue;
    const { version, at, derived = [] } = progressPayload.parse(JSON.parse(payload));
    if (now - at > DAY_MS) continue;
    const items = new Set([...(versions.get(version)?.items ?? []), ref, ...derived]);
    versions.set(version, { items: [...items], at });
  }
  const named = (items: string[]) => (items.length > MAX_NAMED ? [] : items);
  return {
    take(version: number) {
      const found = versions.get(version);
      versions.delete(version);
      return found === undefined ? undefined : { items: named(found.items), at: found.at };
    },
    rest: () => [...versions].map(([version, { items, at }]) => [version, { items: named(items), at }] as const),
  };
}

/**
 * Payload of the notice that the learner's course has moved to another version.
 * @param seen what the learner could see of the version before, by item number.
 */
export function contentNotice(
  from: Program,
  to: Program,
  seen: Uint8Array,
  courseVersion: number,
  now: number,
): string {
  const notice: z.input<typeof contentPayload> = {
    course_version: courseVersion,
    items: changedItems(from, to, seen),
    at: now,
  };
  return JSON.stringify(notice);
}
