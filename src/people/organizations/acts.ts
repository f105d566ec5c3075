import { z } from "@hono/zod-openapi";
import type { Actor } from "../../platform/http/context.ts";
import { broken } from "../../platform/http/field-errors.ts";
import { userIdSchema } from "../../platform/ids.ts";
import { ROLES } from "../../platform/roles.ts";
import { organizationIdSchema } from "./shapes.ts";
import { isSuspended, type UserStanding } from "./standing.ts";

const MAX_REASON = 500;

/** One act on one user. */
export const actRow = z
  .strictObject({
    user_id: userIdSchema,
    act: z.enum(["suspend", "return", "role", "move"]),
    reason: z.string().trim().min(1).max(MAX_REASON).optional().describe("Of `suspend`."),
    role: z.enum(ROLES).optional().describe("Of `role`."),
    organization_id: organizationIdSchema.nullable().optional().describe("Of `move`. Null: the common space."),
  })
  .refine(({ act, reason }) => (act === "suspend") === (reason !== undefined), {
    path: ["reason"],
    ...broken("of_suspend", "`suspend` needs a reason, and nothing else has one"),
  })
  .refine(({ act, role }) => (act === "role") === (role !== undefined), {
    path: ["role"],
    ...broken("of_role", "`role` needs a role, and nothing else has one"),
  })
  .refine(({ act, organization_id }) => (act === "move") === (organization_id !== undefined), {
    path: ["organization_id"],
    ...broken("of_move", "`move` needs an organisation or null, and nothing else has one"),
  });
export type Act = z.output<typeof actRow>;

/** The decision about an act, before it is done; an object says why the caller may not do it. */
export type Verdict = "go" | "unchanged" | "user_not_found" | { rule: string; message: string };

const no = (rule: string, message: string) => ({ rule, message });

/**
 * Decides about one act. Managers act on learners and authors of their own organisation, and on nobody else: of all others
 * they learn nothing. They lift the bans that managers have set.
 * @param manages the organisation whose people the caller manages; null: the caller is an admin.
 */
export function judgeAct(
  act: Act,
  user: UserStanding | undefined,
  caller: Pick<Actor, "id">,
  manages: string | null,
  now: number,
): Verdict {
  if (user === undefined) return "user_not_found";
  if (manages !== null && user.organization_id !== manages) return "user_not_found";
  if (user.id === caller.id && act.act !== "move") return no("own_account", "Nobody changes their own role or ban.");
  if (manages !== null) {
    if (act.act === "move") return no("admins_only", "Only an admin puts users into another organisation.");
    if (user.manages === 1 || user.role === "admin" || user.role === "service") {
      return no("admins_only", "Only an admin changes managers, services and admins.");
    }
    if (act.role === "admin" || act.role === "service") {
      return no("admins_only", "Managers make people learners and authors.");
    }
  }
  const isOut = isSuspended(user, now);
  switch (act.act) {
    case "suspend":
      return isOut ? "unchanged" : "go";
    case "return":
      if (!isOut) return "unchanged";
      if (manages === null || user.ban_by_manager === 1) return "go";
      return no("admins_only", "No manager set this suspension: only an admin can end it.");
    case "role":
      return user.role === act.role ? "unchanged" : "go";
    case "move":
      return user.organization_id === act.organization_id ? "unchanged" : "go";
  }
}
