import { callObject } from "../platform/cell/call.ts";
import { ok, type Result } from "../platform/results.ts";
import type { Role } from "../platform/roles.ts";
import type { HistoryPage } from "./contract.ts";
import { type Cursor, formatCursor } from "./cursor.ts";
import { shardOf } from "./shard-of.ts";
import { broadcastShardStub, callChannel } from "./stubs.ts";
import { type LoggedEvent, type Preferences, passes, renderEnvelope } from "./types.ts";

export interface History {
  /** Envelopes as JSON. */
  results: string[];
  cursor: string;
  more: boolean;
  /** Null when this page has everything after the cursor. */
  reset_reason: string | null;
  preferences: Preferences;
}

/**
 * The events of a user after a cursor, from both logs, as the stream would have sent them: merged by time, each log in
 * its own order, with growing ids.
 * @param since null: from the oldest kept event. "latest": only the present end of the logs. "unknown": an invalid
 * cursor.
 */
export async function readHistory(
  env: Env,
  { user, role, topics }: { user: string; role: Role; topics: readonly string[] },
  since: Cursor | null | "unknown" | "latest",
  limit: number,
): Promise<Result<History>> {
  const start = typeof since === "string" ? null : since;
  const shard = shardOf(env, user);
  const [own, all] = await Promise.all([
    callChannel(env, user, (stub) => stub.history(start?.user ?? null, limit)),
    callObject({ kind: "broadcast_shard", id: String(shard) }, () =>
      broadcastShardStub(env, shard).history(start?.broadcast ?? null, limit),
    ),
  ]);
  if (!own.ok) return own;
  if (!all.ok) return all;
  const { preferences, ...userPage } = own.value;
  if (typeof since === "string") {
    const cursor = formatCursor({ user: userPage.head, broadcast: all.value.head });
    return ok({ results: [], cursor, more: false, reset_reason: since === "latest" ? null : since, preferences });
  }
  const merged = merge(userPage, all.value, limit, (event) => passes(event, { role, preferences, topics }));
  return ok({ ...merged, reset_reason: userPage.gap ?? all.value.gap, preferences });
}

function merge(
  user: HistoryPage,
  broadcast: HistoryPage,
  limit: number,
  isWanted: (event: LoggedEvent) => boolean,
): Pick<History, "results" | "cursor" | "more"> {
  const position: Cursor = { user: user.from, broadcast: broadcast.from };
  const results: string[] = [];
  let ownAt = 0;
  let allAt = 0;
  while (results.length < limit) {
    const own = user.events[ownAt];
    const all = broadcast.events[allAt];
    // A page that was cut does not show what comes next in its log, so later events of the other log must wait.
    if ((own === undefined && user.more) || (all === undefined && broadcast.more)) break;
    const isOwn = own !== undefined && (all === undefined || own.at <= all.at);
    const event = isOwn ? own : all;
    if (event === undefined) break;
    if (isOwn) ownAt += 1;
    else allAt += 1;
    position[isOwn ? "user" : "broadcast"] = { epoch: event.epoch, seq: event.seq };
    if (isWanted(event)) results.push(renderEnvelope(formatCursor(position), event));
  }
  const isDone = ownAt === user.events.length && allAt === broadcast.events.length && !user.more && !broadcast.more;
  return { results, cursor: formatCursor(position), more: !isDone };
}
