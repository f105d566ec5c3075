import { eventOf, type NewEvent } from "../../events/index.ts";
import type { Status } from "../translation/types.ts";
import type { Change, JournalItem } from "./contract.ts";

/** Seconds after which it is useful to try a failed session again. */
const RETRY_AFTER_SECONDS = 60;

type Progress = Record<Status, number>;

/**
 * The events of a batch for the owner of its sessions: a session begins, how far its tasks are, and its end. Only a
 * change of state makes an event: a later version of an ended session is nothing new. Progress events have no key (the
 * newest wins); beginnings and ends have session and version as their key.
 */
export function announcementsOf(
  changes: readonly Change[],
  before: ReadonlyMap<string, Progress>,
  progressOf: (session: string) => Progress,
): NewEvent[] {
  const events = changes.flatMap(({ item, from }) => (item.kind === "session" ? (sessionEvent(item, from) ?? []) : []));
  for (const session of new Set(changes.flatMap(({ item }) => (item.kind === "task" ? [item.session] : [])))) {
    const progress = progressOf(session);
    const done = doneOf(progress);
    if (done === doneOf(before.get(session))) continue;
    const total = Object.values(progress).reduce((sum, count) => sum + count, 0);
    events.push(eventOf("task.progress-updated", { task_id: session, done, total }, { key: null }));
  }
  return events;
}

function sessionEvent({ session, status, record }: JournalItem, from: Status | null): NewEvent | null {
  if (status === from) return null;
  const key = `${session}:${record.version}`;
  if (status === "completed") return eventOf("task.progress-completed", { task_id: session }, { key });
  if (status === "failed" || status === "cancelled") {
    const error = {
      code: status,
      message: `The translation session was ${status === "failed" ? "not finished" : "cancelled"}.`,
    };
    const retry = status === "failed" ? { advised: true, after_s: RETRY_AFTER_SECONDS } : { advised: false };
    return eventOf("task.progress-failed", { task_id: session, error, retry }, { key, level: "error" });
  }
  // A change from pending to processing is no beginning; after a failure the session begins again.
  if (from !== null && from !== "failed") return null;
  const total = record.fields.total_tasks;
  const data = { task_id: session, kind: "translation", ...(typeof total === "number" && total > 0 ? { total } : {}) };
  return eventOf("task.progress-started", data, { key });
}

/** Of several progress events of one task only the last is worth sending. */
export function withoutOldTicks(events: readonly NewEvent[]): NewEvent[] {
  const isTick = ({ type }: NewEvent) => type === "task.progress-updated";
  const last = new Map(events.filter(isTick).map((event) => [event.subject, event]));
  return events.filter((event) => !isTick(event) || last.get(event.subject) === event);
}

function doneOf(progress: Progress | undefined): number {
  return progress === undefined ? 0 : progress.completed + progress.failed + progress.cancelled;
}
