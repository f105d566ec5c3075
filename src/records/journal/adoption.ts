import type { Commit } from "../../platform/cell/cell.ts";
import { withTimeOut } from "../../platform/http/time-out.ts";
import { logEvent, logFault } from "../../platform/log.ts";
import { type Result, refuse } from "../../platform/results.ts";
import { registryOf } from "../backends/index.ts";
import { query } from "../query.ts";
import { SESSION, TASK } from "../translation/types.ts";
import { BACK_PRESSURE_SECONDS, sessionsOf } from "./append.ts";
import type { JournalContext } from "./context.ts";
import type { AppendRequest } from "./contract.ts";
import type { FlushContext } from "./flush.ts";
import { tombstoneOf } from "./removal.ts";

/** Tasks read at a time. */
const PAGE = 1_000;
/** Longest time that a batch with unknown sessions waits for a backend to say whether it has them. */
const ADOPTION_TIMEOUT_MS = 10_000;

/**
 * Makes sure that the journal knows sessions which a backend has: after a restore of the database without its journals,
 * or after the journal lost its storage.
 * @param mayGuess whether a session may count as new while a backend does not answer.
 * @returns sessions that a backend may have or not.
 */
export async function adoptUnknown(
  { env, store, commit }: JournalContext,
  owner: string,
  sessions: readonly string[],
  mayGuess: boolean,
): Promise<string[]> {
  const isErased = () => store.isDeleted(tombstoneOf(owner));
  const { unknown, isDown } = commit(() => ({
    unknown: isErased() ? [] : store.unknownAmong(sessions),
    isDown: store.pending.held().isDown,
  }));
  if (unknown.length === 0 || (isDown && mayGuess)) return unknown;
  const guarded: Commit = (change) =>
    commit(() => {
      if (isErased()) throw new Error("the owner was erased meanwhile");
      return change();
    });
  const adopting = adoptSessions({ store, registry: registryOf(env), commit: guarded }, unknown);
  try {
    await withTimeOut(adopting, ADOPTION_TIMEOUT_MS, "a look for sessions");
    return [];
  } catch (fault) {
    logFault("sessions_unknown", fault, { sessions: unknown.length });
    return unknown;
  }
}

/** The same for the sessions of a batch. @returns the refusal of a batch whose sessions are not known. */
export async function adoptSessionsOf(
  context: JournalContext,
  { items, owner }: AppendRequest,
): Promise<Result<never> | null> {
  const needed = new Set(items.flatMap(({ kind, session }) => (kind === "task" ? session : [])));
  const unsure = await adoptUnknown(context, owner, sessionsOf(items), needed.size === 0);
  if (!unsure.some((session) => needed.has(session))) return null;
  const detail = "It cannot be decided now whether there is such a session.";
  return refuse("unavailable", { detail, retry_after: BACK_PRESSURE_SECONDS });
}

/**
 * Reads those of these sessions that the backend has, with all their tasks. A session counts as known only when all its
 * tasks are, so a call that was cut off is repeated; what was read already stays.
 */
async function adoptSessions(
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
