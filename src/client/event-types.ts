/** What each type of event carries, as docs/events.md defines it. */
export interface EventData {
  "unlock.changed": {
    enrollment_id: string;
    course_id: string;
    snapshot_version: number;
    /** Ids of the items that opened and closed: the exact difference. */
    unlocked: string[];
    locked: string[];
    cause: string;
    announced_at: string;
  };
  "task.progress-started": { task_id: string; kind: string; title?: string; total?: number; timeout_s?: number };
  "task.progress-updated": {
    task_id: string;
    done: number;
    total?: number;
    message?: string;
    heartbeat?: boolean;
    running_s?: number;
  };
  "task.progress-completed": { task_id: string; result?: unknown };
  "task.progress-failed": {
    task_id: string;
    error: { code: string; message: string };
    retry: { advised: boolean; after_s?: number; attempts_left?: number };
  };
  "content.novel-created": { novel_id: string; title: string; url?: string };
  "content.chapter-updated": { course_id: string; course_version: number; items: string[] };
  "system.notification": { title: string; body?: string; url?: string };
  "system.error": { code: string; summary: string; ref?: string };
  "workflow.status-changed": { workflow_id: string; from?: string; to: string; detail?: string };
}

export type EventType = keyof EventData;
export type EventLevel = "info" | "warning" | "error";
export type EventPriority = "low" | "normal" | "high";

/** The envelope of an event, the same from the stream, from the history and from another tab. */
export interface Envelope<T extends string, D> {
  /** Where a reader is after it; opaque. The same event can have another place in the history. */
  id: string;
  /** The event itself, the same wherever it is read. Servers of an earlier release leave it out. */
  ref?: string;
  type: T;
  at: string;
  level: EventLevel;
  priority: EventPriority;
  data: D;
}

/** An event of one type, or (without an argument) of any type, told apart by `type`. */
export type LatchkeyEvent<T extends EventType = EventType> = { [K in T]: Envelope<K, EventData[K]> }[T];

/** Says that what lies before is not known: state shown to the user must be loaded anew. */
export interface ResetNotice {
  /**
   * `expired`, `unknown`, `rewound`: from the server. `late`: the first connection took more than one try, so events
   * since the page loaded may be missing. `tab`: this tab missed what its leader passed on.
   */
  reason: "expired" | "unknown" | "rewound" | "late" | "tab";
  scope: "user" | "broadcast" | "both";
}

/**
 * Whether a value has the form of an envelope. What it carries is not looked at, and its type may be one that a later
 * server knows and this version does not.
 */
export function isEnvelope(value: unknown): value is LatchkeyEvent {
  if (typeof value !== "object" || value === null) return false;
  return "id" in value && typeof value.id === "string" && "type" in value && typeof value.type === "string";
}
