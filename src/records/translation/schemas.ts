import { z } from "@hono/zod-openapi";
import { broken, zodErrors } from "../../platform/http/field-errors.ts";
import type { FieldError } from "../../platform/results.ts";
import type { ItemOutcome, JournalItem } from "../journal/contract.ts";
import type { StoredRecord } from "../types.ts";
import { contentHash } from "./content.ts";
import { type Kind, STATUSES } from "./types.ts";

/** Items of one batch. */
export const MAX_BATCH = 1_000;
/** Bytes of one batch. */
export const MAX_BATCH_BYTES = 16_000_000;
/** Characters of one item's texts; together an item stays far below the 2 MB a row may have. */
const MAX_TEXT = 100_000;
const MAX_METADATA = 16_384;
const MAX_TASKS = 1_000_000;

const NAME = "[A-Za-z0-9_-]{1,64}";
/**
 * The user who owns records. Ids are cut at their colons, so an owner's has none: whose own id has one (see
 * shared/ids.ts) can own no translations, and is refused by this form.
 */
const OWNER = "(?!\\.{1,2}:)[A-Za-z0-9_.@+-]{1,64}";
/** `<owner>:<name>`: a session routes by itself to its owner's journal. */
export const SESSION_ID = new RegExp(`^${OWNER}:${NAME}$`);
/** `<session>:<name>`. */
export const TASK_ID = new RegExp(`^${OWNER}:${NAME}:${NAME}$`);
const OWNED = new RegExp(`^${OWNER}:`);

export const sessionIdSchema = z
  .string()
  .regex(SESSION_ID, "<owner>:<name>, of a user id without a colon, and letters, digits, dashes and underscores")
  .openapi({ example: "ada:novel-7" });
export const taskIdSchema = z
  .string()
  .regex(TASK_ID, "<session>:<name>, the name of letters, digits, dashes and underscores")
  .openapi({ example: "ada:novel-7:chapter-12" });

const language = z.string().regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/, "a language tag such as en or zh-Hans");
/** Characters of a property's name in the metadata. */
const MAX_METADATA_NAME = 100;
/** Whatever the writer keeps with an item. Taken as it is: a record schema would leave out a property named __proto__. */
const metadata = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    broken("invalid_type", "an object"),
  )
  .openapi({ type: "object", additionalProperties: {} })
  .refine(
    (value) => Object.keys(value).every((name) => name.length <= MAX_METADATA_NAME),
    broken("too_big", `names of at most ${MAX_METADATA_NAME} characters`),
  )
  .refine(
    (value) => JSON.stringify(value).length <= MAX_METADATA,
    broken("too_big", `at most ${MAX_METADATA} characters of JSON`),
  );
const version = z.int().min(1).max(Number.MAX_SAFE_INTEGER).openapi({
  description:
    "Grows with each change of the item. The highest version of an item stays, whatever the order of arrival.",
});

const sessionSchema = z
  .strictObject({
    session_id: sessionIdSchema,
    version,
    status: z.enum(STATUSES),
    title: z.string().max(500).default(""),
    source_language: language,
    target_language: language,
    total_tasks: z.int().min(0).max(MAX_TASKS).default(0),
    metadata: metadata.default({}),
    expires_at: z.iso.datetime({ offset: true }).nullable().default(null),
  })
  .openapi("TranslationSession");

const taskSchema = z
  .strictObject({
    task_id: taskIdSchema,
    session_id: sessionIdSchema,
    version,
    status: z.enum(STATUSES),
    position: z.int().min(0).max(MAX_TASKS).default(0),
    source_text: z.string().max(MAX_TEXT),
    translated_text: z.string().max(MAX_TEXT).nullable().default(null),
    error: z.string().max(2_000).nullable().default(null),
    metadata: metadata.default({}),
  })
  .superRefine((task, context) => {
    if (!task.task_id.startsWith(`${task.session_id}:`)) {
      const message = "a task's id begins with its session's";
      context.addIssue({ code: "custom", path: ["task_id"], message, params: { rule: "other_session" } });
    }
    if (task.status === "completed" && task.translated_text === null) {
      const message = "a completed task has its translation";
      context.addIssue({ code: "custom", path: ["translated_text"], message, params: { rule: "required" } });
    }
  })
  .openapi("TranslationTask");

type Session = z.output<typeof sessionSchema>;
type Task = z.output<typeof taskSchema>;

export const outcomeSchema = z.object({
  id: z.string(),
  status: z.enum(["created", "updated", "duplicate", "stale", "invalid"]),
  error: z.object({ rule: z.string(), message: z.string(), path: z.string().optional() }).optional(),
});

/** Owner of a session or task id; null when it is none. */
export function ownerOf(id: unknown): string | null {
  return typeof id === "string" && OWNED.test(id) ? id.slice(0, id.indexOf(":")) : null;
}

/**
 * An item of a batch: checked, or why not. The rest of the batch does not suffer from it.
 * @param altered what of it a parser would have altered; null: nothing.
 */
export function readItem(
  kind: Kind,
  input: unknown,
  now: number,
  altered: FieldError | null = null,
): JournalItem | ItemOutcome {
  const parsed = kind === "session" ? sessionSchema.safeParse(input) : taskSchema.safeParse(input);
  if (!parsed.success || altered !== null) {
    const first = altered ?? (parsed.success ? undefined : zodErrors(parsed.error)[0]);
    const named = z
      .looseObject({ session_id: z.unknown().optional(), task_id: z.unknown().optional() })
      .safeParse(input);
    const given = kind === "session" ? named.data?.session_id : named.data?.task_id;
    return {
      id: typeof given === "string" ? given.slice(0, 200) : "",
      status: "invalid",
      error: { rule: first?.rule ?? "invalid", message: first?.message ?? "", path: first?.path ?? "" },
    };
  }
  const item = parsed.data;
  const record = "task_id" in item ? taskRecord(item, now) : sessionRecord(item, now);
  return { kind, session: item.session_id, status: item.status, record, hash: contentHash(item) };
}

function sessionRecord(session: Session, now: number): StoredRecord {
  const { session_id, version, status, source_language, target_language, total_tasks, expires_at } = session;
  return {
    id: session_id,
    owner: ownerOf(session_id) ?? "",
    version,
    created_at: now,
    updated_at: now,
    expires_at: expires_at === null ? null : Date.parse(expires_at),
    fields: { status, source_language, target_language, total_tasks },
    body: JSON.stringify(session),
  };
}

function taskRecord(task: Task, now: number): StoredRecord {
  const { task_id, session_id, version, status, position } = task;
  return {
    id: task_id,
    owner: ownerOf(task_id) ?? "",
    version,
    created_at: now,
    updated_at: now,
    expires_at: null,
    fields: { session_id, status, position },
    body: JSON.stringify(task),
  };
}

const stamps = { created_at: z.string(), updated_at: z.string() };
export const sessionView = sessionSchema.extend(stamps).openapi("StoredTranslationSession");
export const taskView = z.object({ ...taskSchema.shape, ...stamps }).openapi("StoredTranslationTask");
