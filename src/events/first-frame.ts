import { type Cursor, formatCursor } from "./cursor.ts";
import { envelopeSchema } from "./shapes.ts";
import { taskOf } from "./topics.ts";
import { type Listener, type LoggedEvent, passes, renderEnvelope } from "./types.ts";
import type { Join } from "./wire.ts";

/** How a stream starts, in numbers and as its first frame. */
export interface FirstFrame {
  what: "opened" | "resumed" | "reset";
  data: object;
}

/**
 * The first frame of a stream: that it is new, that it goes on without a hole, or that it cannot.
 * @param cursor what the client came with: none, one, or something that is none.
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

/** Which of the two logs the reader has missed something of. */
function scopeOf(user: Join, broadcast: Join): string[] {
  return [...(user.gap === null ? [] : ["user"]), ...(broadcast.gap === null ? [] : ["broadcast"])];
}

/** How many of the events that a log has kept for a reader it will be sent. */
function missedOf({ missed, groups }: Join, listener: Listener): number {
  if (groups === undefined) return missed;
  return groups.filter((group) => passes(group, listener)).reduce((sum, { count }) => sum + count, 0);
}

/** The frame that says how a task stands which the stream was asked for. */
export const TOPIC_FRAME = "stream.topic";

/**
 * How each task stands that a stream was asked for: its latest event, or null when the log keeps none. It comes after the
 * first frame; what happens from then on comes as events.
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

/** An event's envelope without an id: here it is no place in a stream. */
function stateOf(event: LoggedEvent): object {
  const { id: _place, ...state } = envelopeSchema.parse(JSON.parse(renderEnvelope("", event)));
  return state;
}
