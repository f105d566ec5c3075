import type { Role } from "../platform/roles.ts";
import { type Cursor, formatCursor } from "./cursor.ts";
import { type Preferences, passes } from "./types.ts";
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
  { cursor, role, preferences }: { cursor: Cursor | null | "unknown"; role: Role; preferences: Preferences },
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
  const missed = missedOf(user, role, preferences) + missedOf(broadcast, role, preferences);
  return { what: "resumed", data: { recovered: true, from, head, missed } };
}

/** Which of the two logs the reader has missed something of. */
function scopeOf(user: Join, broadcast: Join): string[] {
  return [...(user.gap === null ? [] : ["user"]), ...(broadcast.gap === null ? [] : ["broadcast"])];
}

/** How many of the events that a log has kept for a reader it will be sent. */
function missedOf({ missed, groups }: Join, role: Role, preferences: Preferences): number {
  if (groups === undefined) return missed;
  return groups.filter((group) => passes(group, role, preferences)).reduce((sum, { count }) => sum + count, 0);
}
