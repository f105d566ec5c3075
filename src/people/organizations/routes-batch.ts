import { z } from "@hono/zod-openapi";
import { addAuditEntryStatement, nudgeAudit } from "../../audit/index.ts";
import { loadOutside } from "../../identity/index.ts";
import { readRows, refusedRows, refuseTwice, rowErrorsSchema, rowsSchema } from "../../platform/database/batch-rows.ts";
import { directory } from "../../platform/database/shards.ts";
import { respond } from "../../platform/http/answers.ts";
import { rowFault } from "../../platform/http/body.ts";
import { type AppContext, actorOf } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../../platform/http/idempotency.ts";
import { inParallel } from "../../platform/parallel.ts";
import { refuse } from "../../platform/results.ts";
import { PEOPLE } from "../../platform/roles.ts";
import { json, TAGS } from "../common.ts";
import { MOVE_USERS, ORGANIZATIONS_AMONG } from "../statements.ts";
import { MANAGER_RULE, managedBy } from "./access.ts";
import { type Act, actRow, judgeAct } from "./acts.ts";
import { standingOf } from "./standing.ts";

/** Rows of one batch. */
const MAX_BATCH = 1_000;
/** Bytes of its body: a thousand of the longest rows in Latin letters. */
const MAX_BATCH_BYTES = 1_000_000;
/** Roles and bans that one call changes: each asks the object of its user. The others are left for the next call. */
const MAX_STANDINGS = 150;
const PARALLEL = 12;
/** Users moved by one batch of statements; each has an entry in the audit log beside. */
const MOVED_AT_ONCE = 100;
const RULE = "Admins; managers for learners and authors of their organisation.";

const outcomeSchema = z
  .object({
    index: z.int(),
    user_id: z.string().nullable(),
    outcome: z.enum(["done", "unchanged", "invalid", "user_not_found", "refused", "unavailable"]).openapi({
      description: "`refused`: the caller may not, see `errors`. `unavailable`: send it again.",
    }),
    errors: rowErrorsSchema,
  })
  .openapi("UserActOutcome");
type Outcome = z.output<typeof outcomeSchema>;
const batchRoute = defineRoute(
  { roles: PEOPLE, rule: RULE, rate: "write", maxBody: MAX_BATCH_BYTES, rows: "users" },
  {
    method: "post",
    path: "/users/batch",
    operationId: "changeUsers",
    tags: TAGS,
    summary: "Suspend and return users, change their roles, put them into organisations; each row is judged by itself",
    description: `One call changes at most ${MAX_STANDINGS} roles and bans; further ones are \`unavailable\`: send the batch again. What was done before is \`unchanged\` then.`,
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      body: {
        required: true,
        content: json(z.strictObject({ users: rowsSchema("UserAct", actRow, MAX_BATCH) }).openapi("UserActsRequest")),
      },
    },
    responses: {
      200: {
        description: "A result for each row, in order.",
        content: json(z.object({ results: z.array(outcomeSchema) }).openapi("UserActsAnswer")),
      },
    },
  },
);

/** Acts on many users. */
export function organizationBatchRoutes() {
  return newRouter().openapi(batchRoute, async (c) => {
    const isAdmin = actorOf(c).role === "admin";
    const manages = isAdmin ? null : await managedBy(c);
    if (!isAdmin && manages === null) return respond(c, refuse("forbidden", { detail: MANAGER_RULE }).refusal);
    const { users } = c.req.valid("json");
    const rows = readRows("users", actRow, users, (index) => rowFault(c, index));
    refuseTwice("users", rows, ({ user_id, act }) => `${user_id} ${act}`);
    const refusal = refusedRows(rows);
    if (refusal !== null) return respond(c, refusal);
    const acts = rows.flatMap((row, index) => (row.ok ? [{ index, act: row.value }] : []));
    const standings = await standingOf(
      c.env,
      acts.map(({ act }) => act.user_id),
    );
    const places = acts.flatMap(({ act }) => (act.organization_id == null ? [] : [act.organization_id]));
    const known = new Set(
      (await ORGANIZATIONS_AMONG.find<{ id: string }>(directory(c.env), [...new Set(places)])).map(({ id }) => id),
    );
    const now = Date.now();
    const results = rows.map((row, index): Outcome => {
      if (!row.ok) return { index, user_id: null, outcome: "invalid", errors: row.errors };
      const { user_id, organization_id: to } = row.value;
      const verdict = judgeAct(row.value, standings.get(user_id), actorOf(c), manages, now);
      const at = { index, user_id };
      if (typeof verdict === "object") {
        return { ...at, outcome: "refused", errors: [{ path: `users[${index}]`, ...verdict }] };
      }
      if (verdict === "go" && to != null && !known.has(to)) {
        const path = `users[${index}].organization_id`;
        return { ...at, outcome: "invalid", errors: [{ path, rule: "not_found", message: "no such organisation" }] };
      }
      return { ...at, outcome: verdict === "go" ? "unavailable" : verdict };
    });
    const due = acts.filter(({ index }) => results[index]?.outcome === "unavailable");
    const done = (index: number, outcome: Outcome["outcome"]) => {
      const before = results[index];
      if (before !== undefined) results[index] = { ...before, outcome };
    };
    // First the places: whoever is moved and suspended in one batch is both.
    await moveAll(c, due, (index) => done(index, "done"));
    const standing = due.filter(({ act }) => act.act !== "move");
    // Two acts on one user are done one after the other.
    const byUser = Map.groupBy(standing.slice(0, MAX_STANDINGS), ({ act }) => act.user_id);
    await inParallel([...byUser.values()], PARALLEL, async (ofUser) => {
      for (const { index, act } of ofUser) done(index, await changeStanding(c, act, manages !== null));
    });
    nudgeAudit(c);
    if (results.some(({ outcome }) => outcome === "unavailable")) c.header("retry-after", "1");
    return c.json({ results }, 200);
  });
}

interface Due {
  index: number;
  act: Act;
}

async function moveAll(c: AppContext, due: readonly Due[], done: (index: number) => void): Promise<void> {
  const db = directory(c.env);
  const now = Date.now();
  const byPlace = Map.groupBy(
    due.filter(({ act }) => act.act === "move"),
    ({ act }) => act.organization_id ?? null,
  );
  for (const [place, all] of byPlace) {
    for (let at = 0; at < all.length; at += MOVED_AT_ONCE) {
      const some = all.slice(at, at + MOVED_AT_ONCE);
      const ids = some.map(({ act }) => act.user_id);
      await db.batch([...MOVE_USERS.over(db, ids, place, now), ...ids.map((user) => entryOfMove(c, user, place, now))]);
      for (const { index } of some) done(index);
    }
  }
}

function entryOfMove(c: AppContext, user: string, place: string | null, now: number): D1PreparedStatement {
  const entry = {
    action: "organization.user_moved",
    actor: actorOf(c),
    target: { type: "user", id: user },
    request_id: c.get("requestId"),
    ...(place === null ? {} : { details: { kind: place } }),
  } as const;
  return addAuditEntryStatement(directory(c.env), entry, now);
}

async function changeStanding(c: AppContext, act: Act, byManager: boolean): Promise<Outcome["outcome"]> {
  const { changeAccount, depsOf } = await loadOutside();
  const { id, role } = actorOf(c);
  const by = { id, role, request_id: c.get("requestId") };
  const what =
    act.act === "suspend" && act.reason !== undefined
      ? { ban: { reason: act.reason } }
      : act.act === "role"
        ? { role: act.role }
        : { ban: null };
  const isManagers = byManager && act.act === "suspend";
  const changed = await changeAccount(depsOf(c), act.user_id, what, by, null, isManagers);
  if (changed.ok) return "done";
  return changed.refusal.code === "user_not_found" ? "user_not_found" : "unavailable";
}
