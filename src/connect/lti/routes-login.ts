import type { OpenAPIHono } from "@hono/zod-openapi";
import { setCookie } from "hono/cookie";
import { html } from "hono/html";
import { z } from "zod";
import { publicOrigin } from "../../mail/index.ts";
import { directory } from "../../platform/database/shards.ts";
import type { AppContext, AppEnv } from "../../platform/http/context.ts";
import { languageOf } from "../../platform/http/language.ts";
import { formOf } from "./form.ts";
import { showFault, showPage } from "./page.ts";
import { keepsake, newState, nonceOf, STATE_SECONDS } from "./state.ts";
import { platformsOf } from "./statements/platforms.ts";
import { type Platform, platformRow } from "./tables.ts";
import { TEXTS } from "./texts.ts";

/** Longest value of a parameter: Canvas puts a signed token into its hint. */
const MAX_VALUE = 8_000;
const value = z.string().min(1).max(MAX_VALUE);

/** How a platform begins a launch (IMS Security Framework 1.0, section 5.1.1.1; LTI 1.3 core, section 4.1). */
const loginSchema = z.object({
  iss: value,
  login_hint: value,
  target_link_uri: value,
  lti_message_hint: value.optional(),
  client_id: value.optional(),
  lti_deployment_id: value.optional(),
  /** Name of the frame that keeps what cookies cannot. */
  lti_storage_target: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .optional(),
});
type Login = z.output<typeof loginSchema>;

/** The cookie of one launch: several may begin in one browser at the same time. */
export const cookieOf = (id: string) => `__Host-lti-${id.slice(0, 16)}`;
export const storageKey = (id: string) => `latchkey-${id.slice(0, 16)}`;

/** The platform that begins: of several with one issuer, the one with this client, or with this deployment. */
async function platformFor(env: Env, login: Login): Promise<Platform | null> {
  const { results } = await platformsOf(directory(env), login.iss).all();
  const found = z.array(platformRow).parse(results);
  const { client_id, lti_deployment_id } = login;
  const fitting = found.filter(
    (one) =>
      (client_id === undefined || one.client_id === client_id) &&
      (client_id !== undefined ||
        found.length === 1 ||
        (lti_deployment_id !== undefined && one.settings.deployments.includes(lti_deployment_id))),
  );
  return fitting.length === 1 ? (fitting[0] ?? null) : null;
}

/** Where the browser goes on: the platform says there who its user is. */
async function authAddress(
  platform: Platform,
  login: Login,
  { secret, id, state, origin }: { secret: string; id: string; state: string; origin: string },
): Promise<string> {
  const to = new URL(platform.auth_url);
  const asked = {
    scope: "openid",
    response_type: "id_token",
    response_mode: "form_post",
    prompt: "none",
    client_id: platform.client_id,
    redirect_uri: `${origin}/lti/launch`,
    login_hint: login.login_hint,
    state,
    nonce: await nonceOf(secret, id),
    ...(login.lti_message_hint === undefined ? {} : { lti_message_hint: login.lti_message_hint }),
  };
  for (const [name, text] of Object.entries(asked)) to.searchParams.set(name, text);
  return to.href;
}

async function begin(c: AppContext, given: Record<string, string>): Promise<Response> {
  const origin = publicOrigin(c.env, c.req.url);
  if (origin === null) return showFault(c, "off");
  const read = loginSchema.safeParse(given);
  if (!read.success) return showFault(c, "form_invalid", [], String(read.error.issues[0]?.path[0] ?? ""));
  const login = read.data;
  const platform = await platformFor(c.env, login);
  if (platform === null) return showFault(c, "platform_unknown", [], login.client_id);
  if (!platform.settings.enabled) return showFault(c, "platform_off", platform.settings.origins);
  const secret = c.env.AUTH_SECRET;
  const { id, state } = await newState(secret, platform.id, login.lti_storage_target ?? null, Date.now());
  const kept = await keepsake(secret, id);
  const cookie = {
    path: "/",
    secure: true,
    sameSite: "None",
    partitioned: true,
    maxAge: STATE_SECONDS,
  } as const;
  setCookie(c, cookieOf(id), kept, { ...cookie, httpOnly: true });
  const to = await authAddress(platform, login, { secret, id, state, origin });
  // Alone in its window, a browser keeps the cookie. In a frame it may not: the page sees.
  const isFramed = c.req.header("sec-fetch-dest") === "iframe";
  if (!isFramed && login.lti_storage_target === undefined) {
    c.header("cache-control", "no-store");
    return c.redirect(to, 302);
  }
  const probe = `${cookieOf(id)}-p`;
  setCookie(c, probe, "1", cookie);
  const text = TEXTS[languageOf(c)];
  const storage =
    login.lti_storage_target === undefined
      ? null
      : {
          target: login.lti_storage_target,
          origin: new URL(platform.auth_url).origin,
          key: storageKey(id),
          value: kept,
        };
  // A link: the way leads on to the platform, which is no place where a form of this page may go.
  const again = new URLSearchParams();
  for (const [name, field] of Object.entries(login)) {
    if (field !== undefined && name !== "lti_storage_target") again.set(name, field);
  }
  const body = html`<div id="blocked" hidden>
<p>${text.blockedLead}</p>
<a class="button" target="_blank" href="/lti/login?${again.toString()}">${text.blocked}</a>
</div>
<noscript><p>${text.noScript}</p></noscript>`;
  return showPage(
    c,
    { status: 200, title: text.opening, body, data: { step: "begin", probe, to, storage } },
    { frames: platform.settings.origins },
  );
}

/** Where platforms begin launches, by either method. */
export function mountLogin(app: OpenAPIHono<AppEnv>): void {
  app.get("/lti/login", (c) => begin(c, c.req.query()));
  app.post("/lti/login", async (c) => {
    const form = await formOf(c);
    return form === null ? showFault(c, "form_invalid") : begin(c, form);
  });
}
