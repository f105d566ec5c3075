import { type Cursor, formatCursor } from "./cursor.ts";
import { envelopeSchema } from "./shapes.ts";
import { taskOf } from "./topics.ts";
import { type Listener, type LoggedEvent, passes, renderEnvelope } from "./types.ts";
import type { Join } from "./wire.ts";

/** The beginning of a stream, in numbers and as its first frame. */
export interface FirstFrame {
  what: "opened" | "resumed" | "reset";
  data: object;
}

/**
 * The first frame of a stream: the stream is new, it continues without a gap, or it cannot.
 * @param cursor the cursor of the client: none, a valid one, or an invalid one.
 */
export function firstFrame(
  { cursor, ...listener }: { cursor: Cursor | null | "unknown" } & Listener,
  { user, broadcast }: { user: Join; broadcast: Join },
): FirstFrame {
  const head = formatCursor({ user: user.head, broadcast: broadcast.head });
  if (cursor === null) return { what: "opened", data: { head } };
  const scope = cursor === "unknown" ? ["user", "broadcast"] : scopeOf(user, broadcast);
  if (scope.length > 0) {
    const reason = user.gap ?? broadcast.gap ?? "unknown";
    return { what: "reset", data: { recovered: false, reason, scope, head } };
  }
  const from = formatCursor({ user: user.from, broadcast: broadcast.from });
  const missed = missedOf(user, listener) + missedOf(broadcast, listener);
  return { what: "resumed", data: { recovered: true, from, head, missed } };
}

/** The logs in which the reader has missed something. */
function scopeOf(user: Join, broadcast: Join): string[] {
  return [...(user.gap === null ? [] : ["user"]), ...(broadcast.gap === null ? [] : ["broadcast"])];
}

/** How many of the events that a log keeps for a reader will be sent to it. */
function missedOf({ missed, groups }: Join, listener: Listener): number {
  if (groups === undefined) return missed;
  return groups.filter((group) => passes(group, listener)).reduce((sum, { count }) => sum + count, 0);
}

/** The frame with the state of a task that the client asked for. */
export const TOPIC_FRAME = "stream.topic";

/**
 * The state of each task that the client asked for: its latest event, or null when the log keeps none. These frames
 * come after the first frame; later changes come as events.
 */
export function topicStates(topics: readonly string[], { states = [] }: Join): { topic: string; state: unknown }[] {
  const latest = new Map(states.flatMap((event) => (event.type === null ? [] : [[event.topic, event] as const])));
  return topics
    .filter((topic) => taskOf(topic) !== null)
    .map((topic) => {
      const event = latest.get(topic);
      return { topic, state: event === undefined ? null : stateOf(event) };
    });
}

/** An event's envelope without an id, because it is not at its place in the stream. */
function stateOf(event: LoggedEvent): object {
  const { id: _place, ...state } = envelopeSchema.parse(JSON.parse(renderEnvelope("", event)));
  return state;
}
