import { noteRefusedSignIn, nudgeAudit } from "../audit/index.ts";
import { sendsMail } from "../mail/index.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { makeFirstAdmin, restoreToken } from "./bootstrap.ts";
import { addressOf, answer, body, depsOf, NO_STORE, TAGS } from "./routes-common.ts";
import {
  acceptedView,
  accessView,
  bootstrapBody,
  bootstrapView,
  sessionTokenBody,
  signedInView,
  signInBody,
  signUpBody,
} from "./schemas.ts";
import { renewAccess, signOut } from "./sessions.ts";
import { rememberNetwork, signIn } from "./sign-in.ts";
import { createUser, findCredential, viewUser } from "./users.ts";
import { askForMail } from "./ways/ask.ts";
import { STEP_REQUIRED } from "./ways/schemas.ts";

const SIGN_UP_DETAIL =
  "Sign in with this address and password. If that fails, the address has an account already: use its password.";

const signUpRoute = defineRoute(
  { roles: "public", rule: "This makes learners only. Admins give other roles.", rate: "sign-in" },
  {
    method: "post",
    path: "/auth/sign-up",
    operationId: "signUp",
    tags: TAGS,
    summary: "Register as a learner; then sign in",
    request: body(signUpBody),
    responses: {
      202: answer(
        "The answer is the same whether or not the address had an account. Sign in to find out.",
        acceptedView,
      ),
    },
  },
);

const bootstrapRoute = defineRoute(
  {
    roles: "public",
    rule: "The bootstrap secret allows it, while there is no administrator.",
    rate: "sign-in",
    refuses: ["not_enabled", "user_exists", "unauthenticated"],
  },
  {
    method: "post",
    path: "/auth/bootstrap",
    operationId: "bootstrap",
    tags: TAGS,
    summary: "Make the first administrator of a new deployment, or begin a restore into it",
    request: body(bootstrapBody),
    responses: { 201: answer("Done. Delete the secret now.", bootstrapView) },
  },
);

const signInRoute = defineRoute(
  {
    roles: "public",
    rule: "Limited for each account and network. Strangers cannot lock the owner out.",
    rate: "write",
    refuses: ["invalid_credentials", "forbidden", STEP_REQUIRED],
  },
  {
    method: "post",
    path: "/auth/sign-in",
    operationId: "signIn",
    tags: TAGS,
    summary: "Sign in by e-mail address and password",
    request: body(signInBody),
    responses: { 200: answer("Signed in.", signedInView) },
  },
);

const tokenRoute = defineRoute(
  {
    roles: "public",
    rule: "The session token names the session.",
    rate: "write",
    refuses: ["unauthenticated", "forbidden"],
  },
  {
    method: "post",
    path: "/auth/token",
    operationId: "createAccessToken",
    tags: TAGS,
    summary: "Exchange a session for a new access token",
    request: body(sessionTokenBody),
    responses: { 200: answer("A new access token, with the role the user has now.", accessView) },
  },
);

const signOutRoute = defineRoute(
  { roles: "public", rule: "The session token names the session.", rate: "write" },
  {
    method: "post",
    path: "/auth/sign-out",
    operationId: "signOut",
    tags: TAGS,
    summary: "End a session",
    request: body(sessionTokenBody),
    responses: { 204: { description: "The session has ended, now or earlier." } },
  },
);

export function signInRoutes() {
  return newRouter()
    .openapi(signUpRoute, async (c) => {
      const deps = depsOf(c);
      const created = await createUser(deps.db, { ...c.req.valid("json"), role: "learner" }, deps.now);
      // The answer does not say whether the address had an account: its owner, who knows the password, finds out by
      // signing in.
      if (!created.ok && created.refusal.code !== "user_exists") return respond(c, created.refusal);
      // Also for an address that has an account, so that the time shows nothing: the account is looked up later.
      if (sendsMail(c.env)) c.executionCtx.waitUntil(askForMail(c, "verify", c.req.valid("json").email));
      if (created.ok) c.executionCtx.waitUntil(rememberNetwork(c.env, created.value.id, addressOf(c)));
      return c.json({ status: "accepted" as const, detail: SIGN_UP_DETAIL }, 202, NO_STORE);
    })
    .openapi(bootstrapRoute, async (c) => {
      const { db, now } = depsOf(c);
      const { secret, account } = c.req.valid("json");
      if (account === undefined) {
        const token = await restoreToken(c.env, db, secret, now);
        if (!token.ok) return respond(c, token.refusal);
        return c.json({ user: null, restore_token: token.value }, 201, NO_STORE);
      }
      const made = await makeFirstAdmin(c.env, db, { secret, account }, now, c.get("requestId"));
      if (!made.ok) return respond(c, made.refusal);
      nudgeAudit(c);
      return c.json({ user: viewUser(made.value, now), restore_token: null }, 201, NO_STORE);
    })
    .openapi(signInRoute, async (c) => {
      const input = c.req.valid("json");
      const caller = { address: addressOf(c), userAgent: c.req.header("user-agent") };
      const { answer: signedIn, failed, afterwards } = await signIn(depsOf(c), input, caller);
      // After the answer: the time is the same whether or not the account exists.
      if (failed !== null) c.executionCtx.waitUntil(noteRefusal(c, input.email));
      if (afterwards !== null) c.executionCtx.waitUntil(afterwards());
      return signedIn.ok ? c.json(signedIn.value, 200, NO_STORE) : respond(c, signedIn.refusal);
    })
    .openapi(tokenRoute, async (c) => {
      const renewed = await renewAccess(depsOf(c), c.req.valid("json").session_token);
      return renewed.ok ? c.json(renewed.value, 200, NO_STORE) : respond(c, renewed.refusal);
    })
    .openapi(signOutRoute, async (c) => {
      await signOut(depsOf(c), c.req.valid("json").session_token);
      return c.body(null, 204);
    });
}

/** Notes in the audit log that a sign-in was refused: with the account, if the address has one. */
async function noteRefusal(c: AppContext, email: string): Promise<void> {
  const found = await findCredential(databaseOf(c), email).catch(() => null);
  await noteRefusedSignIn(c, found === null ? { email } : { user: found.user.id }, Date.now());
}
