import { z } from "@hono/zod-openapi";
import { nudgeAudit, orderAudit } from "../audit/outbox.ts";
import { idempotent } from "../ops/idempotency.ts";
import {
  type AppContext,
  actorOf,
  databaseOf,
  defineRoute,
  idempotencyHeader,
  newRouter,
  respond,
  sha256Hex,
} from "../shared/http.ts";
import { userIdSchema } from "../shared/ids.ts";
import { pageQuery, pageSchema, paginate } from "../shared/pagination.ts";
import { refuse } from "../shared/results.ts";
import { ROLES } from "../shared/roles.ts";
import { acceptedSecrets } from "../shared/secrets.ts";
import {
  accessView,
  changePasswordBody,
  createUserBody,
  endedView,
  listUsersQuery,
  sessionTokenBody,
  sessionView,
  signedInView,
  signInBody,
  signUpBody,
  updateUserBody,
  userView,
} from "./schemas.ts";
import {
  type Deps,
  type Ending,
  endSessions,
  listSessions,
  renewAccess,
  revokeSession,
  signIn,
  signOut,
  startSession,
} from "./sessions.ts";
import { changePassword, createUser, findUsers, isBanned, readUser, updateUser, viewUser } from "./users.ts";

const TAGS = ["identity"];
/** Period of SIGN_IN_LIMIT in wrangler.toml, seconds: waiting it out is always enough. */
const SIGN_IN_PERIOD_SECONDS = 60;

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const body = <T extends z.ZodType>(schema: T) => ({ body: { required: true, content: json(schema) } });
const answer = <T extends z.ZodType>(description: string, schema: T) => ({ description, content: json(schema) });

const signUpRoute = defineRoute(
  { roles: "public", rule: "Makes learners only; an admin gives other roles.", rate: "sign-in" },
  {
    method: "post",
    path: "/auth/sign-up",
    tags: TAGS,
    summary: "Register as a learner",
    request: body(signUpBody),
    responses: { 201: answer("Registered and signed in.", signedInView) },
  },
);

const signInRoute = defineRoute(
  { roles: "public", rule: "Limited per address and per e-mail address.", rate: "sign-in" },
  {
    method: "post",
    path: "/auth/sign-in",
    tags: TAGS,
    summary: "Sign in by e-mail address and password",
    request: body(signInBody),
    responses: { 200: answer("Signed in.", signedInView) },
  },
);

const tokenRoute = defineRoute(
  { roles: "public", rule: "The session token is the proof.", rate: "write" },
  {
    method: "post",
    path: "/auth/token",
    tags: TAGS,
    summary: "Exchange a session for a new access token",
    request: body(sessionTokenBody),
    responses: { 200: answer("A new access token, with the role the user has now.", accessView) },
  },
);

const signOutRoute = defineRoute(
  { roles: "public", rule: "The session token is the proof.", rate: "write" },
  {
    method: "post",
    path: "/auth/sign-out",
    tags: TAGS,
    summary: "End a session",
    request: body(sessionTokenBody),
    responses: { 204: { description: "The session is over, whether or not it was alive." } },
  },
);

const listSessionsRoute = defineRoute(
  { roles: ROLES, rule: "Own sessions only." },
  {
    method: "get",
    path: "/auth/sessions",
    tags: TAGS,
    summary: "List your sessions",
    request: { query: z.object(pageQuery) },
    responses: { 200: answer("Sessions that are alive.", pageSchema(sessionView)) },
  },
);

const revokeSessionRoute = defineRoute(
  { roles: ROLES, rule: "Own sessions only.", rate: "write" },
  {
    method: "delete",
    path: "/auth/sessions/{id}",
    tags: TAGS,
    summary: "End one of your sessions",
    request: { params: z.object({ id: z.string().min(1).max(64) }) },
    responses: { 204: { description: "The session is over." } },
  },
);

const endSessionsRoute = defineRoute(
  { roles: ROLES, rule: "Own sessions only.", rate: "write" },
  {
    method: "delete",
    path: "/auth/sessions",
    tags: TAGS,
    summary: "Sign out everywhere",
    request: {
      query: z.object({
        keep_current: z.enum(["true", "false"]).default("false").openapi({ description: "All but this one." }),
      }),
    },
    responses: { 200: answer("The sessions are over.", endedView) },
  },
);

const passwordRoute = defineRoute(
  { roles: ROLES, rule: "Your own; limited per user.", rate: "write" },
  {
    method: "post",
    path: "/auth/password",
    tags: TAGS,
    summary: "Change your password; every other session ends",
    request: body(changePasswordBody),
    responses: { 200: answer("Changed.", endedView) },
  },
);

const listUsersRoute = defineRoute(
  { roles: ["admin"], rule: "Admins." },
  {
    method: "get",
    path: "/users",
    tags: TAGS,
    summary: "List users by id",
    request: { query: listUsersQuery },
    responses: { 200: answer("A page of users.", pageSchema(userView)) },
  },
);

const createUserRoute = defineRoute(
  { roles: ["admin"], rate: "write" },
  {
    method: "post",
    path: "/users",
    tags: TAGS,
    summary: "Create a user with a role",
    middleware: [idempotent()],
    request: { headers: idempotencyHeader, ...body(createUserBody) },
    responses: { 201: answer("Created.", userView) },
  },
);

const userParams = z.object({ id: userIdSchema });

const readUserRoute = defineRoute(
  { roles: ROLES, rule: "Yourself, or anybody for an admin." },
  {
    method: "get",
    path: "/users/{id}",
    tags: TAGS,
    summary: "Read a user",
    request: { params: userParams },
    responses: { 200: answer("The user.", userView) },
  },
);

const updateUserRoute = defineRoute(
  { roles: ROLES, rule: "Your own name; for an admin anybody's name, and others' role and ban.", rate: "write" },
  {
    method: "patch",
    path: "/users/{id}",
    tags: TAGS,
    summary: "Change a user",
    middleware: [idempotent()],
    request: { headers: idempotencyHeader, params: userParams, ...body(updateUserBody) },
    responses: { 200: answer("The user as changed.", userView) },
  },
);

const endUserSessionsRoute = defineRoute(
  { roles: ROLES, rule: "Your own, or anybody's for an admin.", rate: "write" },
  {
    method: "delete",
    path: "/users/{id}/sessions",
    tags: TAGS,
    summary: "End every session of a user",
    request: { params: userParams },
    responses: { 200: answer("The sessions are over.", endedView) },
  },
);

const NOT_YOURS = refuse("forbidden", { detail: "Only an admin reaches other users." });

/** What the rest of the house does when a session has ended. */
export interface IdentityPorts {
  /** Cuts what the session (null: every session of the user) holds open. Failing costs time only, never the ending. */
  sessionEnded(env: Env, user: string, session: string | null): Promise<void>;
}

/** Registration, sign-in, sessions and users, to be mounted at /api/v1. */
export function identityRoutes({ sessionEnded }: IdentityPorts) {
  return newRouter()
    .openapi(signUpRoute, async (c) => {
      const deps = depsOf(c);
      const created = await createUser(deps.db, { ...c.req.valid("json"), role: "learner" }, deps.now);
      if (!created.ok) return respond(c, created.refusal);
      const signedIn = await startSession(deps, created.value, c.req.header("user-agent"));
      return signedIn.ok ? c.json(signedIn.value, 201, NO_STORE) : respond(c, signedIn.refusal);
    })
    .openapi(signInRoute, async (c) => {
      const input = c.req.valid("json");
      if (!(await withinEmailLimit(c.env, input.email))) {
        return respond(c, TOO_MANY_GUESSES.refusal);
      }
      const signedIn = await signIn(depsOf(c), input, c.req.header("user-agent"));
      return signedIn.ok ? c.json(signedIn.value, 200, NO_STORE) : respond(c, signedIn.refusal);
    })
    .openapi(tokenRoute, async (c) => {
      const renewed = await renewAccess(depsOf(c), c.req.valid("json").session_token);
      return renewed.ok ? c.json(renewed.value, 200, NO_STORE) : respond(c, renewed.refusal);
    })
    .openapi(signOutRoute, async (c) => {
      const ended = await signOut(depsOf(c), c.req.valid("json").session_token);
      if (ended !== null) await sessionEnded(c.env, ended.user, ended.session);
      return c.body(null, 204);
    })
    .openapi(listSessionsRoute, async (c) => {
      const page = await listSessions(depsOf(c), actorOf(c), c.req.valid("query"));
      return page.ok ? c.json(page.value, 200, NO_STORE) : respond(c, page.refusal);
    })
    .openapi(revokeSessionRoute, async (c) => {
      const { id } = c.req.valid("param");
      const revoked = await revokeSession(depsOf(c), actorOf(c), id);
      if (revoked.ok) await sessionEnded(c.env, actorOf(c).id, id);
      return revoked.ok ? c.body(null, 204) : respond(c, revoked.refusal);
    })
    .openapi(endSessionsRoute, async (c) => {
      const { id, session } = actorOf(c);
      const keep = c.req.valid("query").keep_current === "true";
      return answerEnding(c, id, { except: keep ? session : null });
    })
    .openapi(passwordRoute, async (c) => {
      const { id, session } = actorOf(c);
      if (!(await withinPasswordLimit(c.env, id))) return respond(c, TOO_MANY_GUESSES.refusal);
      const { db, now } = depsOf(c);
      const changed = await changePassword(db, id, c.req.valid("json"), now);
      return changed.ok ? answerEnding(c, id, { except: session }) : respond(c, changed.refusal);
    })
    .openapi(listUsersRoute, async (c) => {
      const { db, now } = depsOf(c);
      const asked = c.req.valid("query");
      const scope = `users ${asked.role ?? ""} ${asked.banned ?? ""}`;
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
      return answerEnding(c, id, { except: null });
    })
    .openapi(createUserRoute, async (c) => {
      const deps = depsOf(c);
      const { id, role } = actorOf(c);
      const creator = { id, role, request_id: c.get("requestId") };
      const created = await createUser(deps.db, c.req.valid("json"), deps.now, creator);
      nudgeAudit(c);
      return created.ok ? c.json(viewUser(created.value, deps.now), 201, NO_STORE) : respond(c, created.refusal);
    })
    .openapi(readUserRoute, async (c) => {
      const { id } = c.req.valid("param");
      if (!reaches(c, id)) return respond(c, NOT_YOURS.refusal);
      const deps = depsOf(c);
      const user = await readUser(deps.db, id);
      return user.ok ? c.json(viewUser(user.value, deps.now), 200, NO_STORE) : respond(c, user.refusal);
    })
    .openapi(updateUserRoute, async (c) => {
      const { id } = c.req.valid("param");
      if (!reaches(c, id)) return respond(c, NOT_YOURS.refusal);
      const deps = depsOf(c);
      const { db, now } = deps;
      const change = c.req.valid("json");
      const user = await updateUser(db, actorOf(c), id, change, now, c.get("requestId"));
      if (change.ban !== undefined || change.role !== undefined) nudgeAudit(c);
      if (user.ok && isBanned(user.value, now)) {
        const ended = await endSessions(deps, id, { except: null });
        if (!ended.ok) return respond(c, ended.refusal); // harmless to repeat, and the ban holds already
      }
      // A stream knows the role it was opened with: a banned user's and a changed role's streams end.
      if (user.ok && (change.ban !== undefined || change.role !== undefined)) await sessionEnded(c.env, id, null);
      return user.ok ? c.json(viewUser(user.value, now), 200, NO_STORE) : respond(c, user.refusal);
    });

  /** Ends sessions and says how many; what they held open is cut. */
  async function answerEnding(c: AppContext, user: string, ending: Ending) {
    const ended = await endSessions(depsOf(c), user, ending);
    if (!ended.ok) return respond(c, ended.refusal);
    const all = "except" in ending && ending.except === null;
    if (all) await sessionEnded(c.env, user, null);
    else for (const session of ended.value) await sessionEnded(c.env, user, session);
    return c.json({ ended: ended.value.length }, 200, NO_STORE);
  }
}

/** One answer to whoever guesses passwords too fast. */
export const TOO_MANY_GUESSES = refuse("rate_limited", { retry_after: SIGN_IN_PERIOD_SECONDS });

/** Tokens and personal data: no cache may keep them. */
const NO_STORE = { "cache-control": "no-store" };

function depsOf(c: AppContext): Deps {
  return { env: c.env, db: databaseOf(c), secret: c.env.AUTH_SECRET, now: new Date() };
}

function reaches(c: AppContext, user: string): boolean {
  const actor = actorOf(c);
  return actor.role === "admin" || actor.id === user;
}

/** The brake against guessing one account's password from many addresses. Keyed by hash: the key is not our storage. */
async function withinEmailLimit(env: Env, email: string): Promise<boolean> {
  return (await env.SIGN_IN_LIMIT.limit({ key: `sign-in-email:${await sha256Hex(email)}` })).success;
}

/** The same brake for whoever holds a token and is asked for the password behind it. */
export async function withinPasswordLimit(env: Env, user: string): Promise<boolean> {
  return (await env.SIGN_IN_LIMIT.limit({ key: `password:${user}` })).success;
}
