import { eventOf, type NewEvent, publishAll } from "../../events/index.ts";
import { logFault } from "../../platform/log.ts";
import type { RunRow } from "../tables.ts";
import { LEASE_MS } from "./limits.ts";

/** A task is given up by its owner's channel after this silence: longer than a lease and the minute until it is seen. */
const SILENCE_SECONDS = LEASE_MS / 1_000 + 480;

/** What an owner is told of a run: how far it is, and how it ended. Null: nothing, it waits. */
function eventAbout({ id, course_slug, file_name, state, applied, total, errors, counts }: RunRow): NewEvent | null {
  if (state === "applying") {
    return eventOf("task.progress-updated", { task_id: id, done: applied, total }, { key: null });
  }
  if (state === "done") {
    const result = { course_id: course_slug, counts: JSON.parse(counts) };
    return eventOf("task.progress-completed", { task_id: id, result }, { key: `roster ${id} ended` });
  }
  if (state !== "failed") return null;
  const [first]: { rule: string; message: string; path: string }[] = JSON.parse(errors);
  const message = first === undefined ? "" : `${first.path} ${first.message}`.trim().slice(0, 500);
  return eventOf(
    "task.progress-failed",
    {
      task_id: id,
      error: { code: first?.rule ?? "failed", message: message || file_name },
      retry: { advised: false, attempts_left: 0 },
    },
    { key: `roster ${id} ended`, level: "error" },
  );
}

/** Before the first act: the owner's pages show a task. */
export function begun({ id, file_name, total }: RunRow): NewEvent {
  const data = { task_id: id, kind: "roster", title: file_name, total, timeout_s: SILENCE_SECONDS };
  return eventOf("task.progress-started", data, { key: `roster ${id} started` });
}

/** Tells the owner. What cannot be said is missed by nobody: the run's own row says it too. */
export async function tell(env: Env, row: RunRow, event: NewEvent | null = eventAbout(row)): Promise<void> {
  if (event === null) return;
  await publishAll(env, [{ user: row.owner, event }]).catch((fault: unknown) =>
    logFault("roster_untold", fault, { run: row.id }),
  );
}
