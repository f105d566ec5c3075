import { z } from "@hono/zod-openapi";
import { courseSlugSchema, enrollmentIdSchema } from "../platform/ids.ts";
import { EVENT_TYPES, type EventType, LEVELS, PRIORITIES } from "./vocabulary.ts";

// The schemas of live events, apart from the code that works with them (types.ts): code that checks no event then
// evaluates no schema.

/** Longest title, message and address of an event, characters. */
const MAX_TEXT = 2_000;
/** Longest id of a thing that an event names. */
const MAX_ID = 200;
/** Items that one event names. A course has at most 50,000; for a larger change the event has only the version. */
const MAX_ITEMS = 50_000;
/** Longest silence of a task before it counts as failed, seconds: a day. */
const MAX_TIMEOUT_SECONDS = 86_400;

const id = z.string().min(1).max(MAX_ID);
const text = z.string().max(MAX_TEXT);
const amount = z.number().nonnegative().finite();
const items = z.array(z.string().max(MAX_ID)).max(MAX_ITEMS);
const instant = z.iso.datetime({ offset: true });

/** The content of `data` for each type. Unknown fields are refused, so that a typing error is noticed. */
export const EVENT_DATA = {
  "unlock.changed": z.strictObject({
    enrollment_id: enrollmentIdSchema,
    course_id: courseSlugSchema,
    snapshot_version: z.int().nonnegative(),
    unlocked: items.openapi({
      description: "Items that opened. Together with `locked`, this is the exact difference.",
    }),
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
} as const satisfies Record<EventType, z.ZodType>;

/** {@link EVENT_DATA} as the OpenAPI document names it: the data of an event of each type. */
export const eventDataSchema = z.object(EVENT_DATA).openapi("EventData", {
  description: "What `data` of an event holds, by the event's type.",
});

const LEVEL_SCHEMA = z.enum(LEVELS);

/** The preferences of a user. */
export const preferencesSchema = z
  .strictObject({
    min_level: LEVEL_SCHEMA.default("info"),
    min_priority: z.enum(PRIORITIES).default("low"),
    muted_types: z.array(z.enum(EVENT_TYPES)).max(EVENT_TYPES.length).default([]),
  })
  .openapi("EventPreferences");
/** The event as receivers read it, in the stream and in the history. */
export const envelopeSchema = z
  .object({
    id: z.string().openapi({ description: "The cursor: the reader's place in both logs after this event." }),
    ref: z.string().openapi({ description: "The id of the event: the same in every stream and in the history." }),
    type: z.enum(EVENT_TYPES),
    at: z.string(),
    level: LEVEL_SCHEMA,
    priority: z.enum(PRIORITIES),
    data: z.record(z.string(), z.unknown()).openapi({ description: "Its schema depends on the type: see EventData." }),
  })
  .openapi("Event");

/** A frame as a text message of a socket: the fields of an event stream, and those that only sockets need. */
export const socketMessageSchema = z
  .object({
    event: z.string().openapi({ description: "The type of an event, or `stream.…` for a frame about the stream." }),
    id: z
      .string()
      .optional()
      .openapi({ description: "The cursor after this frame. If absent, the cursor does not change." }),
    retry: z.int().optional().openapi({ description: "How long to wait before a reconnect, in ms, from now on." }),
    ack: z
      .int()
      .optional()
      .openapi({ description: 'When you have handled this message, send back the text "ack " and this number.' }),
    data: z
      .record(z.string(), z.unknown())
      .openapi({ description: "The envelope of an event, or the frame's own data." }),
  })
  .openapi("SocketMessage");
