import { directory } from "../../platform/database/shards.ts";
import type { Role } from "../../platform/roles.ts";
import { hasStrongWay } from "./statements.ts";
import { mustHaveSecondFactor } from "./switches.ts";

/** Whether a user must have a second factor and has neither one nor a passkey. Asks D1 only where their role must. */
export async function lacksSecondFactor(env: Env, user: string, role: Role): Promise<boolean> {
  if (!mustHaveSecondFactor(env, role)) return false;
  const row = await hasStrongWay(directory(env), user).first<{ found: number }>();
  return row?.found !== 1;
}
