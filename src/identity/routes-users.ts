import { z } from "@hono/zod-openapi";
import { nudgeAudit, orderAudit } from "../audit/index.ts";
import { directory } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { pageSchema, paginate } from "../platform/http/pagination.ts";
import { userIdSchema } from "../platform/ids.ts";
import { refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { banOutsider, type IsKnown, readOutsider, viewOutsider } from "./outsiders.ts";
import { callRevocations, settleRevocations } from "./revocations-stub.ts";
import { answer, answerEnding, body, depsOf, EVERYTHING, NO_STORE, TAGS } from "./routes-common.ts";
import { createUserBody, endedView, listUsersQuery, type UpdateUser, updateUserBody, userView } from "./schemas.ts";
import { endSessions } from "./sessions.ts";
import { erasedAmong } from "./tombstones.ts";
import { createUser, findUsers, isBanned, mayAdminister, readUser, updateUser, viewUser } from "./users.ts";

const listUsersRoute = defineRoute(
  { roles: ["admin"], rule: "Admins." },
  {
    method: "get",
    path: "/users",
    operationId: "listUsers",
    tags: TAGS,
    summary: "List users by id",
    request: { query: listUsersQuery },
    responses: { 200: answer("A page of users.", pageSchema(userView)) },
  },
);

const createUserRoute = defineRoute(
  { roles: ["admin"], rate: "write", refuses: ["user_exists"] },
  {
    method: "post",
    path: "/users",
    operationId: "createUser",
    tags: TAGS,
    summary: "Create a user with a role",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, ...body(createUserBody) },
    responses: { 201: answer("Created.", userView) },
  },
);

const userParams = z.object({ id: userIdSchema });

const readUserRoute = defineRoute(
  { roles: ROLES, scope: null, rule: "Yourself. Admins: anybody.", refuses: ["user_not_found"] },
  {
    method: "get",
    path: "/users/{id}",
    operationId: "getUser",
    tags: TAGS,
    summary: "Read a user",
    request: { params: userParams },
    responses: { 200: answer("The user.", userView) },
  },
);

const updateUserRoute = defineRoute(
  {
    roles: ROLES,
    scope: null,
    rule: "Your own name. Admins: anybody's name, and the role and ban of others.",
    rate: "write",
    refuses: ["user_not_found"],
  },
  {
    method: "patch",
    path: "/users/{id}",
    operationId: "changeUser",
    tags: TAGS,
    summary: "Change a user",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params: userParams, ...body(updateUserBody) },
    responses: { 200: answer("The changed user.", userView) },
  },
);

const endUserSessionsRoute = defineRoute(
  {
    roles: ROLES,
    scope: null,
    rule: "Your own. Admins: anybody's.",
    rate: "write",
    refuses: ["user_not_found"],
  },
  {
    method: "delete",
    path: "/users/{id}/sessions",
    operationId: "endSessionsOfUser",
    tags: TAGS,
    summary: "End every session of a user",
    request: { params: userParams },
    responses: { 200: answer("The sessions have ended.", endedView) },
  },
);

const NOT_YOURS = refuse("forbidden", { detail: "Only admins may access other users." });

/** The functions of other rooms that this one needs. */
export interface IdentityPorts {
  /** Whether anything is held about a user anywhere. */
  isKnown: IsKnown;
}

export function userRoutes({ isKnown }: IdentityPorts) {
  return newRouter()
    .openapi(listUsersRoute, async (c) => {
      const { db, now } = depsOf(c);
      const asked = c.req.valid("query");
      const scope = `users ${asked.role ?? ""} ${asked.banned ?? ""} ${asked.search ?? ""}`;
      const found = await paginate(
        acceptedSecrets(c.env),
        scope,
        asked,
        (after, take) => findUsers(db, asked, after ?? "", take, now),
        ({ id }) => id,
      );
      if (!found.ok) return respond(c, found.refusal);
      const results = found.value.page.map((user) => viewUser(user, now));
      return c.json({ results, next_cursor: found.value.next }, 200, NO_STORE);
    })
    .openapi(endUserSessionsRoute, async (c) => {
      const { id } = c.req.valid("param");
      if (!reaches(c, id)) return respond(c, NOT_YOURS.refusal);
      const user = await readUser(depsOf(c).db, id);
      if (!user.ok) return respond(c, user.refusal);
      if (actorOf(c).id !== id) {
        const ordered = await orderAudit(c, { action: "user.sessions_ended", target: { type: "user", id } });
        if (!ordered.ok) return respond(c, ordered.refusal);
      }
      return answerEnding(c, id, EVERYTHING);
    })
    .openapi(createUserRoute, async (c) => {
      const deps = depsOf(c);
      const { id, role } = actorOf(c);
      const creator = { id, role, request_id: c.get("requestId") };
      const created = await createUser(deps.db, c.req.valid("json"), deps.now, creator);
      nudgeAudit(c);
      // The id may have been used before, with a token of another provider: from now on the account counts.
      if (created.ok && c.req.valid("json").id !== undefined) await settleRevocations(c.env, created.value.id, true);
      return created.ok ? c.json(viewUser(created.value, deps.now), 201, NO_STORE) : respond(c, created.refusal);
    })
    .openapi(readUserRoute, async (c) => {
      const { id } = c.req.valid("param");
      if (!reaches(c, id)) return respond(c, NOT_YOURS.refusal);
      const deps = depsOf(c);
      const user = await readUser(deps.db, id);
      if (user.ok) return c.json(viewUser(user.value, deps.now), 200, NO_STORE);
      const outsider = await readOutsider(deps.db, id, deps.now.getTime());
      return outsider.ok ? c.json(outsider.value, 200, NO_STORE) : respond(c, user.refusal);
    })
    .openapi(updateUserRoute, async (c) => {
      const { id } = c.req.valid("param");
      if (!reaches(c, id)) return respond(c, NOT_YOURS.refusal);
      const deps = depsOf(c);
      const { db, now } = deps;
      const change = c.req.valid("json");
      if (change.ban !== undefined && (await isOutsider(c, id, isKnown))) {
        return changeOutsider(c, id, change);
      }
      const isStanding = change.ban !== undefined || change.role !== undefined;
      if (isStanding) {
        const permitted = mayAdminister(actorOf(c), id);
        if (!permitted.ok) return respond(c, permitted.refusal);
        // First: rights that the change takes away are gone before it is written, so that no write comes in between.
        const hold = { role: change.role, banned: change.ban != null };
        const held = await callRevocations(c.env, id, (stub) => stub.hold(hold));
        if (!held.ok) return respond(c, held.refusal);
      }
      const user = await updateUser(db, actorOf(c), id, change, now, c.get("requestId"));
      nudgeAudit(c);
      if (user.ok && isBanned(user.value, now)) {
        const ended = await endSessions(deps, id, EVERYTHING);
        if (!ended.ok) return respond(c, ended.refusal); // harmless to repeat, and the ban holds already
      } else if (isStanding) await settleRevocations(c.env, id);
      return user.ok ? c.json(viewUser(user.value, now), 200, NO_STORE) : respond(c, user.refusal);
    });
}

/** Whether an admin names somebody who has no account here but has data here. */
async function isOutsider(c: AppContext, id: string, isKnown: IsKnown): Promise<boolean> {
  if (!mayAdminister(actorOf(c), id).ok) return false;
  const { db } = depsOf(c);
  if ((await readUser(db, id)).ok || (await erasedAmong(directory(c.env), [id])).size > 0) return false;
  return (await readOutsider(db, id, Date.now())).ok || isKnown(c.env, id);
}

/** Somebody without an account here can only be banned. */
async function changeOutsider(c: AppContext, id: string, { name, role, ban = null }: UpdateUser) {
  if (name !== undefined || role !== undefined) {
    const message = "this user has no account here: only a ban can be set";
    const path = name === undefined ? "role" : "name";
    return respond(c, refuse("invalid_input", { errors: [{ path, rule: "no_account", message }] }).refusal);
  }
  const { db, now } = depsOf(c);
  const held = await callRevocations(c.env, id, (stub) => stub.hold({ banned: ban !== null }));
  if (!held.ok) return respond(c, held.refusal);
  const { id: admin, role: as } = actorOf(c);
  await banOutsider(db, { id: admin, role: as, request_id: c.get("requestId") }, id, ban, now.getTime());
  nudgeAudit(c);
  await settleRevocations(c.env, id, true);
  const view = await readOutsider(db, id, now.getTime());
  return c.json(view.ok ? view.value : viewOutsider(id, null, now.getTime()), 200, NO_STORE);
}

function reaches(c: AppContext, user: string): boolean {
  const actor = actorOf(c);
  return actor.role === "admin" || actor.id === user;
}
