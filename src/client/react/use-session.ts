import { useSyncExternalStore } from "react";
import type { Session, SessionUser } from "../session.ts";

/**
 * The signed-in user; null while nobody is signed in. Always null when rendering on a server, because the session is in
 * the browser.
 */
export function useSession(session: Session): SessionUser | null {
  return useSyncExternalStore(session.subscribe, session.user, () => null);
}
