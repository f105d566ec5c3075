import type { RecordType } from "../types.ts";

/** States of a session and of a task. */
export const STATUSES = ["pending", "processing", "completed", "failed", "cancelled"] as const;
export type Status = (typeof STATUSES)[number];

/** Open: there is work left. */
export const OPEN_STATUSES = ["pending", "processing"] as const satisfies readonly Status[];

/** Ended, for good or until somebody tries again. */
export const FINISHED_STATUSES = ["completed", "failed", "cancelled"] as const satisfies readonly Status[];

/** What ends for good. A failed task may be tried again. */
const FINAL: ReadonlySet<Status> = new Set<Status>(["completed", "cancelled"]);

/** Whether a thing in one state may be found in another later. Steps in between may have been left out. */
export function mayBecome(from: Status, to: Status): boolean {
  return from === to || !FINAL.has(from);
}

export const SESSION: RecordType = {
  name: "translation.session",
  table: "translation_sessions",
  fields: { status: "text", source_language: "text", target_language: "text", total_tasks: "integer" },
  searchable: ["title"],
};

export const TASK: RecordType = {
  name: "translation.task",
  table: "translation_tasks",
  fields: { session_id: "text", status: "text", position: "integer" },
  searchable: ["source_text", "translated_text"],
};

export const KINDS = ["session", "task"] as const;
export type Kind = (typeof KINDS)[number];

export function typeOf(kind: Kind): RecordType {
  return kind === "session" ? SESSION : TASK;
}
