import { useStore } from "../lib/use-store.ts";
import { type Role, session, type User } from "./store.ts";

/** Who is signed in, or null. */
export function useUser(): User | null {
  const state = useStore(session.state);
  return state.kind === "signed-in" ? state.user : null;
}

/** Whether the signed-in user has one of some roles. */
export function useHasRole(...roles: readonly Role[]): boolean {
  const user = useUser();
  return user !== null && roles.includes(user.role);
}
