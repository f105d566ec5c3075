import { directory } from "../../platform/database/shards.ts";
import type { Role } from "../../platform/roles.ts";
import { STANDING_OF_USERS } from "../statements.ts";

/** What acts on a user are decided by. */
export interface UserStanding {
  id: string;
  role: Role;
  banned: number;
  ban_expires: number | null;
  ban_by_manager: number;
  organization_id: string | null;
  manages: number;
}

/** How users stand, by id; who has no account here is not among them. */
export async function standingOf(env: Env, users: readonly string[]): Promise<Map<string, UserStanding>> {
  const rows = await STANDING_OF_USERS.find<UserStanding>(directory(env), [...new Set(users)]);
  return new Map(rows.map((row) => [row.id, row]));
}

export function isSuspended({ banned, ban_expires }: UserStanding, now: number): boolean {
  return banned === 1 && (ban_expires === null || ban_expires > now);
}
