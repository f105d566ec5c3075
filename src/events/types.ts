import type { z } from "@hono/zod-openapi";
import type { Role } from "../platform/roles.ts";
import type { EVENT_DATA, preferencesSchema } from "./shapes.ts";
import { type EventType, LEVELS, type Level, PRIORITIES, type Priority } from "./vocabulary.ts";

export * from "./vocabulary.ts";

// What works with live events; their words are in vocabulary.ts, their forms in shapes.ts. docs/developers/events.md is
// their readable form.

export type EventData<T extends EventType> = z.output<(typeof EVENT_DATA)[T]>;

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
  /** Only streams that asked for this topic receive it (topics.ts); null: whoever the log belongs to. */
  topic: string | null;
  /** Users who may ask for the topic of the event's task from now on, beside those named before. */
  readers?: string[];
}

/** A place in a log: which run of the log's object gave it out, and the how-manieth event it is. */
export interface Position {
  epoch: string;
  seq: number;
}

/** An event in its log. */
export interface LoggedEvent extends Omit<NewEvent, "key" | "publisher" | "fingerprint" | "readers"> {
  epoch: string;
  seq: number;
  /** Epoch milliseconds; never goes back within a log. */
  at: number;
}

export type Preferences = z.output<typeof preferencesSchema>;

export const DEFAULT_PREFERENCES: Preferences = { min_level: "info", min_priority: "low", muted_types: [] };

/** Who listens: in which role, with which preferences, and to which topics beside what is for them anyway. */
export interface Listener {
  role: Role;
  preferences: Preferences;
  topics: readonly string[];
}

/** An event of a topic is for no role: code that knows of roles alone sends it to nobody. */
export const TOPIC_ROLES: Role[] = [];

/** Whether a listener receives the event. High priority passes every preference. */
export function passes(
  event: Pick<LoggedEvent, "type" | "level" | "priority" | "roles" | "topic">,
  { role, preferences: wish, topics }: Listener,
): boolean {
  if (event.topic !== null) {
    if (!topics.includes(event.topic)) return false;
  } else if (event.roles !== null && !event.roles.includes(role)) return false;
  if (event.priority === "high") return true;
  return (
    LEVELS.indexOf(event.level) >= LEVELS.indexOf(wish.min_level) &&
    PRIORITIES.indexOf(event.priority) >= PRIORITIES.indexOf(wish.min_priority) &&
    !wish.muted_types.includes(event.type)
  );
}

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
    topic: null,
  };
}

/** The task or the course that an event is about. */
export function subjectOf(type: EventType, data: Record<string, unknown>): string | null {
  const subject = type.startsWith("task.") ? data.task_id : type === "content.chapter-updated" ? data.course_id : null;
  return typeof subject === "string" ? subject : null;
}
