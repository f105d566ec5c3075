import type { z } from "@hono/zod-openapi";
import { addAuditEntryStatement, type OwnEntry } from "../../audit/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { type AppContext, actorOf } from "../../platform/http/context.ts";

// What the routes of operators have in common.

export const TAGS = ["lti"];
export const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
export const ADMIN = { roles: ["admin"], rule: "Admins." } as const;

/** The entry in the audit log of what an operator does with a platform, or with the tool's keys. */
export function entryOf(c: AppContext, action: OwnEntry["action"], id: string): D1PreparedStatement {
  const target = { type: "lti", id };
  const entry = { action, actor: actorOf(c), target, request_id: c.get("requestId") };
  return addAuditEntryStatement(directory(c.env), entry, Date.now());
}
