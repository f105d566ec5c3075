import type { OpenAPIHono } from "@hono/zod-openapi";
import { getCookie, setCookie } from "hono/cookie";
import { html } from "hono/html";
import { z } from "zod";
import { goOnWithLaunch, openLaunch } from "../../identity/index.ts";
import { publicOrigin } from "../../mail/index.ts";
import { directory } from "../../platform/database/shards.ts";
import type { AppContext, AppEnv } from "../../platform/http/context.ts";
import { languageOf } from "../../platform/http/language.ts";
import { logEvent, logFault } from "../../platform/log.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import { offerChoice } from "./choice.ts";
import { enter } from "./enter.ts";
import { formOf } from "./form.ts";
import { rememberContext } from "./members.ts";
import { showFault, showPage } from "./page.ts";
import { cookieOf, storageKey } from "./routes-login.ts";
import { rememberColumn } from "./scores.ts";
import { isKeepsake, isNonce, readState, STATE_SECONDS } from "./state.ts";
import { noteFailure, noteLaunched, spendLaunch } from "./statements/launches.ts";
import { platformById } from "./statements/platforms.ts";
import { type Platform, platformRow } from "./tables.ts";
import { TEXTS } from "./texts.ts";
import { MAX_TOKEN, verifyLaunch } from "./verify.ts";

const formSchema = z.object({
  state: z.string().min(1).max(2_000),
  id_token: z.string().min(1).max(MAX_TOKEN).optional(),
  /** Of a launch that the platform did not let through (OpenID Connect core, section 3.1.2.6). */
  error: z.string().max(200).optional(),
  /** What a page of ours got from the platform's storage. */
  kept: z.string().max(200).optional(),
});

/** Characters of a reason that an operator reads. */
const MAX_REASON = 300;

/** Says why, to whoever came and to the operator. A flood of forged launches is written down as one. */
async function refuseLaunch(
  c: AppContext,
  platform: Platform,
  fault: Parameters<typeof showFault>[1],
  about?: string,
): Promise<Response> {
  logEvent("lti_launch_refused", { platform: platform.id, fault, request_id: c.get("requestId") });
  try {
    if ((await c.env.SIGN_IN_LIMIT.limit({ key: `lti-failure:${platform.id}` })).success) {
      const why = about === undefined ? fault : `${fault}: ${about}`;
      await noteFailure(directory(c.env), platform.id, Date.now(), why.slice(0, MAX_REASON)).run();
    }
  } catch (cause) {
    logFault("lti_failure_not_noted", cause);
  }
  return showFault(c, fault, platform.settings.origins, about);
}

/** Where cookies are blocked: the page asks the platform for what the browser was given, and comes again. */
function finishPage(c: AppContext, platform: Platform, id: string, target: string, state: string, token: string) {
  const text = TEXTS[languageOf(c)];
  const storage = { target, origin: new URL(platform.auth_url).origin, key: storageKey(id) };
  const body = html`<form id="form" method="post" action="/lti/launch">
<input type="hidden" name="state" value="${state}">
<input type="hidden" name="id_token" value="${token}">
<input type="hidden" name="kept" id="kept" value="">
</form>
<p id="blocked" role="alert" hidden>${text.faults.browser_unknown} ${text.again}</p>
<noscript><p>${text.noScript}</p></noscript>`;
  return showPage(
    c,
    { status: 200, title: text.opening, body, data: { step: "finish", storage } },
    { frames: platform.settings.origins },
  );
}

async function launch(c: AppContext): Promise<Response> {
  const origin = publicOrigin(c.env, c.req.url);
  if (origin === null) return showFault(c, "off");
  const form = formSchema.safeParse(await formOf(c));
  if (!form.success) return showFault(c, "form_invalid", [], String(form.error.issues[0]?.path[0] ?? ""));
  const { state, id_token: token, error, kept: shown } = form.data;
  const now = Date.now();
  const secrets = acceptedSecrets(c.env);
  const begun = await readState(secrets, state, now);
  if (begun === null) return showFault(c, "state_invalid");
  const row = await platformById(directory(c.env), begun.platform).first();
  if (row === null) return showFault(c, "platform_unknown");
  const platform = platformRow.parse(row);
  const { jti: id, storage } = begun;
  if (!platform.settings.enabled) return refuseLaunch(c, platform, "platform_off");
  if (error !== undefined) return refuseLaunch(c, platform, "platform_refused", error);
  if (token === undefined) return refuseLaunch(c, platform, "form_invalid", "id_token");
  const cookie = getCookie(c, cookieOf(id));
  if (cookie === undefined && shown === undefined && storage !== null) {
    return finishPage(c, platform, id, storage, state, token);
  }
  if (!(await isKeepsake(secrets, id, cookie ?? shown ?? ""))) return refuseLaunch(c, platform, "browser_unknown");
  const verified = await verifyLaunch(c.env, platform, token, (nonce) => isNonce(secrets, id, nonce), now);
  if (!verified.ok) return refuseLaunch(c, platform, verified.fault, verified.about);
  const used = await spendLaunch(directory(c.env), id, now + STATE_SECONDS * 1_000).run();
  if (used.meta.changes === 0) return refuseLaunch(c, platform, "used_before");
  if (cookie !== undefined) {
    setCookie(c, cookieOf(id), "", { path: "/", secure: true, sameSite: "None", partitioned: true, maxAge: 0 });
  }
  if (verified.launch.kind === "choice") {
    const choice = await offerChoice(c, platform, verified.launch, now);
    return choice instanceof Response ? choice : refuseLaunch(c, platform, choice);
  }
  const entry = await enter(c, platform, origin, verified.launch, now);
  if (!entry.ok) return refuseLaunch(c, platform, entry.fault);
  const { user, path, locked, place, target } = entry.value;
  await rememberContext(c.env, platform, verified.launch, target.course, now);
  if (place === "learner") await rememberColumn(c.env, platform, verified.launch, user, target, now);
  await noteLaunched(directory(c.env), platform.id, now).run();
  return land(c, platform, user, path, locked, now);
}

/**
 * Hands the session over. Alone in its window, the browser goes to the pages. In a frame it stays, because the pages stand
 * in none: a button opens them in a window of their own.
 */
async function land(
  c: AppContext,
  platform: Platform,
  user: string,
  path: string,
  locked: string | null,
  now: number,
): Promise<Response> {
  const isAlone = c.req.header("sec-fetch-dest") === "document";
  const token = await openLaunch(c.env, user, path, isAlone ? "launch" : "landing", now);
  if (!token.ok) return refuseLaunch(c, platform, "unavailable");
  if (isAlone) {
    c.header("cache-control", "no-store");
    return c.redirect(`/sign-in/launch#${token.value}`, 303);
  }
  const text = TEXTS[languageOf(c)];
  const body = html`${locked === null ? "" : html`<p>${locked}</p>`}
<p>${text.readyLead}</p>
<form method="post" action="/lti/open" target="_blank">
<input type="hidden" name="token" value="${token.value}">
<button>${text.open}</button>
</form>`;
  return showPage(c, { status: 200, title: text.ready, body }, { frames: platform.settings.origins });
}

/** Where platforms send launches to, and where the page in a frame goes on. */
export function mountLaunch(app: OpenAPIHono<AppEnv>): void {
  app.post("/lti/launch", launch);
  app.post("/lti/open", async (c) => {
    const token = (await formOf(c))?.token ?? "";
    const gone = await goOnWithLaunch(c.env, token, Date.now());
    if (!gone.ok) return showFault(c, gone.refusal.code === "link_invalid" ? "over" : "unavailable");
    c.header("cache-control", "no-store");
    return c.redirect(`/sign-in/launch#${gone.value}`, 303);
  });
}
