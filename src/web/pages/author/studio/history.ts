import { useReducer } from "react";
import type { Snapshot } from "./text.ts";

/** The limit of steps that can be undone. States share their equal parts, so a step is small. */
const MAX_STEPS = 300;
/** Changes of one field within this time are one step, milliseconds. */
const JOIN_MS = 1_500;

interface History {
  past: readonly Snapshot[];
  present: Snapshot;
  future: readonly Snapshot[];
  /** What the last step changed, and when. */
  last: { what: string; at: number } | null;
}

type Act =
  | { kind: "change"; to: Snapshot | ((present: Snapshot) => Snapshot); what: string; at: number }
  | { kind: "start"; from: Snapshot }
  | { kind: "undo" }
  | { kind: "redo" };

export function step(history: History, act: Act): History {
  const { past, present, future, last } = history;
  if (act.kind === "start") return { past: [], present: act.from, future: [], last: null };
  if (act.kind === "undo") {
    const before = past.at(-1);
    if (before === undefined) return history;
    return { past: past.slice(0, -1), present: before, future: [present, ...future], last: null };
  }
  if (act.kind === "redo") {
    const [after, ...rest] = future;
    if (after === undefined) return history;
    return { past: [...past, present], present: after, future: rest, last: null };
  }
  const to = typeof act.to === "function" ? act.to(present) : act.to;
  if (to === present) return history;
  const isJoined = last !== null && act.what !== "" && last.what === act.what && act.at - last.at < JOIN_MS;
  return {
    past: isJoined ? past : [...past.slice(-MAX_STEPS), present],
    present: to,
    future: [],
    last: { what: act.what, at: act.at },
  };
}

/** The past, present and undone states of a document. */
export function useHistory(first: Snapshot) {
  const [history, dispatch] = useReducer(step, { past: [], present: first, future: [], last: null });
  return {
    present: history.present,
    mayUndo: history.past.length > 0,
    mayRedo: history.future.length > 0,
    /** @param what changes with the same name within a moment are one step; "" is always a separate step. */
    change: (to: Snapshot | ((present: Snapshot) => Snapshot), what = "") =>
      dispatch({ kind: "change", to, what, at: Date.now() }),
    start: (from: Snapshot) => dispatch({ kind: "start", from }),
    undo: () => dispatch({ kind: "undo" }),
    redo: () => dispatch({ kind: "redo" }),
  };
}
