import { z } from "@hono/zod-openapi";
import { noteRefusedSignIn, nudgeAudit } from "../../audit/index.ts";
import { sendsMail } from "../../mail/index.ts";
import { respond } from "../../platform/http/answers.ts";
import { actorOf } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { languageQuery } from "../../platform/http/language.ts";
import { ROLES } from "../../platform/roles.ts";
import { addressOf, answer, body, depsOf, NO_STORE, TAGS } from "../routes-common.ts";
import { acceptedView, endedView, signedInView, userView } from "../schemas.ts";
import { rememberNetwork } from "../sign-in.ts";
import { readUser, viewUser } from "../users.ts";
import { askForMail, occasionOf } from "./ask.ts";
import { provesThemself } from "./proof.ts";
import { confirmAddress, recover, signInByLink } from "./recovery.ts";
import { changeEmailBody, emailBody, linkBody, recoverBody, STEP_REQUIRED, tokenBody, waysView } from "./schemas.ts";
import { offers, SWITCHED_OFF, trustedDays, WAYS } from "./switches.ts";

const inLanguage = z.object({ lang: languageQuery });
const SENT = {
  status: "accepted" as const,
  detail: "If the address has an account, a mail is on its way. The answer is the same if it has none.",
};

const waysRoute = defineRoute(
  { roles: "public", rate: "write" },
  {
    method: "get",
    path: "/auth/ways",
    operationId: "getSignInWays",
    tags: TAGS,
    summary: "Which ways to sign in are switched on here, beside the password",
    responses: { 200: answer("The ways.", waysView) },
  },
);

const askRecoveryRoute = defineRoute(
  {
    roles: "public",
    rule: "The answer does not say whether the address has an account.",
    rate: "sign-in",
    refuses: ["not_enabled"],
  },
  {
    method: "post",
    path: "/auth/recovery",
    operationId: "askForNewPassword",
    tags: TAGS,
    summary: "Ask for a link to set a new password",
    request: { query: inLanguage, ...body(emailBody) },
    responses: { 202: answer("Accepted.", acceptedView) },
  },
);

const recoverRoute = defineRoute(
  {
    roles: "public",
    rule: "The link says whose account. It is good once, for 30 minutes.",
    rate: "sign-in",
    refuses: ["not_enabled", "link_invalid"],
  },
  {
    method: "post",
    path: "/auth/recovery/complete",
    operationId: "setNewPassword",
    tags: TAGS,
    summary: "Set a new password by a link; every session ends",
    request: { query: inLanguage, ...body(recoverBody) },
    responses: { 200: answer("Set. Sign in with it now.", endedView) },
  },
);

const askLinkRoute = defineRoute(
  {
    roles: "public",
    rule: "The answer does not say whether the address has an account.",
    rate: "sign-in",
    refuses: ["not_enabled"],
  },
  {
    method: "post",
    path: "/auth/sign-in/link",
    operationId: "askForSignInLink",
    tags: TAGS,
    summary: "Ask for a link to sign in",
    request: { query: inLanguage, ...body(emailBody) },
    responses: { 202: answer("Accepted.", acceptedView) },
  },
);

const linkRoute = defineRoute(
  {
    roles: "public",
    rule: "The link says whose account. It is good once, for 15 minutes. It takes the place of the password only.",
    rate: "sign-in",
    refuses: ["not_enabled", "link_invalid", "forbidden", STEP_REQUIRED],
  },
  {
    method: "post",
    path: "/auth/sign-in/link/complete",
    operationId: "signInByLink",
    tags: TAGS,
    summary: "Sign in by a link",
    request: body(linkBody),
    responses: { 200: answer("Signed in.", signedInView) },
  },
);

const askEmailRoute = defineRoute(
  {
    roles: ROLES,
    scope: null,
    rule: "Your own. For a new address, show your password again.",
    rate: "write",
    refuses: ["not_enabled", "invalid_credentials", "user_not_found"],
  },
  {
    method: "post",
    path: "/auth/email",
    operationId: "changeEmail",
    tags: TAGS,
    summary: "Ask for a link that confirms your address, or a new one",
    request: { query: inLanguage, ...body(changeEmailBody) },
    responses: { 202: answer("A mail is on its way, unless the address is somebody else's.", acceptedView) },
  },
);

const confirmEmailRoute = defineRoute(
  {
    roles: ROLES,
    scope: null,
    rule: "Your own: whoever opens the link must be signed in as the user it was made for.",
    rate: "write",
    refuses: ["link_invalid", "user_exists", "user_not_found"],
  },
  {
    method: "post",
    path: "/auth/email/complete",
    operationId: "confirmEmail",
    tags: TAGS,
    summary: "Confirm an address by a link; the old address is told of a change",
    request: { query: inLanguage, ...body(tokenBody) },
    responses: { 200: answer("The address is confirmed.", userView) },
  },
);

/** Ways that go through a mailbox. */
export function mailWayRoutes() {
  return newRouter()
    .openapi(waysRoute, async (c) => {
      const [recovery, sign_in_links, passkeys, second_factor] = WAYS.map((way) => offers(c.env, way, c.req.url));
      return c.json(
        {
          recovery: recovery === true,
          sign_in_links: sign_in_links === true,
          passkeys: passkeys === true,
          second_factor: second_factor === true,
          trusted_device_days: trustedDays(c.env),
        },
        200,
      );
    })
    .openapi(askRecoveryRoute, async (c) => {
      if (!offers(c.env, "recovery", c.req.url)) return respond(c, SWITCHED_OFF.refusal);
      const asked = await askForMail(c, "recover", c.req.valid("json").email);
      return asked.ok ? c.json(SENT, 202, NO_STORE) : respond(c, asked.refusal);
    })
    .openapi(recoverRoute, async (c) => {
      if (!offers(c.env, "recovery", c.req.url)) return respond(c, SWITCHED_OFF.refusal);
      const { token, new_password } = c.req.valid("json");
      const done = await recover(depsOf(c), token, new_password, occasionOf(c));
      nudgeAudit(c);
      return done.ok ? c.json({ ended: done.value.ended }, 200, NO_STORE) : respond(c, done.refusal);
    })
    .openapi(askLinkRoute, async (c) => {
      if (!offers(c.env, "sign_in_links", c.req.url)) return respond(c, SWITCHED_OFF.refusal);
      const asked = await askForMail(c, "link", c.req.valid("json").email);
      return asked.ok ? c.json(SENT, 202, NO_STORE) : respond(c, asked.refusal);
    })
    .openapi(linkRoute, async (c) => {
      if (!offers(c.env, "sign_in_links", c.req.url)) return respond(c, SWITCHED_OFF.refusal);
      const { token, device_token } = c.req.valid("json");
      const caller = { address: addressOf(c), userAgent: c.req.header("user-agent") };
      const { user, answer: entered } = await signInByLink(depsOf(c), token, caller, device_token);
      if (entered.ok && user !== null) {
        c.executionCtx.waitUntil(rememberNetwork(c.env, user.id, caller.address));
        return c.json(entered.value, 200, NO_STORE);
      }
      if (!entered.ok && user !== null && entered.refusal.code === "forbidden") {
        c.executionCtx.waitUntil(noteRefusedSignIn(c, { user: user.id }, Date.now()));
      }
      return respond(c, entered.ok ? SWITCHED_OFF.refusal : entered.refusal);
    })
    .openapi(askEmailRoute, async (c) => {
      if (!sendsMail(c.env)) return respond(c, SWITCHED_OFF.refusal);
      const { email, password } = c.req.valid("json");
      const { id } = actorOf(c);
      const user = await readUser(depsOf(c).db, id);
      if (!user.ok) return respond(c, user.refusal);
      const isChange = user.value.email !== email;
      if (isChange) {
        const proved = await provesThemself(c, password);
        if (!proved.ok) return respond(c, proved.refusal);
      }
      const asked = await askForMail(c, isChange ? "change" : "verify", email, id);
      return asked.ok ? c.json(SENT, 202, NO_STORE) : respond(c, asked.refusal);
    })
    .openapi(confirmEmailRoute, async (c) => {
      const deps = depsOf(c);
      const confirmed = await confirmAddress(deps, actorOf(c).id, c.req.valid("json").token, occasionOf(c));
      nudgeAudit(c);
      if (!confirmed.ok) return respond(c, confirmed.refusal);
      return c.json(viewUser(confirmed.value, deps.now), 200, NO_STORE);
    });
}
