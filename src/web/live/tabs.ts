import type { QueryClient } from "@tanstack/react-query";
import { applyDelta, type CourseDelta } from "./delta.ts";

/** What one tab sends to the others of the same browser and user. */
interface TabMessage extends CourseDelta {
  user: string;
}

const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("latchkey.progress");

/** Notifies the other tabs of this browser of what was just done here, even if it opened nothing. */
export function notifyTabs(user: string, delta: CourseDelta): void {
  channel?.postMessage({ user, ...delta } satisfies TabMessage);
}

/** Follows what other tabs do. @returns a function that stops it. */
export function followTabs(client: QueryClient, user: string): () => void {
  const listen = (event: MessageEvent<TabMessage>) => {
    // A tab of another account in the same browser is about another learner.
    if (event.data.user === user) applyDelta(client, event.data);
  };
  channel?.addEventListener("message", listen);
  return () => channel?.removeEventListener("message", listen);
}
