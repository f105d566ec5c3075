import type { QueryClient } from "@tanstack/react-query";
import { applyDelta, type CourseDelta } from "./delta.ts";

/** What one tab tells the others of the same browser and user. */
interface Told extends CourseDelta {
  user: string;
}

const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("latchkey.progress");

/** Tells the other tabs of this browser what has just been done here, also when nothing opened by it. */
export function tellTabs(user: string, delta: CourseDelta): void {
  channel?.postMessage({ user, ...delta } satisfies Told);
}

/** Follows what other tabs do. @returns ends it. */
export function followTabs(client: QueryClient, user: string): () => void {
  const listen = (event: MessageEvent<Told>) => {
    // A tab of another account in the same browser speaks of another learner.
    if (event.data.user === user) applyDelta(client, event.data);
  };
  channel?.addEventListener("message", listen);
  return () => channel?.removeEventListener("message", listen);
}
