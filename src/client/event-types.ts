import type { Event, EventData } from "./api-types.ts";

/** The content of each type of event; docs/developers/events.md says when each one is sent. */
export type { EventData };
export type EventType = keyof EventData;
export type EventLevel = Event["level"];
export type EventPriority = Event["priority"];

/**
 * The envelope of an event. It is the same from the stream, from the history and from another tab. Servers of an
 * earlier release do not send `ref`.
 */
export type Envelope<T extends string, D> = Omit<Event, "ref" | "type" | "data"> &
  Partial<Pick<Event, "ref">> & { type: T; data: D };

/** An event of one type, or (without an argument) of any type, distinguished by `type`. */
export type LatchkeyEvent<T extends EventType = EventType> = { [K in T]: Envelope<K, EventData[K]> }[T];

/** Earlier events are unknown: state shown to the user must be loaded again. */
export interface ResetNotice {
  /**
   * `expired`, `unknown`, `rewound`: from the server. `late`: the first connection took more than one try, so events
   * since the page loaded may be missing. `tab`: this tab missed events that its leader passed on. `role`: the user's
   * role has changed, so the loaded data was loaded with other rights.
   */
  reason: "expired" | "unknown" | "rewound" | "late" | "tab" | "role";
  scope: "user" | "broadcast" | "both";
}

/**
 * Whether a value has the form of an envelope. Its content is not checked, and its type may be one that only a later
 * server knows.
 */
export function isEnvelope(value: unknown): value is LatchkeyEvent {
  if (typeof value !== "object" || value === null) return false;
  return "id" in value && typeof value.id === "string" && "type" in value && typeof value.type === "string";
}
