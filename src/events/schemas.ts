import { z } from "@hono/zod-openapi";
import { sha256Hex } from "../platform/hash.ts";
import { idempotencyHeader } from "../platform/http/idempotency.ts";
import { userIdSchema } from "../platform/ids.ts";
import { ROLES } from "../platform/roles.ts";
import { EVENT_DATA } from "./shapes.ts";
import { MAX_READERS } from "./topic-tasks.ts";
import { parseTopic, topicSchema } from "./topics.ts";
import { type EventType, LEVELS, type NewEvent, PRIORITIES, subjectOf, TOPIC_ROLES } from "./types.ts";

/** Events of one publish call. */
export const MAX_PUBLISHED = 500;
/** Receivers an event may name. */
const MAX_RECEIVERS = 100;
/** Events times receivers of one call. */
const MAX_DELIVERIES = 5_000;
/** JSON characters of one published event's data. */
export const MAX_DATA_CHARACTERS = 16_384;
/** Largest publish body, bytes: every event may be of full size. */
export const MAX_PUBLISH_BODY = 10_000_000;
/** Form of a publish key: short enough for a log line and an index. */
const KEY = /^[\x21-\x7e]{1,200}$/;

const receiverSchema = z.union([
  z.strictObject({ user: userIdSchema }),
  z.strictObject({ users: z.array(userIdSchema).min(1).max(MAX_RECEIVERS) }),
  z.strictObject({ everyone: z.literal(true), roles: z.array(z.enum(ROLES)).min(1).max(ROLES.length).optional() }),
  z.strictObject({
    topic: topicSchema,
    readers: z.array(userIdSchema).min(1).max(MAX_READERS).optional().openapi({
      description: "For a task: users who may ask for its topic from now on, in addition to earlier readers.",
    }),
  }),
]);

const common = {
  key: z.string().regex(KEY, "1 to 200 visible ASCII characters without spaces").optional(),
  to: receiverSchema,
  level: z.enum(LEVELS).optional(),
  priority: z.enum(PRIORITIES).optional(),
};

/** A publishable event of one type. */
function option<const T extends EventType>(type: T) {
  return z.strictObject({
    ...common,
    type: z.literal(type),
    data: EVENT_DATA[type],
  });
}

/** Every type except changes of an enrollment, which only the enrollments themselves announce. */
const eventSchema = z.discriminatedUnion("type", [
  option("task.progress-started"),
  option("task.progress-updated"),
  option("task.progress-completed"),
  option("task.progress-failed"),
  option("content.novel-created"),
  option("content.chapter-updated"),
  option("system.notification"),
  option("system.error"),
  option("workflow.status-changed"),
]);
export type PublishedEvent = z.output<typeof eventSchema>;

export const publishBody = z
  .strictObject({ events: z.array(eventSchema).min(1).max(MAX_PUBLISHED) })
  .superRefine(({ events }, context) => {
    const deliveries = events.reduce((sum, { to }) => sum + ("users" in to ? to.users.length : 1), 0);
    if (deliveries > MAX_DELIVERIES) {
      const message = `at most ${MAX_DELIVERIES} events times receivers, these are ${deliveries}`;
      context.addIssue({ code: "custom", path: ["events"], message, params: { rule: "too_big" } });
    }
    events.forEach(({ type, to, data }, index) => {
      if (JSON.stringify(data).length > MAX_DATA_CHARACTERS) {
        const message = `at most ${MAX_DATA_CHARACTERS} characters of JSON`;
        context.addIssue({ code: "custom", path: ["events", index, "data"], message, params: { rule: "too_big" } });
      }
      const path = ["events", index, "to"];
      if ("everyone" in to && (type.startsWith("task.") || type === "content.chapter-updated")) {
        const message = "this type this type goes to the users it concerns, never to everybody";
        context.addIssue({ code: "custom", path, message, params: { rule: "not_for_everyone" } });
      }
      if ("topic" in to) {
        const defect = topicDefect(to, type, data);
        if (defect !== null) {
          const { at, rule, message } = defect;
          context.addIssue({ code: "custom", path: [...path, at], message, params: { rule } });
        }
      }
    });
  })
  .openapi("PublishEvents");

/**
 * The reason why an event cannot go to a topic: the topic of a task takes events of this task only, and the topic of a
 * course no events of tasks.
 */
function topicDefect(
  { topic, readers }: { topic: string; readers?: string[] | undefined },
  type: EventType,
  data: Record<string, unknown>,
): { at: "topic" | "readers"; rule: string; message: string } | null {
  const parts = parseTopic(topic);
  // An invalid topic has been reported already.
  if (parts === null) return null;
  const isTask = parts.kind === "task";
  if (readers !== undefined && !isTask) {
    return {
      at: "readers",
      rule: "only_for_tasks",
      message: "only a task has readers; those of a course are the enrolled learners",
    };
  }
  if (isTask !== type.startsWith("task.")) {
    return {
      at: "topic",
      rule: "topic_of_type",
      message: "events of a task go to the topic of that task, and other events do not",
    };
  }
  if (isTask && data.task_id !== parts.task) {
    return { at: "topic", rule: "topic_of_type", message: "the topic names another task than data.task_id" };
  }
  if (!isTask && type === "content.chapter-updated" && data.course_id !== parts.course) {
    return { at: "topic", rule: "topic_of_type", message: "the topic names another course than data.course_id" };
  }
  return null;
}

export const publishHeaders = idempotencyHeader;

export const publishAnswer = z
  .object({
    results: z.array(
      z.object({
        key: z.string().nullable(),
        user: z.string().optional(),
        topic: z.string().optional(),
        status: z.enum(["stored", "duplicate", "coalesced", "merged", "unavailable", "refused"]).openapi({
          description:
            "stored: the event is in the log. duplicate: the key was used before, or the task has ended. coalesced: newer progress replaces it. merged: it is sent together with others of its course. unavailable: not stored, send it again. refused: the key was used for another body.",
        }),
        code: z
          .enum(["idempotency_key_reused", "task_of_another", "too_many_readers"])
          .optional()
          .openapi({
            description: `Why it was refused. task_of_another: another publisher began the task. too_many_readers: a task has at most ${MAX_READERS} readers.`,
          }),
        id: z.string().nullable().openapi({
          description: "Position in the receiver's log; the id of the event in the archive.",
        }),
      }),
    ),
  })
  .openapi("PublishedEvents");

/** An event of a call in the form of the logs, with the key that makes a retry harmless and the hash of its body. */
export async function toNewEvent(
  published: PublishedEvent,
  from: { publisher: string; call: CallKey | null; index: number },
): Promise<NewEvent> {
  const { type, to, data } = published;
  const isTick = type === "task.progress-updated";
  const topic = "topic" in to ? to.topic : null;
  const roles = topic !== null ? TOPIC_ROLES : "everyone" in to ? (to.roles ?? null) : null;
  const level = isTick
    ? "info"
    : (published.level ?? (type === "system.error" || type === "task.progress-failed" ? "error" : "info"));
  const event: NewEvent = {
    key: null,
    type,
    level,
    priority: isTick ? "normal" : (published.priority ?? "normal"),
    roles,
    data: JSON.stringify(data),
    subject: subjectOf(type, data),
    topic,
    // A progress event needs no key, but its task belongs to its publisher.
    ...(topic === null ? {} : { publisher: from.publisher }),
    ...("topic" in to && to.readers !== undefined ? { readers: to.readers } : {}),
  };
  const { publisher, call, index } = from;
  if (published.key !== undefined) {
    const { priority } = event;
    const fingerprint = await fingerprintOf({
      type,
      level,
      priority,
      roles,
      data,
      ...(topic === null ? {} : { topic }),
    });
    return { ...event, key: published.key, publisher, fingerprint };
  }
  // Of progress events the newest wins, so they need no key.
  if (isTick || call === null) return event;
  return { ...event, key: `${call.key}:${index}`, publisher, fingerprint: call.fingerprint };
}

/** A call's Idempotency-Key and the hash of its body: another body under it is another call. */
export interface CallKey {
  key: string;
  fingerprint: string;
}

/** The key of a call, if it has one. */
export async function callKeyOf(key: string | undefined, events: readonly PublishedEvent[]): Promise<CallKey | null> {
  return key === undefined ? null : { key, fingerprint: await fingerprintOf(events) };
}

/** A value as one short text, the same for every order of its fields. */
async function fingerprintOf(value: unknown): Promise<string> {
  return (await sha256Hex(JSON.stringify(value, sortMembers))).slice(0, 32);
}

function sortMembers(_name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
