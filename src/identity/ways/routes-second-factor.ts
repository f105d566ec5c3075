import { z } from "@hono/zod-openapi";
import { noteRefusedSignIn, orderAudit } from "../../audit/index.ts";
import { sendMailsSoon } from "../../mail/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { respond } from "../../platform/http/answers.ts";
import { type AppContext, actorOf } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { languageQuery } from "../../platform/http/language.ts";
import { userIdSchema } from "../../platform/ids.ts";
import { toInstant } from "../../platform/instants.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { ROLES } from "../../platform/roles.ts";
import { addressOf, answer, answerEnding, body, depsOf, EVERYTHING, NO_STORE, TAGS } from "../routes-common.ts";
import { endedView } from "../schemas.ts";
import { startSession } from "../sessions.ts";
import { admitTry, rememberNetwork } from "../sign-in.ts";
import { readUser } from "../users.ts";
import { occasionOf } from "./ask.ts";
import { trust } from "./enter.ts";
import { LINK_INVALID, take, tryStep } from "./one-time.ts";
import { listPasskeys } from "./passkey-list.ts";
import { provesThemself } from "./proof.ts";
import { noticeTo } from "./recovery.ts";
import { accountView, codeBody, codesView, proofBody, setUpAnswer, stepBody, steppedInView } from "./schemas.ts";
import { checkCode, codesLeft, confirm, newBackupCodes, readSecondFactor, setUpSecondFactor } from "./second-factor.ts";
import { devicesOf, dropDevice, dropDevices, dropPasskeys, dropSecondFactor, hasPassword } from "./statements.ts";
import { mustHaveSecondFactor, offers, SWITCHED_OFF } from "./switches.ts";

const inLanguage = z.object({ lang: languageQuery });
const OWN = { roles: ROLES, scope: null, rule: "Your own.", rate: "write" } as const;

const accountRoute = defineRoute(
  { roles: ROLES, scope: null, rule: "Your own.", refuses: ["user_not_found"] },
  {
    method: "get",
    path: "/auth/account",
    operationId: "getAccount",
    tags: TAGS,
    summary: "How you can sign in: password, passkeys, second factor, trusted devices",
    responses: { 200: answer("Your account.", accountView) },
  },
);

const stepRoute = defineRoute(
  {
    roles: "public",
    rule: "The challenge says who has shown a password. It takes five tries and lasts ten minutes.",
    rate: "write",
    refuses: ["link_invalid", "invalid_code", "forbidden"],
  },
  {
    method: "post",
    path: "/auth/sign-in/second-factor",
    operationId: "signInBySecondFactor",
    tags: TAGS,
    summary: "Go on with a sign-in by a code of the app, or a backup code",
    request: body(stepBody),
    responses: { 200: answer("Signed in.", steppedInView) },
  },
);

const beginRoute = defineRoute(
  { ...OWN, refuses: ["not_enabled", "invalid_credentials", "user_not_found"] },
  {
    method: "post",
    path: "/auth/second-factor",
    operationId: "beginSecondFactor",
    tags: TAGS,
    summary: "Begin to set up codes of an app as your second factor",
    request: body(proofBody),
    responses: { 200: answer("Put it into an app, and confirm by a code.", setUpAnswer) },
  },
);

const confirmRoute = defineRoute(
  { ...OWN, refuses: ["not_enabled", "invalid_code", "user_not_found"] },
  {
    method: "post",
    path: "/auth/second-factor/confirm",
    operationId: "confirmSecondFactor",
    tags: TAGS,
    summary: "Switch your second factor on by a first code",
    request: { query: inLanguage, ...body(codeBody) },
    responses: { 200: answer("It is on. Keep the backup codes.", codesView) },
  },
);

const renewRoute = defineRoute(
  { ...OWN, refuses: ["invalid_code"] },
  {
    method: "post",
    path: "/auth/second-factor/backup-codes",
    operationId: "renewBackupCodes",
    tags: TAGS,
    summary: "Get new backup codes; the old ones end",
    request: body(codeBody),
    responses: { 200: answer("New codes.", codesView) },
  },
);

const removeRoute = defineRoute(
  {
    ...OWN,
    rule: "Your own, by a code. Not where your role must have one.",
    refuses: ["invalid_code", "user_not_found"],
  },
  {
    method: "delete",
    path: "/auth/second-factor",
    operationId: "removeSecondFactor",
    tags: TAGS,
    summary: "Switch your second factor off",
    request: { query: inLanguage, ...body(codeBody) },
    responses: { 204: { description: "It is off. No browser is trusted any more." } },
  },
);

const dropDeviceRoute = defineRoute(
  { ...OWN, refuses: ["not_found"] },
  {
    method: "delete",
    path: "/auth/devices/{id}",
    operationId: "forgetDevice",
    tags: TAGS,
    summary: "Trust a browser no more",
    request: { params: z.object({ id: z.string().min(1).max(64) }) },
    responses: { 204: { description: "It is asked for a code again." } },
  },
);

const resetRoute = defineRoute(
  { roles: ["admin"], rule: "Admins, for others.", rate: "write", refuses: ["user_not_found"] },
  {
    method: "delete",
    path: "/users/{id}/sign-in-ways",
    operationId: "resetSignIn",
    tags: TAGS,
    summary: "Remove the passkeys, the second factor and the trusted devices of a user; every session ends",
    request: { params: z.object({ id: userIdSchema }), query: inLanguage },
    responses: { 200: answer("Removed. The user signs in by the password and sets them up again.", endedView) },
  },
);

const NO_FACTOR = refuse("invalid_code", { detail: "You have no second factor." });
const MUST_HAVE = refuse("forbidden", { detail: "Your role must have a second factor." });
const NOT_SELF = refuse("forbidden", { detail: "Nobody resets their own. Use the account page." });

/** Codes of an app, backup codes and trusted browsers. */
export function secondFactorRoutes() {
  return newRouter()
    .openapi(accountRoute, async (c) => {
      const { id } = actorOf(c);
      const user = await readUser(depsOf(c).db, id);
      if (!user.ok) return respond(c, user.refusal);
      const db = directory(c.env);
      const [factor, passkeys, { results: devices }, password] = await Promise.all([
        readSecondFactor(c.env, id),
        listPasskeys(c.env, id),
        devicesOf(db, id, Date.now()).all<{
          id: string;
          user_agent: string | null;
          created_at: number;
          expires_at: number;
        }>(),
        hasPassword(db, id).first(),
      ]);
      const isOn = factor?.confirmed_at != null;
      return c.json(
        {
          email_verified: user.value.emailVerified,
          has_password: password !== null,
          second_factor: {
            enabled: isOn,
            required: mustHaveSecondFactor(c.env, user.value.role),
            backup_codes_left: isOn ? codesLeft(factor) : 0,
          },
          passkeys,
          devices: devices.map((device) => ({
            id: device.id,
            user_agent: device.user_agent,
            created_at: toInstant(device.created_at),
            expires_at: toInstant(device.expires_at),
          })),
        },
        200,
        NO_STORE,
      );
    })
    .openapi(stepRoute, async (c) => {
      const { challenge, code, trust_device } = c.req.valid("json");
      const deps = depsOf(c);
      const at = deps.now.getTime();
      const step = await tryStep(c.env, challenge, at);
      if (step === null) return respond(c, LINK_INVALID.refusal);
      const caller = { address: addressOf(c), userAgent: c.req.header("user-agent") };
      const admitted = await admitTry(c.env, step.user, caller);
      const checked: Result<string[] | null> = !admitted.ok
        ? admitted
        : step.value.setup === true
          ? ((await confirm(c.env, step.user, code, at)) ?? LINK_INVALID)
          : await checkCode(c.env, step.user, code, at);
      if (!checked.ok) {
        c.executionCtx.waitUntil(noteRefusedSignIn(c, { user: step.user }, Date.now()));
        return respond(c, checked.refusal);
      }
      const user = await readUser(deps.db, step.user);
      // Of two answers to one step, one signs in.
      if (!user.ok || (await take(c.env, challenge, "step", at)) === null) return respond(c, LINK_INVALID.refusal);
      const session = await startSession(deps, user.value, caller.userAgent);
      if (!session.ok) return respond(c, session.refusal);
      const trusted = trust_device ? await trust(deps, user.value.id, caller) : ok(null);
      c.executionCtx.waitUntil(rememberNetwork(c.env, user.value.id, caller.address));
      const device_token = trusted.ok ? trusted.value : null;
      return c.json({ ...session.value, device_token, backup_codes: checked.value }, 200, NO_STORE);
    })
    .openapi(beginRoute, async (c) => {
      if (!offers(c.env, "second_factor", c.req.url)) return respond(c, SWITCHED_OFF.refusal);
      const { id } = actorOf(c);
      const user = await readUser(depsOf(c).db, id);
      if (!user.ok) return respond(c, user.refusal);
      const proved = await provesThemself(c, c.req.valid("json").password);
      if (!proved.ok) return respond(c, proved.refusal);
      const factor = await readSecondFactor(c.env, id);
      if (factor?.confirmed_at != null) return respond(c, HAS_ONE.refusal);
      return c.json(await setUpSecondFactor(c.env, id, user.value.email, Date.now()), 200, NO_STORE);
    })
    .openapi(confirmRoute, async (c) => {
      if (!offers(c.env, "second_factor", c.req.url)) return respond(c, SWITCHED_OFF.refusal);
      const { id } = actorOf(c);
      const guarded = await guard(c);
      if (!guarded.ok) return respond(c, guarded.refusal);
      const confirmed = (await confirm(c.env, id, c.req.valid("json").code, Date.now())) ?? NO_FACTOR;
      if (!confirmed.ok) return respond(c, confirmed.refusal);
      const ordered = await orderAudit(c, { action: "user.second_factor_set", target: { type: "user", id } });
      if (!ordered.ok) return respond(c, ordered.refusal);
      await tell(c, "second_factor_on");
      return c.json({ backup_codes: confirmed.value }, 200, NO_STORE);
    })
    .openapi(renewRoute, async (c) => {
      const { id } = actorOf(c);
      const checked = await guardedCode(c, c.req.valid("json").code);
      if (!checked.ok) return respond(c, checked.refusal);
      return c.json({ backup_codes: await newBackupCodes(c.env, id) }, 200, NO_STORE);
    })
    .openapi(removeRoute, async (c) => {
      const { id, role } = actorOf(c);
      if (mustHaveSecondFactor(c.env, role)) return respond(c, MUST_HAVE.refusal);
      const checked = await guardedCode(c, c.req.valid("json").code);
      if (!checked.ok) return respond(c, checked.refusal);
      const ordered = await orderAudit(c, { action: "user.second_factor_removed", target: { type: "user", id } });
      if (!ordered.ok) return respond(c, ordered.refusal);
      const db = directory(c.env);
      await db.batch([dropSecondFactor(db, id), dropDevices(db, id)]);
      await tell(c, "second_factor_off");
      return c.body(null, 204);
    })
    .openapi(dropDeviceRoute, async (c) => {
      const dropped = await dropDevice(directory(c.env), c.req.valid("param").id, actorOf(c).id).run();
      return dropped.meta.changes === 0 ? respond(c, NO_DEVICE.refusal) : c.body(null, 204);
    })
    .openapi(resetRoute, async (c) => {
      const { id } = c.req.valid("param");
      if (actorOf(c).id === id) return respond(c, NOT_SELF.refusal);
      const deps = depsOf(c);
      const user = await readUser(deps.db, id);
      if (!user.ok) return respond(c, user.refusal);
      const ordered = await orderAudit(c, { action: "user.sign_in_reset", target: { type: "user", id } });
      if (!ordered.ok) return respond(c, ordered.refusal);
      const db = directory(c.env);
      const notice = await noticeTo(deps, user.value, "sign_in_reset", occasionOf(c));
      await db.batch([dropSecondFactor(db, id), dropDevices(db, id), dropPasskeys(db, id), notice]);
      sendMailsSoon(c);
      return answerEnding(c, id, EVERYTHING);
    });
}

const HAS_ONE = refuse("forbidden", { detail: "You have a second factor. Switch it off first." });
const NO_DEVICE = refuse("not_found", { detail: "You have no such device." });

/** Codes are guessed at no faster than passwords, also by who holds a session. */
async function guard(c: AppContext): Promise<Result<unknown>> {
  return admitTry(c.env, actorOf(c).id, { address: addressOf(c), userAgent: undefined });
}

async function guardedCode(c: AppContext, code: string): Promise<Result<null>> {
  const { id } = actorOf(c);
  const guarded = await guard(c);
  if (!guarded.ok) return guarded;
  const checked = await checkCode(c.env, id, code, Date.now());
  if (!checked.ok) c.executionCtx.waitUntil(noteRefusedSignIn(c, { user: id }, Date.now()));
  return checked;
}

async function tell(c: AppContext, notice: "second_factor_on" | "second_factor_off"): Promise<void> {
  const deps = depsOf(c);
  const user = await readUser(deps.db, actorOf(c).id);
  if (!user.ok) return;
  await (await noticeTo(deps, user.value, notice, occasionOf(c))).run();
  sendMailsSoon(c);
}
