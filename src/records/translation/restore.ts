import { logFault } from "../../platform/log.ts";
import { query } from "../query.ts";
import type { BackendRegistry } from "../registry.ts";
import type { StoredRecord } from "../types.ts";
import { OPEN_STATUSES, TASK } from "./types.ts";

/** Tasks read at a time: what is in memory of a restore, however large the session. */
const PAGE = 1_000;

/**
 * A session and its open tasks in the order of their positions, as lines of JSON. A page is read when the reader has
 * taken the one before, so memory stays flat. The last line says how many tasks there were: a reader that does not see
 * it knows that the stream was cut.
 */
export function restoreStream(
  registry: BackendRegistry,
  session: StoredRecord,
  viewSession: (record: StoredRecord) => object,
  viewTask: (record: StoredRecord) => object,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const backend = registry.primary(TASK);
  let after: { value: number; id: string } | null = null;
  let count = 0;
  let hasBegun = false;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        if (!hasBegun) {
          hasBegun = true;
          controller.enqueue(encoder.encode(`${JSON.stringify({ session: viewSession(session) })}\n`));
        }
        const next = query(TASK)
          .where("session_id", "=", session.id)
          .where("status", "in", OPEN_STATUSES)
          .sortBy("position")
          .limit(PAGE + 1) // one more shows whether there is another page
          .after(after);
        const found = await backend.query(TASK, next.build());
        const tasks = found.slice(0, PAGE);
        count += tasks.length;
        if (tasks.length > 0) {
          const lines = tasks.map((task) => `${JSON.stringify({ task: viewTask(task) })}\n`);
          controller.enqueue(encoder.encode(lines.join("")));
        }
        const last = tasks.at(-1);
        if (last === undefined || found.length <= PAGE) {
          controller.enqueue(encoder.encode(`${JSON.stringify({ end: true, tasks: count })}\n`));
          controller.close();
        } else {
          after = { value: Number(last.fields.position), id: last.id };
        }
      } catch (fault) {
        logFault("restore_cut", fault);
        controller.error(fault);
      }
    },
  });
}
