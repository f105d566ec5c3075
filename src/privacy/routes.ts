import { z } from "@hono/zod-openapi";
import { eq } from "drizzle-orm";
import { addAuditEntry, noteRefusedSignIn, nudgeAudit, orderAudit } from "../audit/index.ts";
import {
  callRevocations,
  checkPassword,
  erasedAmong,
  subjectOf,
  TOO_MANY_GUESSES,
  withinPasswordLimit,
} from "../identity/index.ts";
import { eraseUserBody } from "../identity/shapes.ts";
import { directory } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { attachment } from "../platform/http/attachment.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { userIdSchema } from "../platform/ids.ts";
import { toInstant, toInstantOrNull } from "../platform/instants.ts";
import { logFault } from "../platform/log.ts";
import { type Result, refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { requestErasure, runErasure } from "./erasure.ts";
import { noteErasure } from "./erasure-notes.ts";
import { exportStream } from "./export.ts";
import { isKnown } from "./known.ts";
import { SOURCES } from "./sources.ts";
import { erasures } from "./tables.ts";

const TAGS = ["privacy"];
const NO_STORE = { "cache-control": "no-store" };

const erasureView = z
  .object({
    user_id: userIdSchema,
    state: z.enum(["running", "settling", "done"]).openapi({
      description:
        "settling: all data that was found is removed. At `next_at`, a second pass removes what was under way.",
    }),
    steps: z.array(z.object({ name: z.string(), done: z.boolean() })).openapi({ description: "Of the present pass." }),
    requested_at: z.string(),
    requested_by: z.string().nullable().openapi({ description: "Null: the user." }),
    next_at: z.string().nullable(),
    attempts: z.int().openapi({ description: "Consecutive failures of the present step." }),
    error: z.string().nullable(),
    finished_at: z.string().nullable(),
  })
  .openapi("Erasure");

const exportRoute = defineRoute(
  { roles: ROLES, scope: null, rule: "Yourself. Admins: anybody.", rate: "write", refuses: ["user_not_found"] },
  {
    method: "post",
    path: "/users/{id}/export",
    operationId: "exportUser",
    tags: TAGS,
    summary: "All data about a user, as a stream of lines of JSON",
    request: { params: z.object({ id: userIdSchema }) },
    responses: {
      200: {
        description:
          "One record on each line; the last is `{kind: end, records}`. If it is missing, the export was cut.",
        content: { "text/jsonl": { schema: z.string() } },
      },
    },
  },
);

const eraseRoute = defineRoute(
  {
    roles: ROLES,
    scope: null,
    rule: "Yourself, with your password. Admins: others.",
    rate: "write",
    refuses: ["user_not_found", "invalid_credentials"],
  },
  {
    method: "delete",
    path: "/users/{id}",
    operationId: "eraseUser",
    tags: TAGS,
    summary: "Erase a user and all data about them",
    request: {
      params: z.object({ id: userIdSchema }),
      body: { content: { "application/json": { schema: eraseUserBody } } },
    },
    responses: {
      202: {
        description: "The erasure has begun, now or earlier. The id can no longer be used.",
        content: { "application/json": { schema: erasureView } },
      },
    },
  },
);

const progressRoute = defineRoute(
  { roles: ["admin"], rule: "Admins.", refuses: ["user_not_found"] },
  {
    method: "get",
    path: "/erasures/{user}",
    operationId: "getErasure",
    tags: TAGS,
    summary: "The progress of an erasure",
    request: { params: z.object({ user: userIdSchema }) },
    responses: { 200: { description: "Progress.", content: { "application/json": { schema: erasureView } } } },
  },
);

const NOT_YOURS = refuse("forbidden", { detail: "Only admins may access other users." });

/** Export and erasure of everything held about a user, to be mounted at /api/v1. */
export function privacyRoutes() {
  return newRouter()
    .openapi(exportRoute, async (c) => {
      const { id } = c.req.valid("param");
      if (!reaches(c, id)) return respond(c, NOT_YOURS.refusal);
      const known = await requireKnown(c.env, id);
      if (!known.ok) return respond(c, known.refusal);
      if (actorOf(c).id !== id) {
        const ordered = await orderAudit(c, { action: "user.exported", target: { type: "user", id } });
        if (!ordered.ok) return respond(c, ordered.refusal);
      }
      const headers = {
        "content-type": "text/jsonl; charset=utf-8",
        "content-disposition": attachment(`latchkey-${id}.jsonl`),
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
      if ((await erasedAmong(directory(c.env), [id])).size === 0) {
        const known = await requireKnown(c.env, id);
        if (!known.ok) return respond(c, known.refusal);
        const entry = {
          action: "user.erased",
          actor,
          target: { type: "user", id },
          request_id: c.get("requestId"),
          outcome: "ordered",
        } as const;
        const db = databaseOf(c);
        await requestErasure(db, id, actor.id === id ? null : actor.id, now, [addAuditEntry(db, entry, now)]);
        nudgeAudit(c);
        // Before the answer: from here on no token of the user is valid. If the revocations object does not answer, the
        // first pass of the erasure does this.
        await callRevocations(c.env, id, (stub) => stub.erase());
      }
      const subject = await subjectOf(id);
      // At once, so that a restore knows the erasure even if this database is lost in this moment. If it fails, it is
      // the first step of the erasure.
      await noteErasure(c.env, subject, now).catch((fault: unknown) =>
        logFault("erasure_not_noted", fault, { subject }),
      );
      // After the answer; the cron continues what is not done here.
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
  // An admin cannot erase themselves, so that the last admin cannot lock everybody out by accident.
  if (actor.role === "admin") return refuse("forbidden", { detail: "Only another admin can erase an admin." });
  if (password === undefined) {
    const errors = [{ path: "password", rule: "required", message: "your password is needed to erase yourself" }];
    return refuse("invalid_input", { errors });
  }
  if (!(await withinPasswordLimit(c.env, user))) return TOO_MANY_GUESSES;
  const checked = await checkPassword(databaseOf(c), user, password);
  if (!checked.ok) return checked;
  if (checked.value) return { ok: true, value: null };
  await noteRefusedSignIn(c, { user }, Date.now());
  return refuse("invalid_credentials");
}

/** @returns `user_not_found` when no place holds anything of the user, `unavailable` when one cannot say. */
async function requireKnown(env: Env, user: string): Promise<Result<null>> {
  try {
    return (await isKnown(env, user)) ? { ok: true, value: null } : refuse("user_not_found");
  } catch (fault) {
    logFault("person_unknown", fault);
    return refuse("unavailable", {
      detail: "Not every place that may have data of this user answers.",
      retry_after: 5,
    });
  }
}

async function viewErasure(c: AppContext, user: string): Promise<Result<z.infer<typeof erasureView>>> {
  const subject = await subjectOf(user);
  const [row] = await databaseOf(c).select().from(erasures).where(eq(erasures.subject, subject)).limit(1);
  if (row === undefined) return refuse("user_not_found", { detail: "No user with this id was erased." });
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
