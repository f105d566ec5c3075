import type { z } from "@hono/zod-openapi";
import type { Role } from "../platform/roles.ts";
import type { EVENT_DATA, preferencesSchema } from "./shapes.ts";
import { type EventType, LEVELS, type Level, PRIORITIES, type Priority } from "./vocabulary.ts";

export * from "./vocabulary.ts";

// The code for live events; their words are in vocabulary.ts, their schemas in shapes.ts. docs/developers/events.md
// describes them for readers.

export type EventData<T extends EventType> = z.output<(typeof EVENT_DATA)[T]>;

/**
 * Types that are written to D1 too. Changes of an enrollment are in tables of its own there, and progress events are
 * not kept at all.
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

/** An event before it has a place in a log. `data` is JSON: it is checked once, at the edge, and passed on as text. */
export interface NewEvent {
  /** Makes a retry harmless; null only for progress events, of which the newest wins. */
  key: string | null;
  /** The publisher of the key: each publisher has keys of its own. Absent for events of the system itself. */
  publisher?: string;
  /** The hash of the body under the publisher's key: another body under the same key is refused. */
  fingerprint?: string;
  type: EventType;
  level: Level;
  priority: Priority;
  /** Only callers in these roles get it; null: everybody who reads the log. */
  roles: Role[] | null;
  /** JSON in the form of {@link EVENT_DATA} for the type. */
  data: string;
  /** The task of a task event, or the course of a content event: events with the same one are merged. */
  subject: string | null;
  /** Only streams that asked for this topic get it (topics.ts); null: everybody who reads the log. */
  topic: string | null;
  /** Users who may ask for the topic of the event's task from now on, besides those named before. */
  readers?: string[];
}

/** A place in a log: the run of the log's object that gave it, and its number. */
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

/** A listener: the role, the preferences, and the topics besides its own events. */
export interface Listener {
  role: Role;
  preferences: Preferences;
  topics: readonly string[];
}

/** An event with a topic is for no role: code that knows only roles sends it to nobody. */
export const TOPIC_ROLES: Role[] = [];

/** Whether a listener gets the event. High priority ignores preferences. */
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

/** The envelope after the id, by event: it is the same for every stream. */
const tails = new WeakMap<LoggedEvent, string>();

/** The envelope as one line of JSON. `data` is JSON already and is inserted unchanged. */
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

/** The task or the course of an event. */
export function subjectOf(type: EventType, data: Record<string, unknown>): string | null {
  const subject = type.startsWith("task.") ? data.task_id : type === "content.chapter-updated" ? data.course_id : null;
  return typeof subject === "string" ? subject : null;
}
