import { isEnvelope, type LatchkeyEvent, type ResetNotice } from "../event-types.ts";
import type { StreamFrame } from "./stream-frame.ts";

/** A frame about the stream itself, after reading; `unknown` for kinds of a later server. */
export type ControlFrame =
  | { kind: "opened"; head: string }
  | { kind: "resumed" }
  | { kind: "reset"; head: string; notice: ResetNotice }
  | { kind: "heartbeat"; head: string }
  /** The state of a requested task: its latest event, if there is one. */
  | { kind: "topic"; state: LatchkeyEvent | null }
  | { kind: "lagged" }
  | { kind: "evicted"; reason: "too_many_streams" | "session_ended" }
  /** `isSomebodyElse`: the user's role has changed, so earlier data was loaded with other rights. */
  | { kind: "closing"; waitMs: number; isSomebodyElse?: true }
  | { kind: "unknown" };

/** Reads a `stream.*` frame; null for any other. */
export function readControlFrame(frame: StreamFrame): ControlFrame | null {
  if (!frame.event.startsWith("stream.")) return null;
  const field = (name: string): unknown => new Map(Object.entries(Object(frame.data))).get(name);
  const head = field("head");
  const at = typeof head === "string" ? head : (frame.ownId ?? "");
  switch (frame.event.slice("stream.".length)) {
    case "opened":
      return { kind: "opened", head: at };
    case "resumed":
      return { kind: "resumed" };
    case "reset":
      return { kind: "reset", head: at, notice: { reason: reasonOf(field("reason")), scope: scopeOf(field("scope")) } };
    case "heartbeat":
      return { kind: "heartbeat", head: at };
    case "topic": {
      const state = Object(field("state"));
      // It has no position in the stream; its own id identifies it.
      const event: unknown = { ...state, id: state.ref };
      return { kind: "topic", state: isEnvelope(event) ? event : null };
    }
    case "lagged":
      return { kind: "lagged" };
    case "evicted":
      // Another stream of this client replaced it. For the one that still reads here, that is only a lost connection.
      if (field("reason") === "replaced") return { kind: "lagged" };
      return { kind: "evicted", reason: field("reason") === "session_ended" ? "session_ended" : "too_many_streams" };
    case "closing": {
      const waitMs = Math.max(0, Number(field("retry_ms") ?? 0) || 0);
      return { kind: "closing", waitMs, ...(field("reason") === "role_changed" ? { isSomebodyElse: true } : {}) };
    }
    default:
      return { kind: "unknown" };
  }
}

/** The reason of a reset; an unknown reason counts as the most general one. */
export function reasonOf(value: unknown): ResetNotice["reason"] {
  return value === "expired" || value === "rewound" ? value : "unknown";
}

function scopeOf(value: unknown): ResetNotice["scope"] {
  const scope: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return scope === "user" || scope === "broadcast" ? scope : "both";
}
