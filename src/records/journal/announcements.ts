import { eventOf, type NewEvent } from "../../events/index.ts";
import type { Status } from "../translation/types.ts";
import type { ItemOutcome, JournalItem } from "./contract.ts";

/** Seconds after which trying a failed session again makes sense. */
const RETRY_AFTER_SECONDS = 60;

type Progress = Record<Status, number>;

/**
 * What a batch means to the owner of its sessions: a session that begins, how far its tasks are, and how it ends. Ticks
 * have no key (the newest wins); beginnings and ends are keyed by session and version.
 */
export function announcementsOf(
  items: readonly JournalItem[],
  outcomes: readonly ItemOutcome[],
  before: ReadonlyMap<string, Progress>,
  progressOf: (session: string) => Progress,
): NewEvent[] {
  const events: NewEvent[] = [];
  const touched = new Set<string>();
  items.forEach((item, index) => {
    const status = outcomes[index]?.status;
    if (status !== "created" && status !== "updated") return;
    if (item.kind === "task") touched.add(item.session);
    else {
      const event = sessionEvent(item, status === "created");
      if (event !== null) events.push(event);
    }
  });
  for (const session of touched) {
    const progress = progressOf(session);
    const done = doneOf(progress);
    if (done === doneOf(before.get(session))) continue;
    const total = Object.values(progress).reduce((sum, count) => sum + count, 0);
    events.push(eventOf("task.progress-updated", { task_id: session, done, total }, { key: null }));
  }
  return events;
}

function sessionEvent({ session, status, record }: JournalItem, isNew: boolean): NewEvent | null {
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
  if (!isNew) return null;
  const total = record.fields.total_tasks;
  const data = { task_id: session, kind: "translation", ...(typeof total === "number" && total > 0 ? { total } : {}) };
  return eventOf("task.progress-started", data, { key });
}

function doneOf(progress: Progress | undefined): number {
  return progress === undefined ? 0 : progress.completed + progress.failed + progress.cancelled;
}
