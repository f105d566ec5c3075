import { eq } from "drizzle-orm";
import { addAuditEntryStatement, type OwnEntry } from "../../audit/index.ts";
import { findCourse, findCourseForWrite, isSecret, isStaff, mayManage } from "../../courses/index.ts";
import { hooksAreOn } from "../../hooks/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { type AppContext, actorOf, databaseOf } from "../../platform/http/context.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { entryOfMade } from "./statements.ts";
import { type HookRow, webhookSubscriptions } from "./tables.ts";

export const HOOK_RULE = "Of a course: its owner and co-authors; admins. Of all courses: admins.";

/** Whether the caller may have subscriptions of a course (null: of all courses). */
export async function mayHook(c: AppContext, course: string | null, isWrite: boolean): Promise<Result<null>> {
  if (!hooksAreOn(c.env)) {
    return refuse("not_enabled", { detail: "Webhooks are off: the operator sets WEBHOOKS to on." });
  }
  const actor = actorOf(c);
  if (course === null) return actor.role === "admin" ? ok(null) : refuse("forbidden", { detail: HOOK_RULE });
  c.get("facts").course_id = course;
  const find = isWrite ? findCourseForWrite : findCourse;
  const found = await find(() => databaseOf(c), course);
  if (found === null) return refuse("course_not_found");
  if (mayManage(actor, found)) return ok(null);
  // That a secret course exists is known to those who have rights in it.
  return isSecret(found) && !isStaff(actor, found)
    ? refuse("course_not_found")
    : refuse("forbidden", { detail: HOOK_RULE });
}

/** A subscription that the caller may have. Whoever may not learns no more than that there is nothing. */
export async function hookFor(c: AppContext, id: string, isWrite: boolean): Promise<Result<HookRow>> {
  const row = await findHook(c, id);
  if (!hooksAreOn(c.env))
    return refuse("not_enabled", { detail: "Webhooks are off: the operator sets WEBHOOKS to on." });
  if (row === null) return refuse("not_found");
  const allowed = await mayHook(c, row.course_slug, isWrite);
  return allowed.ok ? ok(row) : refuse("not_found");
}

export async function findHook(c: AppContext, id: string): Promise<HookRow | null> {
  const db = databaseOf(c);
  return (await db.select().from(webhookSubscriptions).where(eq(webhookSubscriptions.id, id)).get()) ?? null;
}

/** An entry of the audit log about a subscription, for the batch of what is done to it. */
export function entryOfHook(
  c: AppContext,
  action: OwnEntry["action"],
  id: string,
  course: string | null,
): D1PreparedStatement {
  const target = { type: "webhook", id };
  const about = course === null ? {} : { course };
  const entry = { action, actor: actorOf(c), target, request_id: c.get("requestId"), ...about };
  const where = action === "webhook.made" ? entryOfMade : undefined;
  return addAuditEntryStatement(directory(c.env), entry, Date.now(), where, id);
}
