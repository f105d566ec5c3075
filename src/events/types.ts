import { z } from "@hono/zod-openapi";
import { courseSlugSchema, enrollmentIdSchema } from "../platform/ids.ts";
import type { Role } from "../platform/roles.ts";

// The vocabulary of live events. docs/developers/events.md is its readable form.

/** From the least to the most: a preference of `warning` lets warnings and errors pass. */
export const LEVELS = ["info", "warning", "error"] as const;
export type Level = (typeof LEVELS)[number];

export const PRIORITIES = ["low", "normal", "high"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Longest title, message and address of an event, characters. */
const MAX_TEXT = 2_000;
/** Longest id of a thing an event speaks of. */
const MAX_ID = 200;
/** Items one event names. A course has at most 50,000; a burst that names more says so by its version. */
const MAX_ITEMS = 50_000;
/** Longest silence of a task before it is given up, seconds: a day. */
const MAX_TIMEOUT_SECONDS = 86_400;

const id = z.string().min(1).max(MAX_ID);
const text = z.string().max(MAX_TEXT);
const amount = z.number().nonnegative().finite();
const items = z.array(z.string().max(MAX_ID)).max(MAX_ITEMS);
const instant = z.iso.datetime({ offset: true });

/** What each type carries in `data`. Unknown members are refused, so that a typing error is seen by who makes it. */
export const EVENT_DATA = {
  "unlock.changed": z.strictObject({
    enrollment_id: enrollmentIdSchema,
    course_id: courseSlugSchema,
    snapshot_version: z.int().nonnegative(),
    unlocked: items.openapi({ description: "Items that opened: with `locked` the exact difference." }),
    locked: items,
    cause: z.string().max(40),
    announced_at: instant,
    progressed: items.optional().openapi({
      description: "Items with which the learner did something in the same commit; absent when none, or too many.",
    }),
  }),
  "progress.changed": z.strictObject({
    enrollment_id: enrollmentIdSchema,
    course_id: courseSlugSchema,
    snapshot_version: z.int().nonnegative(),
    items: items.openapi({ description: "Items whose facts changed; empty when they are too many to name." }),
    announced_at: instant,
  }),
  "submission.judged": z.strictObject({
    enrollment_id: enrollmentIdSchema,
    course_id: courseSlugSchema,
    submission_id: z.string().max(MAX_ID),
    item: z.string().max(MAX_ID),
    status: z.enum(["passed", "failed"]),
    score: z.number().nullable(),
    judged_at: instant,
  }),
  "enrollment.changed": z.strictObject({
    enrollment_id: enrollmentIdSchema,
    course_id: courseSlugSchema,
    change: z.enum(["enrolled", "returned", "withdrawn", "policy"]).openapi({
      description: "policy: cohorts, practice mode or an override.",
    }),
    status: z.enum(["active", "withdrawn"]),
    snapshot_version: z.int().nonnegative(),
    announced_at: instant,
  }),
  "task.progress-started": z.strictObject({
    task_id: id,
    kind: z.string().min(1).max(80),
    title: text.optional(),
    total: amount.optional(),
    timeout_s: z.int().min(1).max(MAX_TIMEOUT_SECONDS).optional(),
  }),
  "task.progress-updated": z.strictObject({
    task_id: id,
    done: amount,
    total: amount.optional(),
    message: text.optional(),
    heartbeat: z.boolean().optional(),
    running_s: amount.optional(),
  }),
  "task.progress-completed": z.strictObject({ task_id: id, result: z.unknown().optional() }),
  "task.progress-failed": z.strictObject({
    task_id: id,
    error: z.strictObject({ code: z.string().min(1).max(80), message: text }),
    retry: z.strictObject({
      advised: z.boolean(),
      after_s: amount.optional(),
      attempts_left: z.int().nonnegative().optional(),
    }),
  }),
  "content.novel-created": z.strictObject({ novel_id: id, title: text, url: text.optional() }),
  "content.chapter-updated": z.strictObject({
    course_id: courseSlugSchema,
    course_version: z.int().positive(),
    items,
  }),
  "system.notification": z.strictObject({ title: text.min(1), body: text.optional(), url: text.optional() }),
  "system.error": z.strictObject({
    code: z.string().min(1).max(80),
    summary: text,
    ref: z.string().max(400).optional(),
  }),
  "workflow.status-changed": z.strictObject({
    workflow_id: id,
    from: z.string().max(80).optional(),
    to: z.string().min(1).max(80),
    detail: text.optional(),
  }),
} as const;

/** {@link EVENT_DATA} as the OpenAPI document names it: what an event of each type carries. */
export const eventDataSchema = z.object(EVENT_DATA).openapi("EventData", {
  description: "What `data` of an event holds, by the event's type.",
});

export type EventType = keyof typeof EVENT_DATA;
export type EventData<T extends EventType> = z.output<(typeof EVENT_DATA)[T]>;

/** The types, as a list that zod can enumerate. */
export const EVENT_TYPES = [
  "unlock.changed",
  "progress.changed",
  "submission.judged",
  "enrollment.changed",
  "task.progress-started",
  "task.progress-updated",
  "task.progress-completed",
  "task.progress-failed",
  "content.novel-created",
  "content.chapter-updated",
  "system.notification",
  "system.error",
  "workflow.status-changed",
] as const satisfies readonly EventType[];

/**
 * Types that reach D1 too. What happens to an enrollment is in tables of its own there already, ticks are not kept at
 * all.
 */
export const ARCHIVED_TYPES = [
  "task.progress-completed",
  "task.progress-failed",
  "content.novel-created",
  "system.notification",
  "system.error",
  "workflow.status-changed",
] as const satisfies readonly EventType[];
const ARCHIVED: ReadonlySet<EventType> = new Set<EventType>(ARCHIVED_TYPES);

export function isArchived(type: EventType): boolean {
  return ARCHIVED.has(type);
}

/** An event before it has a place in a log. `data` is JSON: it is checked once, at the edge, and carried as text. */
export interface NewEvent {
  /** Makes a retry harmless; null only for ticks of progress, of which the newest wins. */
  key: string | null;
  /** Whose key it is: each publisher has keys of its own. Absent for events of the system itself. */
  publisher?: string;
  /** What the publisher's key stands for: another body under the same key is refused. */
  fingerprint?: string;
  type: EventType;
  level: Level;
  priority: Priority;
  /** Only callers in these roles receive it; null: everybody the log belongs to. */
  roles: Role[] | null;
  /** JSON of {@link EVENT_DATA}'s form for the type. */
  data: string;
  /** Task of a task event, course of a content event: what coalescing and merging go by. */
  subject: string | null;
}

/** A place in a log: which run of the log's object gave it out, and the how-manieth event it is. */
export interface Position {
  epoch: string;
  seq: number;
}

/** An event in its log. */
export interface LoggedEvent extends Omit<NewEvent, "key" | "publisher" | "fingerprint"> {
  epoch: string;
  seq: number;
  /** Epoch milliseconds; never goes back within a log. */
  at: number;
}

const LEVEL_SCHEMA = z.enum(LEVELS);

/** What a user wants to receive. */
export const preferencesSchema = z
  .strictObject({
    min_level: LEVEL_SCHEMA.default("info"),
    min_priority: z.enum(PRIORITIES).default("low"),
    muted_types: z.array(z.enum(EVENT_TYPES)).max(EVENT_TYPES.length).default([]),
  })
  .openapi("EventPreferences");
export type Preferences = z.output<typeof preferencesSchema>;

export const DEFAULT_PREFERENCES: Preferences = { min_level: "info", min_priority: "low", muted_types: [] };

/** Whether a user in `role` with these preferences receives the event. High priority passes every preference. */
export function passes(
  event: Pick<LoggedEvent, "type" | "level" | "priority" | "roles">,
  role: Role,
  wish: Preferences,
): boolean {
  if (event.roles !== null && !event.roles.includes(role)) return false;
  if (event.priority === "high") return true;
  return (
    LEVELS.indexOf(event.level) >= LEVELS.indexOf(wish.min_level) &&
    PRIORITIES.indexOf(event.priority) >= PRIORITIES.indexOf(wish.min_priority) &&
    !wish.muted_types.includes(event.type)
  );
}

/** The event as receivers read it, in the stream and in the history alike. */
export const envelopeSchema = z
  .object({
    id: z.string().openapi({ description: "Where a reader is after this event, in both logs; the cursor." }),
    ref: z.string().openapi({ description: "The event itself: the same wherever and whenever it is read." }),
    type: z.enum(EVENT_TYPES),
    at: z.string(),
    level: LEVEL_SCHEMA,
    priority: z.enum(PRIORITIES),
    data: z.record(z.string(), z.unknown()).openapi({ description: "Its form depends on the type: see EventData." }),
  })
  .openapi("Event");

/** What follows the id, by event: the same for every stream the event goes to. */
const tails = new WeakMap<LoggedEvent, string>();

/** The envelope as one line of JSON. `data` is JSON already and is put in as it is. */
export function renderEnvelope(id: string, event: LoggedEvent): string {
  let tail = tails.get(event);
  if (tail === undefined) {
    tail = renderTail(event);
    tails.set(event, tail);
  }
  // An id has no character that JSON would escape.
  return `{"id":"${id}",${tail}`;
}

function renderTail(event: LoggedEvent): string {
  const { type, level, priority } = event;
  const ref = `${event.epoch}-${event.seq}`;
  const head = JSON.stringify({ ref, type, at: new Date(event.at).toISOString(), level, priority });
  return `${head.slice(1, -1)},"data":${event.data}}`;
}

/** An event of one type, with the data's form checked by the compiler. */
export function eventOf<T extends EventType>(
  type: T,
  data: EventData<T>,
  rest: { key: string | null; level?: Level; priority?: Priority; roles?: Role[] | null },
): NewEvent {
  return {
    key: rest.key,
    type,
    level: rest.level ?? "info",
    priority: rest.priority ?? "normal",
    roles: rest.roles ?? null,
    data: JSON.stringify(data),
    subject: subjectOf(type, data),
  };
}

/** The task or the course that an event is about. */
export function subjectOf(type: EventType, data: Record<string, unknown>): string | null {
  const subject = type.startsWith("task.") ? data.task_id : type === "content.chapter-updated" ? data.course_id : null;
  return typeof subject === "string" ? subject : null;
}
