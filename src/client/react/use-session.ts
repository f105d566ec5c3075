import { useSyncExternalStore } from "react";
import type { Session, SessionUser } from "../session.ts";

/** Who is signed in, and null while nobody is. On a server that renders, nobody is: the session is in the browser. */
export function useSession(session: Session): SessionUser | null {
  return useSyncExternalStore(session.subscribe, session.user, () => null);
}
