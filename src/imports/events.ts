import { eventOf, type NewEvent, publishAll } from "../events/index.ts";
import { logFault } from "../platform/log.ts";
import { LEASE_MS, MAX_ATTEMPTS } from "./limits.ts";
import { countsSchema, errorsSchema } from "./schemas.ts";
import type { ImportRow } from "./tables.ts";

/**
 * After this silence, the channel of the owner gives a task up: longer than a lease and the minute until it is seen.
 */
const SILENCE_SECONDS = LEASE_MS / 1_000 + 480;
/** Longest message of an event, in UTF-16 code units. */
const MAX_MESSAGE = 500;

/** A worker begins an import: the first time, or again. */
export function started({ id, name, size, attempts }: ImportRow): NewEvent {
  return eventOf(
    "task.progress-started",
    { task_id: id, kind: "course_import", title: name, total: size, timeout_s: SILENCE_SECONDS },
    { key: `import ${id} started ${attempts}` },
  );
}

/** How far a worker has read; progress events have no keys. */
export function updated({ id, size }: ImportRow, done: number, message?: string): NewEvent {
  const data = { task_id: id, done, total: size, ...(message === undefined ? {} : { message }) };
  return eventOf("task.progress-updated", data, { key: null });
}

/** The end of an import; null while it has not ended. */
function ended({ id, kind, state, course_slug, version, counts, errors, attempts }: ImportRow): NewEvent | null {
  if (state === "done") {
    const found = counts === null || kind !== "course" ? null : countsSchema.parse(JSON.parse(counts));
    const result = { course_id: course_slug, course_version: version, counts: found };
    return eventOf("task.progress-completed", { task_id: id, result }, { key: `import ${id} ended` });
  }
  if (state !== "failed") return null;
  const [first] = errorsSchema.parse(JSON.parse(errors));
  const message = first === undefined ? "" : `${first.path}: ${first.message}`.slice(0, MAX_MESSAGE);
  return eventOf(
    "task.progress-failed",
    {
      task_id: id,
      error: { code: first?.rule ?? "failed", message },
      retry: { advised: false, attempts_left: Math.max(0, MAX_ATTEMPTS - attempts) },
    },
    { key: `import ${id} ended`, level: "error" },
  );
}

/** Notifies the owner. If that fails nothing is lost: the job's own row says the same. */
export async function tell(env: Env, { owner: user, id }: ImportRow, event: NewEvent): Promise<void> {
  await publishAll(env, [{ user, event }]).catch((fault: unknown) => logFault("import_untold", fault, { import: id }));
}

/** Notifies the owner of the end of the import. @returns whether that is in their log now. */
export async function tellEnd(env: Env, row: ImportRow): Promise<boolean> {
  const event = ended(row);
  if (event === null) return false;
  const [outcome] = await publishAll(env, [{ user: row.owner, event }]);
  return outcome !== undefined && outcome.status !== "unavailable";
}
