import { logEvent } from "../../ops/logging.ts";
import { query } from "../query.ts";
import { SESSION, TASK } from "../translation/types.ts";
import type { FlushContext } from "./flush.ts";

/** Tasks taken over at a time. */
const PAGE = 1_000;

/**
 * Takes over those of these sessions that the backend has, with all their tasks. A session counts as known only when
 * all its tasks are, so whoever is cut begins again; what was taken over already stays.
 */
export async function adoptSessions(
  { store, registry, commit }: Pick<FlushContext, "store" | "registry" | "commit">,
  ids: readonly string[],
): Promise<void> {
  const sessions = await registry.primary(SESSION).read(SESSION, ids);
  for (const session of sessions) {
    let after: { value: number; id: string } | null = null;
    let count = 0;
    for (;;) {
      const next = query(TASK).where("session_id", "=", session.id).sortBy("position").limit(PAGE).after(after);
      const tasks = await registry.primary(TASK).query(TASK, next.build());
      commit(() => store.adopt("task", tasks));
      count += tasks.length;
      const last = tasks.at(-1);
      if (last === undefined || tasks.length < PAGE) break;
      after = { value: Number(last.fields.position), id: last.id };
    }
    commit(() => store.adopt("session", [session]));
    logEvent("session_adopted", { session: session.id, tasks: count });
  }
}
