import { z } from "@hono/zod-openapi";
import { noteRefusedSignIn, orderAudit } from "../../audit/index.ts";
import { sendMailsSoon } from "../../mail/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { respond } from "../../platform/http/answers.ts";
import { type AppContext, actorOf } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { languageQuery } from "../../platform/http/language.ts";
import { refuse } from "../../platform/results.ts";
import { ROLES } from "../../platform/roles.ts";
import { addressOf, answer, body, depsOf, NO_STORE, TAGS } from "../routes-common.ts";
import { signedInView } from "../schemas.ts";
import { startSession } from "../sessions.ts";
import { admitTry, rememberNetwork } from "../sign-in.ts";
import { readUser } from "../users.ts";
import { occasionOf } from "./ask.ts";
import { checkPasskey, registerPasskey, registrationOptions, signInOptions } from "./passkeys.ts";
import { provesThemself } from "./proof.ts";
import { noticeTo } from "./recovery.ts";
import { addPasskeyBody, optionsView, passkeySignInBody, proofBody } from "./schemas.ts";
import { dropPasskey } from "./statements.ts";
import { offers, SWITCHED_OFF } from "./switches.ts";

/** A passkey's answer: some thousand characters, with room for what browsers add. */
const MAX_BODY = 32_768;

const optionsRoute = defineRoute(
  {
    roles: ROLES,
    scope: null,
    rule: "Your own. Show your password again.",
    rate: "write",
    refuses: ["not_enabled", "invalid_credentials", "user_not_found"],
  },
  {
    method: "post",
    path: "/auth/passkeys/options",
    operationId: "beginPasskey",
    tags: TAGS,
    summary: "What a browser needs to make a passkey",
    request: body(proofBody),
    responses: { 200: answer("For `navigator.credentials.create()`.", optionsView) },
  },
);

const addRoute = defineRoute(
  {
    roles: ROLES,
    scope: null,
    rule: "Your own. The challenge is yours, and good once.",
    rate: "write",
    maxBody: MAX_BODY,
    refuses: ["not_enabled", "link_invalid", "passkey_refused", "user_not_found"],
  },
  {
    method: "post",
    path: "/auth/passkeys",
    operationId: "addPasskey",
    tags: TAGS,
    summary: "Add the passkey that a browser has made",
    request: { query: z.object({ lang: languageQuery }), ...body(addPasskeyBody) },
    responses: { 201: answer("Added.", z.object({ id: z.string(), name: z.string() }).openapi("PasskeyAdded")) },
  },
);

const dropRoute = defineRoute(
  { roles: ROLES, scope: null, rule: "Your own.", rate: "write", refuses: ["not_found"] },
  {
    method: "delete",
    path: "/auth/passkeys/{id}",
    operationId: "removePasskey",
    tags: TAGS,
    summary: "Remove one of your passkeys",
    request: {
      params: z.object({ id: z.string().min(1).max(64) }),
      query: z.object({ lang: languageQuery }),
    },
    responses: { 204: { description: "It signs in no more. Its sessions go on; end them apart." } },
  },
);

const signInOptionsRoute = defineRoute(
  { roles: "public", rate: "write", refuses: ["not_enabled"] },
  {
    method: "post",
    path: "/auth/sign-in/passkey/options",
    operationId: "beginPasskeySignIn",
    tags: TAGS,
    summary: "What a browser needs to sign in by a passkey",
    responses: { 200: answer("For `navigator.credentials.get()`.", optionsView) },
  },
);

const signInRoute = defineRoute(
  {
    roles: "public",
    rule: "The passkey says who. It is two factors in one, so no code is asked for.",
    rate: "write",
    maxBody: MAX_BODY,
    refuses: ["not_enabled", "link_invalid", "passkey_refused", "forbidden", "user_not_found"],
  },
  {
    method: "post",
    path: "/auth/sign-in/passkey",
    operationId: "signInByPasskey",
    tags: TAGS,
    summary: "Sign in by a passkey",
    request: body(passkeySignInBody),
    responses: { 200: answer("Signed in.", signedInView) },
  },
);

const NO_PASSKEY = refuse("not_found", { detail: "You have no such passkey." });

/** Passkeys. A feature of its own: what checks them is large, and few requests need it. */
export function passkeyRoutes() {
  return newRouter()
    .openapi(optionsRoute, async (c) => {
      if (!offers(c.env, "passkeys", c.req.url)) return respond(c, SWITCHED_OFF.refusal);
      const deps = depsOf(c);
      const user = await readUser(deps.db, actorOf(c).id);
      if (!user.ok) return respond(c, user.refusal);
      const proved = await provesThemself(c, c.req.valid("json").password);
      if (!proved.ok) return respond(c, proved.refusal);
      const begun = await registrationOptions(deps, user.value, c.req.url);
      return begun.ok ? c.json(begun.value, 200, NO_STORE) : respond(c, begun.refusal);
    })
    .openapi(addRoute, async (c) => {
      if (!offers(c.env, "passkeys", c.req.url)) return respond(c, SWITCHED_OFF.refusal);
      const { id } = actorOf(c);
      const added = await registerPasskey(depsOf(c), id, c.req.valid("json"), c.req.url);
      if (!added.ok) return respond(c, added.refusal);
      const ordered = await orderAudit(c, { action: "user.passkey_added", target: { type: "user", id } });
      if (!ordered.ok) return respond(c, ordered.refusal);
      await tell(c, "passkey_added");
      return c.json(added.value, 201, NO_STORE);
    })
    .openapi(dropRoute, async (c) => {
      const { id: user } = actorOf(c);
      const { id } = c.req.valid("param");
      const dropped = await dropPasskey(directory(c.env), id, user).run();
      if (dropped.meta.changes === 0) return respond(c, NO_PASSKEY.refusal);
      const ordered = await orderAudit(c, { action: "user.passkey_removed", target: { type: "user", id: user } });
      if (!ordered.ok) return respond(c, ordered.refusal);
      await tell(c, "passkey_removed");
      return c.body(null, 204);
    })
    .openapi(signInOptionsRoute, async (c) => {
      if (!offers(c.env, "passkeys", c.req.url)) return respond(c, SWITCHED_OFF.refusal);
      const begun = await signInOptions(depsOf(c), c.req.url);
      return begun.ok ? c.json(begun.value, 200, NO_STORE) : respond(c, begun.refusal);
    })
    .openapi(signInRoute, async (c) => {
      if (!offers(c.env, "passkeys", c.req.url)) return respond(c, SWITCHED_OFF.refusal);
      const deps = depsOf(c);
      const caller = { address: addressOf(c), userAgent: c.req.header("user-agent") };
      const { user, answer: checked } = await checkPasskey(deps, c.req.valid("json"), c.req.url, (owner) =>
        admitTry(c.env, owner, caller),
      );
      const session = checked.ok ? await startSession(deps, checked.value, caller.userAgent) : checked;
      if (!session.ok) {
        if (user !== null) c.executionCtx.waitUntil(noteRefusedSignIn(c, { user }, Date.now()));
        return respond(c, session.refusal);
      }
      c.executionCtx.waitUntil(rememberNetwork(c.env, session.value.user.id, caller.address));
      return c.json(session.value, 200, NO_STORE);
    });
}

async function tell(c: AppContext, notice: "passkey_added" | "passkey_removed"): Promise<void> {
  const deps = depsOf(c);
  const user = await readUser(deps.db, actorOf(c).id);
  if (!user.ok) return;
  await (await noticeTo(deps, user.value, notice, occasionOf(c))).run();
  sendMailsSoon(c);
}
