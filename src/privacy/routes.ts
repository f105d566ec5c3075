import { z } from "@hono/zod-openapi";
import { eq } from "drizzle-orm";
import { nudgeAudit, orderAudit, oweAudit } from "../audit/index.ts";
import {
  erasedAmong,
  eraseUserBody,
  provePassword,
  subjectOf,
  TOO_MANY_GUESSES,
  withinPasswordLimit,
} from "../identity/index.ts";
import { logFault } from "../ops/logging.ts";
import { type AppContext, actorOf, databaseOf, defineRoute, newRouter, respond } from "../shared/http.ts";
import { userIdSchema } from "../shared/ids.ts";
import { toInstant, toInstantOrNull } from "../shared/instants.ts";
import { type Result, refuse } from "../shared/results.ts";
import { ROLES } from "../shared/roles.ts";
import { requestErasure, runErasure } from "./erasure.ts";
import { exportStream } from "./export.ts";
import { SOURCES } from "./sources.ts";
import { erasures } from "./tables.ts";

const TAGS = ["privacy"];
const NO_STORE = { "cache-control": "no-store" };

const erasureView = z
  .object({
    user_id: userIdSchema,
    state: z.enum(["running", "settling", "done"]).openapi({
      description: "settling: everything found is gone; what was under way then is looked for once more at `next_at`.",
    }),
    steps: z.array(z.object({ name: z.string(), done: z.boolean() })).openapi({ description: "Of the present pass." }),
    requested_at: z.string(),
    requested_by: z.string().nullable().openapi({ description: "Null: the user." }),
    next_at: z.string().nullable(),
    attempts: z.int().openapi({ description: "Failures in a row of the present step." }),
    error: z.string().nullable(),
    finished_at: z.string().nullable(),
  })
  .openapi("Erasure");

const exportRoute = defineRoute(
  { roles: ROLES, rule: "Yourself, or anybody for an admin.", rate: "write" },
  {
    method: "post",
    path: "/users/{id}/export",
    tags: TAGS,
    summary: "Everything held about a user, as a stream of lines of JSON",
    request: { params: z.object({ id: userIdSchema }) },
    responses: {
      200: {
        description: "One record a line; the last is `{kind: end, records}`. Without it the export was cut.",
        content: { "text/jsonl": { schema: z.string() } },
      },
    },
  },
);

const eraseRoute = defineRoute(
  { roles: ROLES, rule: "Yourself, with your password; others for an admin.", rate: "write" },
  {
    method: "delete",
    path: "/users/{id}",
    tags: TAGS,
    summary: "Erase a user and everything held about them",
    request: {
      params: z.object({ id: userIdSchema }),
      body: { content: { "application/json": { schema: eraseUserBody } } },
    },
    responses: {
      202: {
        description: "Begun, or begun before. The id is dead from now on.",
        content: { "application/json": { schema: erasureView } },
      },
    },
  },
);

const progressRoute = defineRoute(
  { roles: ["admin"], rule: "Admins." },
  {
    method: "get",
    path: "/erasures/{user}",
    tags: TAGS,
    summary: "How far an erasure is",
    request: { params: z.object({ user: userIdSchema }) },
    responses: { 200: { description: "Progress.", content: { "application/json": { schema: erasureView } } } },
  },
);

const NOT_YOURS = refuse("forbidden", { detail: "Only an admin reaches other users." });

/** Export and erasure of everything held about a user, to be mounted at /api/v1. */
export function privacyRoutes() {
  return newRouter()
    .openapi(exportRoute, async (c) => {
      const { id } = c.req.valid("param");
      if (!reaches(c, id)) return respond(c, NOT_YOURS.refusal);
      if (!(await isKnown(c.env, id))) return respond(c, refuse("user_not_found").refusal);
      if (actorOf(c).id !== id) {
        const ordered = await orderAudit(c, { action: "user.exported", target: { type: "user", id } });
        if (!ordered.ok) return respond(c, ordered.refusal);
      }
      const headers = {
        "content-type": "text/jsonl; charset=utf-8",
        "content-disposition": `attachment; filename="latchkey-${id}.jsonl"`,
        ...NO_STORE,
      };
      return new Response(exportStream(c.env, id, SOURCES, Date.now()), { headers });
    })
    .openapi(eraseRoute, async (c) => {
      const { id } = c.req.valid("param");
      const allowed = await mayErase(c, id, c.req.valid("json")?.password);
      if (!allowed.ok) return respond(c, allowed.refusal);
      const actor = actorOf(c);
      const now = Date.now();
      if ((await erasedAmong(c.env.DB, [id])).size === 0) {
        if (!(await isKnown(c.env, id))) return respond(c, refuse("user_not_found").refusal);
        const entry = {
          action: "user.erased",
          actor,
          target: { type: "user", id },
          request_id: c.get("requestId"),
          outcome: "ordered",
        } as const;
        const db = databaseOf(c);
        await requestErasure(db, id, actor.id === id ? null : actor.id, now, [oweAudit(db, entry, now)]);
        nudgeAudit(c);
      }
      const subject = await subjectOf(id);
      // Beside the answer; the cron goes on with whatever this does not reach.
      c.executionCtx.waitUntil(
        runErasure(c.env, subject, now).catch((fault: unknown) => logFault("erasure_delayed", fault, { subject })),
      );
      const view = await viewErasure(c, id);
      return view.ok ? c.json(view.value, 202, NO_STORE) : respond(c, view.refusal);
    })
    .openapi(progressRoute, async (c) => {
      const view = await viewErasure(c, c.req.valid("param").user);
      return view.ok ? c.json(view.value, 200, NO_STORE) : respond(c, view.refusal);
    });
}

function reaches(c: AppContext, user: string): boolean {
  const actor = actorOf(c);
  return actor.role === "admin" || actor.id === user;
}

async function mayErase(c: AppContext, user: string, password: string | undefined): Promise<Result<null>> {
  const actor = actorOf(c);
  if (actor.id !== user) return actor.role === "admin" ? { ok: true, value: null } : NOT_YOURS;
  // So that the last admin cannot lock everybody out by accident.
  if (actor.role === "admin") return refuse("forbidden", { detail: "Another admin erases an admin." });
  if (password === undefined) {
    const errors = [{ path: "password", rule: "required", message: "your password, to erase yourself" }];
    return refuse("invalid_input", { errors });
  }
  if (!(await withinPasswordLimit(c.env, user))) return TOO_MANY_GUESSES;
  return (await provePassword(databaseOf(c), user, password))
    ? { ok: true, value: null }
    : refuse("invalid_credentials");
}

/** Whether anything is held under this id: users of another identity provider have data, but no row in `users`. */
async function isKnown(env: Env, user: string): Promise<boolean> {
  const found = await env.DB.prepare(
    `SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1) OR EXISTS (SELECT 1 FROM enrollments WHERE user_id = ?1)
       OR EXISTS (SELECT 1 FROM translation_sessions WHERE owner = ?1)
       OR EXISTS (SELECT 1 FROM event_log WHERE user_id = ?1) OR EXISTS (SELECT 1 FROM courses WHERE owner_id = ?1)
       AS found`,
  )
    .bind(user)
    .first<{ found: number }>();
  return found?.found === 1;
}

async function viewErasure(c: AppContext, user: string): Promise<Result<z.infer<typeof erasureView>>> {
  const subject = await subjectOf(user);
  const [row] = await databaseOf(c).select().from(erasures).where(eq(erasures.subject, subject)).limit(1);
  if (row === undefined) return refuse("user_not_found", { detail: "Nobody of this id was erased." });
  const at = SOURCES.findIndex(({ name }) => name === row.step);
  return {
    ok: true,
    value: {
      user_id: user,
      state: row.state,
      steps: SOURCES.map(({ name }, index) => ({ name, done: row.state === "done" || index < at })),
      requested_at: toInstant(row.requested_at),
      requested_by: row.requested_by,
      next_at: row.state === "done" ? null : toInstant(row.due_at),
      attempts: row.attempts,
      error: row.error,
      finished_at: toInstantOrNull(row.finished_at),
    },
  };
}
